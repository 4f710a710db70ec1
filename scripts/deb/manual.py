"""The manual page, out of what `edge-daemon --help` says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from deb.release import Release

_PAGE = """\
.TH EDGE-DAEMON 1 "{date}" "edge-daemon {version}" "User Commands"
.SH NAME
edge-daemon \\- listens for spoken commands, offline, and acts on them
.SH DESCRIPTION
The service edge\\-daemon.service runs it with /etc/edge\\-daemon/config.yaml.
.nf
{general}
.fi
.SH COMMANDS
{commands}
.SH FILES
.TP
.I /etc/edge\\-daemon/config.yaml
The configuration; every setting with its default is in /usr/share/doc/edge\\-daemon/examples/default.yaml.
.TP
.I /var/lib/edge\\-daemon
What the service keeps.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
"""


def manual(release: Release) -> str:
    """Return the page, in the language of man(7)."""
    general = _help()
    names = re.findall(r"^    (\w+) ", general.partition("\ncommands:")[2], re.MULTILINE)
    sections = [f".SS {name}\n.nf\n{_escaped(_help(name))}\n.fi" for name in names]
    return _PAGE.format(
        date=release.date, version=_escaped(release.version), general=_escaped(general),
        commands="\n".join(sections),
    )  # fmt: skip


def _help(*command: str) -> str:
    """Return what a command says of itself, in the width of a page."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_daemon", *command, "--help"],
        env={**os.environ, "COLUMNS": "76", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def _escaped(text: str) -> str:
    """Return lines that mean to man(7) what they show."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)
