"""Which file of a model a provider is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_daemon.errors import ModelError
from edge_daemon.model.file import resolve
from edge_daemon.model.variants import files_for, is_symmetric, is_variant


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model with all its variants beside it, and a stranger."""
    for name in ("m", "m.float32", "m.fp16", "m.symmetric", "other", "mm.fp16"):
        (tmp_path / f"{name}.onnx").touch()
    return tmp_path / "m.onnx"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("cpu", ["m", "m.float32"]),
        ("xnnpack", ["m", "m.float32"]),
        ("cuda", ["m.fp16", "m.float32", "m"]),
        ("tensorrt", ["m.symmetric", "m.fp16", "m.float32", "m"]),
    ],
)
def test_the_file_follows_the_provider(model: Path, provider: str, expected: list[str]) -> None:
    """The best form for it first, what it is slow with last."""
    assert [path.stem for path in files_for(provider, model, "auto")] == expected


@pytest.mark.parametrize("provider", ["cpu", "cuda", "tensorrt"])
def test_a_model_alone_serves_everywhere(tmp_path: Path, provider: str) -> None:
    """Without variants there is one file."""
    model = tmp_path / "m.onnx"
    model.touch()
    assert files_for(provider, model, "auto") == [model]


def test_a_variant_that_is_named_is_taken_alone(model: Path) -> None:
    """Whatever the provider likes better."""
    assert files_for("cpu", model, "fp16") == [model.with_name("m.fp16.onnx")]
    assert files_for("tensorrt", model, "default") == [model]


@pytest.mark.parametrize("variant", ["float32", "fp16", "symmetric"])
def test_a_named_variant_that_is_not_there(tmp_path: Path, variant: str) -> None:
    """The message says how one is made."""
    model = tmp_path / "m.onnx"
    model.touch()
    with pytest.raises(ModelError, match=rf"model.variant: {variant}: there is no .*; ") as caught:
        files_for("cpu", model, variant)
    if variant != "float32":
        assert "edge-daemon quantize FLOAT.onnx --data CLIPS" in str(caught.value)
        assert str(caught.value).endswith(f"-o m.{variant}.onnx")


def test_only_files_beside_their_model_are_variants(model: Path) -> None:
    """A file by itself may be named as it likes."""
    folder = model.parent
    found = {path.stem for path in folder.glob("*.onnx") if is_variant(path)}
    assert found == {"m.float32", "m.fp16", "m.symmetric"}
    assert is_symmetric(folder / "m.symmetric.onnx")
    assert not is_symmetric(model)


def test_builtin_variants_are_not_listed_as_models() -> None:
    """They are the same model."""
    with pytest.raises(ModelError, match=r"are builtin:commands, builtin:commands-large$"):
        resolve("builtin:none")
