"""``edge-daemon evaluate`` in running audio, and its pictures, as users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image

from edge_daemon.cli import main
from tests.integration.command_line import ROOT, assert_one_complaint, edge_daemon, json_lines
from tests.tone_words import WAKING_SPEC, write_clips, write_recording, write_tone_model

SPEECH = Path(os.environ.get("EDGE_DAEMON_SPEECH", ROOT / ".." / "shared" / "speech"))

Call = Callable[..., "subprocess.CompletedProcess[str]"]
Record = dict[str, Any]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = int(str(ended.code))
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(list(arguments), code, out, err)

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose wake word is `low`, clips, wake words apart, noise, and two kinds of talk."""
    path = tmp_path_factory.mktemp("stream")
    write_tone_model(path / "tones.onnx", WAKING_SPEC)
    write_clips(path / "words", {"high": 5, "mid": 2, "_silence_": 0})
    write_clips(path / "wake", {"low": 3})
    write_recording(path / "noise" / "fan.wav", level=300, seconds=5)
    write_recording(path / "talk" / "1.wav", ["high", "mid", "low", "high"], seconds=20)
    write_recording(path / "music" / "a" / "b.flac", seconds=10)
    return path


def arguments(folder: Path, *more: str | Path) -> list[str | Path]:
    """Return a whole command."""
    return [
        "evaluate", "--stream", "--model", folder / "tones.onnx", "--data", folder / "words",
        "--data", folder / "wake", "--negatives", folder / "talk", "--negatives", folder / "music",
        *more,
    ]  # fmt: skip


def test_everything_as_json(folder: Path, tmp_path: Path) -> None:
    """One object has clips, conditions, negatives, curves, and what they were made with."""
    done = edge_daemon(
        *arguments(folder, "--noise", folder / "noise", "--snr", "clean,45", "--seed", "7"),
        "--json", "--plots", tmp_path / "plots",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    [record] = json_lines(done.stdout)
    assert record["accuracy"] == 8 / 10  # `mid` is silence to this model
    stream = record["stream"]
    assert stream["seed"] == 7
    assert stream["modes"]["after"] == {"high": ["low"]}
    assert [c["snr_db"] for c in stream["conditions"]] == [None, 45.0]
    for condition in stream["conditions"]:
        assert condition["words"]["all"]["recall"] == 1.0
        assert condition["words"]["all"]["said"] == 5
        assert condition["wake_words"]["all"]["recall"] == 1.0
    negatives = {n["name"]: n for n in stream["negatives"]}
    assert set(negatives) == {"other words", "talk", "music", "noise"}
    assert negatives["talk"]["words"]["each"] == {"high": 1}  # the one after the wake word
    assert negatives["talk"]["wake_words"]["each"] == {"low": 1}
    assert negatives["music"]["words"]["false_accepts"] == 0
    assert negatives["music"]["hours"] == pytest.approx(10 / 3600)
    assert {c["mode"] for c in stream["det"]} == {"after", "wake"}
    assert_pictures(tmp_path / "plots", "confusion", "recall", "delay", "det")


def assert_pictures(folder: Path, *names: str) -> None:
    """Hold a folder to these pictures, each of which shows something."""
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{n}.png" for n in names)
    for path in folder.iterdir():
        pixels = image.imread(path)
        assert min(pixels.shape[:2]) > 300
        assert 0.005 < np.mean(pixels[..., :3].min(axis=2) < 0.9) < 0.9


def test_everything_as_tables(folder: Path, call: Call) -> None:
    """How words were said, what was heard at each ratio, and false accepts by stream."""
    done = call(*arguments(folder, "--noise", folder / "noise"))
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "accuracy 0.8000 on 10 clips", "tones 1 in running audio, seed 1: 1 word 0.1 to 1 s after "
        "low", "clean", "10 dB", "5 dB", "low before a word", "low alone", "other words", "talk",
        "music", "noise", "at most", "3/H an hour",
    ):  # fmt: skip
        assert part in done.stdout


