"""Measures what the source documents claim, on the network that they describe, in one run.

    python scripts/reproduce_headline.py --speech ../shared/speech

Needs the extra `keras`. Builds the network, trains it briefly, saves it as Keras does, converts and
quantizes it, and prints one table: Keras `predict`, Keras called directly, ONNX float32, dynamic
and static INT8. All are timed in turns on the same inputs; accuracy is that on the words of
speakers who were not in the training. The model, the table (Markdown) and all figures (JSON) are
in the output folder.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import msgspec

if TYPE_CHECKING:
    from headline.forms import Row

_N_CALIBRATION = 300


def main() -> None:
    """Train where needed, measure, print and write."""
    args = _arguments()
    from headline import corpus, forms, network

    args.out.mkdir(parents=True, exist_ok=True)
    data = corpus.read(args.speech, args.out, args.clips, args.seed)
    model = args.trained or args.out / "headline.keras"
    if args.trained is None:
        network.train(data.training, args.epochs, args.seed, model)
    calibration = corpus.some(data.training, _N_CALIBRATION, args.seed)
    files = forms.write_onnx(model, args.out, calibration)
    rows = forms.measure(model, files, data.testing, args.seed)
    bare_bytes = forms.bytes_without_optimizer(model, args.out)
    _write(rows, bare_bytes, _about(args, len(data.training), len(data.testing)), args.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    speech = os.environ.get("EDGE_DAEMON_SPEECH") or "../shared/speech"
    parser.add_argument("--speech", type=Path, default=Path(speech))
    parser.add_argument("--out", type=Path, default=Path("build/headline"))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--clips", type=int, help="of each part, at most (default: all)")
    parser.add_argument("--trained", type=Path, metavar="KERAS", help="measure this, train nothing")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if not args.speech.is_dir():
        parser.error(f"--speech {args.speech}: no such folder")
    return args


def _about(args: argparse.Namespace, n_training: int, n_testing: int) -> dict[str, Any]:
    import keras
    import tensorflow
    import tf2onnx

    from edge_daemon.machine import machine

    return {
        **machine(),
        **{package.__name__: package.__version__ for package in (keras, tensorflow, tf2onnx)},
        "epochs": None if args.trained else args.epochs,
        "clips": n_training,
        "test clips": n_testing,
    }


def _write(rows: list[Row], bare_bytes: int, about: dict[str, Any], out: Path) -> None:
    from headline.table import aims, aims_table, gains, table

    told = "; ".join(f"{name} {value}" for name, value in about.items() if value is not None)
    page = "\n\n".join((table(rows), aims_table(rows), gains(rows, bare_bytes), f"{told}."))
    print(f"\n{page}")
    (out / "headline.md").write_text(f"{page}\n")
    figures = {
        "about": about, "rows": rows, "aims": aims(rows), "bare_keras_bytes": bare_bytes,
    }  # fmt: skip
    (out / "headline.json").write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2))


if __name__ == "__main__":
    main()
