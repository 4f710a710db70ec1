"""A log that nobody reads holds nobody up."""

from __future__ import annotations

import io
import logging
import os
import pty
import tty
from collections.abc import Iterator
from typing import IO

import pytest

from edge_daemon.log_stream import NeverWaiting

Pipe = tuple[int, IO[str]]
"""The end to read from, and a stream at the other one."""


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe."""
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stream:
        yield reader, stream
    os.close(reader)


def logger(stream: IO[str]) -> logging.Logger:
    """Return a logger of its own that writes there."""
    found = logging.Logger("test")
    found.addHandler(NeverWaiting(stream))
    return found


def drain(reader: int) -> list[str]:
    """Read all that is there."""
    os.set_blocking(reader, False)
    data = b""
    try:
        while more := os.read(reader, 1 << 16):
            data += more
    except BlockingIOError:
        pass
    return data.decode().splitlines()


def test_lines_are_there_at_once(pipe: Pipe) -> None:
    """In any script, and with what UTF-8 cannot take."""
    reader, stream = pipe
    logger(stream).warning("heard %s", "включи \udcff")
    assert drain(reader) == ["heard включи \\udcff"]


def test_a_full_pipe_drops_and_counts(pipe: Pipe) -> None:
    """Each entry is there whole or not at all, and once there is room it is said how many are not."""
    reader, stream = pipe
    log = logger(stream)
    for i in range(10_000):
        log.warning("%d %s", i, "x" * 100)
    there = drain(reader)
    assert [line.split()[0] for line in there] == [str(i) for i in range(len(there))]
    assert 0 < len(there) < 10_000
    log.warning("again")
    dropped = 10_000 - len(there)
    assert drain(reader) == [f"(nobody read the log: {dropped} entries were dropped)", "again"]


def test_a_long_entry_does_not_wait_either(pipe: Pipe) -> None:
    """Of one that is larger than the pipe there is the beginning, and it counts as dropped."""
    reader, stream = pipe
    log = logger(stream)
    log.warning("y" * 1_000_000)
    [begun] = drain(reader)
    assert set(begun) == {"y"}
    log.warning("next")
    assert drain(reader) == ["", "(nobody read the log: 1 entries were dropped)", "next"]


def test_a_terminal_that_was_stopped_drops(pipe: Pipe) -> None:
    """Nobody has to type Ctrl-Q for the daemon to hear."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    with open(slave, "w", encoding="utf-8") as stream:
        log = logger(stream)
        for _ in range(10_000):
            log.warning("z" * 100)
        assert drain(master)
    os.close(master)


def test_no_reader_is_no_error(pipe: Pipe) -> None:
    """A pipe whose reader has gone takes nothing, and the caller goes on."""
    _, stream = pipe
    log = logger(stream)
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, stream.fileno())
    os.close(writer)
    log.warning("lost")


def test_what_is_no_file_is_written_to(pipe: Pipe) -> None:
    """Such as what a test puts in the place of stderr."""
    stream = io.StringIO()
    logger(stream).warning("heard")
    assert stream.getvalue() == "heard\n"
