"""What the JSON of the documents is held to: the values that the program really tells."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from edge_daemon import events
from edge_daemon.types import Detection
from tests.documents.sandbox import Sandbox
from tests.integration.command_line import DEMO, edge_daemon

EVENTS: dict[str, type[msgspec.Struct]] = {
    "heard": events.Heard,
    "state": events.State,
    "summary": events.Summary,
    "happened": events.Happened,
    "live": events.Live,
}


def problem_with(shown: Any, name: str) -> str | None:
    """Return how a value differs in its keys and types from the real thing of that name."""
    if name in EVENTS:
        return _difference(shown, _told_again(shown, EVENTS[name]))
    return _difference(shown, _real(name))


def _told_again(shown: Any, kind: type[msgspec.Struct]) -> Any:
    """Return what the daemon would tell with these values: all keys of the event, and no others."""
    try:
        return msgspec.to_builtins(msgspec.convert(shown, kind))
    except msgspec.ValidationError as error:
        return str(error)


@cache
def _real(name: str) -> Any:
    if name == "detection":
        return Detection("on", 0.9, 1.5, "computer").as_json()
    if name == "replay":
        done = edge_daemon("replay", "--json", DEMO)
        return json.loads(done.stdout.splitlines()[1])
    if name == "status":
        with TemporaryDirectory(prefix="doc") as folder, Sandbox(Path(folder)) as sandbox:
            sandbox.start_daemon()
            return json.loads(sandbox.printed("edge-daemon status --json"))
    raise AssertionError(f"nothing real is known by the name {name!r}")


def _difference(shown: Any, real: Any) -> str | None:
    if isinstance(real, dict) and isinstance(shown, dict):
        return None if shown.keys() == real.keys() else f"has {[*shown]}, the real one {[*real]}"
    return None if isinstance(shown, type(real)) else f"is {shown!r}, the real one {real!r}"
