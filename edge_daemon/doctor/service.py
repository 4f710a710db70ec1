"""What the daemon needs as a service: systemd, and a place on disk."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from edge_daemon.doctor.diagnosis import Part, Problem
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.state import state_directory
from edge_daemon.systemd import MISSING

LEAST_FREE_BYTES = 64 << 20
"""Room for a few models with their reports, or for an engine of TensorRT."""


def systemd_part(root: Path) -> Part:
    """Return whether systemd runs, and its Python package is there."""
    if not (root / "run/systemd/system").is_dir():
        return Part(name="systemd", facts=["does not run here: started by hand, or in a container"])
    if importlib.util.find_spec("systemd") is not None:
        return Part(name="systemd", facts=["runs; systemd-python is installed"])
    what, _, fix = MISSING.partition(". ")
    return Part(name="systemd", facts=["runs"], problems=[Problem(what=what, fix=fix)])


def state_part() -> Part:
    """Return where models and engines are kept, and the room that is left."""
    try:
        folder = state_directory()
    except EdgeDaemonError as error:
        what, _, fix = str(error).rpartition("; ")
        return Part(name="state", facts=["none"], problems=[Problem(what=what, fix=fix)])
    there = next((path for path in (folder, *folder.parents) if os.path.isdir(path)), Path("/"))
    free_bytes = shutil.disk_usage(there).free
    facts = [f"{folder}{'' if there == folder else ' (not made yet)'}"]
    facts.append(f"{free_bytes / 2**30:.1f} GiB free")
    return Part(name="state", facts=facts, problems=_room(there, free_bytes))


def _room(folder: Path, free_bytes: int) -> list[Problem]:
    problems = []
    if not os.access(folder, os.W_OK):
        problems.append(
            Problem(
                what=f"{folder} may not be written by this user; the service has a folder of its own",
                fix="set STATE_DIRECTORY, or XDG_STATE_HOME, to a folder that may be written",
            )
        )
    if free_bytes < LEAST_FREE_BYTES:
        problems.append(
            Problem(
                what=f"{folder}: {free_bytes >> 20} MiB are free; smaller models and engines of "
                f"TensorRT may take {LEAST_FREE_BYTES >> 20} MiB",
                fix=f"make room on the disk that holds {folder}",
            )
        )
    return problems
