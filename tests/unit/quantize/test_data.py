"""What a quantization is calibrated with and judged on."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate import ClipScorer
from edge_daemon.quantize.clip_inputs import speaker_of
from edge_daemon.quantize.data import Material, load_material
from edge_daemon.quantize.inputs import Inputs, split
from edge_daemon.types import FrontendSpec
from tests.tone_words import TONE_SPEC, tone_model, write_clips

SHAPE = (TONE_SPEC.n_frames, TONE_SPEC.frontend.n_features)
GOOD: dict[str, Any] = {"x": np.ones((40, 4, 3)), "y": np.arange(40) % 2}


def of_arrays(folder: Path, known: tuple[str, ...] = (), **arrays: Any) -> Material:
    """Write an .npz and read it for a model that takes 4 by 3 numbers."""
    path = folder / "data.npz"
    np.savez(path, **{**GOOD, **arrays})
    return load_material(path, (4, 3), known)


def of_clips(path: Path, **options: Any) -> Material:
    """Read clips for the model that hears tones."""
    return load_material(path, SHAPE, TONE_SPEC.labels, TONE_SPEC.frontend, **options)


@given(
    st.lists(st.text(max_size=3), min_size=2, max_size=50).filter(lambda s: len(set(s)) > 1),
    st.floats(0.01, 0.99),
    st.integers(0, 5),
)
def test_no_speaker_is_in_both_parts(speakers: list[str], share: float, seed: int) -> None:
    """Whoever says them: both parts have some, together they are all, no speaker is in both."""
    n = len(speakers)
    x = np.arange(n, dtype=np.float32)[:, None]
    inputs = Inputs(x, np.zeros(n, np.int64), tuple(speakers), ("a",))
    first, second = split(inputs, share, seed)
    assert len(first)
    assert len(second)
    assert not set(first.speakers) & set(second.speakers)
    assert sorted([*first.x[:, 0], *second.x[:, 0]]) == list(range(n))


def test_who_joins_moves_nobody() -> None:
    """A speaker's part follows from the name alone, so that more data leaves it as it was."""
    names = tuple(f"speaker {i}" for i in range(60))
    few, many = (
        Inputs(np.zeros((n, 1), np.float32), np.zeros(n, np.int64), names[:n], ("a",))
        for n in (30, 60)
    )
    before, after = set(split(few, 0.3, 1)[0].speakers), set(split(many, 0.3, 1)[0].speakers)
    assert before == after & set(names[:30])
    assert 10 < len(after) < 27


def test_speakers_of_speech_commands() -> None:
    """The part before ``_nohash_`` is the speaker; any other clip is its own."""
    assert speaker_of("yes/0a7c2a8d_nohash_3.wav") == "0a7c2a8d"
    assert speaker_of("no/0a7c2a8d_nohash_0.flac") == "0a7c2a8d"
    assert speaker_of("yes/1.wav") != speaker_of("no/1.wav")


def test_clips_give_what_the_scorer_of_evaluate_hears(tmp_path: Path) -> None:
    """A clip's features get the scores that `edge-daemon evaluate` gives the clip."""
    folder = write_clips(tmp_path / "clips", {"low": 4, "high": 4})
    model = tone_model(tmp_path / "tones.onnx")
    material = of_clips(folder)
    for part in (material.calibration, material.evaluation):
        for x, speaker in zip(part.x, part.speakers, strict=True):
            samples = read_clip(folder / f"{speaker}.wav", 16000)
            expected = ClipScorer(model).scores(samples)
            model.reset()
            np.testing.assert_array_equal(model.scores(x), expected)


def test_clips_of_a_folder_and_of_a_tar_are_the_same(tmp_path: Path) -> None:
    """How the clips are packed makes no difference to what is in which part."""
    folder = write_clips(tmp_path / "clips", {"low": 5, "high": 5})
    with tarfile.open(tmp_path / "clips.tar", "w") as tar:
        for clip in sorted(folder.glob("*/*.wav"), reverse=True):
            tar.add(clip, f"{clip.parent.name}/{clip.name}")
    loose, packed = of_clips(folder), of_clips(tmp_path / "clips.tar")
    assert set(loose.evaluation.speakers) == set(packed.evaluation.speakers)
    assert set(loose.calibration.speakers) == set(packed.calibration.speakers)


def test_a_limit_is_kept(tmp_path: Path) -> None:
    """No more clips are read than asked for, and the same ones each time."""
    folder = write_clips(tmp_path / "clips", {"low": 6, "high": 6})
    first, again = of_clips(folder, limit=8), of_clips(folder, limit=8)
    assert len(first.calibration) + len(first.evaluation) == 8
    assert first.evaluation.speakers == again.evaluation.speakers
    with pytest.raises(EdgeDaemonError, match="limit of the inputs: 0"):
        of_clips(folder, limit=0)


def test_unreadable_clips_are_left_out_and_named(tmp_path: Path) -> None:
    """One bad file does not end it, and is not hidden either."""
    folder = write_clips(tmp_path / "clips", {"low": 4, "high": 4})
    (folder / "low" / "bad.wav").write_text("text")
    [line] = of_clips(folder).unreadable
    assert "bad.wav" in line


def test_clips_need_a_front_end(tmp_path: Path) -> None:
    """Without metadata nobody knows what the model hears; the flags that say it are named."""
    with pytest.raises(EdgeDaemonError, match=r"front end.*--labels and --frontend"):
        load_material(write_clips(tmp_path, {"low": 2}), SHAPE, ("low",))


