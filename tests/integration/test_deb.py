"""The Debian package: built, read by lintian, and lived with on a clean Debian with a real systemd."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.booted_microphone import connect_microphone, microphone_binds
from tests.integration.booted_systemd import PATH, BootedSystemd, missing_parts
from tests.integration.command_line import ROOT, demo_samples
from tests.integration.debian_root import made_root, suite
from tests.integration.virtual_microphone import VirtualMicrophone

pytestmark = pytest.mark.heavy

INSIDE = "/mnt/package"
UNIT = "edge-daemon"
CONFIG = "/etc/edge-daemon/config.yaml"
PLAYBOOK = ROOT / "deploy" / "fleet" / "site.yml"
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
"""Of the releases of Debian."""
APT = ("apt-get", "-q", "-y", "--no-install-recommends", "-o", "Acquire::Retries=3")
QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
FROM_LIBRARIES = {
    "libc6": "libc|libm|libmvec|libpthread|librt|libdl|ld-linux.*",
    "libstdc++6": r"libstdc\+\+",
    "libgcc-s1": "libgcc_s",
    "zlib1g": "libz",
}
"""Which package has the libraries that wheels take from the system."""


def make_deb(folder: Path, *options: str) -> Path:
    """Build a package, as scripts/make-deb does; it is here that everything is set up already."""
    done = subprocess.run(
        [sys.executable, "-m", "deb", "--quick", "--output", str(folder), *options],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package for the Debian that it is tested on."""
    return make_deb(tmp_path_factory.mktemp("package"), "--python", PYTHONS[suite()])


def test_lintian_finds_no_error(package: Path) -> None:
    """Nor a warning; what is overridden has its reason beside it."""
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed; apt install lintian")
    command = ["lintian", "--fail-on", "error,warning", "--tag-display-limit", "0", str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_library_is_in_it_or_in_what_it_depends_on(package: Path, tmp_path: Path) -> None:
    """No wheel wants a library of the system that no dependency brings."""
    subprocess.run(["dpkg-deb", "-R", package, tmp_path / "it"], check=True)
    libraries = [p for p in (tmp_path / "it").rglob("*.so*") if p.is_file()]
    assert len(libraries) > 20
    has = {path.name for path in libraries}
    needs = set().union(*(needed(path) for path in libraries)) - has
    depends = (tmp_path / "it" / "DEBIAN" / "control").read_text()
    known = [names for name, names in FROM_LIBRARIES.items() if f" {name}" in depends]
    pattern = re.compile(rf"({'|'.join(known)})\.so\.\d+")
    assert [name for name in needs if not pattern.fullmatch(name)] == []


def test_the_daemon_is_in_it_with_its_models_and_nothing_else_of_ours(package: Path) -> None:
    """Tests, scripts and notebooks stay in the sources."""
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True)
    files = set(re.findall(r"site-packages/(\S+)$", listed.stdout, re.MULTILINE))
    ours = {str(p.relative_to(ROOT)) for p in (ROOT / "edge_daemon").rglob("*") if p.is_file()}
    ours = {name for name in ours if "__pycache__" not in name}
    assert {name for name in files if name.startswith("edge_daemon/") and name[-1] != "/"} == ours
    assert not {name.partition("/")[0] for name in files} & {"tests", "scripts", "config", "deploy"}


def test_what_goes_with_the_command_line_is_in_it(package: Path) -> None:
    """Completion for three shells, the man page, Wyoming's unit, and what watches a fleet."""
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True)
    files = set(re.findall(r" \./(\S+)", listed.stdout))
    assert {
        "usr/share/bash-completion/completions/edge-daemon",
        "usr/share/zsh/vendor-completions/_edge-daemon",
        "usr/share/fish/vendor_completions.d/edge-daemon.fish",
        "usr/share/man/man1/edge-daemon.1.gz",
        "usr/lib/systemd/system/edge-daemon-wyoming.service",
        "usr/share/doc/edge-daemon/examples/alerts.yml",
        "usr/share/doc/edge-daemon/examples/loopback.conf",
    } <= files


