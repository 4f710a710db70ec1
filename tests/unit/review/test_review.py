"""Judging clips and exporting them, with real files."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge_daemon.clips import ClipLabel, Labels, Verdict
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate import ClipFolder
from edge_daemon.review import Judging, Walk, export
from edge_daemon.review.export import OTHERS, folder_of, word_of
from edge_daemon.review.keys import Order
from edge_daemon.review.playing import play
from tests.tone_words import tone_word
from tests.unit.clips.labelled import label

RATE_HZ = 16000
A, R, S, Q = (Order(do) for do in ("accept", "reject", "skip", "quit"))


def write(folder: Path, *labels: ClipLabel) -> Judging:
    """Write clips of two and a half seconds, each with a word that ends 0.2 s before the decision."""
    for n, x in enumerate(labels):
        Labels(folder).add(x)
        spoken = tone_word("low", seed=n)
        samples = np.zeros(40_000, np.int16)
        end = round((x.at_s - 0.2) * RATE_HZ)
        samples[end - len(spoken) : end] = spoken
        soundfile.write(folder / x.file, samples, RATE_HZ)
    return Judging(folder)


def walk(judging: Judging, *orders: Order, player: Sequence[str] = ("true",)) -> str:
    """Give these orders and return what was shown on a terminal of 80 columns."""
    shown = io.StringIO()
    given = iter(orders)
    console = Console(file=shown, width=80, force_terminal=False)
    Walk(judging, player, console, lambda: next(given)).run()
    return shown.getvalue()


def verdicts(judging: Judging) -> list[Verdict | None]:
    """Return what was judged, in order of time."""
    return [label.verdict for label in judging.labels()]


def test_each_verdict_is_written_at_once(tmp_path: Path) -> None:
    """What was judged before the walk was ended stays, and the next walk begins behind it."""
    judging = write(tmp_path, *(label(n) for n in range(5)), label(5, verdict="false"))
    shown = walk(judging, A, R, S, Order("relabel", "left"), Q)
    assert "5 clips to judge" in shown
    assert "1 accepted, 1 rejected, 1 skipped, 1 relabelled" in shown
    assert verdicts(judging) == ["accepted", "rejected", None, "accepted", None, "false"]
    assert [x.said for x in judging.labels()] == [None, None, None, "left", None, None]
    assert "2 clips to judge" in walk(judging, A, A)


def test_it_fits_a_small_terminal(tmp_path: Path) -> None:
    """No line is wrapped at 80 columns, and the decision is marked."""
    x = msgspec.structs.replace(label(0), after="computer", model="commands-large 1.2")
    lines = (shown := walk(write(tmp_path, x), A)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-4].endswith("2.5 s"), "what was one line is one still"
    assert "▁|▁" in shown
    assert "[1 of 1]  computer … yes  score 0.90" in shown


def test_what_is_no_order_changes_nothing(tmp_path: Path) -> None:
    """The keys are shown again; relabelling needs a word."""
    judging = write(tmp_path, label(0))
    shown = walk(judging, Order("unknown"), Order("relabel"), Order("relabel", "x" * 65), Q)
    assert shown.count("p play") == 2
    assert shown.count("l takes a word") == 2
    assert verdicts(judging) == [None]


def test_the_player_is_given_a_wav(tmp_path: Path) -> None:
    """A clip is FLAC, which aplay does not read; what it is given is gone afterwards."""
    code = (
        "import json, sys, wave; f = wave.open(sys.argv[2]);"
        "json.dump([sys.argv[1:], f.getnframes(), f.getframerate()], open(sys.argv[1], 'w'))"
    )
    told = tmp_path / "told.json"
    judging = write(tmp_path, label(0))
    player = [sys.executable, "-c", code, str(told)]
    assert "  played" in walk(judging, Order("play"), A, player=player)
    (_, path), n_frames, rate_hz = json.loads(told.read_text())
    assert (n_frames, rate_hz) == (40_000, RATE_HZ)
    assert not os.path.exists(path)


@pytest.mark.parametrize(
    ("player", "problem"),
    [
        (["no-such-player"], "no-such-player: no such program"),
        (["sh", "-c", "echo no card >&2; exit 3"], "sh exited with 3: no card"),
        (["false"], "false exited with 1: no reason"),
    ],
)
def test_a_player_that_does_not_play(player: list[str], problem: str) -> None:
    """The reason is told, and the walk goes on."""
    assert problem in (play(np.zeros(100, np.int16), player) or "")


def test_a_clip_that_the_daemon_has_removed(tmp_path: Path) -> None:
    """It is passed over with its reason; a verdict on one that goes meanwhile harms nothing."""
    judging = write(tmp_path, label(0), label(1))
    (tmp_path / label(0).file).unlink()
    assert "no such file" in walk(judging, A)
    assert verdicts(judging) == [None, "accepted"]
    gone = judging.labels()[0]
    Labels(tmp_path).change(lambda x: None if x.file == gone.file else x)
    judging.judge(gone, "rejected")
    assert verdicts(judging) == ["accepted"]


def test_a_folder_without_clips(tmp_path: Path) -> None:
    """The message says what makes clips come."""
    with pytest.raises(EdgeDaemonError, match=r"no clips: .*clips\.path"):
        Judging(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_root_leaves_the_files_to_the_daemon(tmp_path: Path) -> None:
    """After `sudo edge-daemon review` the daemon can still write its labels."""
    judging = write(tmp_path, label(0))
    for path in (tmp_path, *tmp_path.iterdir()):
        os.chown(path, 12345, 12345)
    tmp_path.chmod(0o700)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    judging.judge(label(0), "accepted")
    owners = {path.stat().st_uid for path in tmp_path.iterdir()}
    assert owners == {12345}
    assert verdicts(judging) == ["accepted"]
    assert os.geteuid() == 0


def test_the_export_is_speech_commands(tmp_path: Path) -> None:
    """A second of 16-bit audio at 16 kHz each, by label; what is not judged stays out."""
    judging = write(
        tmp_path,
        label(0, verdict="accepted"), label(1, verdict="rejected"), label(2, verdict="false"),
        label(3), label(4, verdict="accepted", said="turn off"),
    )  # fmt: skip
    done = export(judging, tmp_path / "out", "home")
    assert done.n_of == {"yes": 1, OTHERS: 2, "turn_off": 1}
    assert done.n_unjudged == 1
    names = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.wav"))
    assert names == [
        "_unknown_/home_nohash_20260301120100000.wav",
        "_unknown_/home_nohash_20260301120200000.wav",
        "turn_off/home_nohash_20260301120400000.wav",
        "yes/home_nohash_20260301120000000.wav",
    ]
    for clip in ClipFolder(tmp_path / "out"):
        info = soundfile.info(str(clip.file))
        assert (info.frames, info.samplerate, info.subtype) == (RATE_HZ, RATE_HZ, "PCM_16")


def test_an_export_follows_the_verdicts(tmp_path: Path) -> None:
    """Exported again after another verdict, a clip is not in two folders; the bytes are the same."""
    judging = write(tmp_path, label(0, verdict="accepted"), label(1, verdict="accepted"))
    export(judging, tmp_path / "out", "home")
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*.wav")}
    judging.judge(label(1), "rejected")
    export(judging, tmp_path / "out", "home")
    after = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*.wav")}
    assert sorted(p.parent.name for p in after) == [OTHERS, "yes"]
    same = set(before) & set(after)
    assert len(same) == 1
    assert all(before[p] == after[p] for p in same)


def test_the_word_is_in_the_middle() -> None:
    """The word before the decision is taken, and not a louder one before it."""
    samples = np.zeros(40_000, np.int16)
    wake, word = tone_word("high", 0.5, level=9000), tone_word("low", 0.4)
    samples[4000 : 4000 + len(wake)] = wake
    samples[22_000 : 22_000 + len(word)] = word
    cut = word_of(samples, label(0))
    first, last = np.flatnonzero(np.abs(cut.astype(int)) > 500)[[0, -1]]
    assert abs((first + last) // 2 - 8000) < 400
    assert last - first < 7000


@given(st.integers(0, 60_000), st.floats(0, 12, allow_nan=False))
def test_whatever_the_clip_a_second_comes_out(n: int, at_s: float) -> None:
    """A clip that is too short is filled up with silence, wherever its label says the word is."""
    samples = np.full(n, 100, np.int16)
    x = ClipLabel(
        file=label(0).file, label="a", after=None, score=1.0, time="", model="", at_s=at_s
    )
    cut = word_of(samples, x)
    assert cut.shape == (RATE_HZ,)
    assert cut.dtype == np.int16


@given(st.text(min_size=1))
def test_no_label_leaves_the_folder(word: str) -> None:
    """A word becomes the name of a folder below the export, whatever it is."""
    x = label(0, verdict="accepted", said=word)
    name = folder_of(x)
    assert Path("out", name).name == name
    assert name not in (".", "..", "_background_noise_")
