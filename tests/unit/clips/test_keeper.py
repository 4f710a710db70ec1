"""ClipKeeper with a real folder, real FLAC and audio whose every sample says where it was."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.audio.files import read_clip
from edge_daemon.clips import ClipKeeper, ClipLabel, Labels, keeper
from edge_daemon.config import ClipsConfig
from edge_daemon.types import Detection, Samples

RATE_HZ = 1000
STOP_S = 60.0


def ramp(start: int, n: int) -> Samples:
    """Return the samples ``start`` … of a stream in which each one tells its place."""
    return np.arange(start, start + n).astype(np.int16)


def kept_in(folder: Path, **settings: object) -> ClipKeeper:
    """Return a keeper at a rate of 1 kHz, so that a sample is a millisecond."""
    config = {"before_s": 0.5, "after_s": 0.2, **settings}
    return ClipKeeper(ClipsConfig(path=str(folder), **config), RATE_HZ, "tiny 1")  # type: ignore[arg-type]


def feed(keeper: ClipKeeper, start: int, n: int, block: int = 100) -> None:
    """Give it so many samples of the ramp."""
    for at in range(start, start + n, block):
        samples = ramp(at, min(block, start + n - at))
        keeper.push(samples, (at + len(samples)) / RATE_HZ)


def heard(time_s: float, label: str = "yes") -> Detection:
    """Return a detection at this time of the stream."""
    return Detection(label, 0.91, time_s, after="computer")


def clips_in(folder: Path) -> list[tuple[ClipLabel, Samples]]:
    """Return the labels with their audio."""
    return [(label, read_clip(folder / label.file, RATE_HZ)) for label in Labels(folder).read()]


def test_the_audio_around_the_decision(tmp_path: Path) -> None:
    """A clip begins before the decision and ends after it, which is not where the block ends."""
    folder = tmp_path / "clips"
    keeper = kept_in(folder)
    feed(keeper, 0, 1000)
    keeper.heard(heard(0.93))
    feed(keeper, 1000, 500)
    keeper.stop(STOP_S)
    [(label, samples)] = clips_in(folder)
    assert np.array_equal(samples, ramp(430, 700))
    assert (label.label, label.after, label.score, label.model) == (
        "yes",
        "computer",
        0.91,
        "tiny 1",
    )
    assert (label.at_s, label.verdict) == (0.5, None)
    assert datetime.fromisoformat(label.time).utcoffset() == timedelta(0)
    assert (keeper.n_kept, keeper.n_lost) == (1, 0)


@settings(deadline=None, max_examples=30)
@given(
    n_before=st.integers(0, 5000),
    block=st.integers(1, 1000),
    decision=st.integers(1, 1800),
    after_ms=st.integers(0, 900),
)
def test_any_blocks_give_the_same_clip(
    n_before: int, block: int, decision: int, after_ms: int
) -> None:
    """Wherever blocks end, and wherever in a stream the keeper begins, the clip is the same."""
    cut: list[Samples] = []
    keeper = ClipKeeper(ClipsConfig(path="/nowhere", after_s=after_ms / 1000), RATE_HZ)
    keeper._hand_over = lambda clip, samples, at_s: cut.append(samples)  # type: ignore[method-assign]
    at, told = n_before, False
    while at < n_before + 3000:
        keeper.push(ramp(at, block), (at + block) / RATE_HZ)
        at += block
        if not told and at >= n_before + decision:
            keeper.heard(heard((n_before + decision) / RATE_HZ))
            told = True
    keeper.stop(STOP_S)
    first = max(n_before, n_before + decision - 2000)
    [samples] = cut
    assert np.array_equal(samples, ramp(first, n_before + decision + after_ms - first))


def test_a_stream_that_begins_anew(tmp_path: Path) -> None:
    """A clip has nothing of another stream in it, and one that was not whole by then is kept."""
    keeper = kept_in(tmp_path)
    feed(keeper, 0, 1000)
    keeper.heard(heard(1.0, "first"))
    feed(keeper, 0, 100)
    keeper.heard(heard(0.1, "second"))
    feed(keeper, 100, 400)
    keeper.stop(STOP_S)
    first, second = (samples for _, samples in clips_in(tmp_path))
    assert np.array_equal(first, ramp(500, 500))
    assert np.array_equal(second, ramp(0, 300))


def test_words_that_overlap(tmp_path: Path) -> None:
    """Each has a clip of its own, with a name of its own, also when both are told at once."""
    keeper = kept_in(tmp_path)
    feed(keeper, 0, 1000)
    keeper.heard(heard(0.9, "yes"))
    keeper.heard(heard(1.0, "no"))
    keeper.stop(STOP_S)
    labels = [label for label, _ in clips_in(tmp_path)]
    assert [label.label for label in labels] == ["yes", "no"]
    assert len({label.file.partition("Z")[0] for label in labels}) == 2


def test_names_are_safe(tmp_path: Path) -> None:
    """Whatever a model calls its words, the file lies in the folder, and the label is the word."""
    words = ["../../etc/passwd", "größe", "a b", "\n", "x" * 500]
    keeper = kept_in(tmp_path)
    feed(keeper, 0, 100)
    for word in words:
        keeper.heard(heard(0.1, word))
    feed(keeper, 100, 500)
    keeper.stop(STOP_S)
    assert [label.label for label, _ in clips_in(tmp_path)] == words
    assert {p.suffix for p in tmp_path.iterdir() if not p.name.startswith(".")} == {
        ".flac",
        ".jsonl",
    }


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    """Folder 0700, files 0600, whatever the umask is."""
    before = os.umask(0)
    try:
        keeper = kept_in(tmp_path / "clips")
        feed(keeper, 0, 500)
        keeper.heard(heard(0.3))
        keeper.stop(STOP_S)
        keeper = kept_in(tmp_path / "clips", max_age_days=1e-9)
        keeper.stop(STOP_S)
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "clips").iterdir()}
    assert stat.S_IMODE((tmp_path / "clips").stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes


def test_the_oldest_go_first(tmp_path: Path) -> None:
    """The clips never take more than they may; labels go with their clips, other files stay."""
    (tmp_path / "holiday.flac").write_bytes(bytes(200_000))
    noise = np.random.default_rng(1).integers(-32768, 32767, 60_000).astype(np.int16)
    times = iter(datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(days=n) for n in range(99))
    keeper = ClipKeeper(
        ClipsConfig(path=str(tmp_path), before_s=5.0, after_s=0.0, max_bytes=100_000),
        8000, now=lambda: next(times),
    )  # fmt: skip
    for n in range(6):
        keeper.push(noise[n * 5000 : (n + 1) * 5000], (n + 1) * 5000 / 8000)
        keeper.heard(heard((n + 1) * 5000 / 8000))
    keeper.stop(STOP_S)
    clips = sorted(tmp_path.glob("2026*.flac"))
    assert sum(p.stat().st_size for p in clips) <= 100_000
    labels = Labels(tmp_path).read()
    assert [label.file for label in labels] == [p.name for p in clips]
    assert labels
    assert (tmp_path / "holiday.flac").exists()


def test_old_clips_go_at_the_start(tmp_path: Path) -> None:
    """What is too old, and what a kill has left half written, is gone before a word is heard."""
    keeper = kept_in(tmp_path)
    feed(keeper, 0, 500)
    keeper.heard(heard(0.3, "old"))
    keeper.heard(heard(0.3, "new"))
    keeper.stop(STOP_S)
    old, new = Labels(tmp_path).read()
    long_ago = datetime.now().timestamp() - 31 * 86400
    os.utime(tmp_path / old.file, (long_ago, long_ago))
    (tmp_path / f".{old.file}.partial").write_bytes(b"half")
    kept_in(tmp_path).stop(STOP_S)
    assert [label.file for label in Labels(tmp_path).read()] == [new.file]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".labels.lock", new.file, "labels.jsonl"]


def test_a_clip_that_is_too_large_for_the_bound(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is lost with the key that would keep it; those that are there stay."""
    noise = np.random.default_rng(1).integers(-32768, 32767, 80_000).astype(np.int16)
    config = ClipsConfig(path=str(tmp_path), before_s=5.0, after_s=0.0, max_bytes=100_000)
    keeper = ClipKeeper(config, 16000)
    keeper.push(noise, 5.0)
    keeper.heard(heard(1.0))
    keeper.heard(heard(5.0))
    keeper.stop(STOP_S)
    assert (keeper.n_kept, keeper.n_lost) == (1, 1)
    assert "raise clips.max_bytes" in caplog.text


