"""The options of ``edge-daemon quantize``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from edge_daemon.cli.measuring import add_seed_option, number
from edge_daemon.quantize.gate import Gate
from edge_daemon.quantize.settings import MethodName, Settings, Target


def add_gate_options(parser: argparse.ArgumentParser) -> None:
    """Add what a quantized model must reach."""
    gate, default = parser.add_argument_group("gate"), Gate()
    for option, read, value, what in (
        ("--max-accuracy-loss", _points, default.max_accuracy_loss, "points that may be lost"),
        ("--min-compression", _ratio, default.min_compression, "how many times smaller, at least"),
        ("--min-speedup", _ratio, default.min_speedup, "how many times faster, at least"),
    ):
        gate.add_argument(
            option, type=read, default=value, metavar="X", help=f"{what} (default: {value:g})"
        )


def add_search_options(parser: argparse.ArgumentParser) -> None:
    """Add what is tried, and where what was found is kept."""
    search, default = parser.add_argument_group("search"), Settings()
    search.add_argument(
        "--method", choices=get_args(MethodName), default=default.method,
        help="auto tries all that suit the target; mixed keeps the layers in float32 that lose "
        f"most (default: {default.method})",
    )  # fmt: skip
    search.add_argument(
        "--target", choices=get_args(Target), default=default.target,
        help=f"what the model will run on (default: {default.target}, this machine's)",
    )  # fmt: skip
    search.add_argument(
        "--trials", type=_count, default=default.n_trials, metavar="N",
        help=f"methods to measure at most (default: {default.n_trials})",
    )  # fmt: skip
    search.add_argument(
        "--storage", metavar="URL",
        help="Optuna storage; machines that are given the same one share the search",
    )  # fmt: skip
    search.add_argument(
        "--cache", type=Path, metavar="DIR",
        help="where results are kept, so that a second run goes on "
        "(default: ~/.cache/edge-daemon/quantize)",
    )  # fmt: skip
    search.add_argument(
        "--limit", type=_count, metavar="N", help="inputs to take of the data at most"
    )
    add_seed_option(search, "of the parting of the data, the timing and the search")


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add what a model needs that it does not say itself."""
    model = parser.add_argument_group("models that do not describe themselves")
    model.add_argument(
        "--custom-objects", action="append", default=[], metavar="MODULE:NAME",
        help="layers that a Keras model is made of; may be repeated",
    )  # fmt: skip
    model.add_argument(
        "--state-dict", type=Path, metavar="FILE", help="weights for a module:factory"
    )
    model.add_argument(
        "--input-shape", type=_shape, metavar="98,40,1", help="of one input, without the batch"
    )
    model.add_argument(
        "--labels", type=_labels, default=(), metavar="yes,no,…",
        help="what the scores mean, in order (default: the model's metadata)",
    )  # fmt: skip
    model.add_argument(
        "--frontend", action="append", default=[], metavar="KEY=VALUE",
        help="a key of the front end, such as n_mels=40; may be repeated "
        "(default: the model's metadata)",
    )  # fmt: skip


def _points(text: str) -> float:
    return number(text, 0.0, 100.0)


def _ratio(text: str) -> float:
    return number(text, 0.0, 1000.0)


def _count(text: str) -> int:
    return round(number(text, 1, 1e6))


def _shape(text: str) -> tuple[int, ...]:
    return tuple(round(number(part, 1, 1e6)) for part in text.split(","))


def _labels(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))
