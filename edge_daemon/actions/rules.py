"""Which action answers which word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from edge_daemon.actions.action import Action
from edge_daemon.config import ANY_WORD, ActionConfig
from edge_daemon.errors import ActionError, ConfigError
from edge_daemon.types import Detection

if TYPE_CHECKING:
    from edge_daemon.actions.delivery import Servers


Publish: TypeAlias = Callable[[str, bytes, "int | None", bool], None]
"""Takes topic, payload, QoS (None: as configured) and retain; raises ActionError."""


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the configuration's ``actions``."""

    name: str
    """Where it stands and what it is, as the log names it: ``actions[0] command``."""
    say: str
    after: str | None
    action: Action
    mute_ms: int = 0
    """How long nothing is heard from the word on."""
    close: Callable[[], object] = _nothing
    """Gives up what the action holds, such as a pin; nothing follows it."""

    def matches(self, detection: Detection) -> bool:
        """Tell whether this rule answers the detection."""
        if self.say not in (ANY_WORD, detection.label):
            return False
        return self.after is None or self.after == detection.after


def build_actions(configs: Sequence[ActionConfig], publish: Publish | None = None) -> list[Rule]:
    """Build the action of each entry, in order.

    Parameters
    ----------
    configs : sequence of ActionConfig
    publish : Publish, optional
        Hands a message to the broker, for actions that do so.

    Raises
    ------
    ConfigError
        With every entry that cannot be used, such as an address with an impossible port.
    ActionError, MissingDependency
        A pin cannot be opened, or there is nothing that drives it.
    """
    rules: list[Rule] = []
    problems: list[str] = []
    servers: Servers = {}  # one for all webhooks: they may post to one server
    with ExitStack() as built:
        for i, config in enumerate(configs):
            try:
                rule = _rule(config, f"actions[{i}]", servers, publish or _no_broker)
            except ValueError as error:
                problems.append(f"actions[{i}].{error}")
            else:
                built.callback(rule.close)
                rules.append(rule)
        if problems:
            raise ConfigError(problems)
        built.pop_all()
    return rules


def mute_ms_of(config: ActionConfig) -> int:
    """Return how long nothing is to be heard from the word on, as while a sound plays.

    Raises
    ------
    ValueError
        That is the length of a sound which cannot be read.
    """
    if config.mute_ms is not None:
        return config.mute_ms
    if config.play is None:
        return 0
    from edge_daemon.actions.play import mute_ms_of_sound

    return mute_ms_of_sound(config.play)


def _rule(config: ActionConfig, where: str, servers: Servers, publish: Publish) -> Rule:
    name = f"{where} {config.kind}"
    action = _action(config, name, servers, publish)
    close = getattr(action, "close", _nothing)
    return Rule(name, config.say, config.after, action, mute_ms_of(config), close)


def _no_broker(topic: str, payload: bytes, qos: int | None, retain: bool) -> None:
    raise ActionError(f"{topic}: there is no broker; set mqtt.host")


def _action(config: ActionConfig, name: str, servers: Servers, publish: Publish) -> Action:
    if config.command is not None:
        from edge_daemon.actions.command import CommandAction

        return CommandAction(config.command, name)
    if config.webhook is not None:
        from edge_daemon.actions.webhook import WebhookAction

        return WebhookAction(config.webhook, servers=servers)
    if config.log is not None:
        from edge_daemon.actions.log import LogAction

        return LogAction(config.log)
    if config.play is not None:
        from edge_daemon.actions.play import PlayAction

        return PlayAction(config.play, name)
    if config.gpio is not None:
        from edge_daemon.actions.gpio import GpioAction

        return GpioAction(config.gpio)
    if config.mqtt is not None:
        from edge_daemon.actions.mqtt import MqttAction

        return MqttAction(config.mqtt, publish)
    raise ValueError("has no command, webhook or log")
