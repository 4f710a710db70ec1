"""Events as a daemon would tell them."""

from __future__ import annotations

from typing import Any

from edge_daemon.events import Heard, Live, State

NOW = 1_700_000_000.0
WORDS = ["yes", "no", "up", "down"]


def state(at: float = NOW, **others: Any) -> State:
    """Return how a daemon is that listens, but for what is said otherwise."""
    told = {
        "condition": "listening", "text": "listening; nothing heard yet", "source": "usbmic",
        "model": "commands", "words": WORDS, "muted": False, "muted_left_s": None,
        "thresholds": dict.fromkeys(WORDS, 0.5), "last": None,
    }  # fmt: skip
    return State(at=at, **{**told, **others})


def live(at: float = NOW, latency_ms: float = 2.0, **scores: float) -> Live:
    """Return a block with these scores."""
    return Live(
        at=at, level_dbfs=-30.0, floor_dbfs=-60.0, is_open=True, latency_ms=latency_ms, mel="",
        n_mels=40, scores={**dict.fromkeys(WORDS, 0.0), **scores},
    )  # fmt: skip


def heard(label: str = "yes", at: float = NOW, **others: Any) -> Heard:
    """Return a word."""
    return Heard(
        **{"label": label, "score": 0.9, "time_s": 1.0, "at": at, "latency_ms": 2.0, **others}
    )
