"""The fast part: hours of audio through a FIFO, as fast as the real daemon takes them."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge_daemon.types import Samples
from soaking.part import Accounts, Part
from soaking.watch import Watch
from tests.integration.command_line import RATE_HZ
from tests.integration.service import PROGRAM, Service

EVERY_S = 0.5
WARM_UP_SHARE = 0.2
HANG_S = 30.0
"""A daemon that takes nothing for so long, or does not end, hangs."""
PIPE_CLOSED = "its writer has closed it"

_CONFIG = """\
audio: {{source: 'pcm:{fifo}'}}
decision: {{wake_words: []}}
telemetry: {{format: json, interval_s: 5, log: {{path: {folder}/records.jsonl, max_bytes: 100000}}}}
actions:
  - {{say: "*", log: {{path: {folder}/heard.jsonl}}}}
  - {{say: stop, command: [echo, heard]}}
"""


class Fifo:
    """The writer's end, which counts, and waits for a daemon that is behind, but not for ever."""

    def __init__(self, path: Path) -> None:
        self.n_written = 0
        self._path = path
        self._fd = -1
        os.mkfifo(path)

    def open(self) -> None:
        """Open it; the daemon has to be listening."""
        self._fd = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)

    def write(self, samples: Samples) -> None:
        """Write all of it.

        Raises
        ------
        TimeoutError
            The daemon hangs.
        """
        data = memoryview(samples.astype("<i2").tobytes())
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while data:
            if not poll.poll(1000 * HANG_S):
                raise TimeoutError(f"the daemon has taken no audio for {HANG_S:g} s")
            data = data[os.write(self._fd, data) :]
        self.n_written += len(samples)

    def close(self) -> None:
        """Hang up."""
        os.close(self._fd)


def soak_fast(
    folder: Path, turns: Iterable[Samples], hours: float, program: Sequence[str] = PROGRAM
) -> Part:
    """Play all of this to a daemon of its own and return what was seen."""
    fifo = Fifo(folder / "fast.fifo")
    config = folder / "fast.yaml"
    config.write_text(_CONFIG.format(fifo=folder / "fast.fifo", folder=folder))
    began_s = time.monotonic()
    with Service(config, folder, program=program) as service:
        service.wait_for("listening to")
        fifo.open()
        with Watch(service.pid, lambda: fifo.n_written / RATE_HZ / 3600, EVERY_S) as watch:
            problems = _play(fifo, turns, service)
        fifo.close()
        service.find(PIPE_CLOSED, timeout_s=HANG_S)
        code = service.ends(HANG_S)
    return Part(
        name="fast",
        hours=fifo.n_written / RATE_HZ / 3600,
        seconds=time.monotonic() - began_s,
        warm_up_hours=WARM_UP_SHARE * hours,
        exit_code=code,
        accounts=accounts(service, fifo.n_written, is_all=True),
        n_heard=len(service.heard()),
        samples=watch.samples,
        problems=problems,
        log=service.told(),
    )


def _play(fifo: Fifo, turns: Iterable[Samples], service: Service) -> list[str]:
    try:
        for turn in turns:
            fifo.write(turn)
    except (TimeoutError, BrokenPipeError) as error:
        return [f"{error}; it said:\n{service.tail()}"]
    return []


def accounts(service: Service, n_played: int, *, is_all: bool) -> Accounts:
    """Read what became of the samples out of a daemon's last summary."""
    last = service.last_summary()
    return Accounts(
        captured=last.get("captured_samples", 0),
        processed=last.get("processed_samples", 0),
        dropped=last.get("dropped_samples", 0),
        played=n_played,
        is_all=is_all,
    )
