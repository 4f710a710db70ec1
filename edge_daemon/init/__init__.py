"""A few questions, and the configuration that comes of the answers."""

from __future__ import annotations

from edge_daemon.init.interview import Interview
from edge_daemon.init.questions import Questions
from edge_daemon.init.written import as_yaml

__all__ = ["Interview", "Questions", "as_yaml"]
