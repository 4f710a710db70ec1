"""Prints those of a list of requirements that a machine needs, with their hashes.

    python requirements_for.py 3.11 aarch64 <requirements.txt

pip judges the conditions of a list by the Python that it runs with, also when it downloads for
another: those that hold are printed without. Needs nothing but pip.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

_PLACES = ("packaging.markers", "pip._vendor.packaging.markers")
_CONTINUED = re.compile(r"\\\n\s*")
_LINE = re.compile(r"(?P<package>[^\s;#]+)\s*(;\s*(?P<condition>.*?)\s*)?(?P<hashes>--hash.*)")


def main(python_version: str, machine: str) -> None:
    """Read the list from stdin and print what holds."""
    there = {
        "python_version": python_version,
        "python_full_version": f"{python_version}.99",  # the last of its kind: more is not known
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for line in _CONTINUED.sub("", sys.stdin.read()).splitlines():
        found = _LINE.fullmatch(line.strip())
        if found and _holds(found["condition"], there):
            print(found["package"], found["hashes"])


def _holds(condition: str | None, there: dict[str, str]) -> bool:
    return condition is None or bool(_marker(condition).evaluate(there))


def _marker(condition: str) -> Any:
    """Return the condition as ``packaging`` reads it, of which pip has a copy."""
    for place in _PLACES:
        try:
            return importlib.import_module(place).Marker(condition)
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"none of these can be imported: {', '.join(_PLACES)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
