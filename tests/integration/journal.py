"""Reads the journal of a booted machine: its entries as fields."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

READ = ("journalctl", "--output=json", "--all", "--no-pager", "--quiet")
"""The program, for whoever runs it in the machine."""

Entry = dict[str, Any]
"""An entry of the journal: its fields."""
IsIt = Callable[[Entry], bool]
"""Tells whether an entry is the one that is waited for."""


def since(cursor: str | None) -> list[str]:
    """Return the options that begin behind a cursor; None: at the beginning."""
    return [] if cursor is None else ["--after-cursor", cursor]


def entry(line: str | bytes) -> Entry:
    """Read an entry; a message with colours in it comes as a list of bytes."""
    found: Entry = json.loads(line)
    if isinstance(found.get("MESSAGE"), list):
        found["MESSAGE"] = bytes(found["MESSAGE"]).decode(errors="replace")
    return found


def is_of(unit: str, entry: Entry) -> bool:
    """Tell whether an entry is a unit's, or systemd's about it.

    Not left to ``journalctl --unit``, which skips the first entry after a cursor of another unit.
    """
    name = unit if "." in unit else f"{unit}.service"
    return name in (entry.get("_SYSTEMD_UNIT"), entry.get("UNIT"))


def lines(process: subprocess.Popen[bytes], deadline_s: float) -> Iterator[bytes]:
    """Yield lines of what a process prints until it ends or the time is over."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    waiting = b""
    while (left_s := deadline_s - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left_s)[0]:
            return
        if not (data := os.read(descriptor, 65536)):
            return
        *whole, waiting = (waiting + data).split(b"\n")
        yield from whole
