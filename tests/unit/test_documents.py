"""The code blocks of the documents do what they show."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edge_daemon import Pipeline
from edge_daemon.config import parse_config, parse_yaml, problems_with_model
from edge_daemon.errors import ModelError
from tests.tiny_models import write_model

ROOT = Path(__file__).parents[2]


def blocks(document: str, language: str) -> list[str]:
    """Return the code blocks of a document in one language."""
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_readmes_configuration_is_valid() -> None:
    """The YAML of the README loads and names words that the shipped model has."""
    (text,) = blocks("README.md", "yaml")
    config = parse_config(parse_yaml(text))
    assert problems_with_model(config, Pipeline.load().spec) == []


def test_the_readmes_python_runs() -> None:
    """The Python of the README takes a block of audio."""
    (code,) = blocks("README.md", "python")
    exec(code, {"block": np.zeros(16000, np.int16)})  # noqa: S102


def test_metadata_is_added_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of the metadata page gives a model metadata, which is then held to the graph."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "mine.onnx", metadata=None)
    (code,) = blocks("docs/models/metadata.md", "python")
    exec(code, {})  # noqa: S102
    with pytest.raises(
        ModelError, match=r"input is \[1, 20, 10\], its metadata says \[1, 98, 40\]"
    ):
        Pipeline.load(str(tmp_path / "mine.onnx"))


@pytest.mark.parametrize("document", ["README.md", *sorted(
    str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md")
)])  # fmt: skip
def test_links_lead_somewhere(document: str) -> None:
    """Every relative link of a document names a file that is there."""
    path = ROOT / document
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    missing = [x for x in links if "://" not in x and not (path.parent / x).exists()]
    assert missing == []
