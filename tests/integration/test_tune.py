"""``edge-daemon tune`` as users call it: a fragment, a table, a picture, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib import image

from edge_daemon.config import load_config
from tests.integration.command_line import assert_one_complaint, edge_daemon
from tests.integration.test_evaluate_stream import Call, call
from tests.tone_words import WAKING_SPEC, write_clips, write_recording, write_tone_model

__all__ = ["call"]

LOOSE = ("--per-hour", "200", "--per-hour-after", "1000", "--per-hour-wake", "200")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, clips with a word that it does not know, noise, and talk."""
    path = tmp_path_factory.mktemp("tune")
    write_tone_model(path / "tones.onnx", WAKING_SPEC)
    write_clips(path / "words", {"high": 5, "low": 3, "mid": 2})
    write_recording(path / "noise" / "fan.wav", level=300, seconds=5)
    write_recording(path / "talk" / "1.wav", ["high", "mid"], seconds=60)
    return path


def arguments(folder: Path, *more: str | Path) -> list[str | Path]:
    """Return a whole command."""
    return [
        "tune", "--model", folder / "tones.onnx", "--positives", folder / "words",
        "--negatives", folder / "talk", *more,
    ]  # fmt: skip


def test_fragment_table_and_picture(folder: Path, tmp_path: Path) -> None:
    """The file loads as a configuration, the table is on stdout, the picture can be looked at."""
    output, plot = tmp_path / "thresholds.yaml", tmp_path / "new" / "det.png"
    done = edge_daemon(
        *arguments(folder, *LOOSE, "--noise", folder / "noise", "--snr", "clean,45"),
        "-o", output, "--plot", plot,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mid" in done.stderr  # the word that the model does not know
    assert "thresholds for tones 1" in done.stdout
    assert "fewer than 20 clips" in done.stdout
    words = load_config(output).decision.words
    assert set(words) == {"high", "low"}
    assert words["high"].threshold is not None
    assert words["high"].threshold_after is not None
    assert "8 clips (clean, 45 dB)" in output.read_text()
    assert min(image.imread(plot).shape[:2]) > 300


def test_the_fragment_can_be_piped(folder: Path, tmp_path: Path, call: Call) -> None:
    """Without -o it is all of stdout; the table goes to stderr."""
    done = call(*arguments(folder, *LOOSE))
    assert done.returncode == 0, done.stderr
    path = tmp_path / "piped.yaml"
    path.write_text(done.stdout)
    assert set(load_config(path).decision.words) == {"high", "low"}
    assert "thresholds for tones 1" in done.stderr


def test_json_for_the_metadata(folder: Path, tmp_path: Path, call: Call) -> None:
    """The thresholds are by label, as a model has them; -o writes the fragment besides."""
    output = tmp_path / "thresholds.yaml"
    done = call(*arguments(folder, *LOOSE, "--json", "-o", output))
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert set(record["thresholds"]) == {"high", "low"}
    assert set(record["thresholds_after"]) == {"high"}
    words = load_config(output).decision.words
    assert record["thresholds"] == {w: s.threshold for w, s in words.items()}
    assert sorted(record["hours"]) == ["other words", "talk"]


def test_a_word_without_a_threshold(folder: Path, tmp_path: Path, call: Call) -> None:
    """It is named with exit code 1, and the others are written all the same."""
    write_recording(tmp_path / "talk" / "1.wav", ["high"] * 3, word_level=9000)
    output = tmp_path / "thresholds.yaml"
    done = call(
        *arguments(folder, "--negatives", tmp_path / "talk", "--per-hour-after", "0", "-o", output)
    )
    assert done.returncode == 1
    assert "edge-daemon: without a threshold: high alone, high after a wake word" in done.stderr
    assert set(load_config(output).decision.words) == {"low"}
    assert "high" in output.read_text()


def test_help_documents_that_exit_code(call: Call) -> None:
    """1 is said to be for a lost word, too."""
    assert "1 also when a word is never heard" in call("tune", "--help").stdout


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ([], "--positives"),
        (["--positives", "x"], "--negatives"),
        (["--positives", "x", "--negatives", "x", "--per-hour", "few"], "'few' is no number"),
        (["--positives", "x", "--negatives", "x", "--per-hour", "-1"], "'-1' is no number from 0"),
        (["--positives", "x", "--negatives", "x", "--per-hour", "nan"], "'nan' is no number"),
        (["--positives", "x", "--negatives", "x", "--isolate", "9000"], "from 0 to 2000"),
        (["--positives", "x", "--negatives", "x", "--snr", "5"], "--snr: needs --noise"),
    ],
)
def test_wrong_usage(more: list[str], named: str, call: Call) -> None:
    """What is missing or no number is one line."""
    assert_one_complaint(call("tune", *more), 2, named, "--help")


