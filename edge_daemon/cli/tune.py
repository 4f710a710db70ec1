"""``edge-daemon tune``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_FAILURE, Parser, add_command
from edge_daemon.cli.measuring import (
    add_model_options,
    add_noise_options,
    canvas_for,
    complain_of,
    config_of,
    number,
    snrs_of,
)
from edge_daemon.config.mistakes import named
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.outputs import must_be_writable, write_whole

if TYPE_CHECKING:
    from edge_daemon.evaluate import ClipFolder
    from edge_daemon.evaluate.material import Material
    from edge_daemon.tune.thresholds import Tuned
    from edge_daemon.types import ModelSpec

_MORE = """
1 also when a word is never heard at its operating point; what was found is written all the same.
"""


def add_tune(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands, "tune", _tune, "find each word's thresholds on recordings of your own",
        ("tune --positives words/ --negatives talk/ --negatives music/ -o thresholds.yaml",
         "tune --positives words/ --positives wake_words/ --negatives talk/ --noise noise/ "
         "--per-hour 0.2 --plot det.png"),
    )  # fmt: skip
    parser.epilog = f"{parser.epilog}{_MORE}"
    parser.fill = _add_options


def _add_options(parser: Parser) -> None:
    for name, what in (
        ("positives", "clips of the words, word/clip.wav|flac|opus; words that the model lacks "
         "shall not be heard; may be repeated"),
        ("negatives", "recordings in which nothing shall be heard, any audio files below it; "
         "may be repeated"),
    ):  # fmt: skip
        parser.add_argument(
            f"--{name}", type=Path, action="append", required=True, metavar="DIR|TAR", help=what
        )
    add_noise_options(parser)
    _add_targets(parser)
    add_model_options(
        parser, "whose decision section is in force, but for its thresholds (default: the defaults)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="where the YAML goes (default: to stdout, and the table to stderr)",
    )  # fmt: skip
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="write the DET curves (PNG) there"
    )
    parser.add_argument(
        "--json", action="store_true",
        help="one JSON object on stdout, with the thresholds as a model's metadata has them",
    )  # fmt: skip


def _add_targets(parser: argparse.ArgumentParser) -> None:
    from edge_daemon.tune.targets import ISOLATE_MS, Targets

    default = Targets()
    for option, per_hour, when in (
        ("--per-hour", default.alone, "said alone"),
        ("--per-hour-after", default.after, "right after a wake word, as if all the time were"),
        ("--per-hour-wake", default.wake, "as a wake word"),
    ):
        parser.add_argument(
            option, type=_rate, default=per_hour, metavar="R",
            help=f"false accepts an hour allowed of each word, {when} (default: {per_hour:g})",
        )  # fmt: skip
    parser.add_argument(
        "--misheard", type=_weight, default=default.misheard, metavar="W",
        help="words heard that are given up for another one not being taken for this (default: "
        f"{default.misheard:g}); less of it, more recall and more wrong actions",
    )  # fmt: skip
    parser.add_argument(
        "--isolate", type=_pause, metavar="MS",
        help="pause around a word said alone (default: the configuration's isolate_ms, "
        f"{ISOLATE_MS} where that is 0)",
    )  # fmt: skip


def _rate(text: str) -> float:
    return number(text, 0.0, 1e6)


def _weight(text: str) -> float:
    return number(text, 0.0, 100.0)


def _pause(text: str) -> int:
    return round(number(text, 0, 2000))


def _tune(arguments: argparse.Namespace) -> int:
    from edge_daemon.evaluate import ClipFolder
    from edge_daemon.evaluate.material import Material
    from edge_daemon.evaluate.plots import draw_det
    from edge_daemon.evaluate.progress import watched
    from edge_daemon.model import load_model
    from edge_daemon.tune.targets import Settings, Targets
    from edge_daemon.tune.thresholds import find_thresholds

    snrs_db = snrs_of(arguments)
    must_be_writable(arguments.output)
    canvas = canvas_for(arguments.plot.parent) if arguments.plot else None
    must_be_writable(arguments.plot)
    config = config_of(arguments)
    model = load_model(config.model, config.runtime)
    folders = [ClipFolder(path) for path in arguments.positives]
    strangers = _strangers(folders, model.spec)
    material = Material(
        folders, arguments.negatives, arguments.noise, model.spec, arguments.seed
    )  # fmt: skip
    targets = Targets(
        arguments.per_hour, arguments.per_hour_after, arguments.per_hour_wake, arguments.misheard
    )
    with named(arguments.config):
        tuned = find_thresholds(
            model, config, material, Settings(targets, snrs_db, arguments.isolate), watched
        )  # fmt: skip
    if strangers:
        print(
            f"not words of the model, so they shall not be heard: {', '.join(strangers)}",
            file=sys.stderr,
        )
    _show(arguments, tuned)
    if canvas:
        name = f"{model.spec.name} {model.spec.version}"
        title = f"{name}: misses against false accepts"
        draw_det(canvas, arguments.plot, title, tuned.curves, "threshold found")
    return _verdict(tuned, material)


def _strangers(folders: list[ClipFolder], spec: ModelSpec) -> list[str]:
    """Return the folders that hold no word of the model; there have to be others."""
    from edge_daemon.config.guess import did_you_mean
    from edge_daemon.evaluate import label_of
    from edge_daemon.types import SILENCE, UNKNOWN

    labels = (*spec.labels, SILENCE, UNKNOWN)
    words = sorted({word for folder in folders for word in folder.words})
    if not any(label_of(w, labels) in spec.words for w in words):
        raise EdgeDaemonError(
            f"no clips of a word that the model has ({', '.join(spec.words)}); there are "
            f"{'; '.join(f'{w}{did_you_mean(w, spec.words)}' for w in words)}"
        )
    return [w for w in words if label_of(w, labels) == UNKNOWN and not w.startswith("_")]


def _show(arguments: argparse.Namespace, tuned: Tuned) -> None:
    from edge_daemon.tune.fragment import fragment
    from edge_daemon.tune.report import as_json, print_tuned

    goes_to_stdout = arguments.json or arguments.output is None
    print_tuned(tuned, stderr=goes_to_stdout)
    if arguments.output is not None:
        write_whole(arguments.output, fragment(tuned))
    if arguments.json:
        print(json.dumps(as_json(tuned)))
    elif arguments.output is None:
        print(fragment(tuned), end="")


def _verdict(tuned: Tuned, material: Material) -> int:
    """Return the exit code, and say what it is for."""
    from edge_daemon.tune.remarks import lost

    code = complain_of(material.unusable)
    words = lost(tuned)
    if words:
        print(f"edge-daemon: without a threshold: {', '.join(words)}", file=sys.stderr)
    return EXIT_FAILURE if words else code
