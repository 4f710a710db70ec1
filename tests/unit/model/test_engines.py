"""Where TensorRT's engines are kept, without TensorRT."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from edge_daemon.config import TensorrtConfig
from edge_daemon.errors import ModelError
from edge_daemon.model.providers.engines import KEPT, announced, engine_folder
from tests.limits import file_size_limit


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a file to make engines of."""
    path = tmp_path / "m.onnx"
    path.write_bytes(b"a model")
    return path


def test_engines_are_in_the_state_directory(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the configuration names another place."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    kept = engine_folder(TensorrtConfig(), model)
    elsewhere = engine_folder(TensorrtConfig(cache=str(tmp_path / "fast")), model)
    assert kept is not None
    assert elsewhere is not None
    assert kept.parent == tmp_path / "state" / "tensorrt"
    assert elsewhere == tmp_path / "fast" / kept.name
    assert list(kept.iterdir()) == []


def test_another_model_has_other_engines(model: Path, tmp_path: Path) -> None:
    """TensorRT would take an engine of the same graph with other weights."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    first = engine_folder(config, model)
    assert engine_folder(config, model) == first
    model.write_bytes(b"a model with other weights")
    assert engine_folder(config, model) != first


def test_old_engines_give_way(model: Path, tmp_path: Path) -> None:
    """Those of models and versions that are gone do not fill the disk; other folders stay."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    own = tmp_path / "cache" / "my-old-recording"  # as long as one of ours
    own.mkdir(parents=True)
    os.utime(own, (0, 0))
    folders = []
    for i in range(KEPT + 2):
        model.write_bytes(b"model %d" % i)
        folder = engine_folder(config, model)
        assert folder is not None
        os.utime(folder, (i, i))
        folders.append(folder)
    assert [f.is_dir() for f in folders] == [False] * 2 + [True] * KEPT
    assert own.is_dir()


def test_engines_in_use_are_not_old(model: Path, tmp_path: Path) -> None:
    """An engine that was built first, and is used at every start, stays."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    first = engine_folder(config, model)
    assert first is not None
    os.utime(first, (0, 0))
    newer = model.with_name("newer.onnx")
    for i in range(KEPT + 2):
        newer.write_bytes(b"model %d" % i)
        assert engine_folder(config, newer) is not None
        assert engine_folder(config, model) == first
    assert len(list(first.parent.iterdir())) == KEPT


def test_a_clock_that_was_set_back_spares_the_engine_in_use(model: Path, tmp_path: Path) -> None:
    """A board without a clock starts in the past: what it uses now looks like the oldest."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    for i in range(KEPT):
        model.write_bytes(b"model %d" % i)
        folder = engine_folder(config, model)
        assert folder is not None
        os.utime(folder, (2**33, 2**33))
    model.write_bytes(b"the newest")
    newest = engine_folder(config, model)
    assert newest is not None
    assert newest.is_dir()
    assert len(list(newest.parent.iterdir())) == KEPT


def built(config: TensorrtConfig, model: Path, content: bytes = b"an engine") -> Path:
    """Build an engine as onnxruntime does; return it."""
    folder = engine_folder(config, model)
    assert folder is not None
    with announced(folder, model):
        (folder / "graph_sm87.engine").write_bytes(content)
    return folder / "graph_sm87.engine"


def test_an_engine_that_served_well_stays(model: Path, tmp_path: Path) -> None:
    """It is the same at the next start, and at the one after."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    engine = built(config, model)
    for _ in range(2):
        folder = engine_folder(config, model)
        with announced(folder, model):
            assert engine.read_bytes() == b"an engine"


@pytest.mark.parametrize("content", [b"", b"an engin", b"an Engine", b"an engine\0"])
def test_a_damaged_engine_is_built_anew(
    model: Path, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Cut off, with one bit wrong, or with something after its end: TensorRT never sees it."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    engine = built(config, model)
    engine.write_bytes(content)
    assert engine_folder(config, model) == engine.parent
    assert not engine.exists()
    assert f"{engine}: not as it was built, or not finished" in caplog.text
    built(config, model)
    assert engine_folder(config, model) == engine.parent
    assert engine.exists()


def _fail_with(folder: Path, model: Path) -> None:
    with announced(folder, model):
        raise ModelError("wrong scores")


def test_an_engine_of_a_build_that_was_killed_is_built_anew(model: Path, tmp_path: Path) -> None:
    """Nothing was noted of it, as of one whose model failed."""
    config = TensorrtConfig(cache=str(tmp_path / "cache"))
    folder = engine_folder(config, model)
    assert folder is not None
    (folder / "half.engine").write_bytes(b"half")
    with pytest.raises(ModelError, match="wrong scores"):
        _fail_with(folder, model)
    assert engine_folder(config, model) == folder
    assert not (folder / "half.engine").exists()


def test_a_place_that_cannot_be_made_is_done_without(
    model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Engines are then built at each start, which the log says."""
    assert engine_folder(TensorrtConfig(cache=str(model / "cache")), model) is None
    assert "engines of TensorRT are not kept, each start builds them anew" in caplog.text


def test_a_full_disk_is_done_without(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found out before minutes are spent."""
    with file_size_limit(0):
        assert engine_folder(TensorrtConfig(cache=str(tmp_path / "cache")), model) is None
    assert "each start builds them anew" in caplog.text


def test_a_read_only_disk_is_done_without(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    """/proc takes no files, whoever asks."""
    assert engine_folder(TensorrtConfig(cache="/proc/edge-daemon"), model) is None
    assert "each start builds them anew" in caplog.text


def test_the_log_tells_an_engine_that_is_there(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first start says that it takes long, the second that it does not."""
    with caplog.at_level(logging.INFO):
        with announced(tmp_path, model):
            (tmp_path / "graph_sm87.engine").touch()
        with announced(tmp_path, model):
            pass
    first, after, second = [r.getMessage() for r in caplog.records]
    assert "TensorRT is asked for an engine for m.onnx" in first
    assert after.startswith("the engine for m.onnx is there after")
    assert "was built before" in second
