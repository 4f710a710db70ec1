"""What is wrong with a shell command, as far as can be told without running it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from edge_daemon.cli import _parser as parser_of_commands
from tests.documents.blocks import ROOT, Block
from tests.documents.programs import KNOWN
from tests.documents.shell import Words, script_of, simple_commands

_KEYWORDS = frozenset(("done", "fi", "}", "for", "case", "esac"))
_INSTALLERS = frozenset(("apt", "apt-get", "pip", "pipx", "systemctl", "uv"))
_HAND_ON = {"scripts/run": "run", "scripts/benchmark": "benchmark"}
"""Scripts whose arguments are those of a command."""
_MODULES = frozenset(("http.server", "json.tool", "pip", "venv"))
_INSTALLED = re.compile(r"(?:/opt/edge-daemon/current|(?:\./)?wheelhouse)/(deploy/.*)")
"""Where the installer puts files of the checkout, and a wheelhouse has them."""


def problems_with(block: Block) -> list[str]:
    """Return a line for each command of a shell block that could not work."""
    script = script_of(block)
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    found = [done.stderr.strip()] if done.returncode else []
    looked_at = ((words, _problem(words)) for words in simple_commands(script))
    return [*found, *(f"{shlex.join(words)}: {problem}" for words, problem in looked_at if problem)]


def sets_up(words: Words) -> bool:
    """Tell whether a command may change this machine or the checkout: installers, scripts of ours."""
    return words[0] in _INSTALLERS or words[0].startswith(("scripts/", "deploy/"))


def _problem(words: Words) -> str | None:
    name, *arguments = words
    if name.startswith("$") or name in _KEYWORDS:
        return None
    program = name.rpartition("/")[2] if "bin/" in name else name
    if program in _CHECKS:
        return _CHECKS[program](arguments)
    if "/" in name:
        return _problem_of_ours(name, arguments)
    return None if name in KNOWN else "a program that the tests do not know: documents/programs.py"


def _problem_of_ours(name: str, arguments: Words) -> str | None:
    """Look at a script of the checkout: it is there, and has the options that it is given."""
    installed = _INSTALLED.fullmatch(name)
    path = ROOT / (installed[1] if installed else name.removeprefix("./"))
    if not path.is_file() or not path.is_relative_to(ROOT):
        return "no such file in the checkout"
    if name in _HAND_ON:
        return _edge_daemon([_HAND_ON[name], *(x for x in arguments if x != "--mic")])
    text = _with_what_it_names(path)
    options = (x.partition("=")[0] for x in arguments if x.startswith("--"))
    unknown = [x for x in options if x not in text]
    return f"it does not know {unknown[0]}" if unknown else None


@cache
def _with_what_it_names(path: Path) -> str:
    """Return the text of a script and of the scripts that it calls."""
    text = path.read_text()
    named = (path.parent / x for x in re.findall(r"[\w./-]*/[\w./-]+", text))
    here = (ROOT / x for x in re.findall(r"(?:scripts|deploy)/[\w./-]+", text))
    more = (x for x in {*named, *here} if x.is_file() and x.name != "_setup.sh")
    return text + "".join(x.read_text(errors="replace") for x in more)


def _edge_daemon(arguments: Words) -> str | None:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            parser_of_commands().parse_args(arguments)
        except SystemExit as ended:
            return said.getvalue().strip() if ended.code else None
    return None


def _python(arguments: Words) -> str | None:
    if arguments[:1] == ["-m"]:
        return _module(arguments[1])
    is_script = arguments and not arguments[0].startswith("-")
    return _problem_of_ours(arguments[0], arguments[1:]) if is_script else None


def _module(name: str) -> str | None:
    path = ROOT / name.replace(".", "/")
    is_ours = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    return None if is_ours or name in _MODULES else "no such module"


def _installs(arguments: Words) -> str | None:
    """Hold what pip, pipx or uv is told to install to the extras that there are."""
    named = (re.search(r"edge.daemon[^\[]*\[(.*)\]", x) for x in arguments)
    unknown = {e for found in named if found for e in found[1].split(",")} - _extras()
    return f"there is no extra {', '.join(sorted(unknown))}" if unknown else None


@cache
def _extras() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text()
    section = text.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    return set(re.findall(r"^([\w-]+) = \[", section, re.M))


_CHECKS: dict[str, Callable[[Words], str | None]] = {
    "edge-daemon": _edge_daemon,
    "python": _python,
    "python3": _python,
    "pip": _installs,
    "pipx": _installs,
    "uv": _installs,
}
