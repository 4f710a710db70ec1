"""What streams are made from, and how they are named."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import soundfile

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.clips import ClipFolder
from edge_daemon.evaluate.material import NOISE, OTHER_WORDS, Material
from tests.tone_words import RATE_HZ, TONE_SPEC, clip, write_clips, write_recording


@pytest.fixture
def words(tmp_path: Path) -> ClipFolder:
    """Clips of two words of the model, and of one that is none."""
    return ClipFolder(write_clips(tmp_path / "words", {"low": 2, "high": 3, "mid": 1}))


def test_words_of_the_model_and_others(words: ClipFolder) -> None:
    """What the model does not know is a stream in which nothing shall be heard."""
    material = Material([words], [], None, TONE_SPEC, 1)
    assert {w: len(u) for w, u in material.utterances.by_word.items()} == {"high": 3, "low": 2}
    assert material.words(["low", "high"], None).n_passages == 5
    [others] = material.negatives()
    assert (others.name, others.n_passages) == (OTHER_WORDS, 1)


def test_recordings_of_folders_and_tars(words: ClipFolder, tmp_path: Path) -> None:
    """Any audio below a folder or in a tar is taken, without labels; each place is a stream."""
    deep = write_recording(tmp_path / "talk" / "monday" / "radio.flac", seconds=2)
    (tmp_path / "talk" / "notes.txt").write_text("no audio")
    with tarfile.open(tmp_path / "film.tar", "w") as tar:
        tar.add(deep, "radio.flac")
    material = Material(
        [words], [tmp_path / "talk", tmp_path / "film.tar"], tmp_path / "talk", TONE_SPEC, 1
    )
    streams = {s.name: list(s.passages) for s in material.negatives()}
    assert list(streams) == [OTHER_WORDS, "talk", "film.tar", NOISE]
    for name in ("talk", "film.tar", NOISE):
        assert sum(p.counted for p in streams[name]) == 2 * RATE_HZ
    assert material.unusable == []


def test_streams_of_one_name_are_told_apart(words: ClipFolder, tmp_path: Path) -> None:
    """Folders with the same name, or that of a stream of its own, go by their paths."""
    paths = [tmp_path / "a" / "talk", tmp_path / "b" / "talk", tmp_path / "c" / NOISE]
    for path in paths:
        write_recording(path / "1.wav", seconds=1)
    material = Material([words], paths, paths[-1], TONE_SPEC, 1)
    names = [s.name for s in material.negatives()]
    assert names == [OTHER_WORDS, *map(str, paths), NOISE]


def test_a_relative_folder_called_noise_is_a_stream_of_its_own(
    words: ClipFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its whole path is no longer than its name, which is taken: nothing may be lost."""
    monkeypatch.chdir(tmp_path)
    for name in (NOISE, "hum"):
        write_recording(Path(name) / "1.wav", seconds=1)
    material = Material([words], [Path(NOISE)], Path("hum"), TONE_SPEC, 1)
    assert [s.name for s in material.negatives()] == [OTHER_WORDS, str(tmp_path / NOISE), NOISE]


def test_unusable_clips_are_named(tmp_path: Path) -> None:
    """A clip that cannot be read, or holds no sound, is left out and said."""
    folder = write_clips(tmp_path / "words", {"low": 1})
    (folder / "low" / "bad.wav").write_text("text")
    soundfile.write(folder / "low" / "silent.wav", clip("low") * 0, RATE_HZ)
    material = Material([ClipFolder(folder)], [], None, TONE_SPEC, 1)
    assert len(material.utterances.by_word["low"]) == 1
    assert len(material.unusable) == 2
    assert any("bad.wav: not an audio file" in line for line in material.unusable)
    assert any("low/silent.wav: no sound in it" in line for line in material.unusable)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such folder or tar"),
        (lambda path: path.mkdir(), "no recordings; expected audio files"),
        (lambda path: path.write_text("text"), "not a tar that can be read"),
    ],
)  # fmt: skip
def test_places_without_recordings(
    make: object, reason: str, words: ClipFolder, tmp_path: Path
) -> None:
    """They are refused, with what was expected."""
    path = tmp_path / "place"
    assert callable(make)
    make(path)
    with pytest.raises(EdgeDaemonError, match=f"place: {reason}"):
        Material([words], [path], None, TONE_SPEC, 1)
    with pytest.raises(EdgeDaemonError, match=f"place: {reason}"):
        Material([words], [], path, TONE_SPEC, 1)


def test_silence_is_no_noise(words: ClipFolder, tmp_path: Path) -> None:
    """Digital silence cannot be laid under anything."""
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "0.wav", clip("low") * 0, RATE_HZ)
    with pytest.raises(EdgeDaemonError, match="noise: no sound in any of its recordings"):
        Material([words], [], tmp_path / "noise", TONE_SPEC, 1)
