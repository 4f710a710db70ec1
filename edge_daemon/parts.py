"""What a configuration describes: the model, the pipeline around it, the actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_daemon.actions import build_actions
from edge_daemon.actions.rules import Rule
from edge_daemon.config import Config
from edge_daemon.connections import Connections, Prepared
from edge_daemon.model import LoadedModel, load_model
from edge_daemon.pipeline import Pipeline, StageTimer

if TYPE_CHECKING:
    from edge_daemon.replacement import Replacement


@dataclass(frozen=True, slots=True)
class Parts:
    """Built for one configuration, and in the place of others' as a whole."""

    config: Config
    model: LoadedModel
    pipeline: Pipeline
    rules: Sequence[Rule]
    connections: Prepared
    """What of the connections is another than it was."""
    replacement: Replacement | None

    def close(self) -> None:
        """Give up what is held: a child that quantizes, pins that no other parts share."""
        if self.replacement:
            self.replacement.close()
        for rule in self.rules:
            rule.close()


def build_parts(
    config: Config,
    timer: StageTimer,
    connections: Connections,
    quantizer: Sequence[str] | None = None,
) -> Parts:
    """Build all that can be refused; nothing of it runs yet.

    Raises
    ------
    ConfigError, ModelError, MissingDependency
    """
    replacement = _replacement(config, quantizer)
    stored = replacement.stored if replacement else None
    model = stored or load_model(config.model, config.runtime)
    pipeline = Pipeline(config, model, timer)
    prepared = connections.prepare(config)
    rules = build_actions(config.actions, connections.publish)  # last: pins are opened
    return Parts(config, model, pipeline, rules, prepared, replacement)


def _replacement(config: Config, quantizer: Sequence[str] | None) -> Replacement | None:
    if config.model.quantize.mode is None:
        return None
    from edge_daemon.replacement import QUANTIZER, Replacement

    return Replacement(config, quantizer or QUANTIZER)
