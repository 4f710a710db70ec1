"""``edge-daemon review``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_FAILURE, EXIT_OK, Parser, add_command
from edge_daemon.errors import EdgeDaemonError

if TYPE_CHECKING:
    from edge_daemon.review import Exported, Judging


def add_review(commands: Any, system_config: Callable[[], Path | None]) -> list[Parser]:
    """Add the command to the parser, and return it."""

    def run(arguments: argparse.Namespace) -> int:
        from edge_daemon.review import Judging

        folder = arguments.folder or _configured_folder(arguments.config or system_config())
        judging = Judging(folder)
        return _export(arguments, judging) if arguments.export else _walk(arguments, judging)

    parser = add_command(
        commands, "review", run,
        "listen to the clips that the daemon has kept, judge them, and export them",
        ("review", "review /var/lib/edge-daemon/clips --player 'pw-play'",
         "review --export my_words/", "evaluate --data my_words/"),
    )  # fmt: skip
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="default: clips.path of the configuration",
    )
    parser.add_argument(
        "--player", type=_player, metavar="PROGRAM", default=["aplay", "-q"],
        help="with its arguments; is given a WAV file (default: aplay -q)",
    )  # fmt: skip
    parser.add_argument(
        "--export", type=Path, metavar="DIR",
        help="write the judged clips there as LABEL/SPEAKER_nohash_N.wav, those that were rejected "
        "or false alarms under _unknown_, and judge none",
    )  # fmt: skip
    parser.add_argument(
        "--speaker", type=_speaker, metavar="NAME", default="home",
        help="with --export: letters and digits that begin the names (default: home)",
    )  # fmt: skip
    return [parser]


def _player(text: str) -> list[str]:
    try:
        player = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
    if not player:
        raise argparse.ArgumentTypeError("names no program")
    return player


def _speaker(text: str) -> str:
    from edge_daemon.review.export import SPEAKER

    if not SPEAKER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: letters and digits only, 40 at most")
    return text


def _configured_folder(config: Path | None) -> Path:
    from edge_daemon.config import load_sound_sections

    path = load_sound_sections(config).clips.path
    if path is None:
        where = config or "the defaults"
        raise EdgeDaemonError(f"{where}: clips.path is not set: no clips are kept; or name a DIR")
    return Path(path)


def _walk(arguments: argparse.Namespace, judging: Judging) -> int:
    from rich.console import Console

    from edge_daemon.review import Walk

    Walk(judging, arguments.player, Console()).run()
    return EXIT_OK


def _export(arguments: argparse.Namespace, judging: Judging) -> int:
    from edge_daemon.review import export

    done = export(judging, arguments.export, arguments.speaker)
    for line in (*done.unreadable, *_told(done, arguments.export)):
        print(line)
    return EXIT_FAILURE if done.unreadable else EXIT_OK


def _told(done: Exported, output: Path) -> list[str]:
    folders = ", ".join(f"{folder} {n}" for folder, n in sorted(done.n_of.items()))
    lines = [f"{output}: {done.n_of.total()} clips: {folders}" if folders else "nothing exported"]
    if done.n_unjudged:
        lines.append(f"{done.n_unjudged} not judged yet were left out: edge-daemon review")
    return lines
