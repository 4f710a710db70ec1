"""Measures what the daemon costs: share of a core, memory, start-up, and each stage.

    .venv/bin/python scripts/benchmark.py

Whole processes of `edge-daemon replay` on ten minutes of audio and on a tenth of a second, in
turn; the short ones are the start-up, the difference is the listening. Figures are CPU time and
peak memory of the process as the kernel counts them, medians of the runs. They run without
PYTHONDONTWRITEBYTECODE, as an installed daemon does: where it is set, every start may compile all
that it imports, which doubles or triples the figure. Only the standard library is imported here,
so that no memory of this process is counted to the others.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "config" / "demo.flac"
LONG_S, SHORT_S = 600.0, 0.1

MAKE_AUDIO = """
import sys, numpy, soundfile
source, target, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
audio, rate = soundfile.read(source, dtype="int16")
soundfile.write(target, numpy.resize(audio, int(seconds * rate)), rate)
"""

STAGES = """
import sys, time, numpy, soundfile
from edge_daemon.pipeline import Pipeline
audio = numpy.resize(soundfile.read(sys.argv[1], dtype="int16")[0], 300 * 16000)
spent = {}
class CpuTimer:
    def start(self): self.last = time.process_time()
    def lap(self, stage):
        now = time.process_time()
        spent[stage] = spent.get(stage, 0.0) + now - self.last
        self.last = now
from edge_daemon.config import Config
from edge_daemon.model import load_model
config = Config()
pipeline = Pipeline(config, load_model(config.model, config.runtime), CpuTimer())
pipeline.process(audio[:160000]); spent.clear()
pipeline.process(audio)
for stage, seconds in spent.items():
    print(f"  {stage:9} {1000 * seconds / 300:6.3f} ms of CPU per second of audio")
"""


class Cost(NamedTuple):
    """What one process took."""

    cpu_s: float
    peak_rss_mib: float


def cost_of(command: list[str]) -> Cost:
    """Run a command to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit status {status}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def environment() -> dict[str, str]:
    """Return what the processes run in; the first of them writes the byte code for the others."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def replay(path: Path) -> list[str]:
    """Return the command that replays a file."""
    return [sys.executable, "-m", "edge_daemon", "replay", str(path)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--audio", type=Path, default=DEMO, help="repeated to ten minutes")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        long, short = Path(folder, "long.wav"), Path(folder, "short.wav")
        for path, seconds in ((long, LONG_S), (short, SHORT_S)):
            make = [sys.executable, "-c", MAKE_AUDIO, str(args.audio), str(path), str(seconds)]
            subprocess.run(make, check=True)
        cost_of(replay(short))  # fills the caches of the disk and of Python
        pairs = [(cost_of(replay(long)), cost_of(replay(short))) for _ in range(args.runs)]
    listening = statistics.median(100 * (a.cpu_s - b.cpu_s) / LONG_S for a, b in pairs)
    start = statistics.median(b.cpu_s for _, b in pairs)
    peak = statistics.median(a.peak_rss_mib for a, _ in pairs)
    print(f"replay of {LONG_S:.0f} s, medians of {args.runs} processes")
    print(f"  listening {listening:6.2f} % of one core")
    print(f"  start     {start:6.2f} s of CPU, interpreter and imports included")
    print(f"  peak RSS  {peak:6.1f} MiB")
    print("stages, in one process", flush=True)
    subprocess.run([sys.executable, "-c", STAGES, str(args.audio)], check=True, env=environment())


if __name__ == "__main__":
    main()
