"""The programs that are measured beside ours, and what they all share."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from array import array
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.benchmark.line import Description, Line

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))  # where the package `peers` lies

import make_mixed_audio  # noqa: E402
from peers import listening  # noqa: E402

PEERS = ROOT / "scripts" / "peers"
PYTHONS = {"pymicro_wakeword": "pymicro", "open_wakeword": "openwakeword"}
"""Where the head of each script has it installed: a folder of build/."""


class Loud:
    """A peer whose words are the numbers of loud samples in a hop; it keeps what it heard."""

    hop = 160

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.loaded = 0

    def describe(self) -> dict[str, Any]:
        """Return what a peer says of itself."""
        return {"name": "loud", "version": "1", "words": ["loud"]}

    def load(self) -> None:
        """Count how often it is made ready."""
        self.loaded += 1

    def hear(self, samples: bytes) -> set[str]:
        """Return "loud" while it is."""
        self.heard.append(samples)
        return {"loud"} if np.abs(np.frombuffer(samples, np.int16)).max() > 1000 else set()


def write(path: Path, samples: np.ndarray, rate_hz: int = 16000) -> Path:
    """Write a WAV."""
    soundfile.write(path, samples.astype(np.int16), rate_hz, subtype="PCM_16")
    return path


def bursts(n_hops: int, *loud: int) -> np.ndarray:
    """Return hops of silence, some of them loud."""
    samples = np.zeros((n_hops, Loud.hop), np.int16)
    samples[list(loud)] = 5000
    return samples.ravel()


def test_all_of_a_recording_is_heard_after_a_second_of_silence(tmp_path: Path) -> None:
    """The peer gets the very samples in whole hops, in order, and is made ready once."""
    samples = np.random.default_rng(0).integers(-900, 900, 160 * 25 + 7)
    peer = Loud()
    line = listening.measure(peer, write(tmp_path / "a.wav", samples), "fast")
    assert peer.loaded == 1
    assert b"".join(peer.heard[:100]) == bytes(32000)
    assert b"".join(peer.heard[100:]) == samples[: 160 * 25].astype("<i2").tobytes()
    assert line["audio_s"] == 0.25
    assert line["hop_ms"] == 10


def test_a_word_counts_once_while_it_stays_over_its_threshold(tmp_path: Path) -> None:
    """Hops 2 to 4 are one word, hop 6 is the next."""
    path = write(tmp_path / "a.wav", bursts(10, 2, 3, 4, 6))
    assert listening.measure(Loud(), path, "fast")["detections"] == 2


def test_the_line_is_the_one_that_the_benchmark_reads(tmp_path: Path) -> None:
    """Both know the same fields, with figures in them."""
    found = listening.measure(Loud(), write(tmp_path / "a.wav", bursts(10)), "fast")
    line = msgspec.convert(found, Line, strict=True)
    assert line.cpu_s >= 0
    assert 0 <= line.latency_ms.p50 <= line.latency_ms.max
    assert line.peak_rss_bytes
    assert line.peak_rss_bytes > 1_000_000


def test_nothing_is_heard_before_it_could_have_been_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At real-time pace each hop comes at its end, and a late one delays no other."""
    now_s = [100.0]
    heard_s: list[float] = []

    class Slow(Loud):
        """Takes three hops' time for the second one."""

        def hear(self, samples: bytes) -> set[str]:
            heard_s.append(round(now_s[0] - 100.0, 6))
            now_s[0] += 0.03 if len(heard_s) == 102 else 0.0
            return super().hear(samples)

    monkeypatch.setattr("peers.listening.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr("peers.listening.time.sleep", lambda s: now_s.__setitem__(0, now_s[0] + s))
    listening.measure(Slow(), write(tmp_path / "a.wav", bursts(6)), "realtime")
    assert heard_s[100:] == [0.01, 0.02, 0.05, 0.05, 0.05, 0.06]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_percentiles_are_those_of_our_own_line(values: list[float]) -> None:
    """Whatever was measured, numpy gives the same."""
    found = listening.summary(array("d", values))
    expected = np.percentile(values, [50, 95, 99, 100])
    assert np.allclose(list(found.values()), expected)
    assert list(found) == ["p50", "p95", "p99", "max"]


@pytest.mark.parametrize(("rate_hz", "n", "complaint"), [
    (8000, 8000, "16 kHz"), (16000, 100, "shorter than one hop"),
])  # fmt: skip
def test_audio_that_does_not_fit_is_refused(
    tmp_path: Path, rate_hz: int, n: int, complaint: str
) -> None:
    """The message names the file and what is wrong with it."""
    path = write(tmp_path / "a.wav", np.zeros(n), rate_hz)
    with pytest.raises(SystemExit, match=rf"a\.wav: .*{complaint}"):
        listening.measure(Loud(), path, "fast")


@pytest.mark.parametrize("script", PYTHONS)
def test_a_peer_that_is_not_installed_says_so(script: str, tmp_path: Path) -> None:
    """One line, with the module that is missing and where to read on; no traceback."""
    path = write(tmp_path / "a.wav", bursts(20))
    for arguments in (["--describe"], [str(path)]):
        done = _run(sys.executable, script, *arguments)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert "wakeword" in line
        assert f"{script}.py" in line


def test_openwakeword_without_models_says_where_they_are_looked_for(tmp_path: Path) -> None:
    """The folder named and the file missing are in the message."""
    path = write(tmp_path / "a.wav", bursts(20))
    done = _run(sys.executable, "open_wakeword", "--models", str(tmp_path), str(path))
    assert done.returncode == 1
    assert f"{tmp_path} has no hey_jarvis.tflite" in done.stderr


@pytest.mark.parametrize("script", PYTHONS)
def test_a_real_peer_hears_and_answers(script: str, tmp_path: Path) -> None:
    """It describes itself and hears some seconds, in the form that the benchmark reads."""
    python = ROOT / "build" / PYTHONS[script] / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python} is not there: the head of {script}.py says how to install it")
    path = write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 300, 48000))
    described = msgspec.json.decode(
        _run(str(python), script, "--describe").stdout, type=Description
    )
    assert described.words == ["hey_jarvis"]
    done = _run(str(python), script, str(path))
    if "has no" in done.stderr:
        pytest.skip(done.stderr.strip())
    line = msgspec.convert(json.loads(done.stdout.splitlines()[-1]), Line)
    assert line.n_detections == 0
    assert 0 < line.cpu_s < line.audio_s


def test_mixed_audio_has_its_kinds_in_turn(tmp_path: Path) -> None:
    """Loud talk, louder noise, then only the quiet room; the same at every call."""
    for name, level in (
        ("command_sentences.tar", 5000), ("wake_words.tar", 5000),
        ("speech_commands_testing.tar", 5000), ("noise_esc10.tar", 15000),
    ):  # fmt: skip
        clip = write(tmp_path / "clip.wav", np.full(80_000, level))
        with tarfile.open(tmp_path / name, "w") as tar:
            tar.add(clip, "sound/clip.wav")
    audio = make_mixed_audio.mixed(tmp_path, ["talk", "noise", "quiet"], 60.0)
    talk, noise, quiet = (np.abs(part.astype(int)) for part in np.split(audio, 3))
    assert np.median(talk) == pytest.approx(5000, abs=50)
    assert np.median(noise) == pytest.approx(15000, abs=50)
    assert 0 < quiet.max() < 200
    assert (audio == make_mixed_audio.mixed(tmp_path, ["talk", "noise", "quiet"], 60.0)).all()


def _run(python: str, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(PEERS / f"{script}.py"), *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
