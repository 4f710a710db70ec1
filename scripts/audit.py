"""Asks the database of advisories about all that is locked for a release; see scripts/audit.

It is pip-audit that asks. Where it cannot, it calls that a success with a note: here it is none.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

LISTS = ("requirements.txt", "build-requirements.txt")
DEPLOY = Path(__file__).parents[1] / "deploy"
EXIT_FOUND = 1
EXIT_NOT_ASKED = 75
_ALLOWED_S = 300

Answers = list[dict[str, Any]]
"""For each package its name, and version and vulnerabilities, or the reason why it was skipped."""


def main() -> int:
    """Ask, print what was said, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lists", nargs="*", type=Path, default=[DEPLOY / name for name in LISTS])
    pins = {pin for path in parser.parse_args().lists for pin in pinned(path.read_text())}
    try:
        answers = [answer for some in apart(pins) for answer in ask(some)]
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"SKIPPED: none of {len(pins)} packages was looked up: {error}")
        return EXIT_NOT_ASKED
    return judged(answers, len(pins))


def pinned(text: str) -> list[str]:
    """Return what a list pins, for whatever machine: name==version."""
    return [line.split()[0] for line in text.splitlines() if "==" in line.partition(" ")[0]]


def apart(pins: Iterable[str]) -> list[list[str]]:
    """Return lists with no package twice: another version of it is for another Python."""
    versions: dict[str, list[str]] = {}
    for pin in sorted(pins):
        versions.setdefault(pin.partition("==")[0], []).append(pin)
    return [[pin for pin in some if pin] for some in zip_longest(*versions.values())]


def ask(pins: list[str]) -> Answers:
    """Return what pip-audit learned of some packages.

    Raises
    ------
    ValueError
        When it learned nothing.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner", "off", "--format", "json", "--requirement", file.name]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_ALLOWED_S, check=False
        )
    try:
        answers: Answers = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ValueError(f"pip-audit: {said}") from None
    return answers


def judged(answers: Answers, n_asked: int) -> int:
    """Print what was found, and return the exit code."""
    found = [(answer, hole) for answer in answers for hole in answer.get("vulns", ())]
    for answer, hole in found:
        fixed = ", ".join(hole.get("fix_versions", ())) or "none yet"
        print(f"{answer['name']} {answer['version']}: {hole['id']}; mended in: {fixed}")
    skipped = [answer["name"] for answer in answers if "skip_reason" in answer]
    n_known = len(answers) - len(skipped)
    print(f"{n_known} of {n_asked} packages looked up, {len(found)} known holes")
    if n_known < n_asked:
        print(f"SKIPPED, not in the database or it cannot be reached: {', '.join(skipped)}")
    if found:
        return EXIT_FOUND
    return EXIT_NOT_ASKED if n_known < n_asked else 0


if __name__ == "__main__":
    sys.exit(main())
