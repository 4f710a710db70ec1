"""Starts the process that converts, and turns what becomes of it into a result or an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import msgspec

from edge_daemon.errors import EdgeDaemonError, MissingDependency, ModelError
from edge_daemon.quantize.convert.kinds import Kind
from edge_daemon.quantize.convert.messages import Conversion, Failure, Reply, Request

_ERRORS = {"model": ModelError, "missing": MissingDependency, "other": EdgeDaemonError}
_SETTINGS = {
    "ORT_DISABLE_TELEMETRY": "1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",  # a conversion needs no GPU, and may not fit beside what runs
}


def run(kind: Kind, request: Request) -> Conversion:
    """Convert a model in a process of its own.

    Raises
    ------
    EdgeDaemonError
        With what the process says, or with its last words when it dies.
    """
    command = [
        sys.executable, "-m", f"edge_daemon.quantize.convert.{kind}",
        msgspec.json.encode(request).decode(),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, **_SETTINGS},
        )  # fmt: skip
    except OSError as error:
        raise EdgeDaemonError(
            f"{request.model}: no process can be started to convert it: {error.strerror}"
        ) from None
    return _result(request, done)


def _result(request: Request, done: subprocess.CompletedProcess[str]) -> Conversion:
    try:
        reply: Reply = msgspec.json.decode(done.stdout, type=Reply)
    except msgspec.DecodeError:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise EdgeDaemonError(
            f"{request.model}: the process that converts it {_end(done.returncode)}: {words[-1]}"
        ) from None
    if isinstance(reply, Failure):
        raise _ERRORS[reply.kind](reply.message)
    return reply


def _end(status: int) -> str:
    if status >= 0:
        return f"failed with status {status}"
    name = signal.Signals(-status).name
    hint = ", perhaps for want of memory" if status == -signal.SIGKILL else ""
    return f"was killed by {name}{hint}"