def test_the_same_seed_gives_the_same(folder: Path, call: Call) -> None:
    """Nothing but the speed differs between two runs."""
    records = [json.loads(call(*arguments(folder, "--json")).stdout) for _ in range(2)]
    for record in records:
        record.pop("clips_per_s")
    assert records[0] == records[1]


def test_the_configuration_is_what_is_measured(folder: Path, tmp_path: Path, call: Call) -> None:
    """Words alone, with a pause, as the file has it; its model is taken, too."""
    config = tmp_path / "config.yaml"
    config.write_text(
        f"model: {{path: {folder / 'tones.onnx'}}}\n"
        "decision: {wake_words: [], isolate_ms: 300, threshold: 0.6}\n"
    )
    done = call(
        "evaluate", "--stream", "--config", config, "--data", folder / "words", "--json"
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    stream = json.loads(done.stdout)["stream"]
    assert stream["modes"]["alone"] == {"low": 300, "high": 300}
    assert stream["modes"]["thresholds"] == {"low": 0.6, "high": 0.6}
    assert stream["conditions"][0]["words"]["all"]["delay_ms"]["p50"] >= 300


def test_a_configuration_that_does_not_fit(folder: Path, tmp_path: Path, call: Call) -> None:
    """It is named, as everywhere."""
    config = tmp_path / "config.yaml"
    config.write_text("decision: {wake_words: [computer]}\n")
    done = call(*arguments(folder, "--config", config))
    assert_one_complaint(done, 78, config, "the model has no word 'computer'")


def test_plain_pictures(folder: Path, tmp_path: Path, call: Call) -> None:
    """Without --stream there is the confusion matrix, and what was printed before is the same."""
    command = ["evaluate", "--model", folder / "tones.onnx", "--data", folder / "words"]
    plain = call(*command)
    drawn = call(*command, "--plots", tmp_path / "new" / "plots")
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert drawn.stdout.splitlines()[:-2] == plain.stdout.splitlines()[:-2]
    assert_pictures(tmp_path / "new" / "plots", "confusion")


def test_a_wake_word_counts_as_unknown(folder: Path, call: Call) -> None:
    """Without a clip of it in the data; with one it is a class of its own."""
    command = ["evaluate", "--model", folder / "tones.onnx", "--json", "--data", folder / "words"]
    alone, both = (
        json.loads(call(*command, *more).stdout) for more in ([], ["--data", folder / "wake"])
    )
    assert alone["as_unknown"] == ["low"]
    assert both["as_unknown"] == []
    assert both["per_class"]["low"]["clips"] == 3
    named = json.loads(call(*command, "--as-unknown", "high, low").stdout)
    assert named["as_unknown"] == ["low", "high"]
    done = call(*command, "--as-unknown", "hihg")
    assert_one_complaint(done, 1, "no label 'hihg'")


@pytest.mark.parametrize("command", ["evaluate", "tune"])
def test_pictures_without_matplotlib(
    command: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    """Where it is missing that is said before anything is scored, with how to install it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    given: list[str | Path] = ["evaluate", "--data", tmp_path / "nowhere", "--plots", tmp_path]
    if command == "tune":
        given = ["tune", "--positives", tmp_path / "nowhere", "--negatives", tmp_path]
        given += ["--plot", tmp_path / "det.png"]
    done = call(*given, "--model", folder / "tones.onnx")
    assert_one_complaint(done, 1, "matplotlib", "pip install 'edge-daemon[plots]'")
    assert "nowhere" not in done.stderr


def test_pictures_that_cannot_be_written(folder: Path, tmp_path: Path, call: Call) -> None:
    """A folder that cannot be made is named."""
    (tmp_path / "file").write_text("")
    done = call(
        "evaluate", "--model", folder / "tones.onnx", "--data", folder / "words",
        "--plots", tmp_path / "file",
    )  # fmt: skip
    assert_one_complaint(done, 1, tmp_path / "file", "cannot be made")


def test_the_daemon_loads_nothing_of_it() -> None:
    """Neither matplotlib nor what measures is there when the command line starts."""
    program = (
        "import sys; from edge_daemon.cli import main; main(['config']); "
        "print([m for m in sys.modules if m.startswith(('matplotlib', 'edge_daemon.evaluate', "
        "'edge_daemon.quantize', 'edge_daemon.tune', 'edge_daemon.replacement', "
        "'edge_daemon.day', 'edge_daemon.drawing', 'onnxruntime'))], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--noise", "x"], "--noise: needs --stream"),
        (["--negatives", "x"], "--negatives: needs --stream"),
        (["--snr", "10"], "--snr: needs --stream"),
        (["--config", "x"], "--config: needs --stream"),
        (["--stream", "--snr", "10"], "--snr: needs --noise"),
        (["--stream", "--snr", "loud"], "'loud' is no number"),
        (["--stream", "--snr", "clean,99"], "'99' is no number from -20 to 60"),
        (["--seed", "-1"], "'-1' is no number from 0"),
    ],
)
def test_wrong_usage(more: list[str], named: str, call: Call) -> None:
    """Options that do not go together, and values that are none, are one line."""
    done = call("evaluate", "--data", "x", *more)
    assert_one_complaint(done, 2, named, "--help")
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--negatives", "nowhere"], "nowhere: no such folder or tar"),
        (["--noise", "nowhere"], "nowhere: no such folder or tar"),
        (["--data", "nowhere"], "nowhere: no such folder or tar"),
    ],
)
def test_places_that_are_not_there(
    change: list[str], reason: str, folder: Path, call: Call
) -> None:  # fmt: skip
    """They are named before anything is scored."""
    assert_one_complaint(call(*arguments(folder, *change)), 1, reason)


def test_a_wake_word_without_clips(folder: Path, call: Call) -> None:
    """What is missing is said, and what to do."""
    done = call(
        "evaluate", "--stream", "--model", folder / "tones.onnx", "--data", folder / "words"
    )  # fmt: skip
    assert_one_complaint(done, 1, "'high' needs 'low' before it", "wake_words: []")


def test_files_that_cannot_be_read(folder: Path, tmp_path: Path, call: Call) -> None:
    """They are named, once each, and the exit code says so; the rest is measured."""
    words = write_clips(tmp_path / "words", {"low": 1, "high": 1})
    (words / "high" / "bad.wav").write_text("text")
    talk = tmp_path / "talk"
    write_recording(talk / "good.wav", seconds=2)
    (talk / "worse.wav").write_text("text")
    done = call(
        "evaluate", "--stream", "--model", folder / "tones.onnx", "--data", words,
        "--negatives", talk, "--json",
    )  # fmt: skip
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["not scored"] * 2
    assert "high/bad.wav: not an audio file" in done.stderr
    assert "worse.wav: not an audio file" in done.stderr
    assert json.loads(done.stdout)["stream"]["negatives"][0]["hours"] == pytest.approx(2 / 3600)


def test_of_real_speech(tmp_path: Path) -> None:
    """On recorded words the shipped model hears nine of ten in running audio, each in time."""
    data = SPEECH / "speech_commands_validation.tar"
    if not data.is_file():
        pytest.skip(f"no recorded speech: {data} is not there (EDGE_DAEMON_SPEECH=FOLDER)")
    config = tmp_path / "alone.yaml"
    config.write_text("decision: {wake_words: []}\n")
    done = edge_daemon(
        "evaluate", "--stream", "--data", _some_of(data, tmp_path), "--config", config, "--json"
    )
    assert (done.returncode, done.stderr) == (0, "")
    [record] = json_lines(done.stdout)
    words = record["stream"]["conditions"][0]["words"]["all"]
    assert words["said"] == 100
    assert words["recall"] >= 0.9
    assert words["delay_ms"]["p95"] <= 400


def _some_of(tar: Path, folder: Path) -> Path:
    """Unpack twenty clips of each of five words."""
    from edge_daemon.evaluate import ClipFolder

    wanted = dict.fromkeys(("yes", "no", "left", "right", "stop"), 20)
    for clip in ClipFolder(tar):
        if wanted.get(clip.folder, 0):
            wanted[clip.folder] -= 1
            target = folder / "some" / clip.folder / Path(clip.name).name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(clip.file.read())  # type: ignore[union-attr]
    return folder / "some"
