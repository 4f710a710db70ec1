"""A control group for one machine, so that two of them, or this one, do not meet in it."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "edge-daemon-test"

LIMITING = ("memory", "pids", "devices")
"""Controllers of version 1 that hold a unit to its limits; in version 2 they are not apart."""

_numbers = itertools.count()


def why_not() -> str | None:
    """Return why none can be made, in words; None where it can."""
    hierarchies = _hierarchies()
    if not hierarchies:
        return f"no control groups in {ROOT}"
    closed = [str(h) for h in hierarchies if not os.access(h, os.W_OK) or _is_read_only(h)]
    return f"cannot make control groups in {', '.join(closed)}" if closed else None


def _hierarchies() -> list[Path]:
    """Return those that systemd keeps its units in: of version 2, of version 1, or both."""
    return [h for h in (ROOT, ROOT / "unified", ROOT / "systemd") if (h / "cgroup.procs").exists()]


def _controllers() -> list[Path]:
    """Return where this process is in the hierarchies of version 1 that limit it."""
    lines = [x.split(":", 2) for x in Path("/proc/self/cgroup").read_text().splitlines()]
    found = [ROOT / name / path.lstrip("/") for _number, name, path in lines if name in LIMITING]
    return [folder for folder in found if (folder / "cgroup.procs").exists()]


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


class OwnCgroup:
    """Made at once, with what a killed run of before has left removed; ``remove`` ends it."""

    def __init__(self) -> None:
        _sweep()
        name = f"{PREFIX}-{os.getpid()}-{next(_numbers)}"
        self._folders = [parent / name for parent in (*_hierarchies(), *_controllers())]
        for folder in self._folders:
            folder.mkdir()

    @property
    def enter(self) -> list[str]:
        """What runs the command behind it in the group."""
        files = [str(folder / "cgroup.procs") for folder in self._folders]
        script = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ >"$1"; shift; n=$((n - 1)); done; exec "$@"'
        return ["sh", "-ec", script, "enter", str(len(files)), *files]

    def remove(self) -> None:
        """Remove it; what ran in it has been killed, which takes a moment to be seen here."""
        deadline_s = time.monotonic() + 10
        for folder in self._folders:
            while not _removed(folder) and time.monotonic() < deadline_s:
                os.sched_yield()


def _sweep() -> None:
    for parent in (*_hierarchies(), *_controllers()):
        for folder in parent.glob(f"{PREFIX}-*"):
            pid = folder.name.split("-")[-2]
            if not Path("/proc", pid).exists():
                _removed(folder)


def _removed(folder: Path) -> bool:
    """Tell whether a group and those in it could be removed: nothing runs in them."""
    try:
        for inner, _folders, _files in os.walk(folder, topdown=False):
            os.rmdir(inner)
    except OSError:
        return False
    return True