def test_a_front_end_of_other_features(tmp_path: Path) -> None:
    """A front end whose rows are not the model's is refused before a clip is read."""
    folder = write_clips(tmp_path, {"low": 2, "high": 2})
    with pytest.raises(EdgeDaemonError, match=r"\(20, 10\), which are no rows of the 13 features"):
        load_material(folder, SHAPE, TONE_SPEC.labels, FrontendSpec(n_mels=13, n_mfcc=13))


@pytest.mark.parametrize("name", ["empty", "gone", "one"])
def test_data_that_proves_nothing(tmp_path: Path, name: str) -> None:
    """No clips, no folder, or one class only: each is said with the folder's name."""
    (tmp_path / "empty").mkdir()
    write_clips(tmp_path / "one", {"low": 6})
    says = {"empty": "no clips", "gone": "no such folder or tar", "one": "all of one class, 'low'"}
    with pytest.raises(EdgeDaemonError, match=f"{name}: .*{says[name]}"):
        of_clips(tmp_path / name)


def test_arrays_are_parted_by_their_speakers(tmp_path: Path) -> None:
    """The .npz says who speaks; where it does not, each input stands for itself."""
    speakers = np.array([f"s{i // 4}" for i in range(40)])
    material = of_arrays(tmp_path, speakers=speakers)
    assert not set(material.calibration.speakers) & set(material.evaluation.speakers)
    assert len(material.calibration) % 4 == 0
    assert len(set(of_arrays(tmp_path).evaluation.speakers)) > 10


def test_labels_of_the_file_are_found_among_those_of_the_model(tmp_path: Path) -> None:
    """Another order, or words that the model does not know, still count as what they are."""
    labels = np.array(["no", "yes", "_silence_", "banana"])
    y = np.arange(40) % 4
    material = of_arrays(tmp_path, ("yes", "no", "unknown", "silence"), labels=labels, y=y)
    told = np.concatenate([material.calibration.y, material.evaluation.y])
    assert sorted(told.tolist()) == sorted(np.array([1, 0, 3, 2])[y].tolist())


def test_an_axis_of_length_one_is_no_difference(tmp_path: Path) -> None:
    """Keras wants a channel at the end where others want none."""
    np.savez(tmp_path / "data.npz", **GOOD)
    material = load_material(tmp_path / "data.npz", (4, 3, 1))
    assert material.evaluation.x.shape[1:] == (4, 3, 1)
    assert material.evaluation.x.dtype == np.float32


def test_calibration_of_its_own(tmp_path: Path) -> None:
    """Then all of x is for the evaluation, and what is in both is refused."""
    own = of_arrays(tmp_path, calibration_x=np.zeros((5, 4, 3)))
    assert (len(own.calibration), len(own.evaluation)) == (5, 40)
    with pytest.raises(EdgeDaemonError, match="5 of 5 inputs of calibration_x are also in x"):
        of_arrays(tmp_path, calibration_x=np.ones((5, 4, 3)))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": np.ones((40, 4, 5))}, r"inputs are \(4, 5\), the model takes \(4, 3\)"),
        ({"x": np.zeros((0, 4, 3)), "y": np.zeros(0, int)}, "x is empty"),
        ({"x": np.full((40, 4, 3), np.nan)}, "40 of 40 inputs are not finite numbers, the first 0"),
        ({"x": np.full((40, 4, 3), 1e300)}, "not finite numbers"),
        ({"x": np.full((40, 4, 3), "a")}, "rows of numbers are needed"),
        ({"y": np.zeros(40, int)}, "all of one class, '0'"),
        ({"y": np.zeros(7, int)}, r"y is int64 \(7,\); .* for each of 40 inputs"),
        ({"y": np.ones((40, 2))}, "y is float64"),
        ({"y": np.arange(40) % 2 - 1}, "y has -1; labels are counted from 0"),
        ({"labels": np.array(["a"])}, "y has the label 1, but there are 1: a"),
        ({"speakers": np.array(["a"])}, r"speakers is \(1,\)"),
        ({"speakers": np.array(["a"] * 40)}, "of one speaker, 'a'"),
        ({"x": np.array([{}] * 40)}, "not an .npz that can be read"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, arrays: dict[str, Any], says: str) -> None:
    """What is wrong is said, with the file, the array and what it has."""
    with pytest.raises(EdgeDaemonError, match=rf"data\.npz: .*{says}"):
        of_arrays(tmp_path, **arrays)


def npy() -> bytes:
    """Return an array without a name."""
    data = io.BytesIO()
    np.save(data, GOOD["x"])
    return data.getvalue()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 and then nothing", npy()])
def test_a_file_that_is_no_npz(tmp_path: Path, content: bytes) -> None:
    """Whatever is in the file, it is one error with the file's name."""
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(EdgeDaemonError, match=r"data\.npz: not an \.npz that can be read"):
        load_material(tmp_path / "data.npz", (4, 3))


def test_an_npz_without_labels_of_its_inputs(tmp_path: Path) -> None:
    """What is there is named beside what is missing."""
    np.savez(tmp_path / "data.npz", x=GOOD["x"], target=GOOD["y"])
    with pytest.raises(EdgeDaemonError, match="no array 'y'; it has x, target"):
        load_material(tmp_path / "data.npz", (4, 3))