def test_a_false_alarm_marks_the_newest(tmp_path: Path) -> None:
    """The clip of the newest word is marked, also before it is written; none is when it is lost."""
    keeper = kept_in(tmp_path)
    keeper.mark_false()
    feed(keeper, 0, 500)
    keeper.heard(heard(0.3, "first"))
    keeper.heard(heard(0.5, "second"))
    keeper.mark_false()
    feed(keeper, 500, 500)
    keeper.stop(STOP_S)
    assert [label.verdict for label, _ in clips_in(tmp_path)] == [None, "false"]


def test_a_false_alarm_after_the_clip_was_written(tmp_path: Path) -> None:
    """Its line is changed."""
    keeper = kept_in(tmp_path)
    feed(keeper, 0, 900)
    keeper.heard(heard(0.5))
    keeper.mark_false()
    keeper.stop(STOP_S)
    [(label, _)] = clips_in(tmp_path)
    assert label.verdict == "false"


class StuckDisk:
    """Stands in for the folder: a disk that does not answer until it is let go."""

    def __init__(self, keeper: ClipKeeper) -> None:
        self.go_on = threading.Event()
        keep = keeper._folder.keep

        def wait(samples: Samples, label: ClipLabel, now_s: float) -> None:
            self.go_on.wait(STOP_S)
            keep(samples, label, now_s)

        keeper._folder.keep = wait  # type: ignore[method-assign]


