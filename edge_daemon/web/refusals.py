"""Says in the log who was refused, however many there are."""

from __future__ import annotations

import logging
import time
from typing import Any

_LOG = logging.getLogger(__name__)

SAY_EVERY_S = 10.0


class Refusals:
    """Lets one line in `SAY_EVERY_S` through, with the number of those that were not said."""

    def __init__(self) -> None:
        self._due_s = 0.0
        self._unsaid = 0

    def tell(self, address: Any, why: str) -> None:
        """Say that a request of this address was refused."""
        now_s = time.monotonic()
        if now_s < self._due_s:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more since the last such line)" if self._unsaid else ""
        _LOG.warning("web: a request of %s was refused: %s%s", address[0], why, more)
        self._due_s, self._unsaid = now_s + SAY_EVERY_S, 0
