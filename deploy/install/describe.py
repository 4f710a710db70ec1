"""Tells what a configuration needs, or what to say to the daemon that runs it; for install.sh.

    python describe.py network CONFIG    yes or no: whether an action goes over the network
    python describe.py words CONFIG      lines for the user

It is run by the Python of the version that it lies in.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from edge_daemon.config import Config, load_config
from edge_daemon.config.wake_words import sequences
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.model import load_model
from edge_daemon.types import ModelSpec

ANY = "*"


def main(arguments: list[str]) -> int:
    """Print what is asked for."""
    what, path = arguments
    try:
        config = load_config(Path(path))
        lines = _network(config) if what == "network" else _words(config)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    except EdgeDaemonError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _network(config: Config) -> list[str]:
    return ["yes" if any(a.webhook is not None for a in config.actions) else "no"]


def _words(config: Config) -> list[str]:
    spec = load_model(config.model, config.runtime).spec
    return [*_what_to_say(config, spec), *_what_happens(config)]


def _what_to_say(config: Config, spec: ModelSpec) -> Iterator[str]:
    pairs = sequences(config, spec)
    wake_words = dict.fromkeys(pair.after for pair in pairs if pair.is_needed)
    after = dict.fromkeys(pair.say for pair in pairs if pair.is_needed)
    alone = [word for word in spec.words if word not in after and word not in wake_words]
    if after:
        yield f"say {' or '.join(wake_words)}, and then one of: {', '.join(after)}"
    if alone:
        yield f"say{' also alone' if after else ''}: {', '.join(alone)}"


def _what_happens(config: Config) -> Iterator[str]:
    with_actions = dict.fromkeys("any word" if a.say == ANY else a.say for a in config.actions)
    if with_actions:
        yield f"actions are set up for: {', '.join(with_actions)}"
    else:
        yield "no action is set up yet; what is heard is in the log"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
