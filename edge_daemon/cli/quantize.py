"""``edge-daemon quantize``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from edge_daemon.cli.arguments import EXIT_OK, Parser, add_command

if TYPE_CHECKING:
    from edge_daemon.quantize import QuantizationResult, Settings
    from edge_daemon.types import FrontendSpec

EXIT_REFUSED = 3
_EXIT_TERMINATED = 143
_MORE = f"""\
{EXIT_REFUSED} no quantized model passed the gate: the output is the original, as float ONNX
"""


def add_quantize(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands, "quantize", _quantize,
        "make a float model smaller, prove it on data, or keep the original",
        ("quantize model.onnx --data clips/ -o small.onnx",
         "quantize model.keras --data inputs.npz -o small.onnx --max-accuracy-loss 0.5",
         "quantize net:build --state-dict net.pt --data clips.tar --labels yes,no,unknown "
         "--frontend n_mels=40 --frontend n_mfcc=40 -o small.onnx"),
    )  # fmt: skip
    parser.epilog = f"{parser.epilog}{_MORE}"
    parser.fill = _add_options


def _add_options(parser: Parser) -> None:
    from edge_daemon.cli.quantize_options import (
        add_gate_options,
        add_search_options,
        add_source_options,
    )

    parser.add_argument(
        "model", metavar="MODEL",
        help=".onnx, Keras (.keras, .h5, SavedModel), PyTorch (.pt2, or module:factory)",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR|TAR|NPZ",
        help="clips in the layout of Speech Commands, or an .npz with x, y and, if you can, "
        "speakers; parted by speaker into what calibrates and what judges",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx",
        help="the reports go beside it: OUT.report.json, OUT.report.html",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the report as a JSON object")
    add_gate_options(parser)
    add_search_options(parser)
    add_source_options(parser)


def _quantize(arguments: argparse.Namespace) -> int:
    from edge_daemon.quantize import Gate, quantize
    from edge_daemon.quantize.terminal import print_result

    gate = Gate(
        max_accuracy_loss=arguments.max_accuracy_loss,
        min_compression=arguments.min_compression, min_speedup=arguments.min_speedup,
    )  # fmt: skip
    _check_use(arguments)
    settings = _settings(arguments)
    signal.signal(signal.SIGTERM, _stop)
    result = quantize(
        arguments.model, arguments.data, output=arguments.output, gate=gate, settings=settings
    )
    print_result(result, stderr=arguments.json)
    if arguments.json:
        _print_json(result)
    return _verdict(result)


def _check_use(arguments: argparse.Namespace) -> None:
    from edge_daemon.quantize.candidates import is_of_use

    if not is_of_use(arguments.method, arguments.target):
        arguments.wrong_usage(
            f"argument --method: {arguments.method} is of no use for the target {arguments.target}"
        )


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave nothing behind, as after Ctrl-C."""
    sys.exit(_EXIT_TERMINATED)


def _settings(arguments: argparse.Namespace) -> Settings:
    from edge_daemon.evaluate.progress import with_progress
    from edge_daemon.quantize import Settings
    from edge_daemon.quantize.cache import default_folder

    return Settings(
        method=arguments.method, target=arguments.target, n_trials=arguments.trials,
        storage=arguments.storage, cache=arguments.cache or default_folder(),
        custom_objects=tuple(arguments.custom_objects), state_dict=arguments.state_dict,
        input_shape=arguments.input_shape, labels=arguments.labels,
        frontend=_frontend(arguments), seed=arguments.seed, limit=arguments.limit,
        watch=with_progress,
    )  # fmt: skip


def _frontend(arguments: argparse.Namespace) -> FrontendSpec | None:
    if not arguments.frontend:
        return None
    from edge_daemon.errors import ModelError
    from edge_daemon.quantize.frontend_keys import frontend_of

    try:
        return frontend_of(arguments.frontend)
    except ModelError as error:
        arguments.wrong_usage(f"argument --frontend: {error}")
        raise


def _print_json(result: QuantizationResult) -> None:
    from edge_daemon.quantize.report import document

    print(json.dumps(document(result)))


def _verdict(result: QuantizationResult) -> int:
    if result.accepted:
        return EXIT_OK
    for reason in result.reasons:
        print(f"edge-daemon: not quantized: {reason}", file=sys.stderr)
    return EXIT_REFUSED
