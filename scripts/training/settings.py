"""The settings of one model: a YAML file such as commands.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from edge_daemon.types import FrontendSpec
from training.augment import AugmentSettings
from training.network import NetworkSettings


@dataclass(frozen=True)
class Settings:
    """One YAML file; the fields marked ``own`` may differ between models trained together."""

    name: str = field(metadata={"own": True})
    labels: list[str]
    n_frames: int
    hop_ms: int
    training_data: str
    licence: str
    smooth_ms: int = field(default=300, metadata={"own": True})
    wake_words: list[str] = field(default_factory=list)
    """Labels of which there are few clips: each is taken several times an epoch."""
    default_wake_words: list[str] = field(default_factory=list)
    """Those that the model offers as wake words by itself."""
    thresholds: dict[str, float] = field(default_factory=dict, metadata={"own": True})
    thresholds_after: dict[str, float] = field(default_factory=dict, metadata={"own": True})
    seed: int = 1
    frontend: FrontendSpec = field(default_factory=FrontendSpec, metadata={"own": True})
    network: NetworkSettings = field(default_factory=NetworkSettings, metadata={"own": True})
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    epochs: int = 60
    batch: int = 128
    clips_per_word: int = 3300
    clips_per_wake_word: int = 1000
    recording_weight: int = 1
    """How often a recording may be drawn for once of a picture."""
    clips_of_unknown: int = 6000
    clips_of_speech: int = 2500
    clips_of_silence: int = 2600
    clips_of_quiet: int = 1000
    learning_rate: float = field(default=4e-3, metadata={"own": True})
    weight_decay: float = field(default=0.01, metadata={"own": True})
    label_smoothing: float = 0.1
    average_decay: float = 0.998
    calibration_clips: int = 600
    bfloat16: bool = True
    """Multiply in 16 bits in training: about twice as fast where the processor can."""
    initial: str = field(default="", metadata={"own": True})
    """Name of a trained model of the same network to start from."""
    unknown_offset: float = field(default=0.0, metadata={"own": True})
    """Added to the logit of ``unknown`` at export, which training draws more often than a test.

    Source: A. Menon et al., "Long-tail learning via logit adjustment" (2020), arXiv 2007.07314.
    """
    members: list[str] = field(default_factory=list)
    """Names of trained models that this one joins; it has no training of its own then."""
    teachers: list[str] = field(default_factory=list)
    """Names of trained models, whose YAML is beside this one, to learn from as well: their mean."""
    teacher_weight: float = 0.7
    temperature: float = 2.0

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

    def differences(self, other: Settings) -> list[str]:
        """Return the names of the fields that models trained together must share and do not."""
        shared = [f.name for f in fields(self) if not f.metadata.get("own")]
        return [name for name in shared if getattr(self, name) != getattr(other, name)]
