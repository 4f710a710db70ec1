"""What onnxruntime is told, in its own words."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest

from edge_daemon.config import CpuConfig, CudaConfig, RuntimeConfig, TensorrtConfig
from edge_daemon.model.providers.settings import settings_for

CPU = RuntimeConfig()


def test_the_defaults_suit_a_daemon() -> None:
    """One thread that does not spin, no arena, and the arithmetic of the process left alone."""
    settings = settings_for("cpu", CPU)
    assert (settings.threads, settings.arena) == (1, False)
    assert settings.entries == {
        "session.intra_op.allow_spinning": "0",
        "session.inter_op.allow_spinning": "0",
    }
    assert settings.providers == (("CPUExecutionProvider", {}),)


def test_the_cpu_may_be_set_otherwise() -> None:
    """Each key has its effect."""
    cpu = CpuConfig(spinning=True, arena=True, denormals_as_zero=True)
    settings = settings_for("cpu", RuntimeConfig(cpu=cpu, threads=4))
    assert (settings.threads, settings.arena) == (4, True)
    assert settings.entries["session.intra_op.allow_spinning"] == "1"
    assert settings.entries["session.set_denormal_as_zero"] == "1"


def test_strict_leaves_nothing_to_the_cpu() -> None:
    """For the CPU itself that would be a contradiction."""
    strict = RuntimeConfig(provider="cuda", strict=True)
    assert settings_for("cuda", strict).entries["session.disable_cpu_ep_fallback"] == "1"
    assert "session.disable_cpu_ep_fallback" not in settings_for("cpu", strict).entries
    assert "session.disable_cpu_ep_fallback" not in settings_for("cuda", CPU).entries


def test_cuda() -> None:
    """Memory is given in bytes, and booleans as digits."""
    ((name, options),) = settings_for("cuda", RuntimeConfig(cuda=CudaConfig())).providers
    assert name == "CUDAExecutionProvider"
    assert options == {
        "gpu_mem_limit": "536870912",
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "HEURISTIC",
        "cudnn_conv_use_max_workspace": "0",
    }


@pytest.mark.parametrize(
    ("int8", "symmetric", "expected"),
    [(None, True, "True"), (None, False, "False"), (True, False, "True"), (False, True, "False")],
)
def test_tensorrt(int8: bool | None, symmetric: bool, expected: str) -> None:
    """Booleans are words there; what it cannot do goes to CUDA; INT8 is for its own files."""
    runtime = RuntimeConfig(tensorrt=TensorrtConfig(int8=int8))
    (name, options), (second, _) = settings_for(
        "tensorrt", runtime, Path("/engines"), symmetric
    ).providers
    assert (name, second) == ("TensorrtExecutionProvider", "CUDAExecutionProvider")
    assert options == {
        "trt_fp16_enable": "True",
        "trt_int8_enable": expected,
        "trt_auxiliary_streams": "0",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": "/engines",
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": "/engines",
    }


def test_without_a_folder_tensorrt_keeps_nothing() -> None:
    """No cache is asked for that has no place."""
    (_, options), _ = settings_for("tensorrt", CPU).providers
    assert not any("cache" in key for key in options)


def test_xnnpack_has_threads_of_its_own() -> None:
    """Two pools of threads would fight."""
    settings = settings_for("xnnpack", RuntimeConfig(threads=3))
    assert settings.threads == 1
    assert settings.providers == (("XnnpackExecutionProvider", {"intra_op_num_threads": "3"}),)


def test_onnxruntime_knows_these_keys() -> None:
    """It takes any key in silence: its library is asked for them by name."""
    library = next(Path(onnxruntime.__file__).parent.glob("capi/onnxruntime_pybind11_state*.so"))
    content = library.read_bytes()
    runtime = RuntimeConfig(strict=True, provider="cuda", cpu=CpuConfig(denormals_as_zero=True))
    entries = settings_for("cuda", runtime).entries
    newer = (
        set()
        if hasattr(onnxruntime.InferenceSession, "get_provider_graph_assignment_info")
        else {"session.record_ep_graph_assignment_info"}
    )
    assert [key for key in entries if key.encode() not in content] == [
        key for key in entries if key in newer
    ]
