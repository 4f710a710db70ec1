"""A page to look at, served by the daemon itself; loaded only with ``web.listen``."""

from __future__ import annotations

from edge_daemon.web.connection import WebConnection

__all__ = ["WebConnection"]
