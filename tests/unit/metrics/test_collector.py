"""What Prometheus is told, out of what the daemon counts and answers."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from edge_daemon.connection import Inside
from edge_daemon.control.desk import MOST_WAITING, Desk
from edge_daemon.control.messages import Status
from edge_daemon.events import State, Summary
from edge_daemon.metrics.collector import DaemonCollector
from edge_daemon.metrics.newest import Newest
from edge_daemon.telemetry.sensors.figures import SensorFigures
from edge_daemon.types import Block, Detection
from tests.unit.metrics.scene import Scene, samples_of

SENSORS = SensorFigures(
    meter="INA3221", covers="the board", watts_mean=4.25, watts_max=6.0, joules=255.0,
    measured_s=60.0, temperature_c=61.5, throttled=(), throttled_since_boot=None, clock_hz=1.5e9,
    reasons={},
)  # fmt: skip
NOTHING_MEASURED = SensorFigures(
    meter=None, covers=None, watts_mean=None, watts_max=None, joules=None, measured_s=0.0,
    temperature_c=None, throttled=None, throttled_since_boot=None, clock_hz=None, reasons={},
)  # fmt: skip


def summarise(inside: Inside, sensors: SensorFigures) -> None:
    """End an interval in which the sensors said this."""
    inside.telemetry.set_sensors(sensors)
    inside.events.publish(Summary(figures=dict(inside.telemetry.snapshot())))


def page(inside: Inside, newest: Newest) -> dict[str, float]:
    """Return the values that a fetch would bring, without any server."""
    registry = CollectorRegistry()
    registry.register(DaemonCollector(inside.telemetry, newest))
    return samples_of(generate_latest(registry).decode())


def busy_scene() -> Scene:
    """Return a scene in which everything that there is has been counted."""
    scene = Scene()
    telemetry = scene.inside.telemetry
    telemetry.count_block(Block(np.zeros(16000, np.int16), captured_s=0.0))
    telemetry.set_audio(captured=16000, processed=14000, overwritten=1500, cut=500)
    telemetry.set_actions(done=4, failed=2, dropped=1)
    telemetry.set_confirm(confirmed=3, rejected=9)
    telemetry.set_activity(hops=100, skipped=60, openings=5, floor_dbfs=-55.0)
    telemetry.set_records(written=7, lost=1)
    telemetry.count_detection(Detection("marvin", 0.9, 1.0))
    telemetry.n_false_alarms, telemetry.n_unanswered, telemetry.n_triggered = 1, 2, 3
    telemetry.latency.add(0.02)
    for stage in ("gate", "frontend", "model", "decision"):
        telemetry.timer.start()
        telemetry.timer.lap(stage)
    return scene


def test_promtool_has_nothing_to_say() -> None:
    """Prometheus' own checker finds nothing wrong with the page: neither its form nor its names."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (apt install prometheus)")
    scene = busy_scene()
    with scene.running():
        summarise(scene.inside, SENSORS)
        text = scene.text()
    command = ["promtool", "check", "metrics"]
    checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert "edge_daemon_power_watts 4.25" in text


def test_counts_are_those_of_the_daemon() -> None:
    """Every count is told under its name, and a word that was not heard yet as 0."""
    scene = busy_scene()
    with scene.running():
        summarise(scene.inside, SENSORS)
        found = scene.samples()
    wanted = {
        "audio_captured_samples_total": 16000,
        "audio_processed_samples_total": 14000,
        'audio_lost_samples_total{reason="too_slow"}': 1500,
        'audio_lost_samples_total{reason="cut"}': 500,
        'detections_total{word="marvin"}': 1,
        'detections_total{word="go"}': 0,
        "triggers_total": 3,
        "false_alarms_total": 1,
        "unanswered_wake_words_total": 2,
        'actions_total{result="done"}': 4,
        'actions_total{result="failed"}': 2,
        'actions_total{result="dropped"}': 1,
        'confirmations_total{result="rejected"}': 9,
        'hops_total{result="scored"}': 40,
        'hops_total{result="skipped"}': 60,
        "gate_openings_total": 5,
        'records_total{result="lost"}': 1,
        "noise_floor_dbfs": -55,
        "realtime_ratio": pytest.approx(0, abs=0.1),
        "energy_joules_total": 255,
        "energy_measured_seconds_total": 60,
        "power_peak_watts": 6,
        "temperature_celsius": 61.5,
        "throttled": 0,
    }
    assert {name: found.get(f"edge_daemon_{name}") for name in wanted} == wanted


def test_state_is_what_the_daemon_answers() -> None:
    """Condition, muting, thresholds and the age of the audio are those of the moment."""
    scene = Scene()
    scene.status |= {"condition": "muted", "muted": True}
    with scene.running():
        found = scene.samples()
    assert found["edge_daemon_muted"] == 1
    assert found['edge_daemon_condition{condition="muted"}'] == 1
    assert sum(x for name, x in found.items() if name.startswith("edge_daemon_condition{")) == 1
    assert found['edge_daemon_word_threshold_ratio{word="go"}'] == 0.75
    assert found['edge_daemon_build_info{version="1.2.3"}'] == 1
    named = f'edge_daemon_listening_info{{model="commands",provider="",source="{scene.status["source"]}"}}'
    assert found[named] == 1
    assert found["edge_daemon_audio_age_seconds"] == pytest.approx(0.1)
    assert found["process_resident_memory_bytes"] > 1e6


def test_what_is_not_measured_is_not_there() -> None:
    """Sensors that are not there have no metric, rather than one of 0."""
    scene = Scene()
    with scene.running():
        before = set(scene.samples())
        summarise(scene.inside, NOTHING_MEASURED)
        found = set(scene.samples())
    assert found == before


@pytest.mark.parametrize(("throttled", "told"), [((), 0), (("under-voltage",), 1)])
def test_throttling_is_told(throttled: tuple[str, ...], told: int) -> None:
    """A processor that was held back is told as 1, one that was not as 0."""
    scene = Scene()
    with scene.running():
        summarise(scene.inside, {**SENSORS, "throttled": throttled})
        assert scene.samples()["edge_daemon_throttled"] == told


def test_a_main_loop_that_hangs_is_told() -> None:
    """Without an answer the counts that were told last are served, and that there is none."""
    scene = busy_scene()
    found = page(scene.inside, Newest(scene.inside.desk, within_s=0.01))
    assert found["edge_daemon_responsive"] == 0
    assert found["edge_daemon_audio_captured_samples_total"] == 16000
    assert "edge_daemon_muted" not in found


def test_a_refusal_is_no_state() -> None:
    """Where too many requests wait already the daemon is told as one that does not answer."""
    scene = Scene()
    for _ in range(MOST_WAITING):
        scene.inside.desk.submit(Status(), print)
    assert Newest(scene.inside.desk).status() is None


def test_zeros_are_told() -> None:
    """Nothing but zeros is told for as long as the daemon says so of itself."""
    scene, told = Scene(), []
    with scene.running():
        for hears in (False, True, False):
            scene.status["hears_only_zeros"] = hears
            told.append(scene.samples()["edge_daemon_audio_only_zeros"])
    assert told == [0, 1, 0]


def test_other_events_are_let_by() -> None:
    """What has no figures changes none."""
    newest = Newest(Desk())
    newest.take(
        State(
            condition="listening", text="", source="", model="", words=[], muted=False,
            muted_left_s=None, thresholds={}, last=None,
        )
    )  # fmt: skip
    assert newest.summary is None
