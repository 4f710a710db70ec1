"""Looks for every problem of a configuration and of the machine that it is to run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_daemon.actions import build_actions
from edge_daemon.actions.command import program_problem
from edge_daemon.actions.webhook import webhook_problem
from edge_daemon.audio import open_source
from edge_daemon.config import (
    ANY_WORD,
    ActionConfig,
    Config,
    LogConfig,
    load_config,
    load_sound_sections,
    permission_problems,
    problems_with_model,
)
from edge_daemon.confirm import load_larger_model, mismatches
from edge_daemon.connections import connection_problems
from edge_daemon.errors import AudioError, ConfigError, MissingDependency, ModelError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model import open_model
from edge_daemon.outputs import unwritable
from edge_daemon.types import ModelSpec

FALLBACK_RATE_HZ = 16000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    text: str
    is_config: bool
    """The configuration or the model is wrong, rather than the machine around it."""
    is_in_the_way: bool = True
    """The daemon cannot listen; else it does so without what is missing."""


def check(path: Path | None) -> list[Problem]:
    """Return all problems at once; empty when the daemon can run.

    Keys and actions that are wrong are reported and then left out, so that the rest is looked
    at too.
    """
    problems = []
    try:
        config = load_config(path)
    except ConfigError as error:
        problems += [Problem(p, is_config=True) for p in error.problems]
        config = load_sound_sections(path)
    spec, model_problems, refused = _model_problems(config)
    model_problems += _confirm_problems(config, spec)
    problems += [Problem(p, is_config=True) for p in model_problems]
    problems += [Problem(p, is_config=False, is_in_the_way=False) for p in refused]
    problems += [
        Problem(p, is_config=False, is_in_the_way=False) for p in _quantize_problems(config)
    ]
    rate_hz = spec.frontend.sample_rate_hz if spec else FALLBACK_RATE_HZ
    problems += [Problem(p, is_config=False) for p in _audio_problems(config, rate_hz)]
    unusable = _unusable_actions(config)
    problems += [Problem(p, is_config=True) for p in unusable]
    problems += [Problem(p, is_config=False) for p in _action_problems(config) if p not in unusable]
    problems += [Problem(p, is_config=False) for p in _pin_problems(config)]
    told = "\n".join(problem.text for problem in problems)
    missing = [p for p in connection_problems(config) if p not in told]  # pins are told already
    problems += [Problem(p, is_config=False) for p in missing]
    problems += [Problem(p, is_config=False) for p in _record_problems(config)]
    problems += [Problem(p, is_config=False, is_in_the_way=False) for p in _clips_problems(config)]
    return [*problems, *_permission_problems(config, path)]


def _permission_problems(config: Config, path: Path | None) -> list[Problem]:
    """Look for files that somebody else may change; the daemon minds if it is told to be strict."""
    strict = config.security.strict_permissions
    found = permission_problems(config, path)
    return [Problem(p, is_config=strict, is_in_the_way=strict) for p in found]


def _model_problems(config: Config) -> tuple[ModelSpec | None, list[str], list[str]]:
    """Load the model for real, with its front end, and hold the words against its own.

    Returns
    -------
    ModelSpec or None
    list of str
        What is wrong with the model, or with the configuration beside it.
    list of str
        What does not serve it, though the configuration names it.
    """
    try:
        model = open_model(config.model, config.runtime)
        MfccFrontend(model.spec.frontend)
    except (ModelError, MissingDependency) as error:
        return None, [f"model: {error}"], []
    obtained = model.obtained
    refused = [f"runtime: served by {obtained.provider}, not by {x}" for x in obtained.refused]
    return model.spec, problems_with_model(config, model.spec), refused


def _confirm_problems(config: Config, listening: ModelSpec | None) -> list[str]:
    """Load the larger model for real, and hold it against the one that listens, if that is sound."""
    try:
        model = load_larger_model(config)
    except ModelError as error:
        return [str(error)]
    except MissingDependency:
        return []  # the model that listens needs the same, and its problem was told
    return [] if model is None or listening is None else mismatches(model.spec, listening)


def _quantize_problems(config: Config) -> list[str]:
    """Look for what a smaller model would be judged with, where it is named."""
    data = config.model.quantize.data
    if data is None or os.access(data, os.R_OK):
        return []
    return [f"model.quantize.data: {data}: is not there, or may not be read by this user"]


def _audio_problems(config: Config, rate_hz: int) -> Iterator[str]:
    kind, _, name = config.audio.source.partition(":")
    if kind == "pcm":
        problem = _pcm_problem(name)
        if problem:
            yield f"audio.source: {name}: {problem}"
        return
    try:
        with open_source(config.audio, rate_hz) as source:
            source.read()
    except (AudioError, MissingDependency) as error:
        yield f"audio.source: {error}"


def _pcm_problem(path: str) -> str | None:
    """Look at a FIFO from outside; to read it would take samples away from the daemon."""
    if path == "-":
        return None
    if not os.path.exists(path):
        return f"no such FIFO or file; make one with: mkfifo -- {path}"
    if os.path.isdir(path):
        return "a folder; name a FIFO or a file"
    return None if os.access(path, os.R_OK) else "may not be read by this user"


def _unusable_actions(config: Config) -> list[str]:
    """Build the actions for real; what cannot be built would keep the daemon from starting."""
    harmless = ActionConfig(say=ANY_WORD, log=LogConfig())  # a pin would be switched by opening it
    try:
        build_actions([harmless if x.gpio else x for x in config.actions])
    except ConfigError as error:
        return error.problems
    return []


def _pin_problems(config: Config) -> list[str]:
    """Look whether the pins are there; none is opened: a daemon that runs may hold them."""
    pins = list(config.pins())
    if not pins:
        return []
    from edge_daemon.actions.pins import must_have_pins, pin_problem

    try:
        must_have_pins()
    except MissingDependency as error:
        return [f"{pins[0][0]}: {error}"]
    found = [(where, pin_problem(pin)) for where, pin, _use in pins]
    return [f"{where}: {problem}" for where, problem in found if problem]


def _clips_problems(config: Config) -> list[str]:
    """Look whether the folder of the clips is there to be written, or could be made."""
    if config.clips.path is None:
        return []
    problem = unwritable(Path(config.clips.path) / "labels.jsonl")
    if not os.path.exists(config.clips.path):
        problem = unwritable(Path(config.clips.path))
    return [f"clips.path: {problem}"] if problem else []


def _action_problems(config: Config) -> Iterator[str]:
    for i, action in enumerate(config.actions):
        key, problem = _action_problem(action)
        if problem:
            yield f"actions[{i}].{key}: {problem}"


def _action_problem(action: ActionConfig) -> tuple[str, str | None]:
    """Return the key that the machine has a problem with, and the problem, if there is one."""
    if action.command is not None:
        return "command", program_problem(action.command.argv)
    if action.play is not None:
        return "play.player", program_problem(action.play.player)
    if action.webhook is not None:
        return "webhook", webhook_problem(action.webhook)
    if action.log is not None and action.log.path != "-":
        return "log.path", unwritable(Path(action.log.path))
    return action.kind, None


def _record_problems(config: Config) -> list[str]:
    path = config.telemetry.log.path
    if path is None:
        return []
    problem = unwritable(Path(path))
    if problem is None and os.path.exists(path) and not os.path.isfile(path):
        problem = f"{path} is no regular file, so it could not be bounded"
    return [f"telemetry.log.path: {problem}"] if problem else []
