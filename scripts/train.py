"""Trains keyword models from the speech archives and exports them as float32 and INT8 ONNX.

    python scripts/train.py scripts/training/commands-large.yaml --speech ../shared/speech
    python scripts/train.py scripts/training/commands.yaml

Settings are in the YAML files; several of them train together on the same audio. The log
(``log.jsonl``) and the checkpoint, from which a stopped training goes on, are in the output
folder. A model with teachers learns from their checkpoints there, and one with members is put
together of theirs, without a training. Works on CPU and GPU; seeds are
fixed.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from edge_daemon.types import ModelSpec
from training.data import SpeechArchives, load
from training.export import export_float, export_int8
from training.joined import Joined
from training.network import Cepstrum
from training.sampler import EpochSampler, validation_set
from training.settings import Settings
from training.student import Listener, trained
from training.trainer import DEVICE, Trainer


def model_spec(settings: Settings, cepstrum: Cepstrum) -> ModelSpec:
    """Return the metadata of the trained model."""
    mean, std = cepstrum.normalisation()
    return ModelSpec(
        name=settings.name,
        kind="window",
        labels=tuple(settings.labels),
        frontend=replace(settings.frontend, mean=mean, std=std),
        n_frames=settings.n_frames,
        hop_ms=settings.hop_ms,
        thresholds=settings.thresholds,
        thresholds_after=settings.thresholds_after,
        wake_words=tuple(settings.default_wake_words),
        smooth_ms=settings.smooth_ms,
        training_data=settings.training_data,
        licence=settings.licence,
    )


def export(
    settings: Settings, network: nn.Module, cepstrum: Cepstrum, clips: Tensor, folder: Path
) -> None:
    """Write ``NAME.float32.onnx`` and ``NAME.onnx``, the INT8 model.

    clips : what the quantization is calibrated on [shape=(n, n_frames, n_mels)]
    """
    spec = model_spec(settings, cepstrum)
    float_path = folder / settings.name / f"{settings.name}.float32.onnx"
    int8_path = float_path.with_name(f"{settings.name}.onnx")
    float_path.parent.mkdir(parents=True, exist_ok=True)
    export_float(network, settings.unknown_offset, spec, float_path)
    export_int8(float_path, cepstrum(clips).numpy(), spec, int8_path)
    for path in (float_path, int8_path):
        print(f"{path}: {path.stat().st_size} bytes")


def main() -> None:
    """Train, checkpoint after every epoch, and export at the end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("settings", type=Path, nargs="+", help="YAML files of settings")
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--cache", type=Path, default=Path("build/features"))
    parser.add_argument("--out", type=Path, default=Path("build/training"))
    parser.add_argument("--epochs", type=int, help="instead of the settings'")
    args = parser.parse_args()
    settings = [Settings.read(path) for path in args.settings]
    if args.epochs:
        settings = [replace(s, epochs=args.epochs) for s in settings]
    first = settings[0]
    for path, other in zip(args.settings, settings, strict=True):
        if first.differences(other):
            parser.error(f"{path}: differs from {args.settings[0]} in "
                         f"{', '.join(first.differences(other))}")  # fmt: skip
    archives = SpeechArchives(args.speech, args.cache, first.frontend)
    train, valid = load(archives, first.labels, first.n_frames)
    sampler = EpochSampler(first, train)

    def others(names: list[str]) -> list[Listener]:
        theirs = [Settings.read(args.settings[0].with_name(f"{name}.yaml")) for name in names]
        return [trained(one, args.out) for one in theirs]

    if first.members:
        members = others(first.members)
        export(first, Joined(members), members[0].cepstrum, sampler.calibration(), args.out)
        return
    teachers = [teacher.to(DEVICE) for teacher in others(first.teachers)]
    trainer = Trainer(settings, sampler, validation_set(first, valid), args.out, teachers)
    trainer.resume()
    trainer.run()
    for student in trainer.students:
        listener = student.averaged().cpu()
        export(
            student.settings, listener.network, listener.cepstrum, sampler.calibration(), args.out
        )


if __name__ == "__main__":
    main()
