"""ProcessMeter on the real /proc and on files that look like it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_daemon.telemetry import ProcessMeter


def test_real_process() -> None:
    """The test's own process has a resident size of some MiB and a peak at least about as high."""
    usage = ProcessMeter().read()
    assert usage.rss_bytes is not None
    assert usage.peak_rss_bytes is not None
    assert 2**20 < usage.rss_bytes < 1.1 * usage.peak_rss_bytes
    assert usage.cpu_s > 0


def test_figures_of_proc(tmp_path: Path) -> None:
    """Sizes are taken from statm in pages and from status in KiB."""
    (tmp_path / "statm").write_text("5000 1000 300 1 0 400 0\n")
    (tmp_path / "status").write_text("Name:\tedge\nVmHWM:\t    4321 kB\nVmRSS:\t 4000 kB\n")
    usage = ProcessMeter(tmp_path).read()
    assert usage.rss_bytes == 1000 * os.sysconf("SC_PAGE_SIZE")
    assert usage.peak_rss_bytes == 4321 * 1024


@pytest.mark.parametrize("text", [None, "", "garbage", "VmHWM: x\n1 y"])
def test_unreadable_is_none(tmp_path: Path, text: str | None) -> None:
    """What cannot be read or understood is None, not 0."""
    if text is not None:
        (tmp_path / "statm").write_text(text)
        (tmp_path / "status").write_text(text)
    usage = ProcessMeter(tmp_path).read()
    assert usage.rss_bytes is None
    assert usage.peak_rss_bytes is None


def test_cpu_share_of_run_and_interval() -> None:
    """CPU time is set against the whole run and against the time since the last reading."""
    clock, cpu = iter([0.0, 10.0, 20.0, 20.0]), iter([1.0, 2.0, 7.0, 7.0])
    meter = ProcessMeter(clock=lambda: next(clock), cpu_clock=lambda: next(cpu))
    first, second, third = meter.read(), meter.read(), meter.read()
    assert (first.cpu_share, first.cpu_share_interval) == (0.1, 0.1)
    assert (second.cpu_share, second.cpu_share_interval) == (0.3, 0.5)
    assert third.cpu_share_interval == 0.0  # no time has passed
