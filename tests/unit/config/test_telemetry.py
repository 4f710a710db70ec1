"""The section telemetry: its log and its sensors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_daemon.check import check
from edge_daemon.config import load_config, parse_config
from edge_daemon.errors import ConfigError


def test_a_path_is_enough(tmp_path: Path) -> None:
    """A path stands for a log of JSON lines, and belongs to the folder of the configuration."""
    config = tmp_path / "config.yaml"
    config.write_text("telemetry: {log: records.jsonl}")
    log = load_config(config).telemetry.log
    assert (log.path, log.format) == (str(tmp_path / "records.jsonl"), "jsonl")
    assert parse_config({}).telemetry.log.path is None


@pytest.mark.parametrize(
    ("telemetry", "problem"),
    [
        ({"log": {"path": ""}}, "telemetry.log.path"),
        ({"log": {"format": "xml"}}, "telemetry.log.format: expected one of jsonl, csv"),
        ({"log": {"max_bytes": 100}}, "telemetry.log.max_bytes"),
        ({"log": {"keep": -1}}, "telemetry.log.keep"),
        ({"log": {"size": 1}}, "telemetry.log.size: unknown key"),
        ({"idle_w": 0}, "telemetry.idle_w"),
        ({"sensors_s": -1}, "telemetry.sensors_s"),
    ],
)
def test_mistakes(telemetry: dict[str, object], problem: str) -> None:
    """What cannot be meant is refused with its place."""
    with pytest.raises(ConfigError, match=problem):
        parse_config({"telemetry": telemetry})


def test_check_of_the_log(tmp_path: Path) -> None:
    """A log needs a folder that is there, and has to be a file; the check makes none."""
    config = tmp_path / "config.yaml"
    os.mkfifo(tmp_path / "fifo")
    for path, problem in (
        ("no/x", f"the folder {tmp_path}/no does not exist"),
        (".", "a folder; name a file in it"),
        ("fifo", "is no regular file"),
        ("new", None),
    ):
        config.write_text(f"audio: {{source: 'pcm:-'}}\ntelemetry: {{log: {path}}}")
        found = [p.text for p in check(config) if p.text.startswith("telemetry.log.path: ")]
        assert len(found) == (problem is not None)
        assert problem is None or problem in found[0]
    assert not (tmp_path / "new").exists()
