"""The sections that say what computes the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_daemon.config import RuntimeConfig, load_config, parse_config
from edge_daemon.errors import ConfigError

ROOT = Path(__file__).parents[3]


def problems(**sections: Any) -> list[str]:
    """Return what is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        parse_config(sections)
    return caught.value.problems


def test_the_defaults_need_nothing_but_a_cpu() -> None:
    """No GPU, no thread that spins, and no arithmetic of the process changed."""
    runtime = parse_config({}).runtime
    assert runtime == RuntimeConfig()
    assert (runtime.provider, runtime.fallback, runtime.strict, runtime.threads) == (
        "auto", None, False, 1,
    )  # fmt: skip
    assert (runtime.cpu.spinning, runtime.cpu.arena, runtime.cpu.denormals_as_zero) == (
        False, False, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runtime", "problem"),
    [
        ({"provider": "gpu"}, "runtime.provider: expected one of auto, cpu, xnnpack, cuda, tens"),
        ({"fallback": ["gpu"], "provider": "cuda"}, "runtime.fallback: expected"),
        ({"strict": "yes"}, "runtime.strict: expected true or false"),
        ({"cpu": {"spining": True}}, "runtime.cpu.spining: unknown key, did you mean 'spinning'"),
        ({"cuda": {"gpu_mem_limit_mib": 1}}, "runtime.cuda.gpu_mem_limit_mib: expected a whole"),
        ({"cuda": {"cudnn_conv_algo_search": "FAST"}}, "expected one of HEURISTIC, EXHAUSTIVE"),
        ({"tensorrt": {"int8": 3}}, "runtime.tensorrt.int8: expected true or false, or nothing"),
        ({"tensorrt": {"auxiliary_streams": 99}}, "from 0 to 8"),
        ({"provider": "cuda", "fallback": ["cpu"], "strict": True}, "strict beside fallback"),
        ({"fallback": ["cpu"]}, "fallback is for a provider that is named"),
        ({"provider": "cuda", "fallback": ["cpu", "cuda"]}, "cuda would be tried twice"),
        ({"provider": "cuda", "fallback": ["cpu", "cpu"]}, "cpu would be tried twice"),
    ],
)
def test_what_cannot_be_is_told(runtime: dict[str, Any], problem: str) -> None:
    """By key, with what was expected."""
    (found,) = problems(runtime=runtime)
    assert problem in found


def test_a_search_for_int8_is_for_a_cpu() -> None:
    """CUDA has no kernels for what it would find."""
    (found,) = problems(model={"quantize": "auto"}, runtime={"provider": "cuda"})
    assert found.startswith("model.quantize.mode: auto makes INT8 for a CPU")
    assert parse_config({"model": {"quantize": "auto"}, "runtime": {"provider": "cpu"}})


def test_a_variant_and_a_search_for_one() -> None:
    """Only one of them chooses the file."""
    (found,) = problems(model={"quantize": "auto", "variant": "fp16"})
    assert "variant: fp16 beside quantize.mode: auto" in found


def test_the_cache_of_engines_is_taken_from_the_folder_of_the_configuration(
    tmp_path: Path,
) -> None:
    """As every other file in it."""
    path = tmp_path / "config.yaml"
    path.write_text("runtime: {provider: tensorrt, tensorrt: {cache: engines}}\n")
    assert load_config(path).runtime.tensorrt.cache == str(tmp_path / "engines")


@pytest.mark.parametrize("name", ["deploy/config", "config/jetson"])
def test_the_configurations_for_boards_are_sound(name: str) -> None:
    """And let the CPU compute, which every onnxruntime has."""
    assert load_config(ROOT / f"{name}.yaml").runtime.provider in ("auto", "cpu")
