"""Clips to evaluate: where they are found, and what is said of those that cannot be read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import AudioError, EdgeDaemonError
from edge_daemon.evaluate import ClipFolder, label_of

Change = Callable[[bytes], bytes]


def wav() -> bytes:
    """Return a second of a rising tone as a file."""
    data = io.BytesIO()
    samples = (np.sin(np.arange(16000) ** 2 / 1e5) * 9000).astype(np.int16)
    soundfile.write(data, samples, 16000, format="WAV")
    return data.getvalue()


def pack(clip: bytes) -> bytes:
    """Return a tar of ten clips."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for i in range(10):
            member = tarfile.TarInfo(f"yes/{i}.wav")
            member.size = len(clip)
            tar.addfile(member, io.BytesIO(clip))
    return packed.getvalue()


def damaged(data: bytes) -> bytes:
    """Overwrite some bytes in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes(64) + data[middle + 64 :]


def truncated(data: bytes) -> bytes:
    """Keep the first half."""
    return data[: len(data) // 2]


@pytest.mark.parametrize("harm", [damaged, truncated])
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_damaged_tars_are_one_error(tmp_path: Path, compress: Change, harm: Change) -> None:
    """Whatever the decompressor says, and whenever, the tar is named with the reason."""
    path = tmp_path / "clips.tar"
    path.write_bytes(compress(pack(wav())))
    sound = ClipFolder(path)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(EdgeDaemonError, match=r"clips\.tar: not a tar that can be read"):
        list(sound)
    with pytest.raises(EdgeDaemonError, match=r"clips\.tar: not a tar that can be read"):
        ClipFolder(path)


def test_clips_of_a_tar_have_their_names(tmp_path: Path) -> None:
    """A message about a clip of a tar says which."""
    path = tmp_path / "clips.tar"
    path.write_bytes(pack(b"no sound"))
    folder = ClipFolder(path)
    clips = list(folder)
    assert folder.words == {"yes"}
    assert [clip.folder for clip in clips] == ["yes"] * 10
    with pytest.raises(AudioError, match=r"yes/3\.wav: not an audio file"):
        read_clip(clips[3].file, 16000)


def test_folders_named_like_clips_are_none(tmp_path: Path) -> None:
    """Only files are clips, and only below a folder that says which word they are."""
    (tmp_path / "yes" / "folder.wav").mkdir(parents=True)
    (tmp_path / "yes" / "clip.wav").write_bytes(wav())
    (tmp_path / "all_words.wav").write_bytes(wav())
    assert [clip.name for clip in ClipFolder(tmp_path)] == ["yes/clip.wav"]


def test_a_path_that_cannot_be_is_no_folder() -> None:
    """A name that is too long for any file is refused as one that is not there."""
    with pytest.raises(EdgeDaemonError, match="no such folder or tar"):
        ClipFolder(Path("x" * 5000))


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("yes", "yes"),
        ("smart_mirror", "smart mirror"),
        ("_silence_", "silence"),
        ("_unknown_", "unknown"),
        ("banana", "unknown"),
    ],
)
def test_folders_stand_for_labels(folder: str, label: str) -> None:
    """A folder is its word, with blanks for underscores; what the model lacks is unknown."""
    assert label_of(folder, ("yes", "smart mirror", "unknown", "silence")) == label


def test_a_word_without_any_label() -> None:
    """A model without `unknown` says which word it has no label for."""
    with pytest.raises(EdgeDaemonError, match="no label for 'banana'"):
        label_of("banana", ("yes", "silence"))
