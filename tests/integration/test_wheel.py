"""The wheel, installed as users of `uv tool` and `pipx` do it, in a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from edge_daemon import __version__
from tests.integration.command_line import DEMO, ROOT, json_lines, spoken_words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.heavy

SMALL = {
    "mqtt": "paho.mqtt.client",
    "web": "websockets",
    "prometheus": "prometheus_client",
    "wyoming": "wyoming",
    "gpio": "gpiozero",
}
"""Extras for the board, and what each brings."""
LARGE = ("train", "keras", "torch")
WAKE_WORDS = ("computer", "jarvis")


@dataclass(frozen=True)
class Home:
    """A home in which nothing is installed, and how this machine reaches packages."""

    path: Path
    uv: str

    def run(self, *command: str | Path) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            [str(x) for x in command], env=self._environment(), cwd=self.path,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        said = f"{' '.join(map(str, command))}: {done.returncode}: {done.stdout}{done.stderr}"
        assert done.returncode == 0, said[-3000:]
        return done.stdout

    def hears(self, program: Path) -> None:
        """Hold an installed program to its version and to the words of the demo clip."""
        assert self.run(program, "--version").strip() == f"edge-daemon {__version__}"
        found = json_lines(self.run(program, "replay", "--json", DEMO))
        said = [word.word for word in spoken_words() if word.word in WAKE_WORDS]
        assert [x["label"] for x in found if x["label"] in WAKE_WORDS] == said

    def _environment(self) -> Mapping[str, str]:
        left_out = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "XDG_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        return {**kept, **_package_settings(self.uv), "HOME": str(self.path)}


def _package_settings(uv: str) -> dict[str, str]:
    """Return where uv and pip keep what they fetched, and what they are told to fetch from."""
    asked = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True)
    config = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    files = {"UV_CONFIG_FILE": config / "uv/uv.toml", "PIP_CONFIG_FILE": config / "pip/pip.conf"}
    settings = {name: str(path) for name, path in files.items() if path.exists()}
    return {"UV_CACHE_DIR": asked.stdout.strip(), **settings}


@pytest.fixture(scope="module")
def uv() -> str:
    """Return the program uv."""
    program = shutil.which("uv")
    # a pyenv shim may be called uv and run nothing
    if program is None or subprocess.call([program, "--version"], stdout=subprocess.DEVNULL):
        pytest.skip("uv is not installed; pip install uv")
    return program


@pytest.fixture(scope="module")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv, "build", "--wheel", "--out-dir", folder, ROOT]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def home(uv: str, tmp_path: Path) -> Home:
    """Return a home in which nothing is installed."""
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home", uv)


def test_extras_are_those_of_the_project(wheel: Path) -> None:
    """The wheel names every extra of pyproject.toml, and what each needs."""
    with ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = set(metadata.get_all("Provides-Extra", []))
    assert extras == set(project["optional-dependencies"])
    assert {*SMALL, *LARGE} <= extras
    needs = metadata.get_all("Requires-Dist", [])
    assert {x for x in extras if any(f"extra == '{x}'" in need for need in needs)} == extras


def test_uv_tool_installs_it_with_the_small_extras(home: Home, wheel: Path) -> None:
    """With `uv tool install` the program hears, and each part that an extra is for is there."""
    extras = ",".join(SMALL)
    home.run(home.uv, "tool", "install", f"edge-daemon[{extras}] @ {wheel.as_uri()}",
             "--python", sys.executable)  # fmt: skip
    home.hears(home.path / ".local/bin/edge-daemon")
    python = home.path / ".local/share/uv/tools/edge-daemon/bin/python"
    home.run(python, "-c", f"import {', '.join(SMALL.values())}")


@pytest.mark.parametrize("extra", SMALL)
def test_each_small_extra_is_installed_alone(home: Home, wheel: Path, extra: str) -> None:
    """An extra brings what it is for, and what the others are for is not there."""
    environment = home.path / "environment"
    python = environment / "bin/python"
    home.run(home.uv, "venv", "--python", sys.executable, environment)
    asked = f"edge-daemon[{extra}] @ {wheel.as_uri()}"
    home.run(home.uv, "pip", "install", "--python", python, asked)
    found = home.run(python, "-c", _WHICH_ARE_THERE, json.dumps(list(SMALL.values())))
    assert json.loads(found) == [SMALL[extra]]


_WHICH_ARE_THERE = """
import importlib, json, sys
def is_there(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
print(json.dumps([name for name in json.loads(sys.argv[1]) if is_there(name)]))
"""


def test_pipx_installs_it(home: Home, wheel: Path) -> None:
    """With `pipx install` the program hears, and without an extra it says how to get one."""
    environment = home.path / "pipx"
    home.run(home.uv, "venv", "--python", sys.executable, environment)
    home.run(home.uv, "pip", "install", "--python", environment / "bin/python", "pipx")
    home.run(environment / "bin/pipx", "install", "--python", sys.executable, wheel)
    program = home.path / ".local/bin/edge-daemon"
    home.hears(program)
    command = [str(program), "serve", "--wyoming"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'edge-daemon[wyoming]'" in done.stderr
