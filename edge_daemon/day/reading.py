"""Reads a log of records, with the files that were put aside, whatever else is in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import msgspec

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.telemetry.record import Record, unflattened
from edge_daemon.telemetry.rotated_file import aside

_LONGEST_LINE_BYTES = 64 * 1024
_FIRST_COLUMN = "time"
_YEARS = range(1970, 9000)
"""Outside these no local time can be told."""
_LONGEST_UPTIME_S = 1e9
_LARGEST = 1e18
"""Larger figures are garbage that looks like a number."""


@dataclass(slots=True)
class ReadLog:
    """What was found, the oldest record first."""

    records: list[Record] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    n_garbage: int = 0
    """Lines that are no records, such as those torn by a power cut."""
    is_torn: bool = False
    """The newest line has no end: the daemon is writing it, or was when the power went."""


def read_log(path: Path) -> ReadLog:
    """Read JSON lines or CSV, and both where the format was changed in between.

    Raises
    ------
    EdgeDaemonError
        When a file cannot be read, or holds no record.
    """
    log = ReadLog(files=_files(path))
    for file in log.files:
        _read_file(file, log)
    if not log.records:
        garbage = f": none of its {log.n_garbage} lines is one" if log.n_garbage else ""
        raise EdgeDaemonError(
            f"{path}: no records{garbage}; `telemetry: {{log: {path}}}` in the configuration lets "
            "the daemon write them"
        )
    return log


def _files(path: Path) -> list[Path]:
    """Return the files that there are, the oldest first."""
    put_aside = takewhile(Path.exists, (aside(path, n) for n in count(1)))
    found = [*([path] if path.exists() else []), *put_aside]
    if not found:
        raise EdgeDaemonError(f"{path}: there is no such file")
    return found[::-1]


def _read_file(path: Path, log: ReadLog) -> None:
    table = _Table()
    try:
        with path.open("rb") as file:
            for line in iter(lambda: file.readline(_LONGEST_LINE_BYTES), b""):
                _take(line, table, log)
    except OSError as error:
        raise EdgeDaemonError(f"{path}: cannot be read: {error.strerror}") from None


def _take(line: bytes, table: _Table, log: ReadLog) -> None:
    log.is_torn = not line.endswith(b"\n")
    text = line.decode(errors="replace").strip()
    if not text or table.is_heading(text):
        return
    is_whole = line.startswith(b"{") or not log.is_torn  # else the last cell may be cut off
    record = _record(table.values(text)) if is_whole else None
    if record is None:
        log.n_garbage += 1
    else:
        log.records.append(record)


class _Table:
    """Names the cells of CSV by the heading that came last."""

    def __init__(self) -> None:
        self._columns: list[str] = []

    def is_heading(self, line: str) -> bool:
        if not line.startswith(f"{_FIRST_COLUMN},"):
            return False
        self._columns = line.split(",")
        return True

    def values(self, line: str) -> Iterable[tuple[str, Any]]:
        """Return what is known of a line by name, be it JSON or CSV; nothing of garbage."""
        if line.startswith("{"):
            return _json_values(line)
        try:
            [cells] = csv.reader([line], strict=True)
        except (csv.Error, ValueError):
            return ()
        if len(cells) != len(self._columns):
            return ()
        return [(name, cell) for name, cell in zip(self._columns, cells, strict=True) if cell]


def _json_values(line: str) -> Iterable[tuple[str, Any]]:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return ()
    return [pair for pair in found.items() if pair[1] is not None]


def _record(values: Iterable[tuple[str, Any]]) -> Record | None:
    try:
        record = msgspec.convert(unflattened(values), Record, strict=False)
    except msgspec.ValidationError:
        return None
    return record if _is_sound(record) else None


def _is_sound(record: Record) -> bool:
    is_in_time = record.time.year in _YEARS and 0 <= record.uptime_s <= _LONGEST_UPTIME_S
    return is_in_time and all(abs(number) <= _LARGEST for number in _numbers(record))


def _numbers(record: Record) -> Iterator[float]:
    for value in msgspec.structs.astuple(record):
        if isinstance(value, (int, float)):
            yield value
    yield from record.durations.values()
