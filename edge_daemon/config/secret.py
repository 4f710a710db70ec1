"""Passwords and tokens that stand in files of their own, or are handed over by systemd.

They are read when the part that needs them is built, so that nothing that prints or logs the
configuration ever holds them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge_daemon.reading import read_whole

CREDENTIAL = "credential:"
MAX_SECRET_BYTES = 8192
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")


def read_secret(source: str) -> str:
    """Return the secret of ``credential:NAME`` or of a file, without the newline at its end.

    Raises
    ------
    ValueError
        It is not there, or no line of text; the message holds nothing of it.
    """
    path = _path(source)
    try:
        text = read_whole(path, MAX_SECRET_BYTES).decode()
    except OSError as error:
        raise ValueError(f"{source}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{source}: holds bytes that are no text") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ValueError(f"{source}: is empty")
    if not secret.isprintable():
        raise ValueError(f"{source}: holds more than one line, or characters that are not text")
    return secret


def secret_file(source: str) -> Path | None:
    """Return the file whose mode is the user's affair; None for a credential, which is systemd's."""
    return None if source.startswith(CREDENTIAL) else Path(source)


def _path(source: str) -> Path:
    if not source.startswith(CREDENTIAL):
        return Path(source)
    name = source.removeprefix(CREDENTIAL)
    if not _CREDENTIAL_NAME.fullmatch(name):
        raise ValueError(f"{source}: a credential's name has letters, digits and _.@- only")
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not os.path.isabs(folder):
        raise ValueError(
            f"{source}: there is no $CREDENTIALS_DIRECTORY; systemd sets it with "
            f"LoadCredential={name}:FILE in the unit"
        )
    return Path(folder, name)
