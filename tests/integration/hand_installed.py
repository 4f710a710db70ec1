"""The service as the unit wants it, put into a booted machine without an installer.

The packages and the Python are those that run the tests, bound into /opt; the package itself, the
unit and the rest of deploy/ are this checkout's.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

from tests.integration.booted_systemd import BootedSystemd
from tests.integration.command_line import ROOT

UNIT = "edge-daemon.service"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
CONFIG = "/etc/edge-daemon/config.yaml"
PROGRAM = "/opt/edge-daemon/bin/edge-daemon"
_PYTHON = "/opt/python"
_PACKAGES = "/opt/packages"
SOURCE = "/opt/source"

_LAUNCHER = """\
#!/opt/edge-daemon/bin/python
import sys
from edge_daemon.__main__ import main
sys.exit(main())
"""


def binds() -> dict[Path, str]:
    """Return what of this machine the installed service needs: Python, packages, this checkout."""
    return {
        Path(sys.base_prefix): _PYTHON,
        Path(sysconfig.get_path("platlib")): _PACKAGES,
        ROOT: SOURCE,
    }


def install(system: BootedSystemd, config: str) -> None:
    """Put everything in its place; nothing is started."""
    _make_environment(system)
    system.run("systemd-sysusers", f"{SOURCE}/deploy/edge-daemon.sysusers.conf")
    for source, target in {
        UNIT: f"/etc/systemd/system/{UNIT}",
        "asound.conf": "/etc/edge-daemon/asound.conf",
        "60-edge-daemon.rules": "/etc/udev/rules.d/60-edge-daemon.rules",
    }.items():
        system.put(target, (ROOT / "deploy" / source).read_text())
    system.put(CONFIG, config)
    system.run("systemctl", "daemon-reload")


def probe(system: BootedSystemd, script: str, drop_in: str = "") -> str:
    """Run a shell script as the service would run it, and return what it prints.

    drop_in : changes what the unit allows.
    """
    system.put("/opt/probe", f"#!/bin/sh\n{script}\n", mode=0o755)
    system.put("/etc/systemd/system/probe.service", _probing_unit())
    system.put("/etc/systemd/system/probe.service.d/more.conf", drop_in)
    system.run("systemctl", "daemon-reload")
    before = system.cursor()
    system.run("systemctl", "start", "probe")
    said = [e for e in system.journal("probe", before) if e["_TRANSPORT"] == "stdout"]
    return "".join(f"{entry['MESSAGE']}\n" for entry in said)


def shipped_drop_in(name: str) -> str:
    """Return a file of deploy/drop-ins."""
    return (ROOT / "deploy" / "drop-ins" / f"{name}.conf").read_text()


def _probing_unit() -> str:
    """Return the unit with another program, which ends by itself."""
    text = (ROOT / "deploy" / UNIT).read_text()
    for setting, other in {
        "Type=notify": "Type=oneshot",
        "ExecStart=.*": "ExecStart=/opt/probe",
        "Restart=on-failure": "Restart=no",
        "WatchdogSec=30": "",
        "RuntimeDirectory=edge-daemon": "RuntimeDirectory=edge-daemon-probe",
    }.items():
        text, n_replaced = re.subn(f"(?m)^{setting}$", other, text)
        assert n_replaced == 1, setting
    return text


def _make_environment(system: BootedSystemd) -> None:
    """Make the virtual environment; a path file, unlike PYTHONPATH, is the environment's own."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system.put("/opt/edge-daemon/pyvenv.cfg", f"home = {_PYTHON}/bin\n")
    system.run(
        "mkdir", "-p", "/opt/edge-daemon/bin", f"/opt/edge-daemon/lib/{version}/site-packages"
    )
    system.run("ln", "-s", f"{_PYTHON}/bin/{version}", "/opt/edge-daemon/bin/python")
    # libpython is looked for where it was installed, which may be a home that the unit hides
    system.put("/etc/ld.so.conf.d/00-python.conf", f"{_PYTHON}/lib\n")
    system.run("ldconfig")
    paths = f"/opt/edge-daemon/lib/{version}/site-packages/edge-daemon.pth"
    system.put(paths, f"{SOURCE}\n{_PACKAGES}\n")
    system.put(PROGRAM, _LAUNCHER, mode=0o755)
