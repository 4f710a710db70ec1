"""Relative files of a configuration: they are taken from its own folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from edge_daemon.config.schema import (
    BUILTIN,
    ActionConfig,
    AudioConfig,
    Config,
    MqttConfig,
    Section,
)
from edge_daemon.config.secret import CREDENTIAL

S = TypeVar("S", bound=Section)
_NO_FILES = (BUILTIN, CREDENTIAL)
"""What begins so names something else."""


def with_absolute_paths(config: Config, folder: Path) -> Config:
    """Take relative files from the folder of the configuration."""
    model, decision, runtime = config.model, config.decision, config.runtime
    telemetry = config.telemetry
    return replace(
        config,
        audio=_audio(config.audio, folder),
        model=replace(
            _absolute(model, "path", folder), quantize=_absolute(model.quantize, "data", folder)
        ),
        decision=replace(decision, confirm=_absolute(decision.confirm, "model", folder)),
        runtime=replace(runtime, tensorrt=_absolute(runtime.tensorrt, "cache", folder)),
        telemetry=replace(telemetry, log=_absolute(telemetry.log, "path", folder)),
        control=_absolute(config.control, "path", folder),
        mqtt=_mqtt(config.mqtt, folder),
        web=_absolute(config.web, "token_from", folder),
        clips=_absolute(config.clips, "path", folder),
        actions=[_action(action, folder) for action in config.actions],
    )


def _absolute(section: S, key: str, folder: Path) -> S:
    """Return the section with the file of one key, if it names one, made absolute."""
    name = getattr(section, key)
    return section if name is None else replace(section, **{key: _file(name, folder)})


def _file(name: str, folder: Path) -> str:
    return name if name.startswith(_NO_FILES) else str(folder / name)


def _audio(audio: AudioConfig, folder: Path) -> AudioConfig:
    kind, _, name = audio.source.partition(":")
    if kind not in ("wav", "pcm") or name == "-":
        return audio
    return replace(audio, source=f"{kind}:{folder / name}")


def _mqtt(mqtt: MqttConfig, folder: Path) -> MqttConfig:
    tls = mqtt.tls
    for key in ("ca", "certificate", "key"):
        tls = _absolute(tls, key, folder)
    return replace(_absolute(mqtt, "password_from", folder), tls=tls)


def _action(action: ActionConfig, folder: Path) -> ActionConfig:
    if action.log is not None and action.log.path != "-":
        return replace(action, log=_absolute(action.log, "path", folder))
    if action.play is not None:
        return replace(action, play=_absolute(action.play, "file", folder))
    if action.webhook is None:
        return action
    webhook = _absolute(action.webhook, "url_from", folder)
    headers_from = {name: _file(x, folder) for name, x in webhook.headers_from.items()}
    return replace(action, webhook=replace(webhook, headers_from=headers_from))
