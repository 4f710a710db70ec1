"""A machine that is too slow: what waits is bounded, what is dropped is counted, and it recovers."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import soundfile

from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.scene import SETTINGS, Heard, Scene, last_summary, words
from tests.sounds import RATE_HZ

BUFFER_S = 0.5
STOPPED_S = 1.5
PIPE_BYTES = 65536
"""What a FIFO of Linux holds."""


def stop(pid: int, scene: Scene) -> None:
    """Take the processor away."""
    os.kill(pid, signal.SIGSTOP)
    scene.until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "T")


def test_a_paced_file_drops_what_is_too_old(scene: Scene) -> None:
    """After a stop longer than the buffer, what is older is dropped, counted and said; then all is heard."""
    audio = words(4)[:-RATE_HZ]
    soundfile.write(scene.folder / "audio.wav", audio, RATE_HZ)
    source = {"source": "wav:audio.wav", "pace": "realtime", "buffer_s": BUFFER_S}
    with scene.daemon(audio=source) as daemon:
        daemon.wait_for("heard 'low'")
        stop(daemon.process.pid, scene)
        began_s = time.monotonic()
        while time.monotonic() < began_s + STOPPED_S:
            time.sleep(0.05)
        stopped_s = time.monotonic() - began_s
        os.kill(daemon.process.pid, signal.SIGCONT)
        daemon.wait_for("heard 'high'")
        daemon.wait_for("words, the last")
        assert daemon.process.wait() == 0
    assert "samples dropped" in "\n".join(daemon.lines)
    last = last_summary(daemon)
    assert last["dropped_samples"] >= (stopped_s - BUFFER_S - 0.1) * RATE_HZ
    assert last["captured_samples"] == len(audio)
    assert last["processed_samples"] + last["dropped_samples"] == len(audio)


def test_a_fifo_makes_its_writer_wait(scene: Scene, reference: Heard) -> None:
    """While the daemon stands still its pipe takes two seconds and no more; none of them is lost."""
    audio = words(N_WORDS)
    data = audio.astype("<i2").tobytes()
    with scene.daemon() as daemon:
        daemon.wait_for("listening to")
        stop(daemon.process.pid, scene)
        taken = scene.pipe.write_what_fits(data)
        assert taken <= PIPE_BYTES
        os.kill(daemon.process.pid, signal.SIGCONT)
        scene.pipe.write(audio[taken // 2 :])
        summary = scene.worked_on(daemon, len(audio))
        assert (summary["dropped_samples"], summary["samples"]) == (0, len(audio))
        assert daemon.stop(signal.SIGTERM) == 0
    assert scene.heard() == reference


@pytest.mark.heavy
def test_a_fifth_of_a_processor(scene: Scene) -> None:
    """Stopped for four fifths of the time, it keeps up with a paced file or drops and counts."""
    audio = words(12)
    soundfile.write(scene.folder / "audio.wav", audio, RATE_HZ)
    source = {"source": "wav:audio.wav", "pace": "realtime", "buffer_s": BUFFER_S}
    telemetry = {**SETTINGS["telemetry"], "interval_s": 1}
    with scene.daemon(audio=source, telemetry=telemetry) as daemon:
        daemon.wait_for("listening to")
        while daemon.process.poll() is None:
            os.kill(daemon.process.pid, signal.SIGSTOP)
            time.sleep(0.2)
            os.kill(daemon.process.pid, signal.SIGCONT)
            time.sleep(0.05)
        daemon.stop(signal.SIGCONT)
    last = last_summary(daemon)
    assert last["captured_samples"] == len(audio)
    assert last["processed_samples"] + last["dropped_samples"] == len(audio)
    assert last["latency"]["max_ms"] < 1000 * (BUFFER_S + 1)
