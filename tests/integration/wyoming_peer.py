"""The real wyoming-openwakeword, in a virtual environment of its own.

It is made once, in half a minute, and kept in pytest's cache.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port

VERSION = "1.8.2"
_PACKAGES = (f"wyoming-openwakeword=={VERSION}", "numpy<2")  # its tflite-runtime needs the old one
_WORDS = ("alexa_v0.1", "hey_jarvis_v0.1")
_READY_WITHIN_S = 30.0


@contextmanager
def running_peer(cache: pytest.Cache | None) -> Iterator[str]:
    """Run it, with the words of the sessions; give its address. Skips where it cannot be had."""
    python = _made(cache)
    uri = f"tcp://127.0.0.1:{free_port()}"
    preloaded = [x for word in _WORDS for x in ("--preload-model", word)]
    command = [str(python), "-m", "wyoming_openwakeword", "--uri", uri, *preloaded]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = _said_until_it_listens(uri, process)
        if said is not None:
            process.kill()
            pytest.skip(f"wyoming-openwakeword {VERSION} does not start: {said}")
        # nobody else reads what it says, and it would wait for a reader
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield uri
        finally:
            process.kill()


def _made(cache: pytest.Cache | None) -> Path:
    if cache is None:
        pytest.skip("wyoming-openwakeword is installed into pytest's cache, which is off")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder: Path = cache.mkdir("edge-daemon") / f"wyoming-openwakeword-{VERSION}-{version}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _run(sys.executable, "-m", "venv", unfinished)
        _run(
            unfinished / "bin/python", "-m", "pip", "install", "--quiet", "--no-compile", *_PACKAGES
        )
        unfinished.rename(folder)
    return folder / "bin" / "python"


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        pytest.skip(f"wyoming-openwakeword {VERSION} cannot be installed: {done.stderr[-300:]}")


def _said_until_it_listens(uri: str, process: subprocess.Popen[str]) -> str | None:
    """Wait until it can be connected to; return what it said if it ended instead."""
    host, port = uri.removeprefix("tcp://").split(":")
    deadline_s = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            return process.communicate()[1][-500:]
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
        else:
            return None
    return f"nothing listens within {_READY_WITHIN_S:.0f} s"
