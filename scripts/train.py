"""Trains a keyword model from the speech archives and exports it as float32 and INT8 ONNX.

    python scripts/train.py scripts/training/commands.yaml --speech ../shared/speech

Settings are in the YAML file; the log (``log.jsonl``) and the checkpoint, from which a stopped
training goes on, are in the output folder. Works on CPU and GPU; seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn
from tqdm import tqdm

from edge_daemon.types import UNKNOWN, FrontendSpec, ModelSpec
from training.augment import Augment, AugmentSettings, Windows, quiet_filler
from training.data import SpeechArchives, Split, load, silence_number
from training.export import export_float, export_int8
from training.network import Averaged, Cepstrum, NetworkSettings, TcResNet


@dataclass(frozen=True)
class Settings:
    """One YAML file; see ``scripts/training/commands.yaml``."""

    name: str
    labels: list[str]
    n_frames: int
    hop_ms: int
    smooth_ms: int
    training_data: str
    licence: str
    thresholds: dict[str, float] = field(default_factory=dict)
    seed: int = 1
    frontend: FrontendSpec = field(default_factory=FrontendSpec)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    epochs: int = 60
    batch: int = 128
    clips_per_word: int = 3300
    clips_of_unknown: int = 6000
    clips_of_speech: int = 2500
    clips_of_silence: int = 2600
    clips_of_quiet: int = 1000
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    average_decay: float = 0.998
    calibration_clips: int = 600

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read the YAML; unknown keys raise TypeError."""
        raw: dict[str, Any] = yaml.safe_load(path.read_text())
        nested: dict[str, Any] = {
            "frontend": FrontendSpec, "network": NetworkSettings, "augment": AugmentSettings,
        }  # fmt: skip
        for key, kind in nested.items():
            raw[key] = kind(**raw.get(key, {}))
        return cls(**raw)


