"""``edge-daemon doctor`` on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.command_line import DEMO, edge_daemon

PARTS = ["board", "Python", "onnxruntime", "audio", "sensors", "systemd", "state", "config"]


def config(folder: Path, text: str = "") -> Path:
    """Write a configuration that listens to the demo clip."""
    path = folder / "config.yaml"
    path.write_text(f"audio: {{source: 'wav:{DEMO}'}}\n{text}")
    return path


def test_a_machine_that_can_run_the_daemon(tmp_path: Path) -> None:
    """Every part is told, in lines that fit a terminal, and nothing is in the way."""
    done = edge_daemon("doctor", "--config", config(tmp_path))
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in lines if line[:1].isalpha()][: len(PARTS)] == PARTS
    urls_apart = [line for line in lines if len(line) > 80 and "/" not in line]
    assert urls_apart == []
    assert "no problem found" in done.stdout


def test_the_same_as_json(tmp_path: Path) -> None:
    """For a program that looks after many boards."""
    done = edge_daemon("doctor", "--json", "--config", config(tmp_path))
    found = json.loads(done.stdout)
    assert found["is_fit"] is True
    assert [part["name"] for part in found["parts"]] == PARTS
    assert found["board"]["n_cores"] >= 1


def test_what_is_in_the_way_is_marked_and_has_its_fix(tmp_path: Path) -> None:
    """A wrong key ends it with 1; a provider that another stands in for does not."""
    text = "runtime: {provider: cuda, spinning: true}\n"
    done = edge_daemon("doctor", "--config", config(tmp_path, text))
    assert done.returncode == 1
    assert "! config: runtime.spinning: unknown key" in done.stdout
    assert "those marked ! are mended" in done.stdout
    problems, fixes = done.stdout.count("\n! ") + done.stdout.count("\n- "), done.stdout.count("->")
    assert problems == fixes > 0


def test_a_provider_that_is_lacking_is_told_and_not_in_the_way(tmp_path: Path) -> None:
    """The CPU steps in; how the provider is had is told."""
    done = edge_daemon("doctor", "--config", config(tmp_path, "runtime: {provider: xnnpack}\n"))
    assert done.returncode == 0
    assert "- config: runtime: served by cpu, not by xnnpack" in done.stdout
