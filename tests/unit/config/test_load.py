"""YAML in, a configuration or every problem out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from edge_daemon import Pipeline
from edge_daemon.config import (
    CommandConfig,
    Config,
    ConfirmConfig,
    LogConfig,
    WebhookConfig,
    WordConfig,
    load_config,
    load_sound_sections,
    parse_config,
    parse_yaml,
    with_audio,
)
from edge_daemon.config.document import config_as_yaml, defaults_as_yaml, schema_as_json
from edge_daemon.errors import ConfigError

ROOT = Path(__file__).parents[3]


def problems(text: str) -> list[str]:
    """Return what is wrong with a YAML text."""
    try:
        parse_config(parse_yaml(text))
    except ConfigError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("audio: {sorce: mic}", "audio.sorce: unknown key, did you mean 'source'?"),
        ("audoi: {}", "audoi: unknown key, did you mean 'audio'?"),
        ("audio: 5", "audio: expected `key: value` lines, found 5"),
        ("audio: {block_ms: ten}", "audio.block_ms: expected a whole number from 10 to 1000 (audio handed on at a time), found 'ten'"),
        ("audio: {block_ms: 5}", "audio.block_ms: expected a whole number from 10 to 1000"),
        ("audio: {source: tape}", "audio.source: not of the form expected (mic, mic:NAME"),
        ("audio: {pace: slow}", "audio.pace: expected one of realtime, fast"),
        ("audio: {buffer_s: .inf}", "audio.buffer_s: expected a number from 0.5 to 120"),
        ("decision: {threshold: .nan}", "decision.threshold: expected a number above 0, up to 1, or nothing"),
        ("actions: {say: on}", "actions: expected a list"),
        ("actions: [{log: {}}]", "actions[0].say: missing"),
        ("decision: {threshold: 7}", "decision.threshold: expected a number above 0, up to 1, or nothing"),
        ("audio: {channel: left}", "audio.channel: expected mean, or a whole number from 0 to 63 (channel"),
        ("audio: {source: 5}", "audio.source: expected a text (mic, mic:NAME"),
        ("decision: {words: {on: {after: 3}}}", "expected a text that is not empty, or a list of texts"),
        ("decision: {words: [on]}", "decision.words: expected `key: value` lines"),
        ("decision: {words: {on: {after: go, isolate_ms: 300}}}", "decision.words.on: isolate_ms beside after: isolation is for words alone"),
        ('audio: {source: "wav:a\\0b"}', "audio.source: holds a character that no path"),
        ('audio: {source: "wav:\\ud800"}', "audio.source: holds a character that no path"),
        ('actions: [{say: on, command: [a, "b\\0"]}]', "actions[0].command.argv: holds a character"),
        ('actions: [{say: on, log: "\\0"}]', "actions[0].log.path: holds a character"),
        ("actions: [{say: on, command: [sleep, 5]}]", "expected a list of texts that is not empty (the program"),
        ("actions: [{say: on, within_ms: 500, log: {}}]", "actions[0]: within_ms is for an action with after"),
        ("decision: {wake_words: computer}", "decision.wake_words: expected a list of texts, or nothing (each"),
        ("decision: {wake_words: [computer, 3]}", "decision.wake_words: expected a list of texts, or nothing"),
        ("decision: {threshold_after: 0}", "decision.threshold_after: expected a number above 0, up to 1"),
        ("decision: {confirm: {modle: m.onnx}}", "decision.confirm.modle: unknown key, did you mean 'model'?"),
        ("decision: {confirm: {threshold: 2}}", "decision.confirm.threshold: expected a number above 0, up to 1 (the"),
        ("decision: {confirm: [m.onnx]}", "decision.confirm: expected `key: value` lines"),
        ("decision: {words: {on: {treshold: 1}}}", "decision.words.on.treshold: unknown key, did"),
        ("actions: [{say: on}]", "actions[0]: needs exactly one of command, webhook, log"),
        ("actions: [{say: on, command: [x], log: {}}]", "has command and log"),
        ("actions: [{say: on, command: []}]", "actions[0].command.argv: "),
        ("actions: [{say: on, command: echo hi}]", "actions[0].command: expected a list of arguments, e.g. [ls, -l]; there is no shell, found 'echo hi'"),
        ("actions: [{say: on, webhook: 'ftp://x'}]", "actions[0].webhook.url: "),
        ("actions: [{say: '*', after: go, log: {}}]", "cannot be combined with after"),
        ("a: 1\na: 2", "line 2, column 1: the key 'a' stands twice"),
        ("audio: [", "line 1"),
        (f"audio: {{block_ms: 0x{'f' * 5000}}}", "line 1, column 19: a number that is too long"),
        ("- 1", "the top level is [1]"),
        ("\x00", "not YAML"),
        ("mqtt: {host: '127.0.0.1:1883'}", "mqtt.host: not of the form expected (name or address "
         "of the broker, without a port"),
        ("a: &a [*a]", "line 1, column 8: an alias inside what it stands for"),
        ("!!python/object/apply:os.system [id]", "could not determine a constructor"),
    ],
)  # fmt: skip
def test_each_mistake_has_a_clear_line(text: str, expected: str) -> None:
    """The line says where, what, the value, and what was perhaps meant."""
    assert any(expected in p for p in problems(text)), problems(text)


def test_texts_for_numbers_and_truth_are_not_guessed() -> None:
    """A number in quotes and a yes for a number are mistakes."""
    assert problems("audio: {block_ms: '100'}")
    assert problems("audio: {block_ms: true}")


def test_all_mistakes_are_reported_at_once() -> None:
    """Three mistakes in three sections are three lines."""
    text = "audio: {block_ms: 0}\ndecision: {threshold: 7}\nactions: [{say: 3}]"
    assert len(problems(text)) >= 3


def test_words_that_yaml_takes_for_booleans_stay_words() -> None:
    """on, off, yes and no are words here."""
    text = "actions: [{say: on, log: {}}, {say: off, after: no, log: {}}]"
    actions = parse_config(parse_yaml(text)).actions
    assert [(a.say, a.after) for a in actions] == [("on", None), ("off", "no")]


def test_empty_files_and_sections_are_the_defaults() -> None:
    """Nothing said is nothing changed."""
    assert parse_config(parse_yaml("")) == Config()
    assert parse_config(parse_yaml("audio:\nactions:\n")) == Config()
    assert parse_config(parse_yaml("decision:\n  words:\n")) == Config()
    assert parse_config(parse_yaml("decision:\n  confirm:\n  wake_words:\n")) == Config()
    words = parse_config(parse_yaml("decision: {words: {stop: null}}")).decision.words
    assert words == {"stop": WordConfig()}


def test_a_plain_value_stands_for_the_key_that_matters() -> None:
    """A list is a command, an address a webhook, a path a log, a model one that confirms."""
    confirm = parse_config(parse_yaml("decision: {confirm: 'builtin:x'}")).decision.confirm
    assert confirm == ConfirmConfig(model="builtin:x")
    text = "[{say: a, command: [x, y]}, {say: b, webhook: 'http://h/'}, {say: c, log: /tmp/x}]"
    command, webhook, log = parse_config(parse_yaml(f"actions: {text}")).actions
    assert command.command == CommandConfig(argv=["x", "y"])
    assert webhook.webhook == WebhookConfig(url="http://h/")
    assert log.log == LogConfig(path="/tmp/x")


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    """Relative files in a configuration belong to its folder, stdin and builtin: to none."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "audio: {source: 'wav:a.flac'}\nmodel: {path: m.onnx}\ndecision: {confirm: large.onnx}"
    )
    config = load_config(path)
    assert config.decision.confirm.model == f"{tmp_path}/large.onnx"
    assert config.audio.source == f"wav:{tmp_path}/a.flac"
    assert config.model.path == f"{tmp_path}/m.onnx"
    path.write_text("audio: {source: 'pcm:-'}\nactions: [{say: go, log: {}}]")
    config = load_config(path)
    assert (config.audio.source, config.model.path) == ("pcm:-", "builtin:commands")
    assert config.decision.confirm.model is None
    assert config.actions[0].log is not None
    assert config.actions[0].log.path == "-"


