"""scripts/count_instructions.py: what it makes of counts; the emulator itself where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))  # where the package `instructions` lies

from instructions import arm64, document  # noqa: E402
from instructions.emulator import Emulator  # noqa: E402
from instructions.machine import QEMU  # noqa: E402
from instructions.missing import Missing, tool  # noqa: E402
from instructions.stages import Cost, Part, cost_of  # noqa: E402

SCRIPT = ROOT / "scripts" / "count_instructions.py"
LISTEN = ROOT / "scripts" / "instructions" / "listen.py"
ARM64 = os.environ.get("EDGE_DAEMON_ARM64")
"""A folder that the script has made with --root."""
MARK = 900


def counts_of(gaps: list[int]) -> list[int]:
    """Return the counts at marks that each cost MARK, so much work apart, and at the end."""
    counts = list(accumulate((gap + MARK for gap in gaps), initial=10**9))
    return [*counts[1:], counts[-1] + 5]


def parts_of(hops: list[list[str]], audio_s: float) -> list[Part]:
    """Return marks of some hops, after a few empty ones and the start."""
    marks = [mark for hop in hops for mark in ["between hops", *hop]]
    return [
        Part("nothing", 0.0, 0, ["nothing"] * 5), Part("start", 0.0, 0, ["frontend"]),
        Part("lead", 1.0, 3, ["between hops", "model"]), Part("counted", audio_s, 2, marks),
    ]  # fmt: skip


def test_work_belongs_to_the_mark_that_follows_it() -> None:
    """Neither the marks' own cost, the lead, nor what lies between hops is counted."""
    parts = parts_of([["pipeline", "model"], ["pipeline", "gate"]], audio_s=0.5)
    gaps = [0] * 5 + [10**6] + [10**6, 10**6] + [777, 10, 2000, 555, 30, 40]
    cost = cost_of(parts, counts_of(gaps))
    assert cost.stages == {"pipeline": 80.0, "model": 4000.0, "gate": 80.0, "all": 4160.0}
    assert cost.n_detections == 2


@given(st.lists(st.lists(st.integers(0, 10**7), min_size=4, max_size=4), min_size=1, max_size=30))
def test_all_work_is_in_exactly_one_stage(hops: list[list[int]]) -> None:
    """Whatever the hops cost, the stages sum up to it."""
    stages = ["pipeline", "frontend", "model", "decision"]
    parts = parts_of([stages] * len(hops), audio_s=0.1 * len(hops))
    gaps = [0] * 8 + [gap for hop in hops for gap in [12345, *hop]]
    cost = cost_of(parts, counts_of(gaps))
    assert cost.total * cost.audio_s == pytest.approx(sum(map(sum, hops)))
    assert cost.total == pytest.approx(sum(cost.stages[stage] for stage in stages))


def test_marks_that_were_not_counted_are_an_error() -> None:
    """Figures of the wrong stage would be worse than none."""
    with pytest.raises(ValueError, match="11 marks were made, and 7 were counted"):
        cost_of(parts_of([["pipeline", "model"]], 0.1), counts_of([1] * 7))


def made(total: float, **versions: object) -> document.Document:
    """Return a run with one figure."""
    usual = {
        "edge_daemon": "1",
        "commit": None,
        "model": "m",
        "qemu": "7",
        "wheels": {"numpy": "2"},
    }
    return document.Document(
        schema=document.SCHEMA,
        versions=msgspec.convert({**usual, **versions}, document.Versions),
        rows=[document.row("cortex-a72", "p", "talk", [Cost(audio_s=1.0, stages={"all": total})])],
    )


def test_the_middle_run_counts_and_the_spread_is_of_all() -> None:
    """One run that went another way shows, and decides nothing."""
    runs = [Cost(audio_s=1.0, stages={"all": n}) for n in (101.0, 100.0, 150.0)]
    row = document.row("cortex-a72", "p", "talk", runs)
    assert row.cost.total == 101.0
    assert row.spread == pytest.approx(0.5)


def test_a_table_has_a_column_for_each_stage_of_any_row() -> None:
    """A stage that did not run in one of them is empty there."""
    rows = [
        document.row("cortex-a72", "p", name, [Cost(audio_s=1.0, stages=stages)])
        for name, stages in (
            ("talk", {"model": 2e6, "all": 2e6}),
            ("quiet", {"gate": 1e6, "all": 1e6}),
        )
    ]
    head, talk, quiet = (line.split() for line in document.table(rows).splitlines())
    assert head == ["processor", "program", "audio", "model", "gate", "all", "spread"]
    assert talk == ["cortex-a72", "p", "talk", "2.000", "2.000", "0.0000%"]
    assert quiet == ["cortex-a72", "p", "quiet", "1.000", "1.000", "0.0000%"]


