"""scripts/soak.py: what it demands, that it notices what is wrong, and a short one."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.command_line import GIVE_UP_S, ROOT
from tests.integration.sound_server import missing_parts

sys.path.insert(0, str(ROOT / "scripts"))  # where the package `soaking` lies

from soaking.fast import soak_fast
from soaking.live import soak_live
from soaking.part import Accounts, Fault, Limits, Part, broken
from soaking.sound import audio
from soaking.trend import growth, slope
from soaking.watch import Sample

LIMITS = Limits(slope_mib_per_h=0.5)
SHORT = Limits(slope_mib_per_h=6.0)
"""In minutes of audio the memory has hardly settled."""
UNSETTLED = Limits(slope_mib_per_h=1e6, growth=20)
"""In seconds it has not."""
SHORT_HOURS = 1 / 3
SEED = 7

_INJECTED = """
from edge_daemon.pipeline import Pipeline
before, kept = Pipeline.process, []
def process(self, block):
    kept.append(None)
    {what}
    return before(self, block)
Pipeline.process = process
from edge_daemon.__main__ import main
main()
"""
LEAK = "kept[-1] = bytes(1024)"
LOST_BLOCK = "if len(kept) == 1000: return []"
HANG = "if len(kept) == 1000: import os; os.abort()"


def part(**changes: object) -> Part:
    """Return what a soak without a fault has seen, with these changes."""
    samples = [Sample(hours=i / 100, rss_mib=64.0, n_threads=3, n_fds=4) for i in range(100)]
    good = Part(
        name="fast",
        hours=1.0,
        seconds=30.0,
        warm_up_hours=0.2,
        exit_code=0,
        accounts=Accounts(captured=100, processed=90, dropped=10, played=100, is_all=True),
        n_heard=1,
        samples=samples,
    )
    return msgspec.structs.replace(good, **changes)


def grown(**per_hour: float) -> list[Sample]:
    """Return looks at a process that grows by so much an hour."""
    rates = {"rss_mib": 0.0, "n_threads": 0.0, "n_fds": 0.0, **per_hour}
    return [
        Sample(
            hours=i / 100,
            rss_mib=64 + rates["rss_mib"] * i / 100,
            n_threads=3 + int(rates["n_threads"] * i / 100),
            n_fds=4 + int(rates["n_fds"] * i / 100),
        )
        for i in range(100)
    ]


def fault(**changes: object) -> Fault:
    """Return a fault that was survived, with these changes."""
    survived = Fault(
        at_s=1.0, name="unplugged", did="", recovered_s=0.5, word="go", heard=["go"],
        dropped_samples=0,
    )  # fmt: skip
    return msgspec.structs.replace(survived, **changes)


def accounts(captured: int, processed: int, dropped: int, played: int) -> Accounts:
    """Return the accounts of a source that waits for the daemon."""
    return Accounts(
        captured=captured, processed=processed, dropped=dropped, played=played, is_all=True
    )


def test_nothing_is_broken_where_nothing_is_wrong() -> None:
    """Flat memory, all samples accounted for, each word heard: no limit is broken."""
    assert broken(part(faults=[fault()]), LIMITS) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"samples": grown(rss_mib=1.0)}, "memory grows by 1.00 MiB an hour, 0.5 are allowed"),
        ({"samples": grown(n_threads=2.5)}, "1 threads more at the end"),
        ({"samples": grown(n_fds=50)}, "descriptors more at the end"),
        ({"samples": []}, "only 0 looks at it"),
        ({"accounts": accounts(100, 90, 9, 100)}, "1 samples came in and were neither"),
        ({"accounts": accounts(100, 90, 11, 100)}, "-1 samples came in and were neither"),
        ({"accounts": accounts(99, 89, 10, 100)}, "100 samples were played, 99 captured"),
        ({"accounts": accounts(101, 91, 10, 100)}, "100 samples were played, 101 captured"),
        ({"exit_code": -6}, "exit code -6"),
        ({"problems": ["it hangs"]}, "it hangs"),
        ({"faults": [fault(recovered_s=None)]}, "no recovery from unplugged"),
        ({"faults": [fault(heard=[])]}, "'go' was said after unplugged () at 1 s, heard nothing"),
        ({"faults": [fault(heard=["go", "go"])]}, "heard ['go', 'go']"),
    ],
)
def test_each_limit_is_noticed(changes: dict[str, object], says: str) -> None:
    """One thing that is wrong is one line, which names it."""
    [line] = broken(part(**changes), LIMITS)
    assert line.startswith("fast: ")
    assert says in line


@given(
    per_hour=st.floats(-100, 100),
    outliers=st.lists(st.integers(0, 59), max_size=12, unique=True),
    size=st.floats(-1000, 1000),
)
def test_a_slope_is_found_among_outliers(
    per_hour: float, outliers: Sequence[int], size: float
) -> None:
    """A fifth of the values may be anything: the slope stays between those of the rest."""
    hours = [i / 60 for i in range(60)]
    values = [50 + per_hour * x for x in hours]
    for i in outliers:
        values[i] += size
    if not outliers:
        assert slope(hours, values) == pytest.approx(per_hour, abs=1e-6)
    spread = abs(size) / (hours[-1] / 4)
    assert abs(slope(hours, values) - per_hour) <= spread + 1e-6


@given(st.lists(st.integers(0, 100)), st.integers(0, 50))
def test_what_is_given_back_is_no_growth(values: list[int], more: int) -> None:
    """What comes and goes counts for nothing; what stays, in full."""
    assert growth([*values, *values, *values]) == 0
    if values:
        assert growth([*values, *values, *(v + more for v in values)]) == more


@pytest.mark.heavy
def test_a_short_soak_breaks_no_limit(tmp_path: Path) -> None:
    """Twenty minutes of audio at full speed: every sample processed, memory settled, words heard."""
    seen = soak_fast(tmp_path, audio(SEED, SHORT_HOURS), SHORT_HOURS)
    assert broken(seen, SHORT) == []
    assert seen.accounts.played == round(SHORT_HOURS * 3600 * 16000)
    assert seen.n_heard > 100


@pytest.mark.heavy
def test_some_faults_in_real_time_break_no_limit(tmp_path: Path) -> None:
    """Three faults drawn by lot: each is recovered from, and its first word heard, once."""
    if (missing := missing_parts()) is not None:
        pytest.skip(f"no virtual microphone: {missing}")
    seen = soak_live(tmp_path, SEED, 0.3, print)
    assert broken(seen, UNSETTLED) == [], "\n".join(seen.log[-60:])
    assert len(seen.faults) > 2


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("what", "says"),
    [(LEAK, "memory grows by"), (LOST_BLOCK, "neither processed nor dropped"), (HANG, "-6")],
)
def test_a_daemon_with_a_mistake_is_noticed(tmp_path: Path, what: str, says: str) -> None:
    """A kilobyte kept of each block, one block not worked on, an abort: each breaks a limit."""
    program = (sys.executable, "-c", _INJECTED.format(what=what), "run")
    hours = SHORT_HOURS / 2
    seen = soak_fast(tmp_path, audio(SEED, hours), hours, program)
    assert says in "\n".join(broken(seen, SHORT))


@pytest.mark.heavy
def test_it_ends_what_it_started_when_it_is_stopped() -> None:
    """Ctrl-C ends the daemon and is exit code 130."""
    command = [sys.executable, "scripts/soak.py", "--fast-hours", "1000", "--minutes", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as soak:
        children = Path(f"/proc/{soak.pid}/task/{soak.pid}/children")
        while not (started := children.read_text().split()):
            assert soak.poll() is None
        daemon = os.pidfd_open(int(started[0]))
        soak.send_signal(signal.SIGINT)
        assert soak.wait(60) == 130
    ended, _, _ = select.select([daemon], [], [], GIVE_UP_S)
    os.close(daemon)
    assert ended