@pytest.mark.parametrize(("name", "reason"), [("none.yaml", "No such file"), ("", "directory")])
def test_unreadable_files_are_config_errors(tmp_path: Path, name: str, reason: str) -> None:
    """A missing file and a folder are said to be so."""
    with pytest.raises(ConfigError, match=reason):
        load_config(tmp_path / name)


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    """More than a megabyte is no configuration."""
    path = tmp_path / "c.yaml"
    path.write_text("# " + "x" * (1 << 20))
    with pytest.raises(ConfigError, match="at most"):
        load_config(path)


def test_sound_sections_are_kept_beside_wrong_ones(tmp_path: Path) -> None:
    """A check can go on with what is right."""
    path = tmp_path / "c.yaml"
    path.write_text("audio: {block_ms: x}\nmodel: {path: 'builtin:other'}\nnonsense: 1")
    assert load_sound_sections(path).model.path == "builtin:other"
    assert load_sound_sections(path).audio == Config().audio


def test_sound_keys_and_actions_are_kept_in_their_places(tmp_path: Path) -> None:
    """One wrong key does not hide its neighbours, and an action keeps its number."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "decision: {threshold: 7, words: {lamp: {}}}\n"
        "actions: [{say: on, command: ls -l}, {say: lamp, log: {}}]"
    )
    config = load_sound_sections(path)
    assert list(config.decision.words) == ["lamp"]
    assert [a.say for a in config.actions] == ["*", "lamp"]


def test_command_line_values_are_checked() -> None:
    """--source and --pace pass the same checks as the file."""
    assert with_audio(Config(), source="wav:x", pace=None).audio.source == "wav:x"
    with pytest.raises(ConfigError, match=r"audio\.source"):
        with_audio(Config(), source="tape")


def test_the_written_defaults_are_the_defaults() -> None:
    """config/default.yaml is what the schema says, and parses back to it."""
    text = defaults_as_yaml()
    assert parse_config(parse_yaml(text)) == Config()
    assert (ROOT / "config" / "default.yaml").read_text() == text


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_shipped_configurations_are_valid(path: Path) -> None:
    """Every configuration that ships loads, and fits the model that ships."""
    Pipeline.load(config=load_config(path))


def test_a_configuration_survives_the_round_trip() -> None:
    """What `edge-daemon config` prints is the configuration."""
    text = (
        "decision: {wake_words: [], confirm: 'builtin:x', "
        "words: {on: {threshold: 0.9, after: go}, off: {after: []}}}\n"
        "actions: [{say: off, command: [a]}]"
    )
    config = parse_config(parse_yaml(text))
    assert parse_config(parse_yaml(config_as_yaml(config))) == config


def test_the_schema_names_every_section() -> None:
    """Editors see all sections."""
    assert all(f'"{f.name}"' in schema_as_json() for f in fields(Config))


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
NAMES = st.sampled_from(
    [*(f.name for f in fields(Config)), "say", "after", "command", "words", "source", "x"]
)
VALUES = st.recursive(
    SCALARS,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(NAMES | SCALARS, v, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
@settings(max_examples=300, deadline=None)
def test_no_yaml_value_crashes(value: object) -> None:
    """Any value gives a configuration or a ConfigError, never anything else."""
    try:
        parse_config(parse_yaml(yaml.safe_dump(value)))
    except ConfigError as error:
        assert error.problems


@given(text=st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_crashes(text: str) -> None:
    """Any text gives a configuration or a ConfigError."""
    try:
        parse_config(parse_yaml(text))
    except ConfigError as error:
        assert error.problems
