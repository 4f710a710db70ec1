"""Shell completion and man page: up to date with the commands, and sound in real shells."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.command_line import ROOT, edge_daemon

MAKE = ROOT / "scripts" / "make_command_line_files.py"
COMPLETIONS = ROOT / "edge_daemon" / "completions"
MAN_PAGE = ROOT / "deploy" / "man" / "edge-daemon.1"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def need(program: str) -> None:
    """Skip where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"not installed: {program}; apt install {program}")


def completed_by_bash(line: str) -> list[str]:
    """Return what bash offers at the end of a line, as its own completion would be called."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    script = (
        f"source <({shlex.quote(sys.executable)} -m edge_daemon completion bash)\n"
        f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}\n"
        "function_of=$(complete -p edge-daemon); function_of=${function_of##*-F }\n"
        '"${function_of%% *}" edge-daemon "${COMP_WORDS[COMP_CWORD]}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = run("bash", "--norc", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_they_are_up_to_date() -> None:
    """What is in the repository is what the present help gives."""
    missing = [x for x in ("shtab", "argparse_manpage") if importlib.util.find_spec(x) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    done = run(sys.executable, str(MAKE), "--check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: python {MAKE.relative_to(ROOT)}"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("edge-daemon mon", ["monitor"]),
        ("edge-daemon monitor --pace ", ["realtime", "fast"]),
        ("edge-daemon quantize --ou", ["--output"]),
    ],
)
def test_bash_completes(line: str, wanted: list[str]) -> None:
    """Commands, choices, and options that are added only when a command is parsed."""
    found = completed_by_bash(line)
    assert set(wanted) <= set(found), found


def test_the_man_page_is_sound() -> None:
    """The linter finds nothing worse than long lines, and every command is there."""
    text = MAN_PAGE.read_text()
    for command in ("init", "run", "monitor", "completion", "threshold"):
        assert f".SS \\fBedge\\-daemon {command}\\fR" in text, f"{command} is missing"
    need("mandoc")
    done = run("mandoc", "-T", "lint", "-W", "warning", str(MAN_PAGE))
    assert done.returncode == 0, done.stdout


@pytest.mark.heavy
def test_fish_completes() -> None:
    """It is fish itself that offers commands and choices."""
    need("fish")
    script = COMPLETIONS / "edge-daemon.fish"
    done = run(
        "fish", "--no-config", "-c",
        f"source {script}; complete -C 'edge-daemon mon'; complete -C 'edge-daemon completion '",
    )  # fmt: skip
    found = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert {"monitor", "bash", "zsh", "fish"} <= set(found), done.stdout + done.stderr


@pytest.mark.heavy
def test_zsh_takes_it(tmp_path: Path) -> None:
    """The file works where zsh looks for completions, as one of our program."""
    need("zsh")
    shutil.copy(COMPLETIONS / "edge-daemon.zsh", tmp_path / "_edge-daemon")
    done = run(
        "zsh", "-f", "-c",
        f"fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -D; "
        "autoload +X _edge-daemon && print $_comps[edge-daemon]",
    )  # fmt: skip
    assert done.stdout.strip() == "_edge-daemon", done.stdout + done.stderr


@pytest.mark.heavy
def test_they_are_printed_as_they_are() -> None:
    """Each shell gets its own; another one is refused with those that there are."""
    for shell in ("bash", "zsh", "fish"):
        expected = (COMPLETIONS / f"edge-daemon.{shell}").read_text()
        assert edge_daemon("completion", shell).stdout == expected
    refused = edge_daemon("completion", "csh")
    assert refused.returncode == 2
    assert "bash" in refused.stderr
