"""The ways in which a code block is run."""

from __future__ import annotations

USUAL = {
    "yaml": "config",
    "json": "json",
    "jsonl": "json",
    "python": "python",
    "sh": "run",
    "console": "run",
    "text": "output",
    "ini": "unit",
}
"""How a language is run unless a comment says otherwise."""

SHELL = ("sh", "console")
"""Languages of which each command is looked at, however else the block is run."""
_JSON = ("json", "jsonl")

KINDS: dict[str, tuple[str, ...]] = {
    # a configuration, some of its sections, or a list of actions; it is valid
    "config": ("yaml",),
    # of somebody else's; it parses
    "yaml": ("yaml",),
    # it parses; of jsonl each line
    "json": _JSON,
    # what it shows has the keys and types of the named thing
    "like": _JSON,
    # it is executed
    "python": ("python",),
    # commands are executed; of a console, they print what it shows
    "run": SHELL,
    # the same while a daemon runs
    "daemon": SHELL,
    # the same as `run`, in the heavy tests
    "heavy": SHELL,
    # the same on a booted machine with the service, in the heavy tests
    "service": SHELL,
    # what needs root, a network, hardware, or never ends: what it names is there
    "parse": (*SHELL, "python"),
    # what the block before it prints
    "output": ("text",),
    # nothing that could be run
    "drawing": ("text",),
    # settings of a systemd unit; systemd knows them
    "unit": ("ini",),
    # lines that stand so in the named file of the checkout
    "part": ("yaml", "ini", "sh", "json", "python", "text"),
}
"""Each way, and the languages that it is for."""

PRINTING = ("run", "daemon", "heavy", "service", "python")
"""Kinds that are executed, so that something may be shown of what they print."""
