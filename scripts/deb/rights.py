"""Who holds the rights: of the daemon, and of each wheel that comes with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from deb.release import Release
from deb.site import HOME

_HEAD = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: edge-daemon
Comment: Built by scripts/make-deb of the sources, not by Debian. The Python packages in
 /usr/lib/edge-daemon are those of PyPI whose hashes are in uv.lock; the texts of their licences
 lie beside them, in the folders that end in .dist-info.

Files: *
Copyright: {year} the authors of edge_daemon
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
"""
_TEXTS = re.compile("LICEN[CS]E|COPYING|NOTICE|ThirdPartyNotices")
_LONGEST = 60
"""Of what a licence is called; some packages have its whole text there."""


def rights(site: Path, release: Release) -> str:
    """Return the text of the package's file `copyright`."""
    return "\n".join([_HEAD.format(year=release.year), *_stanzas(site)])


def _stanzas(site: Path) -> Iterator[str]:
    for folder in sorted(site.glob("*.dist-info")):
        told = HeaderParser().parsestr((folder / "METADATA").read_text())
        if told["Name"] == "edge-daemon":
            continue
        yield "\n".join(_stanza(folder, told)) + "\n"


def _stanza(folder: Path, told: Message) -> Iterator[str]:
    site = folder.parent
    home = f"/{HOME}/lib/{site.parent.name}/{site.name}"
    texts = [name for name in _recorded(folder) if _is_text(name) and (site / name).is_file()]
    yield f"Files: {' '.join(sorted(_files(folder)))}"
    yield f"Copyright: the authors of {told['Name']} {told['Version']} ({_address(told)})"
    yield f"License: {_name(told)}"
    if texts:
        yield " The text lies in"
        yield from (f"  {home}/{name}" for name in sorted(texts))
    else:
        yield " The package names it and has no text of it."


def _files(folder: Path) -> set[str]:
    """Return the files of a wheel, as patterns: the folders and modules that it put there."""
    paths = {folder.parent / name.partition("/")[0] for name in _recorded(folder)}
    there = (path for path in paths if path.exists())
    return {f"*/site-packages/{p.name}" + ("/*" if p.is_dir() else "") for p in there}


def _recorded(folder: Path) -> list[str]:
    """Return the files of a wheel, as it lists them."""
    with (folder / "RECORD").open(newline="") as lines:
        return [row[0] for row in csv.reader(lines)]


def _is_text(name: str) -> bool:
    """Tell the text of a licence by its name; a module of Python may have one like it."""
    path = PurePosixPath(name)
    return path.suffix != ".py" and bool(_TEXTS.match(path.name) or path.parent.name == "licenses")


def _address(told: Message) -> str:
    """Return where a package says it comes from; PyPI for one that does not."""
    urls = [str(url).partition(", ")[2] for url in told.get_all("Project-URL", [])]
    return str(told["Home-page"] or next(iter(urls), f"https://pypi.org/project/{told['Name']}/"))


def _name(told: Message) -> str:
    """Return what a package calls its licence."""
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier", [])
        if line.startswith("License ::")
    ]
    for name in (told["License-Expression"], told["License"], *classified):
        if name and len(name) <= _LONGEST and "\n" not in name:
            return "-".join(str(name).split())
    return "see-its-text"
