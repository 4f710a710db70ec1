"""Whatever is called YAML is read within bounds, or refused in a line."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge_daemon.config import parse_config, parse_yaml
from edge_daemon.config.schema import ADDRESS
from edge_daemon.config.yaml_text import MAX_VALUES
from edge_daemon.errors import ConfigError


def laughs(n_levels: int) -> str:
    """Return a billion values in a few hundred bytes."""
    names = "abcdefghijklmnopqrst"[: n_levels + 1]
    lines = [f"{names[0]}: &{names[0]} [x,x,x,x,x,x,x,x,x]"]
    lines += [
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]" for before, name in pairwise(names)
    ]
    return "\n".join(lines)


def merges(n_levels: int) -> str:
    """Return mappings that are merged into each other, twice each."""
    lines = ["m0: &m0 {k: v}"]
    lines += [f"m{i + 1}: &m{i + 1} {{<<: [*m{i}, *m{i}]}}" for i in range(n_levels)]
    return "\n".join(lines)


MANY = f"more than {MAX_VALUES} values"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (laughs(12), MANY),
        (merges(30), MANY),
        ("a: [" + "1," * MAX_VALUES + "]", MANY),
        ("x: &x {say: a, log: {}}\nactions: [" + "*x," * MAX_VALUES + "]", MANY),
        ("a: &a [*a]", "an alias inside what it stands for"),
        ("a: &a {<<: *a}", "an alias inside what it stands for"),
        ("[" * 50_000, "nested too deeply"),
        ("{a: " * 50_000, "nested too deeply"),
        ("a: " + "1:" * 300 + "1.5", "too large"),
        ('a: !!int ""', "not YAML"),
        ("a: !!timestamp x", "not YAML"),
        ("a: !!bool x", "not YAML"),
        ("a: 2001-99-99", "not YAML: month must be in 1..12"),
        ("a: *secret", "an alias without its anchor; a text that begins with * needs quotes"),
        ("a: !secret x", "a text that begins with ! needs quotes"),
        (b"\xff\xfe\x00", "not YAML"),
    ],
    ids=lambda x: None if isinstance(x, str) and len(x) < 60 else "…",
)
def test_what_is_refused(text: str | bytes, reason: str) -> None:
    """With the reason on one line, and before it could cost much."""
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text)
    [problem] = caught.value.problems
    assert reason in problem
    assert problem.isprintable()


def test_aliases_are_good_for_what_they_are_for() -> None:
    """What several actions share is written once."""
    text = """\
actions:
- {say: "on", webhook: &hook {url: "http://h/", retries: 1}}
- {say: off, webhook: *hook}
- {say: up, webhook: {<<: *hook, retries: 2}}
"""
    webhooks = [action.webhook for action in parse_config(parse_yaml(text)).actions]
    assert [webhook.retries for webhook in webhooks if webhook] == [1, 1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "? [a, b]\n: c",
        '"a\\nb\\e[2J": 1',
        f"{'k' * 100_000}: 1",
        "\n".join(f"key{i}: 1" for i in range(3000)),
        f"audio: {{source: '{'x' * 100_000}'}}",
        f"actions: [{{say: a, webhook: 'http://{'a' * 100_000} x'}}]",
    ],
)
def test_each_problem_is_a_short_line(text: str) -> None:
    """Keys and values of any length and content are told in a line that a terminal can take."""
    with pytest.raises(ConfigError) as caught:
        parse_config(parse_yaml(text))
    assert all(problem.isprintable() for problem in caught.value.problems)
    assert max(map(len, caught.value.problems)) < 500


def test_addresses_are_matched_in_one_go() -> None:
    """Nothing is repeated inside of what is repeated: such a pattern takes hours for a long text."""
    assert ADDRESS.count("+") + ADDRESS.count("*") == 1
