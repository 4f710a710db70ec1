"""Verdicts on disk: whole or not at all, and never taken on trust."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.model.digest import sha256_of
from edge_daemon.replacement.question import Question
from edge_daemon.replacement.store import KEPT, Store, Verdict, Workplace
from edge_daemon.state import state_directory
from tests.unit.replacement.test_question import QUESTION


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store in a state directory that is not there yet."""
    return Store(tmp_path / "state")


def accept(store: Store, question: object = QUESTION, content: bytes = b"small") -> Verdict:
    """Store a smaller model."""
    assert isinstance(question, type(QUESTION))
    work = store.begin(question)
    work.model.write_bytes(content)
    verdict = Verdict(question=question, because="it is", model=sha256_of(work.model))
    store.publish(work, verdict)
    store.came_to_an_end(question)
    work.close()
    return verdict


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(p.name for p in folder.iterdir())


def test_without_a_verdict_there_is_none(store: Store) -> None:
    """And nothing is made to find that out."""
    assert store.verdict(QUESTION) is None
    assert not store.folder.exists()


def test_a_verdict_is_found_again(store: Store) -> None:
    """By another daemon, with its model."""
    verdict = accept(store)
    again = Store(store.folder.parent)
    assert again.verdict(QUESTION) == verdict
    assert again.model(QUESTION).read_bytes() == b"small"


def test_nothing_else_is_left(store: Store) -> None:
    """Caches and logs of the work are gone; the reports stay."""
    work = store.begin(QUESTION)
    for name in ("model.onnx", "model.report.html", "log.txt", "tmp123"):
        (work.folder / name).write_text("x")
    (work.folder / "cache").mkdir()
    (work.folder / "link").symlink_to(store.folder)
    store.publish(work, Verdict(question=QUESTION, because="slow", model=None))
    store.came_to_an_end(QUESTION)
    work.close()
    assert names(store.folder) == [QUESTION.key]
    assert names(store.folder / QUESTION.key) == ["model.report.html", "verdict.json"]


def test_a_new_verdict_takes_the_place_of_an_old_one(store: Store) -> None:
    """Under other terms, for the same model."""
    accept(store)
    stricter = replace(QUESTION, min_speedup=9.0)
    assert store.verdict(stricter) is None
    verdict = accept(store, stricter, b"other")
    assert store.verdict(stricter) == verdict
    assert store.verdict(QUESTION) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"question": 1}', b"\xff"])
def test_a_damaged_verdict_is_said_to_be(store: Store, content: bytes) -> None:
    """With the name of the file."""
    accept(store)
    path = store.folder / QUESTION.key / "verdict.json"
    path.write_bytes(content)
    with pytest.raises(EdgeDaemonError, match=str(path)):
        store.verdict(QUESTION)


def test_a_verdict_with_any_bit_wrong_is_none_or_says_the_same(store: Store) -> None:
    """Of a damaged one at most the words differ that tell what was gained."""
    verdict = accept(store)
    path = store.folder / QUESTION.key / "verdict.json"
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with contextlib.suppress(EdgeDaemonError):
            found = store.verdict(QUESTION)
            assert found is None or found.model == verdict.model


@pytest.mark.parametrize("content", [b"", b"smal", b"smell"])
def test_a_model_that_was_changed_is_not_served(store: Store, content: bytes) -> None:
    """Cut off, or with one byte wrong."""
    accept(store)
    store.model(QUESTION).write_bytes(content)
    with pytest.raises(EdgeDaemonError, match="not the file that was stored"):
        store.verdict(QUESTION)


def test_a_model_that_is_gone_is_an_error(store: Store) -> None:
    """Of the kind that the daemon expects."""
    accept(store)
    store.model(QUESTION).unlink()
    with pytest.raises(EdgeDaemonError, match="No such file"):
        store.verdict(QUESTION)


def test_two_daemons_do_not_work_on_one_model(store: Store) -> None:
    """The second one is told so, and may begin when the first has ended."""
    work = store.begin(QUESTION)
    with pytest.raises(EdgeDaemonError, match="another daemon"):
        Store(store.folder.parent).begin(QUESTION)
    work.close()
    store.begin(QUESTION).close()


