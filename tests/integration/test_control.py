"""A running daemon that is asked from outside: what it does, tells, and remembers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.control.client import ask, follow
from edge_daemon.control.messages import (
    FalseAlarm,
    Mute,
    Reload,
    Request,
    ShowConfig,
    Status,
    Threshold,
    Trigger,
    Unmute,
)
from tests.integration.command_line import RATE_HZ, demo_samples, edge_daemon, silence
from tests.integration.piped_service import N_WORDS, PipedService


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PipedService]:
    """A daemon in a folder of its own."""
    made = PipedService(tmp_path)
    yield made
    made.pipe.close()


def asked(service: PipedService, request: Request) -> dict[str, Any]:
    """Ask, and return what is answered; it has to be granted."""
    answer = ask([service.socket], request)
    assert answer.ok, answer.problems
    return answer.data or {}


def refused(service: PipedService, request: Request) -> str:
    """Ask, and return why that is refused."""
    answer = ask([service.socket], request)
    assert not answer.ok
    return "\n".join(answer.problems)


def heard_by(service: PipedService, n_samples: int) -> Any:
    """Wait until so many samples were worked on; return the words heard by then."""
    while (status := asked(service, Status()))["processed_samples"] < n_samples:
        pass
    return [detection["label"] for detection in status["heard"]]


def test_muted_it_hears_nothing_and_counts_on(service: PipedService) -> None:
    """The words that are said meanwhile leave no trace; the next one after it is heard."""
    words = demo_samples(N_WORDS)
    with service.run() as daemon:
        asked(service, Mute())
        service.pipe.write(words)
        whole = len(words) - len(words) % 1600
        assert heard_by(service, whole) == []
        status = asked(service, Status())
        assert (status["condition"], status["muted"], status["muted_left_s"]) == (
            "muted",
            True,
            None,
        )
        assert "muted" in status["state"]
        asked(service, Unmute())
        service.pipe.write(words)
        service.pipe.write(silence(2))
        assert heard_by(service, 2 * whole)[:2] == ["computer", "stop"]
        assert asked(service, Status())["condition"] == "listening"
        assert daemon.stop(signal.SIGTERM) == 0


def test_muted_for_a_time_it_hears_again_by_itself(service: PipedService) -> None:
    """The time is that of the audio, and the log says both."""
    words = demo_samples(N_WORDS)
    with service.run() as daemon:
        asked(service, Mute(for_s=len(words) / RATE_HZ))
        service.pipe.write(words)
        service.pipe.write(words)
        assert "muted, as asked for, for" in daemon.wait_for("muted, as asked")
        daemon.wait_for("no longer muted")
        daemon.wait_for("heard 'computer'")
        assert daemon.stop(signal.SIGTERM) == 0
    assert daemon.heard()[0] == "computer"


def test_an_action_mutes_for_its_sound(service: PipedService) -> None:
    """What is said within `mute_ms` of the word is not heard, what comes later is."""
    words = demo_samples(N_WORDS)
    service.write(actions=[{"say": "computer", "log": {}, "mute_ms": 1200}])
    with service.run() as daemon:
        service.pipe.write(words)
        service.pipe.write(silence(2))
        daemon.wait_for("heard 'left'")
        assert daemon.stop(signal.SIGTERM) == 0
    assert daemon.heard()[:3] == ["computer", "jarvis", "left"], "`stop` follows within 0.9 s"


def test_a_trigger_runs_the_actions_of_the_word(service: PipedService) -> None:
    """It is told apart from what was heard, and counted on its own, muted or not."""
    log = service.folder / "heard.jsonl"
    service.write(actions=[{"say": "on", "after": "jarvis", "log": str(log)}])
    with service.run() as daemon:
        asked(service, Mute())
        asked(service, Trigger("on", after="jarvis"))
        asked(service, Trigger("on"))  # no action answers this one
        assert "no word 'lamp'; it has yes, no" in refused(service, Trigger("lamp"))
        assert "no wake word 'stop'" in refused(service, Trigger("on", after="stop"))
        status = asked(service, Status())
        assert (status["n_triggered"], status["detections"], status["heard"]) == (2, {}, [])
        daemon.wait_for("triggered from outside: 'jarvis on'")
        assert daemon.stop(signal.SIGTERM) == 0
    (line,) = log.read_text().splitlines()
    assert {**json.loads(line), "time": "", "time_s": 0} == {
        "time": "", "label": "on", "score": 1.0, "time_s": 0, "after": "jarvis",
    }  # fmt: skip


def test_a_threshold_decides_from_the_next_hop_on(service: PipedService) -> None:
    """It holds over a reload, and `default` is the configured one again."""
    words = demo_samples(N_WORDS)
    with service.run() as daemon:
        configured = asked(service, Status())["thresholds"]["stop"]
        assert asked(service, Threshold("stop", 1.0)) == {"word": "stop", "threshold": 1.0}
        asked(service, Reload())
        assert asked(service, Status())["thresholds"]["stop"] == 1.0
        service.pipe.write(words)
        service.pipe.write(silence(2))
        daemon.wait_for("heard 'left'")
        assert "stop" not in daemon.heard()
        assert asked(service, Threshold("stop"))["threshold"] == configured
        service.pipe.write(words)
        daemon.wait_for("heard 'stop'")
        assert "no word 'lamp'" in refused(service, Threshold("lamp", 0.5))
        assert daemon.stop(signal.SIGTERM) == 0


def test_the_newest_word_may_be_called_false_once(service: PipedService) -> None:
    """It is counted, and the word itself stays among those heard."""
    with service.run() as daemon:
        assert "no word was heard" in refused(service, FalseAlarm())
        service.pipe.write(demo_samples(N_WORDS))
        daemon.wait_for("heard 'computer'")
        daemon.wait_for("heard 'stop'")
        daemon.wait_for("heard 'jarvis'")
        said = asked(service, FalseAlarm())
        assert said["label"] in ("jarvis", "left", "computer")
        status = asked(service, Status())
        assert status["n_false_alarms"] == 1
        assert daemon.stop(signal.SIGTERM) == 0


def test_a_service_stays_muted_over_a_kill(service: PipedService) -> None:
    """Muting and thresholds are in its state directory; who runs it by hand begins anew."""
    state = {"STATE_DIRECTORY": str(service.folder / "state")}
    with service.run(**state) as daemon:
        asked(service, Mute())
        asked(service, Threshold("stop", 0.97))
        kept = service.folder / "state" / "adjustments.json"
        while not (kept.exists() and "0.97" in kept.read_text()):
            service.pipe.write(silence(0.1))
        daemon.process.kill()
    with service.run(**state) as daemon:
        status = asked(service, Status())
        assert (status["muted"], status["thresholds"]["stop"]) == (True, 0.97)
        kinds = [line.split("INFO")[-1].split()[0] for line in daemon.lines if "INFO" in line]
        assert kinds.index("edge-daemon") < kinds.index("muted,"), "what it begins with comes first"
        asked(service, Unmute())
        assert daemon.stop(signal.SIGTERM) == 0
    with service.run(**state) as daemon:
        assert not asked(service, Status())["muted"]
        assert daemon.stop(signal.SIGTERM) == 0
    with service.run() as daemon:
        assert asked(service, Status())["thresholds"]["stop"] < 0.97
        assert daemon.stop(signal.SIGTERM) == 0


def test_followers_are_told_everything_in_order(service: PipedService) -> None:
    """First the state, then whatever changes it, with levels for those who look on."""
    with service.run() as daemon:
        events = follow([service.socket], live=True)
        first = _next(events, "state")
        assert first["words"][:2] == ["yes", "no"]
        assert (first["muted"], first["last"]) == (False, None)
        service.pipe.write(demo_samples(N_WORDS))
        heard = _next(events, "heard")
        assert (heard["label"], heard["triggered"]) == ("computer", False)
        assert _next(events, "state")["last"]["label"] == "computer"
        assert _next(events, "live")["scores"].keys() == first["thresholds"].keys()
        asked(service, Mute())
        state = _next(events, "state")
        while not state["muted"]:  # another word may have come between
            state = _next(events, "state")
        assert (state["condition"], state["muted"]) == ("muted", True)
        assert daemon.stop(signal.SIGTERM) == 0
        while state["condition"] == "muted":  # others may still have come before the end
            state = _next(events, "state")
        assert state["condition"] == "stopping"


def test_the_configuration_in_force_is_shown_without_secrets(service: PipedService) -> None:
    """As `edge-daemon config` would print it."""
    service.write(actions=[{"say": "on", "webhook": "http://127.0.0.1:9/hook/s3cret"}])
    with service.run() as daemon:
        text = asked(service, ShowConfig())["yaml"]
        assert "127.0.0.1:9" in text
        assert "s3cret" not in text
        assert daemon.stop(signal.SIGTERM) == 0


def test_the_commands(service: PipedService) -> None:
    """Every operation from the command line, with its answer and exit code."""

    def said(*arguments: str) -> tuple[int, str]:
        done = edge_daemon(*arguments, "--config", service.config)
        return done.returncode, done.stdout + done.stderr

    with service.run() as daemon:
        assert said("mute", "--for", "60") == (0, "muted for 60 s\n")
        assert "muted      for " in said("status")[1]
        assert said("unmute") == (0, "no longer muted\n")
        assert said("trigger", "on") == (0, "triggered on\n")
        assert said("threshold", "stop", "0.8") == (0, "stop fires from 0.8\n")
        assert said("threshold", "stop", "default")[0] == 0
        assert "the model has no word 'lamp'" in said("threshold", "lamp", "0.8")[1]
        assert said("threshold", "lamp", "0.8")[0] == said("false-alarm")[0] == 1
        assert said("threshold", "stop", "1.5")[0] == said("mute", "--for", "0")[0] == 2
        assert json.loads(said("status", "--json")[1])["n_triggered"] == 1
        with _follower(service) as following:
            assert following.stdout is not None
            assert json.loads(following.stdout.readline())["event"] == "state"
            assert daemon.stop(signal.SIGTERM) == 0
            _, complaint = following.communicate(timeout=30)
            assert (following.returncode, complaint) == (1, "edge-daemon: the daemon has hung up\n")


def test_a_follower_that_reads_nothing_harms_nobody(service: PipedService) -> None:
    """The daemon hears every word while somebody's terminal stands still."""
    service.write(audio={"source": f"pcm:{service.folder}/audio.fifo", "block_ms": 10})
    with service.run() as daemon:
        events = follow([service.socket], live=True)
        _next(events, "state")  # and not one more is read
        for _ in range(3):
            service.pipe.write(demo_samples(N_WORDS))
        service.pipe.write(silence(2))
        for _ in range(3):
            daemon.wait_for("heard 'yes'")
        assert daemon.stop(signal.SIGTERM) == 0


def _next(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["event"] == kind)


def _follower(service: PipedService) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "edge_daemon", "follow", "--config", str(service.config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_without_a_daemon_every_command_says_so(service: PipedService) -> None:
    """Where it looked stands in the message."""
    for command in (["mute"], ["follow"], ["trigger", "on"], ["threshold", "on", "0.5"]):
        done = edge_daemon(*command, "--config", service.config)
        assert done.returncode == 1
        assert f"{service.socket}: nobody listens there" in done.stderr


def test_a_flood_of_mutes_is_told_once(service: PipedService) -> None:
    """The newest time counts, and the log has a line for the first one."""
    with service.run() as daemon:
        for _ in range(20):
            asked(service, Mute(for_s=100.0))
        asked(service, Mute())
        status = asked(service, Status())
        assert (status["muted"], status["muted_left_s"]) == (True, None)
        assert daemon.stop(signal.SIGTERM) == 0
    assert sum("muted, as asked for" in line for line in daemon.lines) == 1
