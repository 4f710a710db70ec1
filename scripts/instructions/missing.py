"""What this machine lacks."""

from __future__ import annotations

import shutil


class Missing(Exception):
    """Something cannot be had; says what, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")


def tool(name: str, package: str) -> str:
    """Return the path of a program.

    Raises
    ------
    Missing
        With the Debian package that has it.
    """
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed", f"run: sudo apt install {package}")
    return path
