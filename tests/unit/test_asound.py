"""The service's own ALSA configuration: sound cards and what /etc/asound.conf adds, no plugins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASOUND = Path(__file__).parents[2] / "deploy" / "asound.conf"
USERS = "/etc/asound.conf"

OPEN = """
import ctypes, sys
alsa = ctypes.CDLL("libasound.so.2")
for name in sys.argv[1:]:
    handle = ctypes.c_void_p()
    kind, _, pcm = name.partition(" ")
    if kind == "ctl":
        code = alsa.snd_ctl_open(ctypes.byref(handle), pcm.encode(), 0)
    else:
        code = alsa.snd_pcm_open(ctypes.byref(handle), pcm.encode(), 1, 0)
    print(name, "opens" if code == 0 else "does not open", file=sys.stderr, flush=True)
"""
LIST = """
import sounddevice
print([device["name"] for device in sounddevice.query_devices() if device["max_input_channels"]])
print([line.split("/")[-1] for line in open("/proc/self/maps") if "alsa-lib/" in line])
"""


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    """Name a file that takes the place of /etc/asound.conf; nothing is in it yet."""
    return tmp_path / "users.conf"


def run(tmp_path: Path, program: str, *arguments: str) -> list[str]:
    """Run a program with the configuration, and return all lines that it and ALSA printed."""
    config = tmp_path / "asound.conf"
    config.write_text(ASOUND.read_text().replace(USERS, str(tmp_path / "users.conf")))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ALSA_", "PULSE_"))}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**kept, "ALSA_CONFIG_PATH": str(config)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    if "cannot open shared object" in done.stdout or "PortAudio library not found" in done.stdout:
        pytest.skip(f"no ALSA or PortAudio here: {done.stdout.splitlines()[-1]}")
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "name",
    [
        "pcm hw:31",
        "pcm hw:31,2",
        "pcm hw:CARD=31,DEV=1",
        "pcm plughw:31,0",
        "pcm plug:'hw:31'",
        "ctl hw:31",
    ],
)
def test_names_of_cards_lead_to_the_card(tmp_path: Path, name: str) -> None:
    """Every way to name a card and a device gets to the card itself, which is not there."""
    said = run(tmp_path, OPEN, name)
    assert any("Cannot get card index for 31" in line for line in said), said


def test_default_is_the_first_card(tmp_path: Path) -> None:
    """The default is card 0 without conversions, and not a sound server."""
    if Path("/dev/snd/controlC0").exists():
        pytest.skip("this machine has a sound card, which would be opened")
    said = run(tmp_path, OPEN, "pcm default", "ctl default")
    assert sum("Cannot get card index for 0" in line for line in said) == 2, said


def test_nothing_else_is_known(tmp_path: Path) -> None:
    """What ALSA's own configuration adds is not there, so PortAudio cannot load it."""
    for name in ("pulse", "jack", "oss", "surround51", "upmix", "dmix"):
        assert any(f"Unknown PCM {name}" in x for x in run(tmp_path, OPEN, f"pcm {name}")), name


def test_no_plugin_is_loaded(tmp_path: Path) -> None:
    """PortAudio starts without a card, and loads none of ALSA's plugins."""
    *_warnings, _inputs, plugins = run(tmp_path, LIST)
    assert plugins == "[]"


def test_users_definitions_count(tmp_path: Path, users_file: Path) -> None:
    """What a user defines in /etc/asound.conf is listed, and is stronger than the default here."""
    users_file.write_text(
        "pcm.mine { type null }\npcm.!default { type plug slave.pcm null }\n"
        'pcm.other { type plug slave.pcm "plug:null" }\n'
    )
    *_warnings, inputs, _plugins = run(tmp_path, LIST)
    assert {"mine", "default", "other"} <= set(eval(inputs))  # noqa: S307 - our own list


def test_shared_microphone_of_the_comment(tmp_path: Path, users_file: Path) -> None:
    """The example of a microphone that other programs use too leads to its card."""
    lines = ASOUND.read_text().splitlines()
    users_file.write_text("\n".join(line[4:] for line in lines if line.startswith("#   ")))
    said = run(tmp_path, OPEN, "pcm shared")
    assert any("Cannot get card index for Mic" in line for line in said), said
