"""The two files of a result: JSON with everything, and a page to read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge_daemon.benchmark.document import KIND, SCHEMA_VERSION, Document
from edge_daemon.benchmark.report import report
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.outputs import must_be_writable, write_whole


class Output:
    """``NAME.json`` and ``NAME.html``; what is there already is replaced, whole.

    Raises
    ------
    EdgeDaemonError
        When they could not be written: found out before anything is measured.
    """

    def __init__(self, name: Path) -> None:
        stem = name.name.removesuffix(".json").removesuffix(".html")
        if not stem:
            raise EdgeDaemonError(
                f"{name}: a name is needed, of which NAME.json and NAME.html come"
            )
        self.json_path, self.html_path = (name.with_name(stem + end) for end in (".json", ".html"))
        for path in (self.json_path, self.html_path):
            must_be_writable(path)

    def write_json(self, document: Document) -> None:
        """Write what was found so far.

        Raises
        ------
        EdgeDaemonError
        """
        write_whole(self.json_path, as_json(document))

    def write(self, document: Document) -> None:
        """Write both.

        Raises
        ------
        EdgeDaemonError
        """
        self.write_json(document)
        write_whole(self.html_path, report(document))


def as_json(document: Document) -> str:
    """Return the documented JSON object, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


class _Heading(msgspec.Struct):
    """What every version of the file begins with."""

    kind: str = ""
    schema_version: int = 0


def read_document(path: Path) -> Document:
    """Read a result that was written here or elsewhere.

    Raises
    ------
    EdgeDaemonError
        When it is no result, or one of another version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EdgeDaemonError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        heading = msgspec.json.decode(content, type=_Heading)
    except (msgspec.DecodeError, RecursionError) as error:
        raise EdgeDaemonError(f"{path}: no result of `edge-daemon benchmark`: {error}") from None
    if heading.kind != KIND:
        raise EdgeDaemonError(
            f"{path}: no result of `edge-daemon benchmark`: JSON without kind: {KIND!r}"
        )
    if heading.schema_version != SCHEMA_VERSION:
        raise EdgeDaemonError(
            f"{path}: a result of schema version {heading.schema_version}, this edge-daemon reads "
            f"{SCHEMA_VERSION}; measure again with the same version on both machines"
        )
    try:
        return msgspec.json.decode(content, type=Document)
    except msgspec.DecodeError as error:
        raise EdgeDaemonError(f"{path}: a damaged result: {error}") from None
