"""Who else may change a file, by its owner and mode and by those of all that leads to it.

Looked at after a file was read, it tells of whoever could have changed it before: what somebody
without root's rights has put into a place stays theirs, or leaves the place open to them.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_ROOT = 0
_MOST_LINKS = 40
"""The kernel's own limit."""


def open_to_others(paths: Iterable[Path]) -> list[str]:
    """Return a line for each place that makes one of the files somebody else's to change.

    Others are all but root, this process's user, and groups in which there is nobody else. What is
    not there, or out of reach, is nobody's concern here. Of what lies in a folder of somebody
    else only that folder is told: it is theirs to change, whoever owns what is in it.
    """
    found: dict[str, None] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            for place in _leading_to(path):
                if stranger := _stranger(os.lstat(place).st_uid):
                    found[_not_ours(place, stranger)] = None
                    break
                if line := _writable_place(place):
                    found[line] = None
    return list(found)


def readable_by_all(path: Path) -> str | None:
    """Say so when everybody on this machine may read the file; None otherwise."""
    with contextlib.suppress(OSError):
        mode = os.stat(path).st_mode
        if mode & stat.S_IROTH and all(map(_lets_everybody_in, _leading_to(path))):
            return f"{path}: everybody may read it (mode {_octal(mode)}); run: chmod o-r {path}"
    return None


def _leading_to(path: Path) -> Iterator[Path]:
    """Yield each folder and link on the way to a file, and the file."""
    here, n_links = Path("/"), 0
    left = list(reversed(Path(os.path.abspath(path)).parts[1:]))
    yield here
    while left:
        place = here / left.pop()
        place = Path(os.path.normpath(place)) if place.name == ".." else place
        yield place
        if not place.is_symlink():
            here = place
            continue
        n_links += 1
        if n_links > _MOST_LINKS:
            return
        target = Path(os.readlink(place))
        here = Path("/") if target.is_absolute() else here
        left += reversed([part for part in target.parts if part != "/"])


def _lets_everybody_in(place: Path) -> bool:
    mode = os.lstat(place).st_mode
    return not stat.S_ISDIR(mode) or bool(mode & stat.S_IXOTH)


def _stranger(uid: int) -> str | None:
    return None if uid in (_ROOT, os.geteuid()) else _user(uid)


def _not_ours(place: Path, owner: str) -> str:
    me = f"neither root nor {_user(os.geteuid())}" if os.geteuid() else "not root"
    fix = f"run: chown root {place}"
    if place.is_dir() and not place.is_symlink():
        fix = (
            "keep what the daemon needs elsewhere, such as in /etc/edge-daemon"  # it may be a home
        )
    return f"{place}: belongs to {owner}, who is {me}; {fix}"


def _writable_place(place: Path) -> str | None:
    found = os.lstat(place)
    if stat.S_ISLNK(found.st_mode) or _is_sticky_folder(found.st_mode):
        return None  # a link has no mode; in a sticky folder each owner keeps what is theirs
    if found.st_mode & stat.S_IWOTH:
        return _writable(place, found.st_mode, "everybody", "o-w")
    others = _others_in(found.st_gid) if found.st_mode & stat.S_IWGRP else None
    return _writable(place, found.st_mode, others, "g-w") if others else None


def _writable(place: Path, mode: int, who: str, fix: str) -> str:
    return f"{place}: {who} may change it (mode {_octal(mode)}); run: chmod {fix} {place}"


def _is_sticky_folder(mode: int) -> bool:
    return stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX)


def _others_in(group: int) -> str | None:
    """Name a group in which there is somebody else; the one that each user has is no such group."""
    import grp
    import pwd

    try:
        entry = grp.getgrgid(group)
    except KeyError:
        return f"group {group}"
    members = {*entry.gr_mem, *(u.pw_name for u in pwd.getpwall() if u.pw_gid == group)}
    others = sorted(members - {_user(_ROOT), _user(os.geteuid())})
    return f"group {entry.gr_name} ({', '.join(others)})" if others else None


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _octal(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"
