"""Soak the real daemon: hours of audio at full speed, then minutes in real time, with faults.

    python scripts/soak.py --seed 1 --fast-hours 6 --minutes 20 -o build/soak.json

The fast part writes speech, noise and quiet into a FIFO as fast as the daemon takes them. The
real-time part plays to a microphone that PortAudio really opens (Debian's pulseaudio,
pulseaudio-utils, libasound2-plugins) and breaks one thing after the other, drawn by lot; after each
return the first word has to be heard. Memory, threads and open files are watched from outside, and
every sample is to be accounted for. Exit code 1 when a limit is broken. Needs the extra `test`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where the package `tests` lies

from edge_daemon import __version__
from edge_daemon.cli.arguments import EXIT_START_AGAIN
from edge_daemon.outputs import must_be_writable
from soaking.fast import soak_fast
from soaking.live import soak_live
from soaking.part import Limits, Part, broken
from soaking.report import as_json, summary
from soaking.sound import audio
from tests.integration.sound_server import missing_parts

FAST_SLOPE = 0.5
LIVE_SLOPE = 6.0
"""MiB an hour. Twenty minutes of faults tell a leak from memory that settles no better."""


def main() -> int:
    """Run the parts that are asked for, print the table, write the report."""
    args = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's `&` has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # nohup's; the daemon would inherit it
        signal.signal(signal.SIGHUP, lambda *_: None)
    if args.output:
        must_be_writable(args.output)
    limits = {
        "fast": Limits(slope_mib_per_h=args.fast_slope),
        "live": Limits(slope_mib_per_h=args.live_slope),
    }
    parts: list[Part] = []
    problems: list[str] = []
    for part in _parts(args):
        parts.append(part)
        problems += broken(part, limits[part.name])
        print("\n".join(summary(part)), flush=True)
        if args.output:
            args.output.write_bytes(as_json(parts, args.seed, __version__, problems))
    print("\n".join(f"BROKEN: {problem}" for problem in problems) or "all limits are kept")
    return 1 if problems else 0


def _parts(args: argparse.Namespace) -> Iterator[Part]:
    """Run the parts, the one in real time anew where the daemon asks to be started afresh."""
    if args.fast_hours:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            turns = audio(args.seed, args.fast_hours, args.speech)
            yield soak_fast(Path(folder), turns, args.fast_hours)
    seed, left_minutes = args.seed, args.minutes
    while left_minutes > 0:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            part = soak_live(Path(folder), seed, left_minutes, partial(print, flush=True))
        yield part
        is_afresh = part.exit_code == EXIT_START_AGAIN
        seed, left_minutes = seed + 1, left_minutes - part.seconds / 60 if is_afresh else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="the same faults in the same order")
    parser.add_argument(
        "--fast-hours", type=float, default=6.0, metavar="H", help="of audio; 0: no fast part"
    )
    parser.add_argument(
        "--minutes", type=float, default=20.0, metavar="M", help="in real time; 0: no such part"
    )
    parser.add_argument(
        "--speech",
        type=Path,
        metavar="FOLDER",
        help="recordings as of make_mixed_audio.py; default: the demo clip and made noise",
    )
    parser.add_argument(
        "--fast-slope",
        type=float,
        default=FAST_SLOPE,
        metavar="MIB",
        help="most growth of the memory in an hour of audio (default: %(default)s)",
    )
    parser.add_argument(
        "--live-slope",
        type=float,
        default=LIVE_SLOPE,
        metavar="MIB",
        help="most growth of the memory in an hour among faults (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="JSON",
        help="the report, with every look and every fault",
    )
    args = parser.parse_args()
    if args.minutes and (missing := missing_parts()):
        parser.error(f"the part in real time has no virtual microphone: {missing}; or --minutes 0")
    return args


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
