"""What is done to the daemon: each breaks something, mends it, and says what it did."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
from collections.abc import Callable

from soaking.stage import Stage
from tests.integration.starved import Starved

LONGEST_OUTAGE_S = 6.0
SHORT_STALL_S = 0.4
"""Less than what counts as a loss."""
_BAD_CONFIGS = (
    "audio: {source: 'mic:'}\n",
    "decision: {threshold: 7}\n",
    "model: {path: /does/not/exist.onnx}\n",
    "actions: [{say: xylophone, log: {}}]\n",
    "audio: [\n",
    "",
)
_GARBAGE = (
    b"\n",
    b"{",
    b'{"do": "dance"}\n',
    b"\xff\xfe\n",
    b"[" * 3000 + b"\n",
    b'{"do": "status"}',
)


def unplugged(stage: Stage) -> str:
    """Pull the microphone, and plug it in as any card."""
    _away(stage, stage.microphone.unplug)
    return f"back as {stage.plug(is_new_card=False)}"


def replaced(stage: Stage) -> str:
    """Pull the microphone, and plug in another one, of another rate."""
    _away(stage, stage.microphone.unplug)
    return f"by {stage.plug()}"


def stalled(stage: Stage) -> str:
    """Let no sample come, without an error, until it counts as lost."""
    _away(stage, stage.microphone.stall)
    stage.microphone.resume()
    return "goes on"


def stalled_and_replaced(stage: Stage) -> str:
    """Let no sample come, then put another microphone in the place of the one that hangs."""
    _away(stage, stage.microphone.stall)
    stage.microphone.unplug()
    return f"by {stage.plug()}"


def stalled_shortly(stage: Stage) -> str:
    """Let no sample come for less than what counts as a loss."""
    stage.microphone.stall()
    stage.pause(0.1, SHORT_STALL_S)
    stage.microphone.resume()
    return "goes on before it counts as lost"


def server_killed(stage: Stage) -> str:
    """Kill the sound server, and start another one."""
    _away(stage, stage.microphone.kill_server)
    stage.microphone.server.start()
    return f"started again, with {stage.plug()}"


def stream_ended(stage: Stage) -> str:
    """End PortAudio's stream in the server."""
    mark = stage.service.mark()
    n = stage.microphone.server.end_recordings()
    stage.lost(mark)
    return f"{n} stream"


def muted(stage: Stage) -> str:
    """Let zeros come, until it is reported, and some more."""
    mark = stage.service.mark()
    stage.microphone.mute()
    stage.service.status("muted? ", mark)
    stage.pause(0.0, LONGEST_OUTAGE_S)
    stage.microphone.unmute()
    return "reported"


def reloaded(stage: Stage) -> str:
    """Give it another configuration."""
    stage.write_config()
    _reload(stage, "the configuration was read again")
    return "another configuration is in force"


def reload_refused(stage: Stage) -> str:
    """Give it a bad configuration: the one before stays, and is put back."""
    good = stage.config.read_text()
    bad = stage.rng.choice(_BAD_CONFIGS)
    if bad:
        stage.config.write_text(bad)
    else:
        stage.config.unlink()
    try:
        _reload(stage, "the configuration on disk is refused")
    finally:
        stage.config.write_text(good)
    return repr(bad) if bad else "no file"


def reloaded_while_unplugged(stage: Stage) -> str:
    """Give it another configuration while it has no microphone."""
    mark = stage.service.mark()
    stage.microphone.unplug()
    stage.lost(mark)
    stage.write_config()
    _reload(stage, "the configuration was read again")
    return f"then {stage.plug()}"


def asked(stage: Stage) -> str:
    """Ask it all kinds of things, sensible and not; some hang up, one reads no answer."""
    n = stage.rng.randrange(5, 30)
    for _ in range(n):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(stage.folder / "control.sock"))
            client.sendall(stage.rng.choice(_GARBAGE))
            client.sendall(b'\n{"do": "status"}\n')
            if stage.rng.random() < 0.7:
                answers = client.makefile("rb")
                while not json.loads(answers.readline())["ok"]:
                    pass
    return f"{n} times"


def starved(stage: Stage) -> str:
    """Give it next to no CPU time for some seconds."""
    share = stage.rng.choice([0.02, 0.005, 0.002])
    with Starved(stage.service.pid, share):
        stage.pause(1.0, 5.0)
    return f"{100 * share:g} % of the CPU"


def stopped(stage: Stage) -> str:
    """Stop it altogether, and let it go on."""
    os.kill(stage.service.pid, signal.SIGSTOP)
    try:
        stage.pause(0.5, 4.0)
    finally:
        os.kill(stage.service.pid, signal.SIGCONT)
    return "and continued"


def no_space(stage: Stage) -> str:
    """Let no file of its grow, as on a full disk; a word is said meanwhile."""
    pid, unlimited = stage.service.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        _, heard = stage.say()
        stage.pause(2.0, LONGEST_OUTAGE_S)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    return f"meanwhile heard {heard}"


FAULTS: tuple[Callable[[Stage], str], ...] = (
    unplugged, replaced, stalled, stalled_and_replaced, stalled_shortly, server_killed,
    stream_ended, muted, reloaded, reload_refused, reloaded_while_unplugged, asked, starved,
    stopped, no_space,
)  # fmt: skip


def _away(stage: Stage, fault: Callable[[], object]) -> None:
    mark = stage.service.mark()
    fault()
    stage.lost(mark)
    stage.pause(0.0, LONGEST_OUTAGE_S)


def _reload(stage: Stage, outcome: str) -> None:
    mark = stage.service.mark()
    os.kill(stage.service.pid, signal.SIGHUP)
    stage.service.wait_for(outcome, mark, where="log")
    stage.service.wait_for("READY=1", mark, where="systemd")
