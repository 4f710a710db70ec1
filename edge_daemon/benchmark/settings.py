"""How much is measured."""

from __future__ import annotations

from msgspec import Struct

QUICK_S = 3.0
USUAL_S = 24.0
_LEAST_POWERED_S = 2.0
"""Two readings at least."""


class Settings(Struct, frozen=True, kw_only=True):
    """How much is measured; times are of each combination of model, provider and threads."""

    n_rounds: int = 4
    """Each has a share of everything."""
    listening_s: float = USUAL_S
    """Audio heard at real-time pace, over all rounds."""
    fast_s: float = 60.0
    """Audio heard as fast as it goes, in each round."""
    latency_s: float = 12.0
    """Time for inferences in turns, over all rounds; more while `interval` is not reached."""
    most_latency_s: float = 36.0
    interval: float = 0.02
    """Inferences are timed until the 95 % interval of each median reaches no further than this."""
    n_calls: int = 10
    """Timed calls of a block; the one before them is not timed."""
    n_warm_up: int = 20
    seed: int = 1
    """Of the order in each round, and of the choice of clips."""
    limit: int | None = None
    """Clips at most for the accuracy."""

    @property
    def window_s(self) -> float:
        """Audio heard at real-time pace in one round."""
        return self.listening_s / self.n_rounds

    @property
    def powered_s(self) -> float:
        """Length of each span whose power is measured, idle ones too."""
        return max(_LEAST_POWERED_S, self.window_s)

    @property
    def latency_share_s(self) -> float:
        """Time for inferences in turns in one round."""
        return self.latency_s / self.n_rounds


def settings_for(
    seconds: float | None = None, *, quick: bool = False, limit: int | None = None
) -> Settings:
    """Return how much a usual or a quick run measures.

    seconds : of listening at real-time pace for each combination, over all rounds
    """
    if not quick:
        return Settings(listening_s=seconds or USUAL_S, limit=limit)
    return Settings(
        n_rounds=3, listening_s=seconds or QUICK_S, fast_s=10.0, latency_s=2.0,
        most_latency_s=2.0, n_warm_up=10, limit=limit,
    )  # fmt: skip
