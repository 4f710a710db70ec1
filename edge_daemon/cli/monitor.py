"""``edge-daemon monitor``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_OK, Parser, add_command

if TYPE_CHECKING:
    from edge_daemon.monitor.feed import Feed


def add_monitor(commands: Any, system_config: Callable[[], Path | None]) -> list[Parser]:
    """Add the command to the parser, and return it."""

    def run(arguments: argparse.Namespace) -> int:
        from edge_daemon.monitor.run import Monitor

        if arguments.pace and not arguments.source:
            arguments.wrong_usage("--pace is for --source")
        Monitor(_feed(arguments, arguments.config or system_config())).run()
        return EXIT_OK

    parser = add_command(
        commands, "monitor", run,
        "show levels, scores, words, latency and power as they come",
        ("monitor", "monitor --source mic:USB   # without a daemon", "monitor | tee levels.txt"),
    )  # fmt: skip
    parser.add_argument(
        "--source", metavar="SOURCE",
        help="listen to this in place of asking the daemon: mic[:NAME] | wav:FILE | pcm:- | "
        "pcm:FIFO; no action is run",
    )  # fmt: skip
    parser.add_argument("--pace", choices=("realtime", "fast"), help="speed of a file")
    return [parser]


def _feed(arguments: argparse.Namespace, config: Path | None) -> Feed:
    if arguments.source:
        return _own_feed(arguments, config)
    from edge_daemon.config import load_sound_sections
    from edge_daemon.control.paths import sockets_to_try
    from edge_daemon.monitor.daemon_feed import DaemonFeed

    return DaemonFeed(sockets_to_try(load_sound_sections(config).control))


def _own_feed(arguments: argparse.Namespace, path: Path | None) -> Feed:
    from edge_daemon.config import COMMAND_LINE, load_config, named, with_audio
    from edge_daemon.errors import ConfigError
    from edge_daemon.monitor.own_feed import OwnFeed

    try:
        config = with_audio(load_config(path), source=arguments.source, pace=arguments.pace)
    except ConfigError as error:
        if error.where != COMMAND_LINE:
            raise
        arguments.wrong_usage("; ".join(error.problems))
    with named(path):
        return OwnFeed(config)