def needed(library: Path) -> set[str]:
    """Return the libraries that one is linked to."""
    done = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", done.stdout))


@pytest.fixture
def machine(
    package: Path,
    pytestconfig: pytest.Config,
    sound_server: VirtualMicrophone,
    tmp_path: Path,
) -> Iterator[BootedSystemd]:
    """Boot a clean Debian with a microphone, and the package at hand."""
    if (missing := missing_parts()) is not None:
        pytest.skip(f"no booted systemd: {missing}")
    root = made_root(pytestconfig.cache, packages=("libasound2-plugins",))
    microphone = Path(sound_server.environment["XDG_RUNTIME_DIR"])
    binds = {package.parent: INSIDE, **microphone_binds(microphone)}
    with BootedSystemd(tmp_path / "vm", binds, root, has_network=True) as system:
        connect_microphone(system)
        updated = system.run(*APT, "update", check=False, timeout_s=120)
        if updated.returncode or "Err:" in updated.stdout:
            pytest.skip(f"no package sources for dependencies: {updated.stdout[-500:]}")
        yield system


def test_it_is_installed_upgraded_removed_and_purged(
    machine: BootedSystemd, package: Path, virtual_microphone: VirtualMicrophone
) -> None:
    """No microphone holds it up, an upgrade keeps what its owner wrote, a purge leaves nothing."""
    machine.path("/opt/edge-daemon/versions").mkdir(parents=True)
    refused = machine.run("dpkg", "-i", f"{INSIDE}/{package.name}", check=False)
    assert refused.returncode != 0
    assert "install.sh has installed the daemon" in refused.stderr
    shutil.rmtree(machine.path("/opt/edge-daemon"))

    virtual_microphone.unplug()
    install(machine, package.name)
    assert machine.property(UNIT, "SubState") == "start", machine.log(UNIT)
    virtual_microphone.plug()
    hears_a_word(machine, virtual_microphone)
    assert machine.property(UNIT, "NRestarts") == "0"
    assert machine.property(UNIT, "UnitFileState") == "enabled"
    assert "mic" in machine.run("edge-daemon", "config").stdout
    before = machine.property(UNIT, "MainPID")

    edited = machine.path(CONFIG).read_text() + "# mine\n"
    machine.put(CONFIG, edited)
    install(machine, next_version(package).name)
    machine.wait_until(UNIT, "MainPID", lambda pid: pid not in ("0", before))
    hears_a_word(machine, virtual_microphone)
    assert machine.path(CONFIG).read_text() == edited

    machine.run(*APT, "remove", "edge-daemon", env=QUIET)
    assert machine.property(UNIT, "ActiveState") == "inactive"
    assert machine.path(CONFIG).read_text() == edited
    assert not machine.path("/usr/lib/edge-daemon").exists()

    shutil.rmtree(machine.path(f"/etc/systemd/system/{UNIT}.service.d"))  # the microphone's
    machine.run(*APT, "purge", "edge-daemon", env=QUIET)
    assert what_is_left(machine) == []


@pytest.mark.usefixtures("virtual_microphone")
def test_ansible_rolls_it_out(machine: BootedSystemd, package: Path, tmp_path: Path) -> None:
    """The playbook makes a board listen; a second run changes nothing, and a mistake is not taken."""
    if shutil.which("ansible-playbook") is None:
        pytest.skip("ansible-core is not installed; apt install ansible-core")
    machine.run(*APT, "install", "python3", "python3-apt", env=QUIET, timeout_s=180)
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("prometheus: 127.0.0.1:9740\nmqtt: {name: '{{ inventory_hostname }}'}\n")
    bad.write_text("prometheus: nowhere\n")

    said = rolled_out(machine, tmp_path, package, good)
    assert recap(said)["failed"] == 0, said
    assert recap(said)["changed"] > 0
    fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9740/metrics').read())"
    assert "edge_daemon_responsive 1.0" in machine.run("/usr/bin/python3", "-c", fetch).stdout
    assert "name: 'board'" in machine.path(CONFIG).read_text()
    again = rolled_out(machine, tmp_path, package, good)
    assert recap(again) == {"failed": 0, "changed": 0}, again
    refused = rolled_out(machine, tmp_path, package, bad)
    assert recap(refused)["failed"] == 1
    assert "nowhere" in refused
    assert "9740" in machine.path(CONFIG).read_text()


