"""What the commands that measure a model have in common: options, and what they load."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_daemon.cli.arguments import EXIT_FAILURE, EXIT_OK
from edge_daemon.errors import EdgeDaemonError

if TYPE_CHECKING:
    from edge_daemon.config import Config
    from edge_daemon.evaluate.plots import Canvas

CLEAN = "clean"
_SNRS_WITH_NOISE = (None, 10.0, 5.0)


def add_noise_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add where noise is taken from, at which ratios, and the seed."""
    parser.add_argument(
        "--noise", type=Path, metavar="DIR|TAR",
        help="recordings of noise, any audio files below it: laid under the words, and heard "
        "alone as negatives",
    )  # fmt: skip
    parser.add_argument(
        "--snr", type=_snrs, metavar="LIST",
        help="ratios of speech to noise in dB (default: clean, with --noise clean,10,5)",
    )  # fmt: skip
    add_seed_option(parser, "of pauses and noise")


def add_seed_option(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, of_what: str
) -> None:  # fmt: skip
    """Add the number that decides about everything that is drawn by lot."""
    parser.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help=f"{of_what} (default: 1)"
    )


def add_model_options(parser: argparse.ArgumentParser, config_help: str) -> None:
    """Add the model and the configuration."""
    parser.add_argument(
        "--model", metavar="M",
        help="builtin:NAME or an .onnx file (default: the configuration's, builtin:commands)",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, metavar="FILE", help=config_help)


def _snrs(text: str) -> tuple[float | None, ...]:
    """Read ``clean,10,5``."""
    found = [None if part.strip() == CLEAN else _snr(part) for part in text.split(",")]
    return tuple(dict.fromkeys(found))


def _snr(text: str) -> float:
    return number(text, -20.0, 60.0)


def _seed(text: str) -> int:
    return round(number(text, 0, 2**32 - 1))


def number(text: str, low: float, high: float) -> float:
    """Read a number of an option within its bounds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {low:g} to {high:g}")
    return value


def snrs_of(arguments: argparse.Namespace) -> tuple[float | None, ...]:
    """Return the ratios asked for; wrong usage without noise to make them of."""
    if arguments.snr is None:
        return _SNRS_WITH_NOISE if arguments.noise else (None,)
    if arguments.noise is None and any(x is not None for x in arguments.snr):
        arguments.wrong_usage("argument --snr: needs --noise for anything but clean")
    snrs_db: tuple[float | None, ...] = arguments.snr
    return snrs_db


def config_of(arguments: argparse.Namespace) -> Config:
    """Return the configuration to measure, the defaults unless one is given, with the model."""
    from msgspec.structs import replace

    from edge_daemon.config import load_config

    config = load_config(arguments.config)
    if arguments.model is None:
        return config
    return replace(config, model=replace(config.model, path=arguments.model))


def canvas_for(folder: Path) -> Canvas:
    """Return what pictures are drawn on, and make their folder, before anything takes long.

    Raises
    ------
    MissingDependency
        Without matplotlib.
    EdgeDaemonError
        When the folder cannot be made.
    """
    from edge_daemon.evaluate.plots import open_canvas

    canvas = open_canvas()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EdgeDaemonError(f"{folder}: cannot be made: {error.strerror}") from None
    return canvas


def complain_of(unusable: Iterable[str]) -> int:
    """Name the files that could not be used, and return the exit code."""
    lines = list(dict.fromkeys(unusable))
    for line in lines:
        print(f"edge-daemon: not scored: {line}", file=sys.stderr)
    return EXIT_FAILURE if lines else EXIT_OK
