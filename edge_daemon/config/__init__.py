"""The configuration: one schema with types, defaults, bounds and units; YAML in.

Every mistake is reported at once, each as ``section.key: what, the value, did you mean …``.
"""

from __future__ import annotations

from edge_daemon.config.load import (
    load_config,
    load_sound_sections,
    parse_config,
    parse_yaml,
    with_audio,
)
from edge_daemon.config.schema import (
    ANY_WORD,
    BUILTIN,
    ActionConfig,
    ActionWorkerConfig,
    ActivityConfig,
    AudioConfig,
    CommandConfig,
    Config,
    ConfirmConfig,
    ControlConfig,
    CpuConfig,
    CudaConfig,
    DecisionConfig,
    LogConfig,
    LoggingConfig,
    ModelConfig,
    QuantizeConfig,
    RecordLogConfig,
    RuntimeConfig,
    TelemetryConfig,
    TensorrtConfig,
    WebhookConfig,
    WordConfig,
)
from edge_daemon.config.wake_words import Sequence, problems_with_model, sequences

__all__ = [
    "ANY_WORD",
    "BUILTIN",
    "ActionConfig",
    "ActionWorkerConfig",
    "ActivityConfig",
    "AudioConfig",
    "CommandConfig",
    "Config",
    "ConfirmConfig",
    "ControlConfig",
    "CpuConfig",
    "CudaConfig",
    "DecisionConfig",
    "LogConfig",
    "LoggingConfig",
    "ModelConfig",
    "QuantizeConfig",
    "RecordLogConfig",
    "RuntimeConfig",
    "Sequence",
    "TelemetryConfig",
    "TensorrtConfig",
    "WebhookConfig",
    "WordConfig",
    "load_config",
    "load_sound_sections",
    "parse_config",
    "parse_yaml",
    "problems_with_model",
    "sequences",
    "with_audio",
]