def test_a_disk_that_hangs_holds_up_nothing(tmp_path: Path) -> None:
    """Words go on being taken; what finds no room in the queue is counted as lost."""
    kept = kept_in(tmp_path)
    disk = StuckDisk(kept)
    feed(kept, 0, 1000)
    n = 3 * keeper.QUEUE
    for _ in range(n):
        kept.heard(heard(0.8))
    kept.stop(0.0)
    assert n - keeper.QUEUE - 1 <= kept.n_lost < n
    disk.go_on.set()
    kept._thread.join(STOP_S)
    assert kept.n_kept + kept.n_lost == n


def make_nothing(folder: Path) -> None:
    """A file is where the folder should be."""
    folder.write_text("no folder")


def leave_no_parent(folder: Path) -> None:
    """The folder's own folder is not there."""
    folder.parent.rmdir()


@pytest.mark.parametrize("spoil", [make_nothing, leave_no_parent])
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], None]
) -> None:
    """One warning for all clips, each of them counted; once it works, that is said, too."""
    folder = tmp_path / "disk" / "clips"
    folder.parent.mkdir()
    spoil(folder)
    kept = kept_in(folder)
    feed(kept, 0, 1000)
    for _ in range(5):
        kept.heard(heard(0.8))
    done = threading.Event()
    kept._put(done.set)
    assert done.wait(STOP_S)
    warnings = [r for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 1
    assert f"none can be kept in {folder}" in caplog.text
    assert kept.n_lost == 5
    folder.unlink(missing_ok=True)
    folder.parent.mkdir(exist_ok=True)
    caplog.set_level("INFO")
    kept.heard(heard(0.8))
    kept.stop(STOP_S)
    assert kept.n_kept == 1
    assert "kept again; 5 were lost so far" in caplog.text


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the label finds no room, its clip goes too."""

    def full(self: Labels, label: ClipLabel) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Labels, "add", full)
    kept = kept_in(tmp_path)
    feed(kept, 0, 1000)
    kept.heard(heard(0.8))
    kept.stop(STOP_S)
    assert kept.n_lost == 1
    assert list(tmp_path.glob("*.flac")) == []


def test_soundfile_is_loaded_with_the_first_clip() -> None:
    """A keeper that has kept nothing weighs next to nothing."""
    code = (
        "import sys, tempfile; from edge_daemon.clips import ClipKeeper;"
        "from edge_daemon.config import ClipsConfig;"
        "k = ClipKeeper(ClipsConfig(path=tempfile.mkdtemp()), 16000); k.stop(60);"
        "sys.exit('soundfile' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
