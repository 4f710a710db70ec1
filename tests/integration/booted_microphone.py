"""The virtual microphone of outside, heard by the service in a booted machine.

Only the sound server's socket is bound into the machine: its folder is closed to all but root. The
microphone becomes ALSA's default and ``usbmic`` in /etc/asound.conf, which the service's own ALSA
configuration loads as well as the system's does.

    with BootedSystemd(tmp_path, binds=microphone_binds(server.folder)) as system:
        connect_microphone(system)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration import booted_systemd, hand_installed
from tests.integration.booted_systemd import BootedSystemd
from tests.integration.virtual_microphone import NAME, VirtualMicrophone

DROP_IN = "/etc/systemd/system/edge-daemon.service.d/00-microphone.conf"
SOCKET = "/run/microphone.socket"
_ASOUND = f"""
pcm.{NAME} {{ type pulse device mic }}
ctl.{NAME} {{ type pulse }}
pcm.!default {{ type pulse device mic }}
"""


def microphone_binds(folder: Path) -> dict[Path, str]:
    """Return what of the folder of a microphone, whose server runs, the machine has to see."""
    return {folder / "pulse.socket": SOCKET}


def connect_microphone(system: BootedSystemd) -> None:
    """Make it the machine's microphone; the next start of the service listens to it."""
    system.put("/etc/asound.conf", _ASOUND)
    system.put(DROP_IN, f"[Service]\nEnvironment=PULSE_SERVER=unix:{SOCKET}\n")
    system.run("systemctl", "daemon-reload")


@contextmanager
def machine_that_hears(
    microphone: VirtualMicrophone, folder: Path, config: str
) -> Iterator[BootedSystemd]:
    """Boot a machine with the service and this microphone plugged in; nothing is started yet.

    Skips the test where no machine can be booted.
    """
    if (missing := booted_systemd.missing_parts()) is not None:
        pytest.skip(f"no systemd can be booted: {missing}")
    microphone.plug()
    sockets = microphone_binds(Path(microphone.environment["PULSE_RUNTIME_PATH"]))
    try:
        with BootedSystemd(folder, {**hand_installed.binds(), **sockets}) as system:
            hand_installed.install(system, config)
            connect_microphone(system)
            yield system
    finally:
        microphone.unplug()
