"""From the configuration to what onnxruntime takes: options of the session and of a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge_daemon.config import CudaConfig, RuntimeConfig, TensorrtConfig
from edge_daemon.model.providers.names import ORT_NAMES

ProviderOptions = dict[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a session is opened with."""

    threads: int = 1
    arena: bool = False
    entries: dict[str, str] = field(default_factory=dict)
    """Of the session. onnxruntime takes any key in silence: they are written here only."""
    providers: tuple[tuple[str, ProviderOptions], ...] = ((ORT_NAMES["cpu"], {}),)
    """By preference; the CPU takes what they leave, unless that is forbidden."""


def settings_for(
    provider: str, runtime: RuntimeConfig, engines: Path | None = None, symmetric: bool = False
) -> Settings:
    """Return the settings of a provider.

    engines : where TensorRT keeps its engines; None: nowhere
    symmetric : whether the file is INT8 of the kind that TensorRT takes
    """
    entries = _entries(runtime)
    if provider == "cpu":
        return Settings(runtime.threads, runtime.cpu.arena, entries)
    entries["session.record_ep_graph_assignment_info"] = "1"
    if runtime.strict:
        entries["session.disable_cpu_ep_fallback"] = "1"
    cuda = (ORT_NAMES["cuda"], _cuda(runtime.cuda))
    if provider == "tensorrt":
        own = (ORT_NAMES[provider], _tensorrt(runtime.tensorrt, engines, symmetric))
        # what TensorRT leaves stays on the GPU
        return Settings(runtime.threads, runtime.cpu.arena, entries, (own, cuda))
    if provider == "cuda":
        return Settings(runtime.threads, runtime.cpu.arena, entries, (cuda,))
    # XNNPACK has threads of its own, beside which those of onnxruntime would only wait
    pool = {"intra_op_num_threads": str(runtime.threads)}
    return Settings(1, runtime.cpu.arena, entries, ((ORT_NAMES[provider], pool),))


def _entries(runtime: RuntimeConfig) -> dict[str, str]:
    # spinning threads are the largest waste of power there is
    spinning = "1" if runtime.cpu.spinning else "0"
    entries = {
        "session.intra_op.allow_spinning": spinning,
        "session.inter_op.allow_spinning": spinning,
    }
    if runtime.cpu.denormals_as_zero:
        entries["session.set_denormal_as_zero"] = "1"
    return entries


def _cuda(config: CudaConfig) -> ProviderOptions:
    return {
        "gpu_mem_limit": str(config.gpu_mem_limit_mib << 20),
        "arena_extend_strategy": config.arena_extend_strategy,
        "cudnn_conv_algo_search": config.cudnn_conv_algo_search,
        "cudnn_conv_use_max_workspace": "1" if config.cudnn_conv_use_max_workspace else "0",
    }


def _tensorrt(config: TensorrtConfig, engines: Path | None, symmetric: bool) -> ProviderOptions:
    """Return options in the spelling that onnxruntime asks for: True and False, not 1 and 0."""
    int8 = symmetric if config.int8 is None else config.int8
    options = {
        "trt_fp16_enable": str(config.fp16),
        "trt_int8_enable": str(int8),
        "trt_auxiliary_streams": str(config.auxiliary_streams),
    }
    if engines is None:
        return options
    return options | {
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(engines),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(engines),
    }
