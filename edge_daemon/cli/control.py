"""``edge-daemon status`` and ``edge-daemon reload``: commands to the running daemon."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_CONFIG, EXIT_FAILURE, EXIT_OK, add_command
from edge_daemon.errors import count_of

if TYPE_CHECKING:
    from edge_daemon.control import Answer

SystemConfig = Callable[[], Path | None]


def add_status(commands: Any, system_config: SystemConfig) -> argparse.ArgumentParser:
    """Add the command to the parser."""

    def run(arguments: argparse.Namespace) -> int:
        answer = _ask("status", arguments.config or system_config())
        if answer.status is None:
            return _complain(answer, EXIT_FAILURE)
        print(json.dumps(answer.status) if arguments.json else "\n".join(_lines(answer.status)))
        return EXIT_OK

    parser = add_command(
        commands, "status", run, "show how the running daemon is",
        ("status", "status --json"),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def add_reload(commands: Any, system_config: SystemConfig) -> argparse.ArgumentParser:
    """Add the command to the parser."""

    def run(arguments: argparse.Namespace) -> int:
        answer = _ask("reload", arguments.config or system_config())
        if not answer.ok:
            return _complain(answer, EXIT_CONFIG)
        print("reloaded: the daemon goes by the configuration on disk")
        return EXIT_OK

    return add_command(
        commands, "reload", run, "have the running daemon read its configuration again",
        ("reload",),
    )  # fmt: skip


def _ask(do: str, config: Path | None) -> Answer:
    """Ask the daemon; where its socket is shows also in a configuration with mistakes."""
    from edge_daemon.config import load_sound_sections
    from edge_daemon.control.client import ANSWER_WITHIN_S, RELOADED_WITHIN_S, ask
    from edge_daemon.control.paths import sockets_to_try

    within_s = RELOADED_WITHIN_S if do == "reload" else ANSWER_WITHIN_S
    return ask(sockets_to_try(load_sound_sections(config).control), do, within_s)


def _complain(answer: Answer, code: int) -> int:
    for problem in answer.problems:
        print(problem, file=sys.stderr)
    print(
        f"edge-daemon: refused: {count_of(answer.problems)}; the daemon goes on as before",
        file=sys.stderr,
    )
    return code


def _lines(status: dict[str, Any]) -> Iterator[str]:
    actions = status["actions"]
    words = ", ".join(f"{word} {n}" for word, n in status["detections"].items())
    yield f"state      {status['state']}"
    yield f"source     {status['source'] or 'none is open'}"
    yield f"audio      the newest came {status['last_audio_s']:.1f} s ago"
    yield f"model      {status['model']}, by {status['provider']}"
    yield f"up         {status['uptime_s']:.0f} s, with {status['audio_s']:.0f} s of audio"
    yield (
        f"samples    {status['captured_samples']} in, {status['processed_samples']} worked on, "
        f"{status['dropped_samples'] - status['cut_samples']} dropped; "
        f"{status['overflows']} overflows"
    )
    yield f"heard      {words or 'nothing yet'}"
    yield (
        f"actions    {actions['done']} done, {actions['failed']} failed, "
        f"{actions['dropped']} dropped"
    )
