"""Gives model files their checksum: ``python -m edge_daemon.model.seal MODEL.onnx …``."""

from __future__ import annotations

import sys
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError, ModelError
from edge_daemon.model.checksum import sealed
from edge_daemon.model.contents import names_beside, read_bytes
from edge_daemon.model.onnx_bytes import DamagedError
from edge_daemon.outputs import write_whole


def seal(path: Path) -> None:
    """Give a model file its checksum, in place of an older one.

    Raises
    ------
    ModelError, EdgeDaemonError
        It cannot be read, or names files elsewhere; or it cannot be written and stays as it is.
    """
    data = read_bytes(path)
    try:
        beside = [read_bytes(path.parent / name) for name in names_beside(data, path)]
        whole = sealed(data, beside)
    except DamagedError as error:
        raise ModelError(f"{path}: not a model ({len(data)} bytes): {error}") from None
    write_whole(path.resolve(), whole)  # of a link the file; there may be no other copy of it


def main(names: list[str]) -> int:
    """Seal each file; return the exit code."""
    try:
        for name in names:
            seal(Path(name))
    except EdgeDaemonError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
