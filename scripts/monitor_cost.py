"""Measure what `edge-daemon monitor` costs the daemon that it looks at.

The demo clip is heard again and again, at the pace of a microphone. In each round the daemon runs
for so long without a follower and with one, in turn; what counts is its own CPU time, start and end
left out.

    python scripts/monitor_cost.py
    python scripts/monitor_cost.py --seconds 60 --rounds 10
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "config" / "demo.flac"
_COMMAND = (sys.executable, "-m", "edge_daemon")
_SETTLES_S = 3.0
"""After the start, and after a follower has come."""
_TICKS_HZ = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print a line for each round and one for all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=25.0, help="of each run (default: 25)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = _config(Path(folder), 2 * _SETTLES_S + arguments.seconds + 5.0)
        differences = []
        for i in range(arguments.rounds):
            alone, followed = (_share(config, arguments.seconds, x) for x in (False, True))
            differences.append(followed - alone)
            print(
                f"round {i + 1}: {100 * alone:.2f} % of a core alone, "
                f"{100 * followed:.2f} % with the monitor",
                flush=True,
            )
    print(
        f"the monitor costs the daemon {100 * statistics.mean(differences):.2f} % of a core "
        f"(lowest {100 * min(differences):.2f}, highest {100 * max(differences):.2f}; "
        f"{arguments.rounds} rounds of {arguments.seconds:g} s)"
    )


def _config(folder: Path, seconds: float) -> Path:
    """Write a configuration that hears the demo for so long, and no figures of which cost CPU."""
    samples, rate_hz = soundfile.read(DEMO, dtype="int16")
    n_times = int(seconds * rate_hz / len(samples)) + 1
    soundfile.write(folder / "long.wav", np.tile(samples, n_times), rate_hz)
    path = folder / "config.yaml"
    path.write_text(
        "audio: {source: 'wav:long.wav', pace: realtime}\n"
        "control: {path: control.sock}\ntelemetry: {interval_s: 0, sensors_s: 0}\n"
    )
    return path


def _share(config: Path, seconds: float, is_followed: bool) -> float:
    """Return the CPU time of a daemon in this time, as a share of a core."""
    daemon = _start("run", config)
    follower = None
    try:
        time.sleep(_SETTLES_S)
        follower = _start("monitor", config) if is_followed else None
        time.sleep(_SETTLES_S)
        before_s, began_s = _cpu_s(daemon.pid), time.monotonic()
        time.sleep(seconds)
        return (_cpu_s(daemon.pid) - before_s) / (time.monotonic() - began_s)
    finally:
        for process in (follower, daemon):
            if process is not None:
                process.terminate()
                process.wait()


def _start(command: str, config: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*_COMMAND, command, "--config", config],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _cpu_s(pid: int) -> float:
    """Return user and system time of all threads of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_HZ


if __name__ == "__main__":
    main()
