"""What can be listened to."""

from __future__ import annotations

import os
from pathlib import Path

from edge_daemon.doctor.diagnosis import Part, Problem
from edge_daemon.errors import AudioError, MissingDependency

_RATE_HZ = 16000


def audio_part(root: Path) -> Part:
    """Return the inputs and the rates that really open.

    That there is none is no problem yet: the configuration may listen to something else.
    """
    from edge_daemon.audio.devices import list_inputs

    locked = _locked(root)
    try:
        inputs = list_inputs(_RATE_HZ)
    except (AudioError, MissingDependency) as error:
        what, _, fix = str(error).partition("; ")
        none = Problem(what=what, fix=fix or "see `aplay -l` and `arecord -l`")
        return Part(name="audio", facts=["no PortAudio"], problems=[*locked, none])
    facts = [f"{d.name}{' (default)' * d.is_default}: {d.host_api}, {d.opens}" for d in inputs]
    return Part(name="audio", facts=facts or ["no input"], problems=locked)


def _locked(root: Path) -> list[Problem]:
    """Find sound cards that this user may not open."""
    nodes = sorted((root / "dev/snd").glob("pcm*c"))
    if not nodes or all(os.access(node, os.R_OK | os.W_OK) for node in nodes):
        return []
    fix = "run: sudo usermod -aG audio $USER, and log in again; the service has the group already"
    return [Problem(what=f"{nodes[0]} may not be opened by this user", fix=fix)]
