"""Our words as a wake-word service of the Wyoming protocol, in place of wyoming-openwakeword.

Home Assistant and its satellites send audio, each client gets a pipeline of its own, and is told
when a word was said. A process of its own: the daemon never loads this.
"""

from __future__ import annotations

from edge_daemon.errors import MissingDependency

try:
    import wyoming as wyoming
except ImportError as error:
    raise MissingDependency(
        f"wyoming, which speaks the protocol of that name, cannot be loaded ({error}); "
        "run: pip install 'edge-daemon[wyoming]'"
    ) from None
