"""Peak memory of a process that does nothing but serve one model.

Run as a module it is that process: ``python -m edge_daemon.quantize.memory MODEL``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from edge_daemon.errors import ModelError
from edge_daemon.parent import end_with_parent

_N_INFERENCES = 20
_MOST_S = 120.0


def peak_rss_bytes(model: Path) -> int:
    """Return the peak resident memory of a new process that loads and runs the model.

    It loads numpy and onnxruntime, with the daemon's own settings and its telemetry off, and no
    more. Returns 0 where no process can be started to find out, as on an emulated CPU.

    Raises
    ------
    ModelError
        When the process fails.
    """
    command = [sys.executable, "-m", __name__, str(model)]
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    try:
        child = subprocess.run(
            command, capture_output=True, text=True, timeout=_MOST_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{model}: {_N_INFERENCES} inferences in a process of its own took more than "
            f"{_MOST_S:.0f} s"
        ) from None
    except OSError:
        return 0
    if child.returncode:
        said = child.stderr.strip().splitlines() or [f"status {child.returncode}"]
        raise ModelError(f"{model}: a process that serves it failed: {said[-1]}")
    return int(child.stdout)


def _serve(model: Path) -> int:
    """Serve zeros a few times and return this process's peak."""
    import numpy as np

    from edge_daemon import peak_memory
    from edge_daemon.quantize.served import Served

    served = Served(model)
    features = np.zeros((1, *served.shape), np.float32)
    for _ in range(_N_INFERENCES):
        served.run(features)
    return peak_memory.peak_rss_bytes() or 0


if __name__ == "__main__":
    end_with_parent()
    sys.stdout.write(f"{_serve(Path(sys.argv[1]))}\n")
