"""``model.quantize`` in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_daemon.config import Config, QuantizeConfig, load_config, parse_config, parse_yaml
from edge_daemon.errors import ConfigError


def quantize(text: str) -> QuantizeConfig:
    """Return the section that a YAML text gives."""
    return parse_config(parse_yaml(f"model: {{quantize: {text}}}")).model.quantize


def test_nothing_is_quantized_unless_asked_for() -> None:
    """It is off by default, and null is the default."""
    assert Config().model.quantize.mode is None
    assert quantize("null") == QuantizeConfig()


def test_auto_stands_for_the_mode() -> None:
    """The one word that matters needs no key."""
    assert quantize("auto") == QuantizeConfig(mode="auto")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", "model.quantize.mode: expected auto, or nothing (auto: a child"),
        ("false", "model.quantize: expected auto, or `key: value` lines, found False"),
        ("{mode: auto, dta: x}", "model.quantize.dta: unknown key, did you mean 'data'?"),
        ("{mode: auto, data: ''}", "model.quantize.data: expected a text that is not empty"),
        ("{mode: auto, max_accuracy_loss: -1}", "expected a number from 0 to 100"),
        ("{mode: auto, min_speedup: .nan}", "model.quantize.min_speedup: expected a number"),
        ("{data: clips}", "model.quantize: data is for mode: auto, which is not set"),
    ],
)
def test_each_mistake_has_a_clear_line(text: str, expected: str) -> None:
    """The line says where, what, and the value."""
    with pytest.raises(ConfigError) as found:
        quantize(text)
    assert expected in str(found.value)


def test_data_is_taken_from_the_files_folder(tmp_path: Path) -> None:
    """A relative path belongs to the folder of the configuration."""
    path = tmp_path / "c.yaml"
    path.write_text("model: {quantize: {mode: auto, data: clips.tar}}")
    assert load_config(path).model.quantize.data == f"{tmp_path}/clips.tar"


def test_the_limits_are_those_of_the_command() -> None:
    """The daemon's gate is the one of `edge-daemon quantize`."""
    gate = pytest.importorskip("edge_daemon.quantize.gate").Gate()
    section = QuantizeConfig()
    for name in ("max_accuracy_loss", "min_compression", "min_speedup"):
        assert getattr(section, name) == getattr(gate, name)
