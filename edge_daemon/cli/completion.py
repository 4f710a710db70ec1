"""``edge-daemon completion``."""

from __future__ import annotations

import argparse
from typing import Any

from edge_daemon.cli.arguments import EXIT_OK, add_command

SHELLS = ("bash", "zsh", "fish")


def add_completion(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser."""
    parser = add_command(
        commands, "completion", _run, "print what completes these commands in a shell",
        ("completion bash > ~/.local/share/bash-completion/completions/edge-daemon",
         'completion zsh > "${fpath[1]}/_edge-daemon"',
         "completion fish > ~/.config/fish/completions/edge-daemon.fish"),
    )  # fmt: skip
    parser.add_argument("shell", choices=SHELLS, help="for which shell")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from importlib.resources import files

    # made by scripts/make_command_line_files.py
    script = files("edge_daemon") / "completions" / f"edge-daemon.{arguments.shell}"
    print(script.read_text(encoding="utf-8"), end="")
    return EXIT_OK
