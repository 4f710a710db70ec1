"""What all peers share: a recording heard in hops, with its costs in one line of JSON.

Only the standard library is imported, so that the memory is the peer's.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import wave
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

RATE_HZ = 16000
LEAD_S = 1
"""Silence that is heard before the recording; it belongs to the start."""


class Peer(Protocol):
    """Another program that hears words in a stream."""

    hop: int
    """Samples that it is given at a time."""

    def describe(self) -> dict[str, Any]:
        """Return ``name``, ``version`` and ``words``."""

    def load(self) -> None:
        """Get ready to hear; costs of this belong to the start."""

    def hear(self, samples: bytes) -> set[str]:
        """Return the words that are over their threshold after these samples, 16 bit, mono."""


class Heard:
    """What hearing a recording took."""

    def __init__(self, n_hops: int) -> None:
        self.latencies_ms = array("d", bytes(8 * n_hops))
        self.n_detections = 0
        self.cpu_s = 0.0


def main(make: Callable[[argparse.Namespace], Peer], parser: argparse.ArgumentParser) -> None:
    """Describe the peer or let it hear, as the command line says.

    parser : with the options of this peer; those that all have are added
    """
    parser.add_argument("audio", nargs="?", type=Path, help="WAV, 16 kHz, 16 bit, mono")
    parser.add_argument("--describe", action="store_true", help="what this is, as JSON")
    parser.add_argument("--pace", choices=["fast", "realtime"], default="fast")
    args = parser.parse_args()
    if not args.describe and args.audio is None:
        parser.error("say which AUDIO to hear, or --describe")
    peer = make(args)
    try:
        found = peer.describe() if args.describe else measure(peer, args.audio, args.pace)
    except ImportError as error:
        parser.exit(1, f"{sys.executable}: {error}; the head of {sys.argv[0]} says how to get it\n")
    except (OSError, EOFError, wave.Error) as error:
        parser.exit(1, f"{args.audio}: cannot be read: {error or 'it ends too early'}\n")
    print(json.dumps(found), flush=True)


def measure(peer: Peer, path: Path, pace: str) -> dict[str, Any]:
    """Let a peer hear a recording, and return what that took."""
    with wave.open(str(path)) as audio:
        form = audio.getframerate(), audio.getsampwidth(), audio.getnchannels()
        if form != (RATE_HZ, 2, 1):
            raise SystemExit(f"{path}: 16 kHz, 16 bit, mono is wanted, found {form}")
        peer.load()
        for _ in range(math.ceil(LEAD_S * RATE_HZ / peer.hop)):
            peer.hear(bytes(2 * peer.hop))
        n_hops = audio.getnframes() // peer.hop
        if not n_hops:
            raise SystemExit(f"{path}: shorter than one hop of {peer.hop} samples")
        start_cpu_s = time.process_time()
        heard = _listen(peer, audio, n_hops, pace)
    return {
        "audio_s": n_hops * peer.hop / RATE_HZ,
        "cpu_s": heard.cpu_s,
        "start_cpu_s": start_cpu_s,
        "peak_rss_bytes": _peak_rss_bytes(),
        "hop_ms": 1000 * peer.hop / RATE_HZ,
        "latency_ms": summary(heard.latencies_ms),
        "detections": heard.n_detections,
    }


def _listen(peer: Peer, audio: wave.Wave_read, n_hops: int, pace: str) -> Heard:
    """Hear hop after hop; at real-time pace none before it could have been recorded."""
    heard = Heard(n_hops)
    over: set[str] = set()
    cpu_s, began_s = time.process_time(), time.monotonic()
    for number in range(n_hops):
        samples = audio.readframes(peer.hop)
        if pace == "realtime":
            due_s = began_s + (number + 1) * peer.hop / RATE_HZ
            time.sleep(max(0.0, due_s - time.monotonic()))
        before_ns = time.perf_counter_ns()
        now = peer.hear(samples)
        heard.latencies_ms[number] = 1e-6 * (time.perf_counter_ns() - before_ns)
        heard.n_detections += len(now - over)
        over = now
    heard.cpu_s = time.process_time() - cpu_s
    return heard


def summary(values: array[float]) -> dict[str, float]:
    """Return percentiles; between two values as numpy has them, which ours come from."""
    shares, ordered = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}, sorted(values)
    return {key: _quantile(ordered, share) for key, share in shares.items()}


def _quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _peak_rss_bytes() -> int | None:
    """Return the peak of this program; rusage would have that of the one that started it, too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
