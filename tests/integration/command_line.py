"""The real ``edge-daemon`` as a process of its own, and the clip that ships with its words."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

import numpy as np
import soundfile

from edge_daemon.types import Samples

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "config" / "demo.flac"
DEFAULTS = ROOT / "config" / "default.yaml"
"""Given to commands, so that a configuration of this machine's changes nothing."""
SINGLE_WORDS = Path(__file__).with_name("single_words.yaml")
"""The same where the words of the clip, which are said alone, are to be heard."""
RATE_HZ = 16000
GIVE_UP_S = 60.0
"""A safety net only: no test is meant to come near it."""

_COMMAND = [sys.executable, "-m", "edge_daemon"]
RUN = (*_COMMAND, "run")


@dataclass(frozen=True)
class Spoken:
    """A word in the demo clip and when it begins."""

    time_s: float
    word: str


def spoken_words() -> list[Spoken]:
    """Return what is said in the demo clip, in order."""
    _heading, *rows = DEMO.with_name("demo.words.tsv").read_text().splitlines()
    cells = [row.split("\t") for row in rows]
    return [Spoken(float(time_s), word) for time_s, word, *_ in cells]


def demo_samples(n_words: int | None = None) -> Samples:
    """Return the demo clip, or its beginning up to the pause after so many words."""
    samples: Samples = soundfile.read(DEMO, dtype="int16")[0].astype(np.int16)
    if n_words is None:
        return samples
    return samples[: round((spoken_words()[n_words].time_s - 0.1) * RATE_HZ)]


def edge_daemon(
    *arguments: str | Path, env: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*_COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env=_environment(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=GIVE_UP_S,
        check=False,
    )


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Leave out what a service manager around the tests may have set."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
    return {**kept, "COLUMNS": "100", **(more or {})}


def json_lines(text: str) -> list[dict[str, Any]]:
    """Read JSON, an object a line."""
    return [json.loads(line) for line in text.splitlines()]


class RunningDaemon:
    """``edge-daemon run`` in the background; killed at the end, or when nothing else ends it.

    Another ``program`` may take its place, such as one with parts of a test's own.
    """

    def __init__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = RUN,
        give_up_s: float = GIVE_UP_S,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.PIPE,
    ) -> None:
        self.lines: list[str] = []
        """What it has said on stderr, as far as it was read."""
        self.process = subprocess.Popen(
            [*program, *map(str, arguments)],
            cwd=ROOT,
            env=_environment(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            pipesize=1 << 20,  # a daemon that nobody reads waits when it is full
        )
        self._said: IO[str] = self.process.stderr or io.StringIO()
        self._safety_net = threading.Timer(give_up_s, self.process.kill)
        self._safety_net.start()

    def __enter__(self) -> RunningDaemon:
        return self

    def wait_for(self, text: str) -> str:
        """Read its log up to the next line with this text."""
        while line := self._said.readline():
            self.lines.append(line.rstrip())
            if text in line:
                return self.lines[-1]
        raise AssertionError(f"it ended without {text!r}: " + "\n".join(self.lines))

    def summary(self) -> dict[str, Any]:
        """Return the next summary, where telemetry.format is json."""
        found: dict[str, Any] = json.loads("{" + self.wait_for("uptime_s").partition("{")[2])
        return found

    def stop(self, number: int) -> int:
        """Send a signal, read the log to its end, and return the exit code."""
        self.process.send_signal(number)
        self.lines += self._said.read().splitlines()
        return self.process.wait()

    def heard(self) -> list[str]:
        """Return the words in the log so far."""
        return [line.split("'")[1] for line in self.lines if "heard '" in line]

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._safety_net.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._said.close()


class Pipe:
    """A FIFO that a daemon listens to, from the writer's side."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self._fd: int | None = None

    def wait_for_reader(self) -> None:
        """Open it as soon as a daemon listens."""
        for _ in range(round(GIVE_UP_S / 0.02)):
            with suppress(OSError):  # nobody reads it yet
                self.open()
                return
            threading.Event().wait(0.02)
        raise AssertionError(f"nobody reads {self._path}")

    def open(self) -> None:
        """Open it; the daemon has to be listening already."""
        self._fd = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(self._fd, True)

    def write(self, samples: Samples) -> None:
        """Say this; waits while the daemon is behind."""
        if self._fd is None:
            self.open()
        data = memoryview(samples.astype("<i2").tobytes())
        while data:
            data = data[os.write(cast(int, self._fd), data) :]

    def write_what_fits(self, data: bytes) -> int:
        """Write as much as is taken at once; return how many bytes that were."""
        self.open()
        fd, n = cast(int, self._fd), 0
        os.set_blocking(fd, False)
        with suppress(BlockingIOError):
            while n < len(data):
                n += os.write(fd, data[n : n + 2])
        os.set_blocking(fd, True)
        return n

    def close(self) -> None:
        """Hang up; does nothing when it is closed."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def silence(seconds: float) -> Samples:
    """Return samples without sound."""
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def assert_one_complaint(
    done: subprocess.CompletedProcess[str], code: int, *parts: str | Path
) -> None:
    """Hold a failed command to its exit code and to one clear message with these parts."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("edge-daemon")] == lines[:1], done.stderr
    said = done.stdout + done.stderr
    missing = [str(p) for p in parts if str(p) not in said]
    assert not missing, f"{missing} not in: {said}"