def test_a_comparison_shows_the_change_and_what_else_changed(tmp_path: Path) -> None:
    """Another numpy may be what did it, so it is named; our own commit is what is compared."""
    path = tmp_path / "before.json"
    path.write_bytes(msgspec.json.encode(made(2e6, commit="a")))
    now = made(3e6, commit="b", wheels={"numpy": "3"})
    _, line, *notes = document.comparison(document.read(path), now).splitlines()
    assert line.split() == ["cortex-a72", "p", "talk", "2.000", "3.000", "+50.000%"]
    assert notes == ["not the same numpy: 2 before, 3 now"]


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "other", "versions": {}, "rows": []}'])
def test_what_another_program_wrote_is_not_compared(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    path = tmp_path / "before.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"before\.json"):
        document.read(path)


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a qemu the line that installs it is what one needs."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Missing, match=r"qemu-aarch64 is not installed.*apt install qemu-user"):
        tool(QEMU, "qemu-user")


def test_a_folder_without_python_is_refused(tmp_path: Path) -> None:
    """It is neither used nor written to."""
    with pytest.raises(Missing, match="no arm64 Python"):
        arm64.python_of(tmp_path)
    with pytest.raises(Missing, match="no arm64 Python"):
        arm64.add_wheels(tmp_path, ["numpy"])
    assert not list(tmp_path.iterdir())


def test_a_root_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With package sources that cannot be reached there is a message and no half of a root."""
    failing = tmp_path / "bin" / "apt-get"
    failing.parent.mkdir()
    failing.write_text("#!/bin/sh\necho 'E: no route to any source' >&2\nexit 100\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", str(failing.parent))
    with pytest.raises(Missing, match=r"no route to any source.*--root"):
        arm64.build(tmp_path / "root", [])
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_listening_marks_every_stage_of_every_hop(tmp_path: Path) -> None:
    """The program that is emulated runs here too: a second of noise after half a second of lead."""
    path = tmp_path / "noise.wav"
    samples = np.random.default_rng(0).normal(0, 1000, 25_000).astype(np.int16)
    soundfile.write(path, samples, 16000, subtype="PCM_16")
    done = subprocess.run(
        [sys.executable, str(LISTEN), "builtin:commands", "0.5", str(path)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    parts = msgspec.json.decode(done.stdout, type=list[Part])
    assert [part.name for part in parts] == ["nothing", "start", "lead", "counted"]
    counted = parts[-1]
    assert counted.audio_s == 1.0
    assert counted.marks.count("between hops") == 10
    assert counted.marks.count("pipeline") == 20
    assert {"frontend", "model", "decision"} <= set(counted.marks)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Emulator:
    """Return a Cortex-A72."""
    for name in (QEMU, "cc"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    if not ARM64:
        pytest.skip("EDGE_DAEMON_ARM64 names no root that scripts/count_instructions.py has made")
    return Emulator("cortex-a72", Path(ARM64), tmp_path_factory.mktemp("machine"))


def test_a_program_is_counted_at_its_marks_and_at_its_end(emulator: Emulator) -> None:
    """More work between marks counts more; the same work the same."""
    work = "import os\nfor n in (10, 10, 20000):\n os.getppid()\n for _ in range(n): pass\nos.getppid()"
    ran = [emulator.run(["-c", work]) for _ in range(2)]
    first, second, third = (b - a for a, b in zip(ran[1].counts, ran[1].counts[1:4], strict=False))
    assert len(ran[1].counts) == 5
    assert second == pytest.approx(first, abs=2000)
    assert third > second + 20000
    assert ran[0].counts[3] - ran[0].counts[2] == pytest.approx(third, rel=0.01)


def test_a_program_that_fails_is_reported(emulator: Emulator) -> None:
    """With the last that it said."""
    with pytest.raises(Missing, match="ValueError: no such thing"):
        emulator.run(["-c", "raise ValueError('no such thing')"])


def test_the_script_prints_the_figures_of_all_stages(emulator: Emulator, tmp_path: Path) -> None:
    """A second of each recording on one processor, as a table and as JSON."""
    assert ARM64
    out = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--root", ARM64, "--processor", "cortex-a72", "--lead", "1",
         "--seconds", "1", "--runs", "1", "--json", str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    rows = json.loads(out.read_text())["rows"]
    assert [row["recording"] for row in rows] == ["talk", "quiet"]
    stages = rows[0]["cost"]["stages"]
    assert stages["model"] > stages["frontend"] > 1e5
    assert "cortex-a72" in done.stdout
