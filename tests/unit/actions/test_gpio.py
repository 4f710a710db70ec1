"""GpioAction with gpiozero's mock pins."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from gpiozero import Device
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_daemon.actions import Rule, build_actions
from edge_daemon.actions.output_pin import OutputPin, open_output
from edge_daemon.actions.pins import must_have_pins
from edge_daemon.config import Config, parse_config
from edge_daemon.errors import ActionError, ConfigError, MissingDependency
from tests.mock_pins import MockPins, mock_pins
from tests.unit.actions.programs import YES

__all__ = ["mock_pins"]


def configured(*actions: dict[str, object]) -> Config:
    """Return a configuration in which every word does all of these."""
    return parse_config({"actions": [{"say": "*", "gpio": action} for action in actions]})


def built(*actions: dict[str, object]) -> list[Rule]:
    """Return the rules of such a configuration."""
    return build_actions(configured(*actions).actions)


def run(rule: Rule) -> None:
    """Do what the rule does; it has to be done at once."""
    assert rule.action.run(YES) is None


def close(rules: list[Rule]) -> None:
    """Close all of them."""
    for rule in rules:
        rule.close()


def test_on_off_and_toggle(mock_pins: MockPins) -> None:
    """A pin is off from the start, and goes where each action switches it."""
    actions: list[dict[str, object]] = [
        {"pin": 17, "do": do} for do in ("on", "off", "toggle", "toggle")
    ]
    rules = built(*actions)
    for rule in rules:
        run(rule)
    close(rules)
    assert mock_pins.levels(17) == [False, True, False, True, False]


def test_a_pulse_ends_by_itself(mock_pins: MockPins) -> None:
    """It is over without anybody having waited for it."""
    rules = built({"pin": 17, "ms": 20})
    run(rules[0])
    mock_pins.wait_for(17, [False, True, False])
    close(rules)


def test_a_pulse_in_a_pulse_begins_anew(mock_pins: MockPins) -> None:
    """Both end as one: after the second the pin is off, and stays so."""
    rules = built({"pin": 17, "ms": 600_000}, {"pin": 17, "ms": 20})
    run(rules[0])
    run(rules[1])
    mock_pins.wait_for(17, [False, True, False])
    close(rules)
    assert mock_pins.levels(17) == [False, True, False]


@pytest.mark.parametrize("active_high", [True, False])
def test_what_is_closed_is_off(mock_pins: MockPins, active_high: bool) -> None:
    """A pulse that goes on ends with its rule, and the pin is given back."""
    rules = built({"pin": 17, "ms": 600_000, "active_high": active_high})
    run(rules[0])
    assert mock_pins.level(17) is active_high
    close(rules)
    assert mock_pins.levels(17)[-1] is not active_high
    assert not mock_pins.is_output(17)
    with pytest.raises(ActionError, match="given up"):
        rules[0].action.run(YES)


def test_on_can_be_a_low_level(mock_pins: MockPins) -> None:
    """A relay that wants it so is off from the moment the pin is opened."""
    rules = built({"pin": 17, "do": "on", "active_high": False})
    assert mock_pins.level(17)
    run(rules[0])
    assert not mock_pins.level(17)
    close(rules)


def test_two_reloads_keep_a_pin_open_and_as_it_is(mock_pins: MockPins) -> None:
    """The rules of before are closed after those of after are built, as a reload does it."""
    first = built({"pin": 17, "do": "on"}, {"pin": 22, "do": "on"})
    run(first[0])
    second = built({"pin": 17, "do": "toggle"})
    close(first)
    third = built({"pin": 17, "do": "toggle"})
    close(second)
    assert mock_pins.level(17)
    assert not mock_pins.is_output(22)
    run(third[0])
    close(third)
    assert mock_pins.levels(17) == [False, True, False]


def test_a_reload_may_turn_the_levels_round(mock_pins: MockPins) -> None:
    """When the rules of before are gone the pin is off as those of after mean it."""
    before = built({"pin": 17, "do": "on"})
    run(before[0])
    after = built({"pin": 17, "do": "on", "active_high": False})
    assert mock_pins.level(17), "as long as the configuration of before is in force"
    close(before)
    assert mock_pins.level(17)
    run(after[0])
    assert not mock_pins.level(17)
    close(after)


def test_a_refused_configuration_leaves_nothing_open(mock_pins: MockPins) -> None:
    """Every impossible pin is reported, and what was opened by then is closed."""
    with pytest.raises(ConfigError) as caught:
        built({"pin": 17}, {"pin": 99}, {"pin": 1000})
    assert [p.split(": ")[0] for p in caught.value.problems] == [
        "actions[1].gpio.pin",
        "actions[2].gpio.pin",
    ]
    assert not mock_pins.is_output(17)


def test_a_pin_of_somebody_else_is_not_opened(mock_pins: MockPins) -> None:
    """The message says which pin, why, and what to do."""
    from gpiozero import LED

    with LED(17), pytest.raises(ActionError, match=r"pin 17 cannot be opened: .*group gpio"):
        built({"pin": 17})


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"gpio": {"mute_led": 17}}, "gpio.mute_led: 17 is an LED's"),
        ({"gpio": {"buttons": [{"pin": 17, "do": "mute"}]}}, "gpio.buttons[0].pin: 17"),
    ],
)
def test_a_pin_has_one_use(sections: dict[str, object], problem: str) -> None:
    """A pin of an action cannot be a button's or the LED's, and the first user is named."""
    raw = {"actions": [{"say": "*", "gpio": {"pin": 17}}], **sections}
    with pytest.raises(ConfigError) as caught:
        parse_config(raw)
    assert problem in caught.value.problems[0]
    assert "actions[0].gpio.pin" in caught.value.problems[0]


def test_a_shared_pin_has_one_active_level() -> None:
    """Rules may share a pin only where on means the same to them."""
    assert configured({"pin": 17}, {"pin": 17, "do": "off"})
    with pytest.raises(ConfigError, match="active_high: false, but actions"):
        configured({"pin": 17}, {"pin": 17, "active_high": False})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([5, 6]), st.booleans()), max_size=30))
def test_a_pin_is_open_while_anybody_has_a_share(
    mock_pins: MockPins, steps: list[tuple[int, bool]]
) -> None:
    """In whatever order shares are taken and given up, the last one closes the pin."""
    shares: dict[int, list[OutputPin]] = {5: [], 6: []}
    for pin, take in steps:
        if take:
            shares[pin].append(open_output(pin, active_high=True))
        elif shares[pin]:
            shares[pin].pop(0).close()
        for number, held in shares.items():
            assert mock_pins.is_output(number) is bool(held)
    for share in [*shares[5], *shares[6]]:
        share.close()


def test_without_gpiozero(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra, the group and the unit's drop-in."""
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(MissingDependency) as caught:
        built({"pin": 17})
    for part in ("pip install 'edge-daemon[gpio]'", "lgpio", "group gpio", "drop-ins/gpio.conf"):
        assert part in str(caught.value)


def test_without_anything_that_drives_pins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The reason is gpiozero's own; the working directory is what it was."""
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no_such_factory")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingDependency, match=r"no_such_factory.*group gpio"):
        must_have_pins()
    assert os.getcwd() == str(tmp_path)
