"""A private PulseAudio server, and the ALSA configuration through which PortAudio finds it.

It may be killed and started again, as a user's session or an update does.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
"""So that a test run that is killed leaves no server behind."""
_PROGRAM = (
    "pulseaudio", "--daemonize=no", "-n", "--exit-idle-time=-1", "--use-pid-file=no",
    "--realtime=no", "--high-priority=no", "--log-target=null",
)  # fmt: skip
START_S = 20.0
"""A safety net: it takes a tenth of a second."""


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


class SoundServer:
    """The server's process, and what it is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_SERVER": f"unix:{folder}/pulse.socket",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        """What a process needs in its environment to find it."""

    def list_inputs(self, name: str, source: str, cards_before: int) -> None:
        """Let PortAudio list this input, which is that source of the server.

        Without ALSA's own configuration, as the service has it: PortAudio loads the plugin behind
        each name in there, and loses some memory with each start.

        cards_before : inputs that nothing is behind, listed first: its number is another one then
        """
        others = [_pcm(f"card{i}", "nothing", f"Other card {i}") for i in range(cards_before)]
        listed = [*others, _pcm(name, source, "USB Mic (virtual)")]
        default = _pcm("!default", source, "Default")
        text = "\n".join([*listed, f"ctl.{name} {{ type pulse }}", default, ""])
        new = self._folder / "asound.conf.new"
        new.write_text(text)
        new.replace(self._folder / "asound.conf")  # PortAudio aborts where it reads half of it

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        script = self._folder / "default.pa"
        protocols = {"native": "auth-anonymous=1 socket=pulse.socket", "cli": "socket=cli.socket"}
        script.write_text(
            "".join(
                f"load-module module-{name}-protocol-unix "
                f"{settings.replace('socket=', f'socket={self._folder}/')}\n"
                for name, settings in protocols.items()
            )
        )
        command = [*DIES_WITH_US, *_PROGRAM, "-F", str(script)]
        self._process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, env={**os.environ, **self.environment}
        )
        self._wait(self._process)

    @property
    def is_running(self) -> bool:
        """It was started, and nobody has killed it."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill it, by its process id, without a chance to say goodbye; it may be started again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it; does nothing where none runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S)
            self._process = None

    def pactl(self, *arguments: str) -> str:
        """Run ``pactl`` and return what it prints."""
        done = subprocess.run(
            ["pactl", *arguments], capture_output=True, text=True, timeout=START_S, check=True,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        return done.stdout.strip()

    def end_recordings(self) -> int:
        """End the streams of all who record, as an administrator may; return how many."""
        lines = self.pactl("list", "short", "source-outputs").splitlines()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self._folder / "cli.socket"))
            for line in lines:
                client.sendall(f"kill-source-output {line.split()[0]}\n".encode())
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
        return len(lines)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline_s = time.monotonic() + START_S
        while not all(self._takes_connections(name) for name in ("pulse.socket", "cli.socket")):
            try:
                code = process.wait(0.02)
            except subprocess.TimeoutExpired:
                assert time.monotonic() < deadline_s, "pulseaudio does not listen"
            else:
                raise AssertionError(f"pulseaudio ended with {code}")

    def _takes_connections(self, name: str) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self._folder / name)) == 0


def _pcm(name: str, source: str, description: str) -> str:
    hint = f'hint {{ show on description "{description}" }}'
    return f"pcm.{name} {{ type pulse device {source} {hint} }}"
