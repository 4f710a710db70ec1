"""A microphone that PortAudio really opens, on a machine without a sound card.

A private PulseAudio server reads a FIFO as its microphone; an ALSA configuration of our own
makes PortAudio list it as ``usbmic``. A thread writes silence into the FIFO at the pace of a
microphone, and what a test plays in between. It can be unplugged, plugged in again with another
rate, and stalled.

    with VirtualMicrophone(tmp_path) as microphone:
        microphone.plug()
        microphone.play(samples)
"""

from __future__ import annotations

import fcntl
import os
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pytest

NAME = "usbmic"
FRAME_MS = 20
PIPE_BYTES = 16384
"""Half a second at 16 kHz: a larger pipe would keep stale audio after a hiccup."""

ALSA_CONF = Path("/usr/share/alsa/alsa.conf")
_ASOUND = f"""
<{ALSA_CONF}>
pcm.{NAME} {{ type pulse device mic hint {{ show on description "USB Mic (virtual)" }} }}
ctl.{NAME} {{ type pulse }}
pcm.!default {{ type pulse device mic hint {{ show on description "Default" }} }}
"""

_DIES_WITH_US = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
"""So that a test run that is killed leaves no server behind."""


def missing_parts() -> str | None:
    """Return what is not installed, in words; None where everything is."""
    programs = [p for p in ("pulseaudio", "pactl") if shutil.which(p) is None]
    if programs:
        return f"not installed: {', '.join(programs)}; apt install pulseaudio pulseaudio-utils"
    if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "not installed: the ALSA plugin for pulse; apt install libasound2-plugins"
    try:
        import sounddevice  # noqa: F401
    except OSError:
        return "not installed: PortAudio; apt install libportaudio2"
    return None


class VirtualMicrophone:
    """The server, the microphone in it, and the thread that speaks into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._feeder: _Feeder | None = None
        self._module = ""
        self._plugged = 0
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_SERVER": f"unix:{folder}/pulse.socket",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        """What a process needs in its environment to find the microphone."""

    def __enter__(self) -> VirtualMicrophone:
        (self._folder / "asound.conf").write_text(_ASOUND)
        script = self._folder / "default.pa"
        script.write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 "
            f"socket={self._folder}/pulse.socket\n"
        )
        self._before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        self._server = subprocess.Popen(
            [
                *_DIES_WITH_US,
                "pulseaudio",
                "--daemonize=no",
                "-n",
                "-F",
                str(script),
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--realtime=no",
                "--high-priority=no",
                "--log-target=null",
            ],
            stderr=subprocess.DEVNULL,
        )
        self._wait_for_server()
        return self

    def plug(self, rate_hz: int = 16000, n_channels: int = 1) -> None:
        """Plug a microphone of this rate in; it records silence until something is played."""
        self._plugged += 1
        fifo = self._folder / f"mic-{self._plugged}.fifo"
        self._module = self._pactl(
            *("load-module", "module-pipe-source", "source_name=mic", f"file={fifo}"),
            *("format=s16le", f"rate={rate_hz}", f"channels={n_channels}"),
        )
        self._feeder = _Feeder(fifo, rate_hz, n_channels)
        self._feeder.start()

    def unplug(self) -> None:
        """Pull it; does nothing when none is plugged in."""
        if self._feeder is not None:
            self._feeder.end()
            self._pactl("unload-module", self._module)
            self._feeder.join()
            self._feeder = None

    def play(self, frames: npt.NDArray[np.int16]) -> None:
        """Speak into the microphone [shape=(n,) or (n, n_channels)]; returns at once."""
        assert self._feeder is not None
        self._feeder.play(frames)

    def stall(self) -> None:
        """Deliver nothing, not even silence, as a card that hangs."""
        assert self._feeder is not None
        self._feeder.flowing.clear()

    def resume(self) -> None:
        """End the stall."""
        assert self._feeder is not None
        self._feeder.flowing.set()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.unplug()
        finally:
            self._server.terminate()
            self._server.wait(10)
            for name, value in self._before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _pactl(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pactl", *arguments], capture_output=True, text=True, timeout=20, check=True
        )
        return done.stdout.strip()

    def _wait_for_server(self) -> None:
        path = str(self._folder / "pulse.socket")
        deadline_s = time.monotonic() + 20
        while True:
            with socket.socket(socket.AF_UNIX) as client:
                if client.connect_ex(path) == 0:
                    return
            try:
                code = self._server.wait(0.02)
            except subprocess.TimeoutExpired:
                assert time.monotonic() < deadline_s, "pulseaudio does not listen"
            else:
                raise AssertionError(f"pulseaudio ended with {code}")


class _Feeder(threading.Thread):
    """Writes frames into the FIFO at the pace of a microphone."""

    def __init__(self, fifo: Path, rate_hz: int, n_channels: int) -> None:
        super().__init__(daemon=True)
        self._fd = os.open(fifo, os.O_WRONLY)
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._frame_bytes = rate_hz * FRAME_MS // 1000 * n_channels * 2
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ending = False
        self.flowing = threading.Event()
        self.flowing.set()

    def play(self, frames: npt.NDArray[np.int16]) -> None:
        data = np.ascontiguousarray(frames, "<i2").tobytes()
        n = self._frame_bytes
        for i in range(0, len(data), n):
            self._queue.put(data[i : i + n].ljust(n, b"\0"))

    def end(self) -> None:
        self._ending = True
        self.flowing.set()

    def run(self) -> None:
        due_s = time.monotonic()
        try:
            while not self._ending:
                if not self.flowing.is_set():
                    self.flowing.wait()
                    due_s = time.monotonic()
                os.write(self._fd, self._next())
                due_s += FRAME_MS / 1000
                time.sleep(max(0.0, due_s - time.monotonic()))
        except BrokenPipeError:
            pass
        finally:
            os.close(self._fd)

    def _next(self) -> bytes:
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return bytes(self._frame_bytes)


@pytest.fixture(scope="module")
def sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualMicrophone]:
    """Start a sound server for one module of tests, with no microphone in it yet."""
    if (missing := missing_parts()) is not None:
        pytest.skip(f"no virtual microphone: {missing}")
    with VirtualMicrophone(tmp_path_factory.mktemp("pulse")) as server:
        yield server


@pytest.fixture
def virtual_microphone(sound_server: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """Plug in a microphone of 16 kHz, mono, that is silent."""
    sound_server.plug()
    yield sound_server
    sound_server.unplug()
