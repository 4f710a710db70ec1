"""Measures the gate before the model: words it loses, CPU it saves.

    python scripts/held_out.py --speech ../shared/speech --part testing --out build/testing
    python scripts/measure_gate.py words --part build/testing
    python scripts/measure_gate.py cpu --speech ../shared/speech
    python scripts/measure_gate.py rooms --speech ../shared/speech

`words` hears every stream twice, with the gate and without. `cpu` runs whole processes, with the
gate and without in turn, on an hour of steady noise (rain of ESC-10; the tap, the bicycle and the
coloured noise of Speech Commands), and takes the start-up off. `rooms` tells how much is
skipped in each kind of noise. Loops of one recording, level swinging by 3 dB.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from edge_daemon.config import Config
from gate.rooms import recordings_of, shares_skipped, write_rooms
from gate.words import compare

STEADY = {
    "noise_esc10.tar": ("_Rain/1-",),
    "speech_commands_training.tar": ("pink_noise", "white_noise", "running_tap", "exercise_bike"),
}
"""What a quiet hour is made of."""
KINDS = ("Rain", "Sea", "Fire", "Clock", "Helicopter", "Chainsaw")
LONG, SHORT = "long.wav", "short.wav"
START_S = 20.0
"""Length of the audio whose cost is taken off: the gate is closed by its end."""


def words(args: argparse.Namespace) -> None:
    """Print a line for each stream."""
    decision = Config().decision
    if args.alone:
        decision = replace(decision, wake_words=[], isolate_ms=300)
    print(f"{'stream':58} {'hours':>5} {'said':>5} heard without/with  lost  new  points  skipped")
    for x in compare(args.part, args.snr, decision, args.margin_db):
        print(
            f"{x.name:58} {x.hours:5.2f} {x.n_said:5} {x.n_heard[0]:7} / {x.n_heard[1]:<7} "
            f"{x.n_lost:5} {x.n_new:4} {x.lost_points:7.2f} {100 * x.skipped_share:6.1f} %",
            flush=True,
        )


def cpu(args: argparse.Namespace) -> None:
    """Print the CPU time of whole processes, and the share saved."""
    steady = [
        recording
        for archive, names in STEADY.items()
        for recording in recordings_of(args.speech / archive, names).values()
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for gate in ("false", "true"):
            (folder / f"{gate}.yaml").write_text(f"activity: {{gate: {gate}}}\n")
        for dbfs in args.dbfs:
            for pace, seconds in (("fast", args.seconds), ("realtime", args.realtime)):
                if seconds <= START_S:
                    continue
                write_rooms(steady[:1], START_S, dbfs, folder / SHORT)
                write_rooms(steady if pace == "fast" else steady[:1], seconds, dbfs, folder / LONG)
                print(f"{dbfs:g} dBFS, {pace}, {seconds:g} s: ", end="", flush=True)
                _print_cpu(folder, pace, seconds - START_S, args.repeat)


def _print_cpu(folder: Path, pace: str, seconds: float, n_runs: int) -> None:
    """Compare the runs, with the gate and without in turn; ``seconds`` are those beyond START_S."""
    spent_ms: dict[str, list[float]] = {"false": [], "true": []}
    for _ in range(n_runs):
        for gate, found in spent_ms.items():
            config = folder / f"{gate}.yaml"
            listening_s = _cpu_s(config, folder / LONG, pace) - _cpu_s(config, folder / SHORT, pace)
            found.append(1000.0 * listening_s / seconds)
    without, with_gate = (statistics.median(found) for found in spent_ms.values())
    print(
        f"{without:.2f} ms of CPU a second without the gate, {with_gate:.2f} with it: "
        f"{100 * (1 - with_gate / without):.0f} % less",
        flush=True,
    )


def _cpu_s(config: Path, audio: Path, pace: str) -> float:
    """Return the CPU time of one process from its start to its end."""
    command = ["run", "--config", str(config), "--source", f"wav:{audio}", "--pace", pace]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "edge_daemon", *command],
        check=True, capture_output=True, env=os.environ,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rooms(args: argparse.Namespace) -> None:
    """Print how much is skipped in each recording, and the median of each kind."""
    for kind in KINDS:
        recordings = recordings_of(args.speech / "noise_esc10.tar", [f"_{kind}"])
        shares = [100 * share for _, share in shares_skipped(recordings, args.dbfs[0])]
        low, middle, high = statistics.quantiles(shares, n=4)
        print(f"{kind:12} {len(shares):3} recordings: {middle:5.1f} % of the hops skipped "
              f"(quartiles {low:.1f} to {high:.1f})", flush=True)  # fmt: skip


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    said = commands.add_parser("words")
    said.add_argument("--part", type=Path, required=True)
    said.add_argument("--snr", type=float, nargs="*", default=[10.0, 5.0])
    said.add_argument("--margin-db", type=float, default=Config().activity.margin_db)
    said.add_argument("--alone", action="store_true", help="every word alone, with a pause")
    said.set_defaults(measure=words)
    for name, measure in (("cpu", cpu), ("rooms", rooms)):
        quiet = commands.add_parser(name)
        quiet.add_argument("--speech", type=Path, default=Path("../shared/speech"))
        quiet.add_argument("--dbfs", type=float, nargs="+", default=[-60.0, -45.0])
        quiet.add_argument("--seconds", type=float, default=3600.0)
        quiet.add_argument("--realtime", type=float, default=60.0 + START_S)
        quiet.add_argument("--repeat", type=int, default=3)
        quiet.set_defaults(measure=measure)
    args = parser.parse_args()
    args.measure(args)


if __name__ == "__main__":
    main()
