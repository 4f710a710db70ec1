"""``edge-daemon evaluate``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import add_command
from edge_daemon.cli.measuring import (
    add_model_options,
    add_noise_options,
    canvas_for,
    complain_of,
    config_of,
    snrs_of,
)
from edge_daemon.config.mistakes import named

if TYPE_CHECKING:
    from edge_daemon.config import Config
    from edge_daemon.evaluate import ClipFolder, Evaluation
    from edge_daemon.evaluate.plots import Canvas
    from edge_daemon.evaluate.streaming import StreamEvaluation
    from edge_daemon.model import KeywordModel

_STREAM_ONLY = ("config", "noise", "snr", "negatives")


def add_evaluate(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands, "evaluate", _evaluate, "measure a model on labelled clips (word/clip.wav)",
        ("evaluate --data speech_commands/", "evaluate --data test.tar --list test.txt --json",
         "evaluate --stream --data words.tar --data wake_words/ --noise noise/ "
         "--negatives talk/ --plots plots/"),
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, action="append", required=True, metavar="DIR|TAR",
        help="clips in the layout of Speech Commands, word/clip.wav|flac|opus; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--list", type=Path, metavar="FILE",
        help="of the first --data only the clips named in it, word/clip a line",
    )  # fmt: skip
    parser.add_argument(
        "--as-unknown", metavar="LABELS", default="",
        help="labels, with commas between, that count as unknown; wake words without a clip do",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write pictures (PNG) there")
    _add_stream_options(parser)


def _add_stream_options(parser: argparse.ArgumentParser) -> None:
    stream = parser.add_argument_group("running audio")
    add_model_options(
        parser, "with --stream: whose decision section is measured (default: the defaults)"
    )
    stream.add_argument(
        "--stream", action="store_true",
        help="also lay the words into long audio, after wake words where they are needed, and "
        "measure recall, delay and false accepts",
    )  # fmt: skip
    stream.add_argument(
        "--negatives", type=Path, action="append", metavar="DIR|TAR",
        help="recordings in which nothing shall be heard, any audio files below it; may be "
        "repeated",
    )  # fmt: skip
    add_noise_options(stream)


def _evaluate(arguments: argparse.Namespace) -> int:
    from edge_daemon.evaluate import evaluate, labels_as_unknown
    from edge_daemon.evaluate.progress import with_progress
    from edge_daemon.model import load_model

    _check_usage(arguments)
    canvas = canvas_for(arguments.plots) if arguments.plots else None
    config = config_of(arguments)
    model = load_model(config.model, config.runtime)
    folders = _folders(arguments)
    words = {word for folder in folders for word in folder.words}
    also = [x.strip() for x in arguments.as_unknown.split(",") if x.strip()]
    as_unknown = labels_as_unknown(model.spec, words, also)
    measure = _Stream(arguments, config, model, folders) if arguments.stream else None
    clips = (clip for folder in folders for clip in folder)
    result = evaluate(model, with_progress(clips, sum(map(len, folders))), as_unknown)
    heard = measure.run() if measure else None
    if arguments.json:
        _print_json(config.model.path, result, heard)
    else:
        _print_tables(result, heard)
    if canvas:
        name = f"{model.spec.name} {model.spec.version}"
        _draw(canvas, arguments.plots, name, result, heard)
    return complain_of([*result.unreadable, *(measure.unusable if measure else [])])


def _check_usage(arguments: argparse.Namespace) -> None:
    given = [name for name in _STREAM_ONLY if getattr(arguments, name) is not None]
    if given and not arguments.stream:
        arguments.wrong_usage(f"argument --{given[0]}: needs --stream")
    snrs_of(arguments)


def _folders(arguments: argparse.Namespace) -> list[ClipFolder]:
    from edge_daemon.evaluate import ClipFolder, read_list

    names = None if arguments.list is None else read_list(arguments.list)
    first, *others = arguments.data
    return [ClipFolder(first, names), *map(ClipFolder, others)]


class _Stream:
    """The part of the evaluation that is done in running audio."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        config: Config,
        model: KeywordModel,
        folders: list[ClipFolder],
    ) -> None:
        from edge_daemon.evaluate.listening import Listener
        from edge_daemon.evaluate.material import Material
        from edge_daemon.evaluate.progress import watched
        from edge_daemon.evaluate.streaming import StreamMeasure

        self._seed = arguments.seed
        self._snrs_db = snrs_of(arguments)
        with named(arguments.config):
            listener = Listener(model, config)
        self._material = Material(
            folders, arguments.negatives or [], arguments.noise, model.spec, arguments.seed
        )
        self._measure = StreamMeasure(listener, self._material, watched)

    @property
    def unusable(self) -> list[str]:
        """A line for each file that could not be used."""
        return self._material.unusable

    def run(self) -> StreamEvaluation:
        """Hear all streams."""
        return self._measure.run(self._snrs_db, self._seed)


def _print_json(model: str, result: Evaluation, heard: StreamEvaluation | None) -> None:
    stream = {"stream": heard.as_json()} if heard else {}
    print(json.dumps({"model": model, **result.as_json(), **stream}))


def _print_tables(result: Evaluation, heard: StreamEvaluation | None) -> None:
    from edge_daemon.evaluate.report import print_report
    from edge_daemon.evaluate.stream_report import print_stream_report

    print_report(result)
    if heard:
        print_stream_report(heard)


def _draw(
    canvas: Canvas, folder: Path, model: str, result: Evaluation, heard: StreamEvaluation | None
) -> None:
    from edge_daemon.evaluate.plots import draw_confusion, draw_delay, draw_det, draw_recall

    draw_confusion(canvas, folder / "confusion.png", model, result)
    if heard is None:
        return
    draw_recall(canvas, folder / "recall.png", model, heard.conditions)
    draw_delay(canvas, folder / "delay.png", model, heard.conditions)
    if heard.det:
        title = f"{model}: misses against false accepts"
        draw_det(canvas, folder / "det.png", title, heard.det, "threshold in force")