class EpochSampler:
    """Puts together the clips of one epoch: so many of each class, in random order."""

    def __init__(self, settings: Settings, data: Split, augment: Augment) -> None:
        self._s = settings
        self._x = torch.from_numpy(data.x)
        self._y = torch.from_numpy(data.y)
        self._quiet = torch.from_numpy(data.quiet)
        self._speech = Windows(data.speech, settings.n_frames)
        self._augment = augment
        self._unknown = settings.labels.index(UNKNOWN)
        self._silence = silence_number(settings.labels)

    def indices(self) -> Tensor:
        """Return clip numbers; -1 stands for running speech, -2 for noise, -3 for a quiet room."""
        picked = [
            torch.full((self._s.clips_of_speech,), -1),
            torch.full((self._s.clips_of_silence,), -2),
            torch.full((self._s.clips_of_quiet,), -3),
        ]
        for number in range(len(self._s.labels)):
            mine = (self._y == number).nonzero()[:, 0]
            unknown = number == self._unknown
            wanted = self._s.clips_of_unknown if unknown else self._s.clips_per_word
            picked.append(mine[torch.randperm(len(mine))[:wanted]])
        all_picked = torch.cat(picked)
        return all_picked[torch.randperm(len(all_picked))]

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return augmented clips [shape=(n, n_frames, n_mels)] and classes [shape=(n,)]."""
        x = self._x[index.clamp_min(0)].float()
        y = self._y[index.clamp_min(0)].clone()
        speech, silence, quiet = index == -1, index == -2, index == -3
        x[speech] = self._speech.draw(int(speech.sum()))
        y[speech] = self._unknown
        rooms = torch.randint(len(self._x), (int(silence.sum()),))
        x[silence] = self._augment.silence(self._x[rooms].float())
        y[silence | quiet] = self._silence
        x, y = self._augment(x, y)
        picks = torch.randint(len(self._quiet), (int(quiet.sum()),))
        x[quiet] = self._quiet[picks].float()  # as it is: a louder one would not be quiet
        return x, y


def validation_set(settings: Settings, data: Split) -> tuple[Tensor, Tensor]:
    """Return the validation clips, and as much silence as a word has clips: noises and rooms."""
    clips = torch.from_numpy(data.x).float()
    noise = Windows(data.noise, settings.n_frames)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        noises = noise.draw(200) + (torch.rand(200) * 6 - 5)[:, None, None]
        rooms = quiet_filler(clips[torch.randint(len(clips), (200,))])
    quiet = torch.from_numpy(data.quiet[:200]).float()
    x = torch.cat([clips, noises, rooms, quiet])
    x = x.clamp_min(float(np.log(settings.frontend.log_floor)))
    silent = torch.full((600,), silence_number(settings.labels))
    return x, torch.cat([torch.from_numpy(data.y), silent])


@torch.no_grad()
def accuracy(network: nn.Module, cepstrum: Cepstrum, x: Tensor, y: Tensor) -> dict[str, float]:
    """Return plain accuracy, and the mean over the classes of their recalls."""
    network.eval()
    guess = torch.cat([network(cepstrum(part)).argmax(1) for part in x.split(512)])
    hit = (guess == y).float()
    recalls = [hit[y == k].mean().item() for k in y.unique()]
    return {"accuracy": hit.mean().item(), "recall": float(np.mean(recalls))}


class Trainer:
    """Runs the epochs; state_dict() holds all that a resumed training needs."""

    def __init__(self, settings: Settings, train: Split, valid: Split) -> None:
        torch.manual_seed(settings.seed)
        self._s = settings
        floor = settings.frontend.log_floor
        unknown, silence = settings.labels.index(UNKNOWN), silence_number(settings.labels)
        noise = Windows(train.noise, settings.n_frames)
        augment = Augment(settings.augment, noise, floor, unknown, silence)
        self._sampler = EpochSampler(settings, train, augment)
        self._valid = validation_set(settings, valid)
        n_mfcc, n_mels = settings.frontend.n_mfcc, settings.frontend.n_mels
        sample = self._sampler.batch(self._sampler.indices()[:4000])[0]
        self.cepstrum = Cepstrum(n_mfcc, n_mels, sample)
        self.network = TcResNet(settings.network, n_mfcc, len(settings.labels))
        self._average = Averaged(self.network, settings.average_decay)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        steps = len(self._sampler.indices()) // settings.batch * settings.epochs
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, settings.learning_rate, total_steps=steps + 1, pct_start=0.15
        )
        self._loss = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
        self.epoch = 0

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {
            "epoch": self.epoch, "network": self.network.state_dict(),
            "cepstrum": self.cepstrum.state_dict(), "average": self._average.shadow,
            "optimizer": self._optimizer.state_dict(), "schedule": self._schedule.state_dict(),
            "rng": torch.get_rng_state(),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where `state_dict` was made."""
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        self.cepstrum.load_state_dict(state["cepstrum"])
        self._average.shadow = state["average"]
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["rng"])

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch and return its record for the log."""
        started = time.monotonic()
        self.network.train()
        losses = []
        batches = self._sampler.indices().split(self._s.batch)[:-1]
        for index in tqdm(batches, desc=f"epoch {self.epoch + 1}/{self._s.epochs}", mininterval=2):
            x, y = self._sampler.batch(index)
            loss = self._loss(self.network(self.cepstrum(x)), y)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._schedule.step()
            self._average.update(self.network)
            losses.append(loss.item())
        self.epoch += 1
        scores = accuracy(self.averaged(), self.cepstrum, *self._valid)
        seconds = time.monotonic() - started
        return {"epoch": self.epoch, "loss": float(np.mean(losses)), **scores, "seconds": seconds}

    def calibration(self) -> np.ndarray[Any, Any]:
        """Return model inputs [shape=(n, n_frames, n_features)] drawn as in training."""
        index = self._sampler.indices()[: self._s.calibration_clips]
        calibration: np.ndarray[Any, Any] = self.cepstrum(self._sampler.batch(index)[0]).numpy()
        return calibration

    def averaged(self) -> TcResNet:
        """Return the network with the averaged weights, ready for use."""
        network = TcResNet(self._s.network, self._s.frontend.n_mfcc, len(self._s.labels))
        network.load_state_dict(self._average.shadow)
        return network.eval()


def model_spec(settings: Settings, cepstrum: Cepstrum) -> ModelSpec:
    """Return the metadata of the trained model."""
    mean, std = cepstrum.normalisation()
    words = [x for x in settings.labels if x in settings.thresholds]
    return ModelSpec(
        name=settings.name,
        kind="window",
        labels=tuple(settings.labels),
        frontend=replace(settings.frontend, mean=mean, std=std),
        n_frames=settings.n_frames,
        hop_ms=settings.hop_ms,
        thresholds={w: settings.thresholds[w] for w in words},
        smooth_ms=settings.smooth_ms,
        training_data=settings.training_data,
        licence=settings.licence,
    )


def export(settings: Settings, trainer: Trainer, folder: Path) -> None:
    """Write ``NAME.float32.onnx`` and ``NAME.onnx``, the INT8 model."""
    spec = model_spec(settings, trainer.cepstrum)
    float_path = folder / f"{settings.name}.float32.onnx"
    int8_path = folder / f"{settings.name}.onnx"
    export_float(trainer.averaged(), spec, float_path)
    export_int8(float_path, trainer.calibration(), spec, int8_path)
    for path in (float_path, int8_path):
        print(f"{path}: {path.stat().st_size} bytes")


def main() -> None:
    """Train, checkpoint after every epoch, and export at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("settings", type=Path, help="YAML file of settings")
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--cache", type=Path, default=Path("build/features"))
    parser.add_argument("--out", type=Path, default=Path("build/training"))
    parser.add_argument("--epochs", type=int, help="instead of the settings'")
    args = parser.parse_args()
    settings = Settings.read(args.settings)
    if args.epochs:
        settings = Settings(**{**vars(settings), "epochs": args.epochs})
    out = args.out / settings.name
    out.mkdir(parents=True, exist_ok=True)
    archives = SpeechArchives(args.speech, args.cache, settings.frontend)
    train, valid = load(archives, settings.labels, settings.n_frames)
    trainer = Trainer(settings, train, valid)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load_state_dict(torch.load(checkpoint, weights_only=True))
    while trainer.epoch < settings.epochs:
        record = trainer.run_epoch()
        with (out / "log.jsonl").open("a") as log:
            print(json.dumps(record), file=log)
        print(record, flush=True)
        partial = checkpoint.with_suffix(".partial")
        torch.save(trainer.state_dict(), partial)
        partial.rename(checkpoint)
    export(settings, trainer, out)


if __name__ == "__main__":
    main()