def test_places_that_are_not_there(folder: Path, call: Call) -> None:
    """A folder that is not there is named."""
    for option in ("--positives", "--negatives", "--noise"):
        done = call(*arguments(folder, option, folder / "nowhere"))
        assert_one_complaint(done, 1, folder / "nowhere", "no such folder or tar")


def test_no_clips(folder: Path, tmp_path: Path, call: Call) -> None:
    """A folder without clips is named with what was expected."""
    done = call(*arguments(folder, "--positives", tmp_path))
    assert_one_complaint(done, 1, tmp_path, "no clips; expected word/clip")


def test_words_that_the_model_lacks(folder: Path, tmp_path: Path, call: Call) -> None:
    """Clips of other words alone cannot tune anything; a word that was meant is suggested."""
    write_clips(tmp_path / "words", {"mid": 1, "_silence_": 0})
    (tmp_path / "words" / "mid").rename(tmp_path / "words" / "hihg")
    done = call(
        "tune", "--model", folder / "tones.onnx", "--positives", tmp_path / "words",
        "--negatives", folder / "talk",
    )  # fmt: skip
    assert_one_complaint(
        done, 1, "no clips of a word that the model has (low, high)", "hihg, did you mean 'high'?"
    )


def test_clips_that_cannot_be_read(folder: Path, tmp_path: Path, call: Call) -> None:
    """They are named with exit code 1; the rest is tuned on."""
    words = write_clips(tmp_path / "words", {"low": 2, "high": 2})
    (words / "high" / "bad.wav").write_text("text")
    done = call(
        "tune", "--model", folder / "tones.onnx", "--positives", words,
        "--negatives", folder / "talk", *LOOSE,
    )  # fmt: skip
    assert done.returncode == 1
    assert "edge-daemon: not scored: " in done.stderr
    assert "high/bad.wav: not an audio file" in done.stderr
    assert '"high": {threshold' in done.stdout


def test_an_output_that_cannot_be_written(folder: Path, tmp_path: Path, call: Call) -> None:
    """It is named at once, and not after minutes of listening."""
    done = call(*arguments(folder, *LOOSE, "-o", tmp_path / "no" / "such.yaml"))
    assert_one_complaint(done, 1, f"edge-daemon: {tmp_path}/no/such.yaml: cannot be written")
    assert not done.stdout


def test_a_configuration_is_in_force(folder: Path, tmp_path: Path, call: Call) -> None:
    """Its wake words are taken, its mistakes named."""
    config = tmp_path / "config.yaml"
    config.write_text("decision: {wake_words: [high], isolate_ms: 200}\n")
    record = json.loads(call(*arguments(folder, *LOOSE, "--json", "--config", config)).stdout)
    assert set(record["words"]["high"]) == {"wake"}
    assert record["isolate_ms"] == {"low": 200}
    config.write_text("decision: {wake_words: [computer]}\n")
    assert_one_complaint(
        call(*arguments(folder, "--config", config)), 78, config, "no word 'computer'"
    )
