"""For what a verdict holds, and for what it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_daemon.config import QuantizeConfig
from edge_daemon.processor import cpu_model
from edge_daemon.replacement.question import Question, fingerprint, question_about
from tests.tiny_models import WINDOW_SPEC, loudness, write_model

QUESTION = Question(
    model="aa", runtime="onnxruntime 1", cpu="x", version="1",
    max_accuracy_loss=1.0, min_compression=2.0, min_speedup=1.0, data="d",
)  # fmt: skip


@pytest.mark.parametrize("field", ["model", "runtime", "cpu"])
def test_another_model_runtime_or_cpu_is_kept_apart(field: str) -> None:
    """Each has a verdict of its own."""
    assert replace(QUESTION, **{field: "other"}).key != QUESTION.key


@pytest.mark.parametrize(
    "changes", [{"version": "2"}, {"max_accuracy_loss": 0.5}, {"min_speedup": 2.0}, {"data": "e"}]
)
def test_a_verdict_under_other_terms_does_not_hold(changes: dict[str, object]) -> None:
    """Other limits, other data, or another quantizer: it is judged anew, in the same place."""
    other = replace(QUESTION, **changes)
    assert other.key == QUESTION.key
    assert not other.is_answered_by(QUESTION)
    assert QUESTION.is_answered_by(QUESTION)


def test_a_verdict_outlives_its_data() -> None:
    """Who takes the clips away keeps what they have shown, but nothing else is forgiven."""
    without = replace(QUESTION, data=None)
    assert without.is_answered_by(QUESTION)
    assert not replace(without, min_compression=3.0).is_answered_by(QUESTION)


def test_a_question_is_about_the_content(tmp_path: Path) -> None:
    """The same content under another name is the same model, other weights are another one."""
    a = write_model(tmp_path / "a.onnx")
    b = write_model(tmp_path / "b.onnx")
    matrix, bias = loudness(WINDOW_SPEC)
    c = write_model(tmp_path / "c.onnx", weights=(2 * matrix, bias))
    first, second, third = (question_about(p, QuantizeConfig(), tmp_path) for p in (a, b, c))
    assert first.key == second.key != third.key


def test_a_new_clip_is_other_data(tmp_path: Path) -> None:
    """A clip more in the folder of a word shows."""
    word = tmp_path / "yes"
    word.mkdir()
    os.utime(word, (1, 1))
    before = fingerprint(tmp_path)
    assert before == fingerprint(tmp_path)
    (word / "a.wav").write_bytes(b"")
    assert fingerprint(tmp_path) != before


def test_a_file_that_was_replaced_is_other_data(tmp_path: Path) -> None:
    """Another size or another time."""
    path = tmp_path / "clips.tar"
    path.write_bytes(b"a")
    before = fingerprint(path)
    path.write_bytes(b"ab")
    assert fingerprint(path) != before


def test_data_that_is_not_there_has_no_fingerprint(tmp_path: Path) -> None:
    """Neither has what no file can be called."""
    assert fingerprint(tmp_path / "none") is None
    assert fingerprint(Path("x" * 5000)) is None


def test_the_cpu_is_told_on_x86_and_on_arm(tmp_path: Path) -> None:
    """The kinds of cores, each once, whatever else the kernel says."""
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: Some CPU\nMHz : 1\n\nmodel name\t: Some CPU\nMHz : 2\n")
    assert cpu_model(info).endswith(", model name Some CPU")
    info.write_text("CPU implementer : 0x41\nCPU part : 0xd08\nCPU part : 0xd05\nRevision : 3\n")
    assert cpu_model(info).endswith(", CPU implementer 0x41, CPU part 0xd05, CPU part 0xd08")


def test_a_cpu_that_is_not_told_is_its_architecture(tmp_path: Path) -> None:
    """Without /proc/cpuinfo."""
    assert cpu_model(tmp_path / "none") == os.uname().machine
