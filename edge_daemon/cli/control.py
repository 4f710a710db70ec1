"""Commands to the running daemon: ``edge-daemon status``, ``mute``, ``trigger``, and others."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_daemon.cli.arguments import (
    EXIT_CONFIG,
    EXIT_FAILURE,
    EXIT_OK,
    Parser,
    add_command,
)
from edge_daemon.config import load_sound_sections
from edge_daemon.control import Answer, Request
from edge_daemon.control.client import ANSWER_WITHIN_S, RELOADED_WITHIN_S, ask, follow
from edge_daemon.control.messages import (
    LONGEST_MUTE_S,
    FalseAlarm,
    Mute,
    Reload,
    Status,
    Threshold,
    Trigger,
    Unmute,
)
from edge_daemon.control.paths import sockets_to_try
from edge_daemon.errors import count_of

SystemConfig = Callable[[], Path | None]


def add_control(commands: Any, system_config: SystemConfig) -> list[Parser]:
    """Add the commands to the parser; return theirs."""

    def paths(arguments: argparse.Namespace) -> list[Path]:
        return _sockets(arguments.config or system_config())

    def add(name: str, run: Callable[[argparse.Namespace, list[Path]], int], text: str,
            *examples: str) -> Parser:  # fmt: skip
        def run_there(arguments: argparse.Namespace) -> int:
            return run(arguments, paths(arguments))

        return add_command(commands, name, run_there, text, examples)

    parsers = [
        add("status", _status, "show how the running daemon is", "status", "status --json"),
        add("mute", _mute, "have it hear nothing", "mute", "mute --for 3600"),
        add("unmute", _unmute, "have it hear again", "unmute"),
        add("trigger", _trigger, "do what is done when a word is heard",
            'trigger "on" --after computer'),
        add("threshold", _threshold, "set the score from which a word fires",
            "threshold stop 0.9", "threshold stop default"),
        add("false-alarm", _false_alarm, "count the newest word as one that nobody said",
            "false-alarm"),
        add("reload", _reload, "have it read its configuration again", "reload"),
        add("follow", _follow, "print what happens, a JSON object a line", "follow", "follow --live"),
    ]  # fmt: skip
    _add_options({parser.prog.split()[-1]: parser for parser in parsers})
    return parsers


def _add_options(parsers: dict[str, Parser]) -> None:
    parsers["status"].add_argument("--json", action="store_true", help="print one JSON object")
    parsers["mute"].add_argument(
        "--for", dest="for_s", type=float, metavar="SECONDS", help="until then (default: unmute)"
    )
    trigger = parsers["trigger"]
    trigger.add_argument("label", metavar="LABEL", help="the word")
    trigger.add_argument("--after", metavar="WAKE", help="as if it had followed this wake word")
    threshold = parsers["threshold"]
    threshold.add_argument("word", metavar="WORD")
    threshold.add_argument(
        "value", type=_threshold_value, metavar="VALUE",
        help="above 0, up to 1; or default, for the configured one",
    )  # fmt: skip
    parsers["follow"].add_argument(
        "--live", action="store_true", help="with levels and scores, several times a second"
    )


def _threshold_value(text: str) -> float | None:
    if text == "default":
        return None
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0, up to 1, and not `default`")
    return value


def _status(arguments: argparse.Namespace, paths: list[Path]) -> int:
    answer = _ask(paths, Status())
    if answer.data is None:
        return _complain(answer, EXIT_FAILURE)
    print(json.dumps(answer.data) if arguments.json else "\n".join(_lines(answer.data)))
    return EXIT_OK


def _mute(arguments: argparse.Namespace, paths: list[Path]) -> int:
    for_s: float | None = arguments.for_s
    if for_s is not None and not 0 < for_s <= LONGEST_MUTE_S:
        arguments.wrong_usage(f"--for: above 0, up to {LONGEST_MUTE_S:g}, found {for_s:g}")
    return _done(paths, Mute(for_s), "muted" if for_s is None else f"muted for {for_s:g} s")


def _unmute(_arguments: argparse.Namespace, paths: list[Path]) -> int:
    return _done(paths, Unmute(), "no longer muted")


def _trigger(arguments: argparse.Namespace, paths: list[Path]) -> int:
    return _done(paths, Trigger(arguments.label, arguments.after), f"triggered {arguments.label}")


def _threshold(arguments: argparse.Namespace, paths: list[Path]) -> int:
    answer = _ask(paths, Threshold(arguments.word, arguments.value))
    if answer.data is None:
        return _complain(answer, EXIT_FAILURE)
    print(f"{answer.data['word']} fires from {answer.data['threshold']:g}")
    return EXIT_OK


def _false_alarm(_arguments: argparse.Namespace, paths: list[Path]) -> int:
    answer = _ask(paths, FalseAlarm())
    if answer.data is None:
        return _complain(answer, EXIT_FAILURE)
    print(f"counted as false: {answer.data['label']} at {answer.data['time_s']:.1f} s")
    return EXIT_OK


def _reload(_arguments: argparse.Namespace, paths: list[Path]) -> int:
    done = "reloaded: the daemon goes by the configuration on disk"
    return _done(paths, Reload(), done, EXIT_CONFIG)


def _follow(arguments: argparse.Namespace, paths: list[Path]) -> int:
    for event in follow(paths, arguments.live):
        print(json.dumps(event), flush=True)
    return EXIT_OK


def _sockets(config: Path | None) -> list[Path]:
    """Return where the daemon may listen; that shows also in a configuration with mistakes."""
    return sockets_to_try(load_sound_sections(config).control)


def _ask(paths: list[Path], request: Request) -> Answer:
    return ask(
        paths, request, RELOADED_WITHIN_S if isinstance(request, Reload) else ANSWER_WITHIN_S
    )


def _done(paths: list[Path], request: Request, done: str, refused: int = EXIT_FAILURE) -> int:
    answer = _ask(paths, request)
    if not answer.ok:
        return _complain(answer, refused)
    print(done)
    return EXIT_OK


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
    if status["muted"]:
        left_s = status["muted_left_s"]
        yield f"muted      {'until told otherwise' if left_s is None else f'for {left_s:.0f} s more'}"
    yield f"model      {status['model']}, by {status['provider']}"
    yield f"up         {status['uptime_s']:.0f} s, with {status['audio_s']:.0f} s of audio"
    yield (
        f"samples    {status['captured_samples']} in, {status['processed_samples']} worked on, "
        f"{status['dropped_samples'] - status['cut_samples']} dropped; "
        f"{status['overflows']} overflows"
    )
    yield f"heard      {words or 'nothing yet'}"
    yield (
        f"doubtful   {status['n_unanswered']} wake words that nothing followed, "
        f"{status['n_false_alarms']} counted as false"
    )
    yield (
        f"actions    {actions['done']} done, {actions['failed']} failed, "
        f"{actions['dropped']} dropped; {status['n_triggered']} triggered from outside"
    )
