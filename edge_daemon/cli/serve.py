"""``edge-daemon serve``: the words as a service for the audio of others."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_daemon.cli.arguments import EXIT_OK, Parser, add_command

_DEFAULT_URI = "tcp://127.0.0.1:10400"
_MOST_CLIENTS = 16


def add_serve(commands: Any, system_config: Callable[[], Path | None]) -> list[Parser]:
    """Add the command to the parser, and return it."""

    def run(arguments: argparse.Namespace) -> int:
        return _serve(arguments, arguments.config or system_config())

    parser = add_command(
        commands, "serve", run, "offer words as a wake-word service to Home Assistant (Wyoming)",
        ("serve --wyoming", "serve --wyoming tcp://0.0.0.0:10400 --words computer alexa",
         "serve --wyoming unix:///run/edge-daemon/wyoming.sock"),
    )  # fmt: skip
    parser.add_argument(
        "--wyoming", metavar="URI", nargs="?", const=_DEFAULT_URI, required=True,
        help=f"tcp://HOST:PORT or unix:///PATH to listen at (without one: {_DEFAULT_URI})",
    )  # fmt: skip
    parser.add_argument(
        "--words", nargs="+", metavar="WORD", default=(),
        help="words of the model to offer, each said alone (default: its wake words)",
    )  # fmt: skip
    parser.add_argument(
        "--max-clients", type=_count, metavar="N", default=_MOST_CLIENTS,
        help=f"clients at a time; more are refused (default: {_MOST_CLIENTS})",
    )  # fmt: skip
    return [parser]


def _serve(arguments: argparse.Namespace, path: Path | None) -> int:
    from edge_daemon.config import load_config
    from edge_daemon.wyoming.place import parse_uri

    try:
        place = parse_uri(arguments.wyoming)
    except ValueError as error:
        arguments.wrong_usage(f"--wyoming: {error}")
    from edge_daemon.wyoming.serve import serve

    serve(load_config(path), path, place, arguments.words, arguments.max_clients)
    return EXIT_OK


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"1 to 1000, found {text}")
    return int(text)
