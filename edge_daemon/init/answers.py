"""What the questions came to."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from edge_daemon.config import BUILTIN, Config, parse_config

_PAUSE_MS = 300
"""As the README's example has it for words that are said alone."""


@dataclass(slots=True)
class Answers:
    """As the configuration takes it."""

    model: str
    source: str = "mic"
    wake_words: list[str] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    broker: str | None = None

    def sections(self) -> dict[str, Any]:
        """Return the sections that differ from the defaults."""
        sections: dict[str, Any] = {"audio": {"source": self.source}}
        if self.model != Config().model.path:
            sections["model"] = {"path": self.model}
        sections["decision"] = {"wake_words": self.wake_words}
        if not self.wake_words:
            sections["decision"]["isolate_ms"] = _PAUSE_MS
        if self.broker is not None:
            sections["mqtt"] = {"host": self.broker}
        sections["actions"] = self.actions
        return sections

    def config(self) -> Config:
        """Return the configuration.

        Raises
        ------
        ConfigError
        """
        return parse_config(self.sections(), where="the answers")


def absolute_file(name: str) -> str:
    """Return a file's name such that the configuration may lie in any folder."""
    return name if name.startswith(BUILTIN) or name == "-" else os.path.abspath(name)
