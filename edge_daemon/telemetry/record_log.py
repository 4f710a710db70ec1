"""The log of records: JSON lines or CSV, bounded on disk, and never in the daemon's way."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import json

from edge_daemon.telemetry.record import Record, columns, flat
from edge_daemon.telemetry.rotated_file import RotatedFile

_LOG = logging.getLogger(__name__)


class RecordLog:
    """Writes records at the end of a file.

    What cannot be written is lost and counted; it is said once, and tried again with the next
    record.
    """

    def __init__(
        self, path: Path, form: Literal["jsonl", "csv"], max_bytes: int, keep: int
    ) -> None:
        self.written = 0
        self.lost = 0
        self._path = path
        self._file = RotatedFile(path, max_bytes, keep)
        self._table = _Table(self._file) if form == "csv" else None
        self._lost_in_a_row = 0

    def write(self, record: Record) -> None:
        """Write a record; whatever the disk does, this raises nothing."""
        try:
            self._append(flat(record))
        except OSError as error:
            self._has_failed(error)
        else:
            self._has_worked()

    def _append(self, values: Mapping[str, Any]) -> None:
        if self._table is not None:
            self._table.append(values)
        else:
            self._file.append(json.encode(values) + b"\n")

    def _has_failed(self, error: OSError) -> None:
        if not self._lost_in_a_row:
            _LOG.warning(
                "telemetry.log: %s cannot be written: %s; tried again with each record",
                self._path,
                error.strerror or error,
            )
        self.lost += 1
        self._lost_in_a_row += 1

    def _has_worked(self) -> None:
        if self._lost_in_a_row:
            _LOG.info(
                "telemetry.log: %s is written again; %d records were lost",
                self._path,
                self._lost_in_a_row,
            )
        self.written += 1
        self._lost_in_a_row = 0


class _Table:
    """A table of one kind of columns a file; a record with others begins the next file."""

    def __init__(self, file: RotatedFile) -> None:
        self._file = file
        self._columns: tuple[str, ...] = ()

    def append(self, values: Mapping[str, Any]) -> None:
        if not self._columns:
            self._columns = self._columns_so_far()
        self._columns += tuple(name for name in values if name not in self._columns)
        row = (values.get(name, "") for name in self._columns)
        self._file.append(_csv_line(row), heading=_csv_line(self._columns))

    def _columns_so_far(self) -> tuple[str, ...]:
        """Return those of the file that is there, if it has all that are needed."""
        found = tuple(self._file.first_line().decode(errors="replace").rstrip("\r\n").split(","))
        return found if set(columns()) <= set(found) else columns()


def _csv_line(cells: Iterable[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode(errors="replace")
