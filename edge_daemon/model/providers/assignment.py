"""Which provider a session really has, and which one runs each node of its graph."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from edge_daemon.errors import ModelError
from edge_daemon.model.library import onnxruntime
from edge_daemon.model.providers.names import ORT_NAMES, short_name


def nodes_elsewhere(session: Any, provider: str, path: Path) -> tuple[str, ...] | None:
    """Return the nodes that another provider runs; None where this onnxruntime does not tell.

    Raises
    ------
    ModelError
        When the provider is not in the session, or runs none of the nodes.
    """
    if ORT_NAMES[provider] not in session.get_providers():
        why = library_problem(provider) or "it gives no reason"
        raise ModelError(f"onnxruntime could not load {provider} and would use the CPU: {why}")
    if provider == "cpu":
        return ()
    ask = getattr(session, "get_provider_graph_assignment_info", None)
    if ask is None:
        return None
    nodes = [(part.ep_name, node) for part in ask() for node in part.get_nodes()]
    elsewhere = tuple(
        f"{node.op_type} on {short_name(name)}"
        for name, node in nodes
        if name != ORT_NAMES[provider]
    )
    if nodes and len(elsewhere) == len(nodes):
        raise ModelError(f"{provider} runs none of the {len(nodes)} nodes of {path.name}")
    return elsewhere


def library_problem(provider: str) -> str | None:
    """Load a provider's library by hand, to learn why onnxruntime could not; None where it loads.

    onnxruntime itself says it only on stderr, and goes on with the CPU.
    """
    folder = Path(onnxruntime.__file__).parent / "capi"
    library = folder / f"libonnxruntime_providers_{provider}.so"
    if not library.exists():
        return None
    try:
        ctypes.CDLL(str(folder / "libonnxruntime_providers_shared.so"), ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(library))
    except OSError as error:
        return f"{error}; onnxruntime {onnxruntime.__version__} needs the CUDA and cuDNN that " + (
            "https://onnxruntime.ai/docs/execution-providers names for it"
        )
    return None
