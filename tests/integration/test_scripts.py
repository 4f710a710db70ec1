"""What the scripts do to a machine, as far as it can be seen without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"


def _set_up(call: str, root: Path, path: Path | None = None) -> None:
    """Run a function of _setup.sh on a checkout, where byte code is not wanted."""
    script = 'source "$1/_setup.sh"; ROOT=$2; VENV=$3; eval "$4"'
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    subprocess.run(
        ["bash", "-euc", script, "bash", str(SCRIPTS), str(root), sys.prefix, call],
        env=environment,
        check=True,
        timeout=60,
    )


def test_set_up_compiles_the_package(tmp_path: Path) -> None:
    """The package has byte code after the set-up, also where Python is told to write none."""
    package = tmp_path / "edge_daemon"
    package.mkdir()
    (package / "stage.py").write_text("X = 1\n")
    _set_up("compile_package", tmp_path)
    assert [path.name.split(".")[0] for path in package.glob("__pycache__/*.pyc")] == ["stage"]


def test_set_up_has_uv_compile_what_it_installs(tmp_path: Path) -> None:
    """The installer uv is asked for byte code, and nothing forbids it."""
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\necho "$* ${PYTHONDONTWRITEBYTECODE-unset}" >>"$0.log"\n')
    uv.chmod(0o755)
    _set_up("pip_install -e .", tmp_path, path=tmp_path)
    *_, install = (tmp_path / "uv.log").read_text().splitlines()
    assert install.startswith("pip install ")
    assert " --compile-bytecode " in install
    assert install.endswith(" -e . unset")


def test_set_up_starts_no_service(tmp_path: Path) -> None:
    """While a broker is installed Debian is told to start none, and afterwards no longer."""
    for name, does in {
        "dpkg-query": "false",
        "apt-get": '"$(dirname "$0")/policy"; echo "$? $*" >>"$(dirname "$0")/log"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    here = 'NO_SERVICES=$ROOT/policy; may_install() { true; }; as_root() { "$@"; }'
    _set_up(f"{here}; retry() {{ true; }}; install_without_services mosquitto", tmp_path, tmp_path)
    installs = [line for line in (tmp_path / "log").read_text().splitlines() if "mosquitto" in line]
    assert installs
    assert all(line.startswith("101 ") for line in installs), installs
    assert not (tmp_path / "policy").exists()
