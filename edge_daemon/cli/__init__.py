"""The commands: parsing and exit codes only.

Exit codes: 0 success, 1 failure, 2 wrong usage, 75 the service lost its audio and is to be started
afresh, 78 bad configuration or model; of `quantize` also 3, the original was kept.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from edge_daemon import __version__
from edge_daemon.cli.arguments import (
    EXIT_CODES,
    EXIT_CONFIG,
    EXIT_FAILURE,
    EXIT_OK,
    EXIT_START_AGAIN,
    EXIT_USAGE,
    Parser,
    add_command,
)
from edge_daemon.config.mistakes import named
from edge_daemon.errors import AudioGone, ConfigError, EdgeDaemonError, ModelError, count_of

SYSTEM_CONFIG = Path("/etc/edge-daemon/config.yaml")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        try:
            return _called(argv)
        finally:  # --help and --version end with SystemExit
            print(end="", flush=True)
    except (ConfigError, ModelError) as error:
        return _complain(error, EXIT_CONFIG)
    except AudioGone as error:
        return _complain(error, EXIT_START_AGAIN)
    except EdgeDaemonError as error:
        return _complain(error, EXIT_FAILURE)
    except OSError as error:  # stdout: its reader, such as `head`, has seen enough, or a full disk
        _discard_stdout()
        is_unread = error.errno in (errno.EPIPE, errno.EIO)  # EIO: its terminal was closed
        return EXIT_OK if is_unread else _complain(error, EXIT_FAILURE)


def _called(argv: Sequence[str] | None) -> int:
    given = sys.argv[1:] if argv is None else argv
    parser = _parser(given[0] if given else None)
    arguments = parser.parse_args(given)
    if arguments.command is None:
        parser.print_help()
        return EXIT_USAGE
    command: Callable[[argparse.Namespace], int] = arguments.command
    return command(arguments)


def _discard_stdout() -> None:
    """Keep what could not be written from being written again when the interpreter ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(error: Exception, code: int) -> int:
    print(f"edge-daemon: {error}", file=sys.stderr)
    return code


def _run(arguments: argparse.Namespace) -> int:
    from edge_daemon.config import COMMAND_LINE, Config, with_audio
    from edge_daemon.daemon import Daemon

    path = arguments.config or _system_config()

    def read() -> Config:
        return with_audio(_config(path), source=arguments.source, pace=arguments.pace)

    try:
        config = read()
    except ConfigError as error:
        if error.where != COMMAND_LINE:
            raise
        return _complain(error, EXIT_USAGE)
    return Daemon(config, path, read).run()


def _replay(arguments: argparse.Namespace) -> int:
    from edge_daemon.pipeline import Pipeline
    from edge_daemon.replay import replay

    # the system's configuration is for the system's model
    path = arguments.config or (None if arguments.model else _system_config())
    config = _config(path)
    with named(path):
        pipeline = Pipeline.load(arguments.model, config)
    show = _json_line if arguments.json else _table_line()
    failed = False
    for path in arguments.files:
        try:
            for found in replay(path, pipeline, config):
                show(found.as_json())
        except EdgeDaemonError as error:
            _complain(error, EXIT_FAILURE)
            failed = True
    return EXIT_FAILURE if failed else EXIT_OK


