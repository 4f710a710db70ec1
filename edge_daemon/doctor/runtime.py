"""onnxruntime: looked at from a process of its own, as some builds die on some processors."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib import metadata

import msgspec

from edge_daemon.board import Board
from edge_daemon.doctor.diagnosis import Part, Problem
from edge_daemon.model.providers.names import ORT_NAMES, install_line, short_name

_TIMEOUT_S = 120.0
"""The first import from a slow card takes long."""
_BUILDS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
"""Packages that all put their files into the same folder."""
_PROBE = """
import json, os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
build = getattr(onnxruntime, "get_build_info", str)()
print(json.dumps([onnxruntime.__version__, build, onnxruntime.get_available_providers()]))
"""


def runtime_part(board: Board, python: str = sys.executable) -> Part:
    """Return the build of onnxruntime and its providers, or why it cannot be loaded."""
    name = "onnxruntime"
    problems = _doubles()
    try:
        version, build, available = _probed(python)
    except _Broken as error:
        # what cannot be imported may be half of one, half of another
        broken = Problem(what=str(error), fix=install_line("cpu", board), is_in_the_way=True)
        return Part(name=name, facts=["cannot be loaded"], problems=[*problems, broken])
    missing = [known for known, ort_name in ORT_NAMES.items() if ort_name not in available]
    facts = [f"{version}: {', '.join(map(short_name, available))}"]
    if missing:
        facts.append(f"not in this build: {', '.join(missing)}")
    return Part(name=name, facts=[*facts, *([build] if build else [])], problems=problems)


class _Broken(Exception):
    """It cannot be loaded; its text is the reason."""


def _probed(python: str) -> tuple[str, str, list[str]]:
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Broken(f"onnxruntime cannot be looked at: {error}") from None
    if done.returncode < 0:
        died_of = signal.Signals(-done.returncode).name
        raise _Broken(
            f"the import of onnxruntime {_installed()} dies with {died_of}: this build is not for "
            "this processor, as 1.21.0 is not for a Raspberry Pi 3 or 4"
        )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise _Broken(f"onnxruntime {_installed()} cannot be imported: {said[-1]}")
    last = done.stdout.strip().rpartition("\n")[2]  # a build may print at its import
    try:
        return msgspec.json.decode(last, type=tuple[str, str, list[str]])
    except msgspec.DecodeError:
        raise _Broken(f"onnxruntime {_installed()} answers what nobody asked: {last!r}") from None


def _installed() -> str:
    return ", ".join(_versions()) or "(not installed)"


def _versions() -> list[str]:
    found = []
    for build in _BUILDS:
        try:
            found.append(f"{build} {metadata.version(build)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def _doubles() -> list[Problem]:
    found = _versions()
    if len(found) < 2:
        return []
    names = " ".join(line.partition(" ")[0] for line in found)
    return [
        Problem(
            what=f"{' and '.join(found)} are installed over each other; one hides the other",
            fix=f"run: pip uninstall {names}; then install the one that is meant",
        )
    ]
