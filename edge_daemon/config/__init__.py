"""The configuration: one schema with types, defaults, bounds and units; YAML in.

Every mistake is reported at once, each as ``section.key: what, the value, did you mean …``.
"""

from __future__ import annotations

from edge_daemon.config.load import (
    COMMAND_LINE,
    load_config,
    load_sound_sections,
    parse_config,
    with_audio,
)
from edge_daemon.config.mistakes import named
from edge_daemon.config.schema import (
    ADDRESS,
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
    SecurityConfig,
    TelemetryConfig,
    TensorrtConfig,
    WebhookConfig,
    WordConfig,
)
from edge_daemon.config.secret import read_secret
from edge_daemon.config.trust import check_permissions, permission_problems
from edge_daemon.config.wake_words import Sequence, problems_with_model, sequences
from edge_daemon.config.yaml_text import parse_yaml

__all__ = [
    "ADDRESS",
    "ANY_WORD",
    "BUILTIN",
    "COMMAND_LINE",
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
    "SecurityConfig",
    "Sequence",
    "TelemetryConfig",
    "TensorrtConfig",
    "WebhookConfig",
    "WordConfig",
    "check_permissions",
    "load_config",
    "load_sound_sections",
    "named",
    "parse_config",
    "parse_yaml",
    "permission_problems",
    "problems_with_model",
    "read_secret",
    "sequences",
    "with_audio",
]