def _json_line(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


def _table_line() -> Callable[[dict[str, Any]], None]:
    """Return a printer of aligned rows under a heading that comes with the first one."""
    row = "{time_s:>9}  {label:<12} {score:>6}  {latency_ms:>10}  {file}"
    heading = row.format(
        time_s="time s", label="word", score="score", latency_ms="latency ms", file="file"
    )
    shown = [heading]

    def show(record: dict[str, Any]) -> None:
        while shown:
            print(shown.pop())
        said = f"{record['after']} {record['label']}" if "after" in record else record["label"]
        print(row.format_map({**record, "label": said}), flush=True)

    return show


def _devices(arguments: argparse.Namespace) -> int:
    from edge_daemon.audio.devices import list_inputs

    inputs = list_inputs(arguments.rate)
    for d in inputs:
        default = " (default)" if d.is_default else ""
        print(f"{d.name}{default}: {d.host_api}, {d.channels} channels, {d.opens}")
    if not inputs:
        print(
            "edge-daemon: no audio input. Is a microphone plugged in (`arecord -l`), and is this "
            "user in the group audio? A file or a pipe works without: --source wav:FILE, pcm:-",
            file=sys.stderr,
        )
    return EXIT_OK if any(d.problem is None for d in inputs) else EXIT_FAILURE


def _check(arguments: argparse.Namespace) -> int:
    from edge_daemon.check import check

    path = arguments.config or _system_config()
    problems = check(path)
    for problem in problems:
        print(problem.text)
    where = path or "the defaults"
    if not problems:
        print(f"{where}: no problem found")
        return EXIT_OK
    print(f"edge-daemon: {where}: {count_of(problems)}", file=sys.stderr)
    return EXIT_CONFIG if any(p.is_config for p in problems) else EXIT_FAILURE


def _show_config(arguments: argparse.Namespace) -> int:
    from edge_daemon.config.document import config_as_yaml, defaults_as_yaml, schema_as_json

    if arguments.schema:
        print(schema_as_json())
    elif arguments.defaults:
        print(defaults_as_yaml(), end="")
    else:
        print(config_as_yaml(_config(arguments.config or _system_config())), end="")
    return EXIT_OK


def _config(path: Path | None) -> Any:
    from edge_daemon.config import load_config

    return load_config(path)


def _system_config() -> Path | None:
    try:
        found = SYSTEM_CONFIG.exists()
    except PermissionError:
        found = True  # to be refused as a file that cannot be read
    return SYSTEM_CONFIG if found else None


def _parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands; of this one alone, if there is one of that name.

    The daemon so carries nothing of the others.
    """
    parser = Parser(
        prog="edge-daemon",
        description="Listens for spoken commands, offline, and acts on them.",
        epilog="""\
examples:
  edge-daemon run --config /etc/edge-daemon/config.yaml
  edge-daemon replay recording.wav
  edge-daemon check

"""
        + EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"edge-daemon {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    wanted = [(names, add) for names, add in _COMMANDS if command in names] or _COMMANDS
    for _, add in wanted:
        add(commands)
    return parser


def _add_config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE",
        help=f"YAML configuration (default: {SYSTEM_CONFIG} if it is there, else the defaults)",
    )  # fmt: skip


def _add_run(commands: Any) -> None:
    parser = add_command(
        commands, "run", _run, "listen, recognise and act: the daemon",
        ("run", "run --source mic:USB", "run --config demo.yaml --source wav:clip.flac --pace fast",
         "run --source pcm:-   # arecord -f S16_LE -r 16000 -c 1 -t raw | edge-daemon run …"),
    )  # fmt: skip
    _add_config_option(parser)
    parser.add_argument(
        "--source", metavar="SOURCE", help="mic[:NAME] | wav:FILE | pcm:- | pcm:FIFO"
    )
    parser.add_argument("--pace", choices=("realtime", "fast"), help="speed of a file")


def _add_replay(commands: Any) -> None:
    parser = add_command(
        commands, "replay", _replay, "run audio files through the pipeline, as fast as it goes",
        ("replay recording.wav", "replay *.flac --json", "replay a.opus --model my.onnx"),
    )  # fmt: skip
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="WAV, FLAC, Opus …")
    parser.add_argument(
        "--model", metavar="M",
        help=f"builtin:NAME or an .onnx file; without --config then {SYSTEM_CONFIG} is not used",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object for each detection")
    _add_config_option(parser)


def _add_devices(commands: Any) -> None:
    parser = add_command(
        commands, "devices", _devices, "list the audio inputs and the rates that really open",
        ("devices",),
    )  # fmt: skip
    parser.add_argument(
        "--rate", type=int, default=16000, metavar="HZ", help="rate tried first (default: 16000)"
    )


def _add_check(commands: Any) -> None:
    parser = add_command(
        commands, "check", _check, "report every problem of configuration, model, audio, actions",
        ("check", "check --config /etc/edge-daemon/config.yaml"),
    )  # fmt: skip
    _add_config_option(parser)


def _add_config(commands: Any) -> None:
    parser = add_command(
        commands, "config", _show_config, "print the configuration in force",
        ("config", "config --defaults > config.yaml", "config --schema > schema.json"),
    )  # fmt: skip
    _add_config_option(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--schema", action="store_true", help="the JSON Schema, for editors")
    what.add_argument("--defaults", action="store_true", help="every key, commented")


def _of(module: str) -> Callable[[Any], None]:
    """Return what adds the command of a module of its own, once it is needed."""

    def add(commands: Any) -> None:
        getattr(import_module(f"edge_daemon.cli.{module}"), f"add_{module}")(commands)

    return add


def _with_config(module: str) -> Callable[[Any], None]:
    """Return the same for commands that take --config, and fall back to the system's file."""

    def add(commands: Any) -> None:
        added = getattr(import_module(f"edge_daemon.cli.{module}"), f"add_{module}")
        for parser in added(commands, _system_config):
            _add_config_option(parser)

    return add


_ASKING = "status mute unmute trigger threshold false-alarm reload follow"
_COMMANDS: list[tuple[list[str], Callable[[Any], None]]] = [
    (names.split(), add)
    for names, add in (
        ("init", _of("init")),
        ("run", _add_run),
        (_ASKING, _with_config("control")),
        ("monitor", _with_config("monitor")),
        ("replay", _add_replay),
        ("evaluate", _of("evaluate")),
        ("tune", _of("tune")),
        ("quantize", _of("quantize")),
        ("benchmark", _of("benchmark")),
        ("report", _of("report")),
        ("review", _with_config("review")),
        ("serve", _with_config("serve")),
        ("devices", _add_devices),
        ("doctor", _with_config("doctor")),
        ("check", _add_check),
        ("config", _add_config),
        ("completion", _of("completion")),
    )
]
"""The names that each adds, in the order of the help."""
