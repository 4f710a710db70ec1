"""Which action answers which word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_daemon.actions.action import Action
from edge_daemon.config import ANY_WORD, ActionConfig
from edge_daemon.errors import ConfigError
from edge_daemon.types import Detection

if TYPE_CHECKING:
    from edge_daemon.actions.delivery import Servers


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the configuration's ``actions``."""

    name: str
    """Where it stands and what it is, as the log names it: ``actions[0] command``."""
    say: str
    after: str | None
    action: Action

    def matches(self, detection: Detection) -> bool:
        """Tell whether this rule answers the detection."""
        if self.say not in (ANY_WORD, detection.label):
            return False
        return self.after is None or self.after == detection.after


def build_actions(configs: Sequence[ActionConfig]) -> list[Rule]:
    """Build the action of each entry, in order.

    Raises
    ------
    ConfigError
        With every entry that cannot be used, such as an address with an impossible port.
    """
    rules: list[Rule] = []
    problems: list[str] = []
    servers: Servers = {}  # one for all webhooks: they may post to one server
    for i, config in enumerate(configs):
        try:
            rules.append(_rule(config, f"actions[{i}]", servers))
        except ValueError as error:
            problems.append(f"actions[{i}].{error}")
    if problems:
        raise ConfigError(problems)
    return rules


def _rule(config: ActionConfig, where: str, servers: Servers) -> Rule:
    kind = "command" if config.command else "webhook" if config.webhook else "log"
    name = f"{where} {kind}"
    return Rule(name, config.say, config.after, _action(config, name, servers))


def _action(config: ActionConfig, name: str, servers: Servers) -> Action:
    if config.command is not None:
        from edge_daemon.actions.command import CommandAction

        return CommandAction(config.command, name)
    if config.webhook is not None:
        from edge_daemon.actions.webhook import WebhookAction

        return WebhookAction(config.webhook, servers=servers)
    if config.log is not None:
        from edge_daemon.actions.log import LogAction

        return LogAction(config.log)
    raise ValueError("has no command, webhook or log")