def test_what_a_killed_daemon_left_is_removed(store: Store) -> None:
    """Its lock went with it."""
    folder = store.folder / f"{QUESTION.key}.work"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_text("half")
    work = store.begin(QUESTION)
    assert names(work.folder) == []
    work.close()


def another_question(n: int) -> Question:
    """Return a question about another model, as after an update."""
    return replace(QUESTION, model=f"{n:064x}")


def test_what_was_left_of_other_questions_is_removed_too(store: Store) -> None:
    """Whoever updates model or daemon after a kill does not keep the old work for ever."""
    for n in range(KEPT + 3):
        os.close(store.begin(another_question(n))._lock)  # as the end of a process does
    work = store.begin(QUESTION)
    assert [n for n in names(store.folder) if n.endswith(".work")] == [work.folder.name]
    assert len([n for n in names(store.folder) if n.endswith(".attempts")]) == KEPT
    work.close()


def test_the_work_of_another_daemon_stays(store: Store) -> None:
    """It asks another question, and holds its lock."""
    other = store.begin(another_question(1))
    (other.folder / "model.onnx").write_text("half")
    store.begin(QUESTION).close()
    assert names(other.folder) == ["model.onnx"]
    other.close()


def test_a_clock_that_was_set_back_spares_the_newest_verdict(store: Store) -> None:
    """What has just been stored is not the one to be forgotten, whatever its date."""
    for n in range(KEPT):
        accept(store, another_question(n))
        os.utime(store.folder / another_question(n).key / "verdict.json", (2**33, 2**33))
    verdict = accept(store)
    assert store.verdict(QUESTION) == verdict
    assert len(names(store.folder)) == KEPT


def test_what_is_closed_is_not_the_next_ones_work(store: Store) -> None:
    """After a verdict the folder's name is free, and whoever has taken it keeps it."""
    first = store.begin(QUESTION)
    store.publish(first, Verdict(question=QUESTION, because="slow", model=None))
    second = store.begin(QUESTION)
    second.model.write_text("x")
    first.close()
    assert names(second.folder) == ["model.onnx"]
    second.close()


def test_after_three_attempts_that_were_cut_short_there_is_no_fourth(store: Store) -> None:
    """A machine that runs out of memory does not do so at every start for ever."""
    for _ in range(3):
        store.begin(QUESTION).close()
    path = store.folder / f"{QUESTION.key}.attempts"
    with pytest.raises(EdgeDaemonError, match=f"cut short.* remove {path}"):
        store.begin(QUESTION)
    path.unlink()
    store.begin(QUESTION).close()


def test_attempts_that_came_to_an_end_do_not_count(store: Store) -> None:
    """Whatever came out."""
    for _ in range(5):
        work: Workplace = store.begin(QUESTION)
        store.came_to_an_end(QUESTION)
        work.close()


def test_the_oldest_verdicts_give_way(store: Store) -> None:
    """A disk is not filled by models that nobody serves any more."""
    questions = [replace(QUESTION, model=str(i)) for i in range(KEPT + 1)]
    for i, question in enumerate(questions):
        accept(store, question)
        if i < KEPT:
            os.utime(store.folder / question.key / "verdict.json", (i, i))
    assert [store.verdict(q) is not None for q in questions] == [False] + KEPT * [True]


def test_where_nothing_can_be_written_it_is_an_error_of_the_system(tmp_path: Path) -> None:
    """A file where the folder should be stands for all of these."""
    (tmp_path / "state").write_text("")
    with pytest.raises(OSError, match="state"):
        Store(tmp_path / "state").begin(QUESTION)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/edge-daemon"}, "/var/lib/edge-daemon"),
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"),
        ({"XDG_STATE_HOME": "/x"}, "/x/edge-daemon"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/edge-daemon"),
        ({"HOME": "/h"}, "/h/.local/state/edge-daemon"),
    ],
)
def test_where_the_state_is(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str
) -> None:
    """The folder of the service, else the user's."""
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert state_directory() == Path(expected)
