"""``edge-daemon benchmark``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_FAILURE, EXIT_OK, Parser, add_command

if TYPE_CHECKING:
    from edge_daemon.benchmark.bench import Request

_MORE = """\
130 stopped with Ctrl-C, 143 with SIGTERM: the results so far are written
"""
_MEASURING = (
    "model", "variant", "provider", "threads", "audio", "data", "limit", "seconds", "against",
    "output", "quick",
)  # fmt: skip


def add_benchmark(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands, "benchmark", _benchmark,
        "measure what listening costs on this machine: latency, CPU, memory, energy",
        ("benchmark", "benchmark --quick", "benchmark --data clips/ --limit 1000 -o pi5",
         "benchmark --model small.onnx --provider cpu --provider xnnpack --threads 1 --threads 4",
         "benchmark --against scripts/peers/pymicro_wakeword.py",
         "benchmark --compare before.json after.json"),
    )  # fmt: skip
    parser.epilog = f"{parser.epilog}{_MORE}"
    parser.fill = _add_options


def _add_options(parser: Parser) -> None:
    from edge_daemon.benchmark.combination import AUTO
    from edge_daemon.model.providers.names import ORT_NAMES
    from edge_daemon.model.variants import VARIANTS

    what = parser.add_argument_group("what; each may be repeated, and all are combined")
    what.add_argument(
        "--model", action="append", metavar="M",
        help="builtin:NAME or an .onnx file (default: builtin:commands)",
    )  # fmt: skip
    what.add_argument(
        "--variant", action="append", choices=(AUTO, "default", *VARIANTS), metavar="V",
        help="which file beside the model: default, float32, fp16, symmetric (default: auto, the "
        "one that suits the provider)",
    )  # fmt: skip
    what.add_argument(
        "--provider", action="append", choices=(AUTO, *ORT_NAMES), metavar="P",
        help="what computes: cpu, xnnpack, cuda, tensorrt (default: auto)",
    )  # fmt: skip
    what.add_argument(
        "--threads", action="append", type=partial(_whole, 1, 16), metavar="N",
        help="of one inference (default: 1)",
    )  # fmt: skip
    what.add_argument(
        "--against", action="append", metavar="SCRIPT",
        help="a peer that hears the same audio in the same rounds; may be a command line with its "
        "own interpreter, as in 'venv/bin/python scripts/peers/open_wakeword.py'",
    )  # fmt: skip
    _add_amount_options(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="NAME",
        help="write NAME.json and NAME.html (default: benchmark-DATE-TIME)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as a JSON object")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A.json", "B.json"),
        help="measure nothing; show B by A, and which differences are within noise",
    )  # fmt: skip
    parser.add_argument("--sysroot", type=Path, default=Path("/"), help=argparse.SUPPRESS)


def _add_amount_options(parser: Parser) -> None:
    from edge_daemon.cli.measuring import number

    amount = parser.add_argument_group("on what, and how long")
    amount.add_argument(
        "--audio", type=Path, metavar="FILE", help="what is heard, repeated (default: made noise)"
    )
    amount.add_argument(
        "--data", type=Path, metavar="DIR|TAR",
        help="clips in the layout of Speech Commands: measures the accuracy too",
    )  # fmt: skip
    amount.add_argument(
        "--limit", type=partial(_whole, 1, 10**9), metavar="N", help="clips of --data at most"
    )
    amount.add_argument(
        "--seconds", type=lambda text: number(text, 1.0, 86400.0), metavar="S",
        help="of listening at real-time pace for each combination and peer (default: 24)",
    )  # fmt: skip
    amount.add_argument(
        "--quick",
        action="store_true",
        help="about 15 s in all, 45 s with a power meter; wider intervals",
    )


def _whole(low: int, high: int, text: str) -> int:
    from edge_daemon.cli.measuring import number

    value = number(text, low, high)
    if value != int(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(value)


def _benchmark(arguments: argparse.Namespace) -> int:
    given = [name for name in _MEASURING if getattr(arguments, name)]
    if arguments.compare and given:
        arguments.wrong_usage(f"argument --compare: measures nothing, so takes no --{given[0]}")
    if arguments.limit and arguments.data is None:
        arguments.wrong_usage("argument --limit: is of the clips that --data names")
    return _compare(arguments) if arguments.compare else _measure(arguments)


def _measure(arguments: argparse.Namespace) -> int:
    from edge_daemon.benchmark.output import Output, as_json
    from edge_daemon.benchmark.run import run
    from edge_daemon.benchmark.terminal import print_document

    output = Output(arguments.output or Path(time.strftime("benchmark-%Y%m%d-%H%M%S")))
    document, code = run(_request(arguments), output, arguments.sysroot)
    try:
        output.write(document)
    finally:  # also where the disk is full
        print_document(document, stderr=arguments.json)
        if arguments.json:
            print(as_json(document), end="")
    print(f"{output.json_path}, {output.html_path}", file=sys.stderr)
    return code or (EXIT_OK if any(row.model_latency for row in document.rows) else EXIT_FAILURE)


def _request(arguments: argparse.Namespace) -> Request:
    """Look for everything that is named before anything takes long."""
    from edge_daemon.benchmark.audio import Recording
    from edge_daemon.benchmark.bench import Request
    from edge_daemon.benchmark.combination import combinations
    from edge_daemon.benchmark.settings import settings_for
    from edge_daemon.evaluate.clips import some_clips
    from edge_daemon.model.file import resolve

    settings = settings_for(arguments.seconds, quick=arguments.quick, limit=arguments.limit)
    for model in arguments.model or []:
        resolve(model)
    if arguments.data is not None:
        some_clips(arguments.data, settings.seed, settings.limit)
    asked = (arguments.model, arguments.variant, arguments.provider, arguments.threads)
    return Request(
        combinations=combinations(*(each or [] for each in asked)),
        peers=arguments.against or [], recording=Recording(arguments.audio),
        data=arguments.data, settings=settings,
    )  # fmt: skip


def _compare(arguments: argparse.Namespace) -> int:
    from msgspec import to_builtins

    from edge_daemon.benchmark.compare import compare
    from edge_daemon.benchmark.output import read_document
    from edge_daemon.benchmark.terminal import print_comparison

    comparison = compare(*map(read_document, arguments.compare))
    print_comparison(comparison, stderr=arguments.json)
    if arguments.json:
        print(json.dumps(to_builtins(comparison)))
    return EXIT_OK if comparison.pairs else EXIT_FAILURE