def rolled_out(machine: BootedSystemd, folder: Path, package: Path, config: Path) -> str:
    """Return what ansible-playbook says; in place of ssh a program leads into the machine."""
    ssh = folder / "ssh"
    into = shlex.join(
        ["nsenter", "-t", str(machine.leader), "-a", "env", "-i", f"PATH={PATH}", "HOME=/root"]
    )
    ssh.write_text(f'#!/bin/sh\nfor last; do :; done\nexec {into} sh -c "$last"\n')
    ssh.chmod(0o755)
    where = "ansible_python_interpreter=/usr/bin/python3 ansible_become=false"
    (folder / "boards.ini").write_text(f"[boards]\nboard {where}\n")
    given = {"package": str(package), "config": str(config), "drop_ins": ["loopback"]}
    done = subprocess.run(
        ["ansible-playbook", "-i", folder / "boards.ini", PLAYBOOK, "-e", json.dumps(given)],
        env={
            "PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8",
            "ANSIBLE_SSH_EXECUTABLE": str(ssh), "ANSIBLE_SSH_TRANSFER_METHOD": "piped",
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def recap(said: str) -> dict[str, int]:
    """Return how many tasks failed and changed something."""
    counts = dict(re.findall(r"(\w+)=(\d+)", said.partition("PLAY RECAP")[2]))
    assert counts, said
    return {name: int(counts[name]) for name in ("failed", "changed")}


def install(machine: BootedSystemd, name: str) -> None:
    """Install a package from its file, with its dependencies, as a user would."""
    keep = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
    machine.run(*APT, *keep, "install", f"{INSIDE}/{name}", env=QUIET, timeout_s=180)


def hears_a_word(machine: BootedSystemd, microphone: VirtualMicrophone) -> None:
    """Speak to the service once it listens."""
    machine.wait_until(UNIT, "ActiveState", lambda state: state == "active")
    since = machine.cursor()
    microphone.play(demo_samples(n_words=2))
    machine.wait_for_entry(UNIT, lambda entry: entry.get("EDGE_LABEL") == "stop", after=since)


def next_version(package: Path) -> Path:
    """Return the package in a later version, with another configuration in it."""
    folder = package.with_suffix(".files")
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("-1+py", "-2+py"))
    with (folder / CONFIG.lstrip("/")).open("a") as config:
        config.write("# as it comes with the next version\n")
    later = package.with_name("later.deb")
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "-b", str(folder), str(later)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return later


def what_is_left(machine: BootedSystemd) -> list[str]:
    """Return files, users and groups of the daemon."""
    skipped = ("/proc", "/sys", "/mnt", "/run/systemd/nspawn", "/var/log/journal")
    pruned = [part for path in skipped for part in ("-path", path, "-prune", "-o")]
    ours = ("(", "-name", "*edge-daemon*", "-o", "-name", "*edge_daemon*", ")")
    files = machine.run("find", "/", *pruned, *ours, "-print").stdout.split()
    asked = [machine.run("getent", what, check=False).stdout for what in ("passwd", "group")]
    return files + re.findall(r"^edge-\w+", "".join(asked), re.MULTILINE)


def test_the_other_architecture_is_built_here_too(tmp_path: Path) -> None:
    """A package for Raspberry Pi OS of Debian 13 comes out of a PC, with its wheels in it."""
    if platform.machine() != "x86_64":
        pytest.skip(f"this machine is no x86-64 but {platform.machine()}")
    made = make_deb(tmp_path, "--architecture", "arm64", "--python", "3.13")
    assert made.name.endswith("+py3.13_arm64.deb")
    files = subprocess.run(["dpkg-deb", "-c", made], capture_output=True, text=True, check=True)
    assert "python3.13/site-packages/onnxruntime/capi" in files.stdout
    assert re.search(r"cpython-313-aarch64-linux-gnu\.so$", files.stdout, re.MULTILINE)
    assert "x86_64" not in files.stdout
