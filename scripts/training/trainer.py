"""Epochs and checkpoints of one model, or of several that hear the same batches."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from training.sampler import Clips, EpochSampler
from training.settings import Settings
from training.student import CHECKPOINT, Listener, Student

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@torch.no_grad()
def recalls(listener: Listener, x: Tensor, y: Tensor, labels: list[str]) -> dict[str, float]:
    """Return the recall of each class, by its label."""
    guess = torch.cat([listener(part).argmax(1).cpu() for part in x.split(512)])
    hit = (guess == y).float()
    return {labels[k]: round(hit[y == k].mean().item(), 4) for k in y.unique().tolist()}


class Trainer:
    """Trains models together: audio is drawn, changed and shown to the teachers once for all.

    Parameters
    ----------
    settings : list of Settings
        One a model; they agree but for the fields that are a model's own.
    sampler : EpochSampler
    valid : pair of Tensor
        Log-mel clips and their classes that each epoch is measured on.
    folder : Path
        Gets a folder a model with its checkpoint and log.
    teachers : sequence of Listener
        Their mean is learned from, if there are any.
    """

    def __init__(
        self, settings: list[Settings], sampler: EpochSampler, valid: Clips, folder: Path,
        teachers: Sequence[Listener] = (),
    ) -> None:  # fmt: skip
        self._s = settings[0]
        torch.manual_seed(self._s.seed)
        self._folder = folder
        self._teachers = teachers
        self._sampler = sampler
        self._valid = valid
        sample = self._sampler.batch(self._sampler.indices()[:4000])[0]
        steps = len(self._sampler.indices()) // self._s.batch * self._s.epochs
        self.students = [Student(s, sample, steps, DEVICE) for s in settings]
        for student in self.students:
            if student.settings.initial:
                path = folder / student.settings.initial / CHECKPOINT
                student.start_from(torch.load(path, weights_only=True))
        self.epoch = 0

    def resume(self) -> None:
        """Go on from the checkpoints, if every model has one of the same epoch.

        Raises
        ------
        ValueError
            When they are of different epochs.
        """
        paths = [self._checkpoint(student) for student in self.students]
        if not all(path.exists() for path in paths):
            return
        states = [torch.load(path, weights_only=True) for path in paths]
        epochs = {state["epoch"] for state in states}
        if len(epochs) > 1:
            raise ValueError(f"{self._folder}: checkpoints of different epochs: {sorted(epochs)}")
        for student, state in zip(self.students, states, strict=True):
            student.load_state_dict(state)
        self.epoch = epochs.pop()
        torch.set_rng_state(states[0]["rng"])

    def run(self) -> None:
        """Train the epochs that are left, with a checkpoint and a line of log after each."""
        while self.epoch < self._s.epochs:
            started = time.monotonic()
            losses = self._run_epoch()
            for student, loss in zip(self.students, losses, strict=True):
                record = {"epoch": self.epoch, "loss": round(loss, 4), **self.scores(student)}
                self._save(student, {**record, "seconds": round(time.monotonic() - started, 1)})

    def _run_epoch(self) -> list[float]:
        losses = []
        batches = self._sampler.indices().split(self._s.batch)[:-1]
        for index in tqdm(batches, desc=f"epoch {self.epoch + 1}/{self._s.epochs}", mininterval=2):
            x, y = self._sampler.batch(index)
            taught = self._taught(x)
            losses.append([student.learn(x, y.to(DEVICE), taught) for student in self.students])
        self.epoch += 1
        mean: list[float] = np.mean(losses, axis=0).tolist()
        return mean

    @torch.no_grad()
    def _taught(self, x: Tensor) -> Tensor | None:
        """Return the mean of the teachers' log scores [shape=(n, n_labels)]."""
        if not self._teachers:
            return None
        return torch.stack([teacher(x).log_softmax(1) for teacher in self._teachers]).mean(0)

    def scores(self, student: Student) -> dict[str, Any]:
        """Return the recalls of the averaged network, and their mean without the wake words."""
        by_label = recalls(student.averaged(), *self._valid, self._s.labels)
        plain = [r for label, r in by_label.items() if label not in self._s.wake_words]
        return {"recall": round(float(np.mean(plain)), 4), "recalls": by_label}

    def _checkpoint(self, student: Student) -> Path:
        return self._folder / student.settings.name / CHECKPOINT

    def _save(self, student: Student, record: dict[str, Any]) -> None:
        path = self._checkpoint(student)
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / "log.jsonl").open("a") as log:
            print(json.dumps(record), file=log)
        print(student.settings.name, record, flush=True)
        partial = path.with_suffix(".partial")
        state = {"epoch": self.epoch, "rng": torch.get_rng_state(), **student.state_dict()}
        torch.save(state, partial)
        partial.rename(path)
