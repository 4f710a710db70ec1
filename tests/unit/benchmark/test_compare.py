"""Two results held to each other, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_daemon.benchmark.compare import Compared, compare
from edge_daemon.benchmark.document import Document
from edge_daemon.benchmark.output import Output, as_json, read_document
from edge_daemon.benchmark.settings import Settings
from edge_daemon.errors import EdgeDaemonError
from tests.unit.benchmark.results import document, judged, latency, measured, row


def by_figure(a: Document, b: Document) -> dict[str, Compared]:
    """Return what is said of the one pair of two results."""
    [pair] = compare(a, b).pairs
    return {each.figure: each for each in pair.compared}


def test_the_same_twice_is_within_noise() -> None:
    """Nothing is called a difference."""
    found = by_figure(document(), document())
    assert {each.within_noise for each in found.values()} == {True}
    assert {"model_p50_ms", "pipeline_p95_ms", "listening_cpu_percent", "start_cpu_s",
            "peak_rss_bytes", "model_bytes"} <= found.keys()  # fmt: skip
    assert compare(document(), document()).remarks == []


def test_a_difference_is_told_with_its_ratio() -> None:
    """Twice as slow is 2, and no noise; what did not change stays within it."""
    found = by_figure(document(), document(row(p50_ms=1.0)))
    assert found["pipeline_p50_ms"].b_by_a is not None
    assert found["pipeline_p50_ms"].b_by_a.value == pytest.approx(2.0)
    assert found["pipeline_p50_ms"].within_noise is False
    assert found["peak_rss_bytes"].within_noise is True


def test_a_difference_inside_the_intervals_is_noise() -> None:
    """Two percent more, each known to two percent."""
    assert by_figure(document(), document(row(p50_ms=0.51)))["pipeline_p50_ms"].within_noise


def test_rounds_that_are_apart_are_noise() -> None:
    """A machine that was half as fast again in one round may be so in another run."""
    steady = latency(0.5)
    moving = replace(steady, p50_of_rounds_ms=[0.45, 0.5, 0.75])
    faster = document(row(pipeline_latency=latency(0.7)))
    first, second = (document(row(pipeline_latency=each)) for each in (steady, moving))
    assert by_figure(first, faster)["pipeline_p50_ms"].within_noise is False
    assert by_figure(second, faster)["pipeline_p50_ms"].within_noise is True


def test_accuracy_is_compared_where_both_have_it() -> None:
    """A figure that one of them lacks is not shown."""
    with_accuracy = document(row(accuracy=judged(0.9)))
    assert "accuracy" not in by_figure(document(), with_accuracy)
    assert "accuracy" in by_figure(with_accuracy, with_accuracy)


def test_rows_are_matched_by_name() -> None:
    """What is in one result only is named; refused rows are in none."""
    a = document(row("one"), row("two"), row("refused", model_latency=None, pipeline_latency=None,
                                             process=None, model_bytes=None))  # fmt: skip
    found = compare(a, document(row("two"), row("three")))
    assert [(pair.a, pair.b) for pair in found.pairs] == [("two", "two")]
    assert found.remarks == ["only in A: one", "only in B: three"]


def test_one_row_each_are_compared_whatever_their_names() -> None:
    """Such as the CPU of one board and the GPU of another."""
    [pair] = compare(document(row("cpu")), document(row("cuda"))).pairs
    assert (pair.a, pair.b) == ("cpu", "cuda")


def test_what_else_differs_is_told() -> None:
    """Another board, audio, version, commit, and a run that was stopped."""
    first = document()
    second = document(
        board=replace_board(first), audio=replace(first.audio, sha256="1" * 64), complete=False,
        versions={"python": "3.12.0"}, commit="1" * 40,
    )  # fmt: skip
    said = " ".join(compare(first, second).remarks)
    for part in ("B was stopped", "not the same board", "audio", "code", "python"):
        assert part in said


def test_what_auto_came_to_is_told() -> None:
    """The CPU of one run is not held to the GPU of another without a word, nor clips to others."""
    first = document(row("commands, auto, 1 thread"), data="clips")
    other = row("commands, auto, 1 thread", obtained_provider="cuda", model_file="fp16.onnx")
    second = document(other, data="clips", settings=Settings(limit=100))
    said = " ".join(compare(first, second).remarks)
    for part in ("A cpu, B cuda", "B fp16.onnx", "A clips, all, B clips, 100 at most"):
        assert part in said


def replace_board(of: Document) -> object:
    """Return the board under another name."""
    from dataclasses import replace as with_fields

    return with_fields(of.board, model="another board")


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Nothing is lost in the file."""
    made = document(row(accuracy=judged(0.9), energy=None), commit=None)
    output = Output(tmp_path / "a.b")
    output.write_json(made)
    assert output.json_path == tmp_path / "a.b.json"
    assert read_document(output.json_path) == made


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no result"),
        ("{}", "no result"),
        ("[1]", "no result"),
        ("not json", "no result"),
        ("[" * 100_000, "no result"),
        ('{"kind": "something else", "schema_version": 1}', "no result"),
        ('{"kind": "edge-daemon benchmark", "schema_version": 99}', "schema version 99"),
        ('{"kind": "edge-daemon benchmark", "schema_version": 1}', "damaged"),
        ('{"kind": "edge-daemon benchmark", "schema_version": 1, "rows": 3}', "damaged"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, content: str, says: str) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(EdgeDaemonError, match=says) as caught:
        read_document(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Or is a folder, or is binary."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(EdgeDaemonError, match="cannot be read"):
            read_document(path)
    binary = tmp_path / "b.json"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(EdgeDaemonError, match="no result"):
        read_document(binary)


def test_units_end_the_names() -> None:
    """Every number of a row that has a unit says which."""
    made = json.loads(as_json(document(row(accuracy=judged(0.9)))))["rows"][0]
    units = ("_ms", "_s", "_bytes", "_percent", "_second", "_factor")
    odd = [
        key
        for part in (made, made["process"], made["model_latency"])
        for key, value in part.items()
        if (isinstance(value, float) or (isinstance(value, dict) and "value" in value))
        and not key.endswith(units)
    ]
    assert odd == []
    assert measured(1.0).interval == "95 %"
