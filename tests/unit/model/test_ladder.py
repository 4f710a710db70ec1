"""From a provider that is asked for to one that is proven, on this machine's onnxruntime.

The providers that this build lacks are asked for as anybody would. AzureExecutionProvider, which
is in the CPU build and runs no node of ours, stands for one that is there and does nothing.
"""

from __future__ import annotations

import logging
import pkgutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

import edge_daemon.model
from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import LoadedModel, load_model
from edge_daemon.model.providers import ladder, names
from edge_daemon.model.providers.obtained import Obtained
from tests.self_tests import with_self_test, with_wrong_self_test
from tests.tiny_models import WINDOW_SPEC, write_model

LACKING = [name for name in ("xnnpack", "cuda", "tensorrt") if not ladder._is_available(name)]
AZURE = "AzureExecutionProvider"
TELLS_NODES = hasattr(onnxruntime.InferenceSession, "get_provider_graph_assignment_info")


def load(path: Path, variant: Any = "auto", **runtime: Any) -> LoadedModel:
    """Open a model with these keys of the runtime section."""
    return load_model(
        ModelConfig(path=str(path), variant=variant),
        RuntimeConfig(**runtime),
    )


def test_the_default_is_the_cpu(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing to warn of, and what is obtained can be said in a line."""
    path = with_self_test(write_model(tmp_path / "m.onnx"))
    with caplog.at_level(logging.INFO):
        obtained = load(path).obtained
    assert (obtained.requested, obtained.provider, obtained.path) == ("auto", "cpu", path)
    assert str(obtained).startswith(f"provider: requested auto, obtained cpu; model file {path}")
    assert caplog.records == []


@pytest.mark.parametrize("provider", LACKING)
def test_a_provider_that_is_not_there_gives_way_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, provider: str
) -> None:
    """The log names what is lacking and how it is had, and the CPU serves."""
    model = load(write_model(tmp_path / "m.onnx"), provider=provider)
    (refused,) = model.obtained.refused
    assert (model.obtained.requested, model.obtained.provider) == (provider, "cpu")
    assert refused.startswith(f"{provider}, m.onnx: onnxruntime {onnxruntime.__version__} is built")
    assert "run: " in refused or "take provider cpu" in refused
    assert [r.levelname for r in caplog.records if refused in r.getMessage()] == ["WARNING"]


@pytest.mark.parametrize("settings", [{"strict": True}, {"fallback": []}])
@pytest.mark.parametrize("provider", LACKING)
def test_without_a_fallback_nothing_is_served(
    tmp_path: Path, provider: str, settings: dict[str, Any]
) -> None:
    """Strict is an error, as an empty fallback is."""
    with pytest.raises(ModelError, match=rf"runtime.provider: {provider}: nothing that was tried"):
        load(write_model(tmp_path / "m.onnx"), provider=provider, **settings)


def test_the_fallbacks_are_tried_in_their_order(tmp_path: Path) -> None:
    """Each that is refused has its line."""
    model = load(
        write_model(tmp_path / "m.onnx"), provider="tensorrt", fallback=["xnnpack", "cuda", "cpu"]
    )
    tried = [line.partition(",")[0] for line in model.obtained.refused]
    assert tried == ["tensorrt", "xnnpack", "cuda"]


@pytest.mark.parametrize("provider", LACKING)
def test_a_fallback_that_is_not_there_is_told_before_it_is_needed(
    tmp_path: Path, provider: str
) -> None:
    """Once, however many files there are, though what is asked for serves."""
    path = write_model(tmp_path / "m.onnx")
    write_model(tmp_path / "m.float32.onnx")
    obtained = load(path, provider="cpu", fallback=[provider]).obtained
    assert (obtained.provider, obtained.path) == ("cpu", path)
    (refused,) = obtained.refused
    assert f"is built without {provider}" in refused


@pytest.mark.skipif("cuda" not in LACKING, reason="CUDA is there")
@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.parametrize("strict", [False, True])
def test_a_silent_fall_back_of_onnxruntime_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: bool
) -> None:
    """A library that is listed and does not load: onnxruntime opens a session on the CPU."""
    monkeypatch.setattr(ladder, "_is_available", lambda provider: True)
    path = write_model(tmp_path / "m.onnx")
    if strict:
        with pytest.raises(
            ModelError, match=r"cuda, m\.onnx: .*cannot open it .*fallback to CPU EP"
        ):
            load(path, provider="cuda", strict=True)
        return
    (refused,) = load(path, provider="cuda").obtained.refused
    assert "onnxruntime could not load cuda and would use the CPU" in refused


@pytest.mark.skipif(
    AZURE not in onnxruntime.get_available_providers() or not TELLS_NODES,
    reason="this onnxruntime lacks a provider that runs nothing, or does not tell who runs what",
)
@pytest.mark.parametrize("strict", [False, True])
def test_a_provider_that_runs_no_node_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: bool
) -> None:
    """It is in the session, and all is computed elsewhere."""
    monkeypatch.setitem(names.ORT_NAMES, "xnnpack", AZURE)
    path = write_model(tmp_path / "m.onnx")
    if strict:
        with pytest.raises(ModelError, match=r"xnnpack, m\.onnx: .*fallback to CPU EP"):
            load(path, provider="xnnpack", strict=True)
        return
    (refused,) = load(path, provider="xnnpack").obtained.refused
    assert "xnnpack runs none of the" in refused


def test_wrong_scores_are_refused_and_the_next_file_is_taken(tmp_path: Path) -> None:
    """The self-test of the INT8 file fails, the float32 file beside it serves."""
    path = with_wrong_self_test(write_model(tmp_path / "m.onnx"))
    beside = with_self_test(write_model(tmp_path / "m.float32.onnx"))
    obtained = load(path).obtained
    assert (obtained.provider, obtained.path) == ("cpu", beside)
    assert "the self-test gives other scores than it should" in obtained.refused[0]


def test_where_all_give_wrong_scores_there_is_no_model(tmp_path: Path) -> None:
    """Every refusal is in the message."""
    path = with_wrong_self_test(write_model(tmp_path / "m.onnx"))
    with_wrong_self_test(write_model(tmp_path / "m.float32.onnx"))
    with pytest.raises(ModelError) as caught:
        load(path)
    heading, *lines = str(caught.value).splitlines()
    assert heading == f"runtime.provider: auto: nothing that was tried serves {path}:"
    assert [line.strip().partition(":")[0] for line in lines] == [
        "cpu, m.onnx",
        "cpu, m.float32.onnx",
    ]


def test_one_refusal_is_told_as_it_is(tmp_path: Path) -> None:
    """The usual case, one provider and one file, needs no list."""
    path = with_wrong_self_test(write_model(tmp_path / "m.onnx"))
    with pytest.raises(ModelError, match=f"^{path}: the self-test"):
        load(path)


def test_strict_takes_the_best_file_or_none(tmp_path: Path) -> None:
    """Another file is a fall-back too."""
    path = with_wrong_self_test(write_model(tmp_path / "m.onnx"))
    with_self_test(write_model(tmp_path / "m.float32.onnx"))
    with pytest.raises(ModelError, match="the self-test gives other scores"):
        load(path, strict=True)


def test_a_variant_is_the_same_model(tmp_path: Path) -> None:
    """Another window, label or front end would be another model under its name."""
    path = write_model(tmp_path / "m.onnx")
    write_model(tmp_path / "m.fp16.onnx", replace(WINDOW_SPEC, thresholds={"loud": 0.5}))
    with pytest.raises(ModelError, match=r"m\.fp16\.onnx: differs from m\.onnx in thresholds"):
        load(path, "fp16")


def test_a_variant_may_be_named_otherwise(tmp_path: Path) -> None:
    """What is only shown may differ."""
    path = write_model(tmp_path / "m.onnx")
    beside = write_model(tmp_path / "m.fp16.onnx", replace(WINDOW_SPEC, version="fp16"))
    assert load(path, "fp16").obtained.path == beside


def test_a_damaged_variant_is_one_of_the_refusals(tmp_path: Path) -> None:
    """A download that broke off is told beside what was tried before."""
    path = with_wrong_self_test(write_model(tmp_path / "m.onnx"))
    (tmp_path / "m.float32.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"cpu, m\.float32\.onnx: .*not a model \(8 bytes\)"):
        load(path)


@pytest.mark.skipif("xnnpack" not in LACKING, reason="XNNPACK is there")
def test_auto_tells_what_it_passes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a board with more than a CPU nobody need wonder why that serves."""
    monkeypatch.setitem(names.ORT_NAMES, "xnnpack", AZURE)
    monkeypatch.setattr(ladder, "_is_available", lambda name: name in ("cpu", "xnnpack"))
    obtained = load(write_model(tmp_path / "m.onnx")).obtained
    assert (obtained.provider, obtained.passed_over) == ("cpu", ("xnnpack",))
    assert str(obtained).endswith("for a larger model perhaps: xnnpack (runtime.provider)")


def test_nodes_that_run_elsewhere_are_told() -> None:
    """A few by name, all by number; and that it cannot be known, where it cannot."""
    path = Path("m.onnx")
    nodes = tuple(f"Op{i} on cpu" for i in range(7))
    assert str(Obtained("cuda", "cuda", path, nodes)).endswith(
        "; 7 nodes run elsewhere: Op0 on cpu, Op1 on cpu, Op2 on cpu, Op3 on cpu, Op4 on cpu, …"
    )
    assert "does not tell" in str(Obtained("cuda", "cuda", path, is_elsewhere_known=False))


def test_onnxruntime_is_told_to_keep_quiet_before_it_is_imported() -> None:
    """Whichever module of ours comes first; else it writes a device id and uploads."""
    code = """
import importlib, os, sys
names = {names}
for name in names:
    for loaded in [m for m in sys.modules if m.startswith(("edge_daemon", "onnxruntime"))]:
        del sys.modules[loaded]
    os.environ.pop("ORT_DISABLE_TELEMETRY", None)
    class Watch:
        def find_spec(self, found, path=None, target=None):
            if found == "onnxruntime":
                assert os.environ.get("ORT_DISABLE_TELEMETRY") == "1", name
                raise ImportError("far enough")
    sys.meta_path.insert(0, Watch())
    try:
        importlib.import_module(name)
    except ImportError as error:
        assert "far enough" in str(error), error
    sys.meta_path.pop(0)
"""
    found = pkgutil.walk_packages(edge_daemon.model.__path__, "edge_daemon.model.")
    names_ = [module.name for module in found]
    done = subprocess.run(
        [sys.executable, "-c", code.format(names=names_)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
