"""The package without what it needs."""

from __future__ import annotations

import sys

import pytest

from edge_daemon.errors import MissingDependency


def test_missing_library_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package wyoming is not installed, the message is the line that installs it."""
    for name in [n for n in sys.modules if n.startswith(("edge_daemon.wyoming", "wyoming"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wyoming", None)
    with pytest.raises(MissingDependency, match=r"pip install 'edge-daemon\[wyoming\]'"):
        import edge_daemon.wyoming  # noqa: F401
