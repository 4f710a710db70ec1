"""Which package is built, of what, for whom."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from time import gmtime

from edge_daemon import __version__

REPOSITORY = Path(__file__).parents[2]
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""What Python calls the architectures of Debian that there are wheels for."""
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""Of Ubuntu 22.04, Debian 12, Ubuntu 24.04, Debian 13."""


@dataclass(frozen=True, slots=True)
class Release:
    """One package: an architecture, and the Python of one distribution."""

    architecture: str
    python: str
    time_s: int
    """When it was made; all times in the package are this one."""

    @property
    def machine(self) -> str:
        """What Python calls the architecture."""
        return MACHINES[self.architecture]

    @property
    def version(self) -> str:
        """That of the package; a later Python's is a newer one, as a later distribution has it."""
        return f"{__version__}-1+py{self.python}"

    @property
    def next_python(self) -> str:
        """The first version of Python that this package is not for."""
        major, minor = self.python.split(".")
        return f"{major}.{int(minor) + 1}"

    @property
    def file_name(self) -> str:
        """That of the package."""
        return f"edge-daemon_{self.version}_{self.architecture}.deb"

    @property
    def maintainer(self) -> str:
        """Who has built it; the environment can name another, as for Debian's own tools."""
        name = os.environ.get("DEBFULLNAME", "edge_daemon maintainers")
        return f"{name} <{os.environ.get('DEBEMAIL', 'maintainers@edge-daemon.example')}>"

    @property
    def date(self) -> str:
        """When it was made, as a changelog has it."""
        return formatdate(self.time_s)

    @property
    def year(self) -> int:
        """When it was made."""
        return gmtime(self.time_s).tm_year

    def filled(self, text: str) -> str:
        """Return a template with what is between @ and @ filled in."""
        names = ("architecture", "python", "next_python", "version", "maintainer", "date")
        for name in names:
            text = text.replace(f"@{name}@", getattr(self, name))
        return text


def time_of_sources_s() -> int:
    """Return when the sources were changed last, so that the same ones give the same package."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told:
        return int(told)
    command = ["git", "-C", str(REPOSITORY), "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # sources without git
        return int((REPOSITORY / "CHANGELOG.md").stat().st_mtime)
    return int(done.stdout)
