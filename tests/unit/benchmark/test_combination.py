"""What can be chosen, combined."""

from __future__ import annotations

import pytest

from edge_daemon.benchmark.combination import combinations
from edge_daemon.config import Config
from edge_daemon.errors import EdgeDaemonError


def test_all_are_combined_once() -> None:
    """Each model with each provider and number of threads; what stands twice is one."""
    found = combinations(["builtin:a", "b/c.onnx"], [], ["cpu", "cuda", "cpu"], [1, 4])
    assert [each.name for each in found] == [
        "a, cpu, 1 thread", "a, cpu, 4 threads", "a, cuda, 1 thread", "a, cuda, 4 threads",
        "c.onnx, cpu, 1 thread", "c.onnx, cpu, 4 threads", "c.onnx, cuda, 1 thread",
        "c.onnx, cuda, 4 threads",
    ]  # fmt: skip


def test_nothing_asked_for_is_the_default() -> None:
    """What the daemon would do without a configuration."""
    [found] = combinations()
    assert found.config() == Config()
    assert found.name == "commands, auto, 1 thread"


def test_a_provider_that_is_named_has_no_other_to_fall_back_to() -> None:
    """Figures under its name are its own, and of the variant that is named."""
    [found] = combinations(variants=["float32"], providers=["cuda"])
    config = found.config()
    assert (config.runtime.provider, config.runtime.fallback) == ("cuda", [])
    assert config.model.variant == "float32"
    assert found.name == "commands float32, cuda, 1 thread"


def test_two_models_of_one_name_are_refused() -> None:
    """Their rows could not be told apart."""
    with pytest.raises(EdgeDaemonError, match="same name"):
        combinations(["a/net.onnx", "b/net.onnx"])
