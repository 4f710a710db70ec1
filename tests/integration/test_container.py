"""The container, built from its file and run; on a Debian of this machine's own making.

The registry that the file names need not be reached. What runs is an image's file system under
`buildah run`, as its user and with its environment; devices and cgroups are an engine's affair.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_daemon import __version__
from tests.integration.command_line import ROOT, RunningDaemon, json_lines, spoken_words
from tests.integration.debian_root import made_root

pytestmark = pytest.mark.heavy

BASE = "localhost/edge-base"
IMAGE = "localhost/edge-daemon"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PACKAGES = ("python3-venv", "libportaudio2", "ca-certificates")
IMAGES_BYTES = 3 << 30
WAKE_WORDS = ("computer", "jarvis")


@dataclass(frozen=True)
class Buildah:
    """Builds and runs in a storage of its own."""

    storage: Path

    def command(self, *arguments: str | Path) -> list[str]:
        """Return a command of it."""
        places = ["--root", self.storage / "images", "--runroot", self.storage / "run"]
        options = ["--storage-driver", "vfs"]  # which needs nothing of the file system
        return [str(x) for x in ("buildah", *places, *options, *arguments)]

    def __call__(self, *arguments: str | Path) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, f"{arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout.strip()


@dataclass(frozen=True)
class Container:
    """A container out of the image."""

    buildah: Buildah
    name: str

    def program(self, *command: str) -> list[str]:
        """Return what runs a command in it, the clips of the checkout at /clips."""
        options = ("--isolation", "chroot", "--volume", f"{ROOT / 'config'}:/clips:ro")
        return self.buildah.command("run", *options, self.name, "--", *command)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end."""
        return subprocess.run(
            self.program(*command), capture_output=True, text=True, timeout=100, check=False
        )

    def settings(self) -> dict[str, Any]:
        """Return what an engine goes by."""
        found: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", IMAGE))
        config: dict[str, Any] = found["Docker"]["config"]
        return config


@pytest.fixture(scope="module")
def container(pytestconfig: pytest.Config) -> Iterator[Container]:
    """Build the image; skips where that cannot be tried."""
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed; apt install buildah")
    if os.geteuid() != 0:
        pytest.skip("only root may unpack a Debian and enter it")
    root = made_root(pytestconfig.cache, PACKAGES)
    with tempfile.TemporaryDirectory(dir=_quick_place()) as folder:
        buildah = Buildah(Path(folder))
        _make_base(buildah, root)
        built = ("--build-arg", f"BASE={BASE}", "--pull=false", "--layers=false", "-t", IMAGE)
        how = ("--isolation", "chroot", "--format", "docker")
        buildah("bud", *how, *built, "-f", ROOT / "deploy" / "Containerfile", ROOT)
        yield Container(buildah, buildah("from", "--pull-never", IMAGE))


def _quick_place() -> str | None:
    """Return where gigabytes come and go quickly, if it is large enough."""
    memory = "/dev/shm"
    is_enough = os.path.isdir(memory) and shutil.disk_usage(memory).free > IMAGES_BYTES
    return memory if is_enough else None


def _make_base(buildah: Buildah, root: Path) -> None:
    """Take a Debian out of a folder, and let it trust whom this machine trusts."""
    working = buildah("from", "scratch")
    buildah("copy", "--quiet", working, root, "/")
    buildah("copy", "--quiet", working, CERTIFICATES, CERTIFICATES)
    buildah("config", "--env", f"PIP_CERT={CERTIFICATES}", working)
    buildah("commit", "--quiet", "--rm", working, BASE)


def test_it_hears_as_an_ordinary_user(container: Container) -> None:
    """The program in it hears the demo clip, and could change neither itself nor its settings."""
    assert container.run("id", "-un").stdout.strip() == "edge-daemon"
    assert container.run("edge-daemon", "--version").stdout.split() == ["edge-daemon", __version__]
    found = json_lines(container.run("edge-daemon", "replay", "--json", "/clips/demo.flac").stdout)
    said = [word.word for word in spoken_words() if word.word in WAKE_WORDS]
    assert [x["label"] for x in found if x["label"] in WAKE_WORDS] == said
    for path in ("/opt/edge-daemon/bin/edge-daemon", "/etc/edge-daemon/config.yaml"):
        assert container.run("test", "-w", path).returncode == 1, path
    assert container.run("test", "-w", "/var/lib/edge-daemon").returncode == 0


def test_every_part_is_in_it(container: Container) -> None:
    """What the extras for the board bring is there, and PortAudio with ALSA's configuration."""
    modules = "paho.mqtt, websockets, prometheus_client, wyoming, gpiozero, sounddevice"
    done = container.run("/opt/edge-daemon/bin/python", "-c", f"import {modules}")
    assert done.returncode == 0, done.stderr
    done = container.run("edge-daemon", "devices")
    assert "PortAudio" not in done.stderr
    assert "ALSA lib" not in done.stderr


def test_its_health_is_the_daemons_answer(container: Container) -> None:
    """As the image starts it the daemon runs, and the health check sees when it does not."""
    settings = container.settings()
    assert settings["User"] == "edge-daemon"
    kind, *check = settings["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert container.run(*check).returncode == 1
    start = [*settings["Entrypoint"], *settings["Cmd"][:-1], "/clips/demo.yaml"]
    assert settings["Cmd"] == ["run", "--config", "/etc/edge-daemon/config.yaml"]
    with RunningDaemon(program=container.program(*start)) as daemon:
        daemon.wait_for("heard 'computer'")
        done = container.run(*check)
        assert done.returncode == 0, done.stderr
        assert "listening" in done.stdout
