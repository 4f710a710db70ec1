"""What is heard stays here: no file, no socket, no thread but those that were asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.control.client import ask
from edge_daemon.control.messages import Status
from tests.integration.command_line import (
    DEMO,
    ROOT,
    Pipe,
    RunningDaemon,
    demo_samples,
    edge_daemon,
)

_LOOK_AT = (
    "%network,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,"
    "linkat,symlink,symlinkat,truncate,mknod,mknodat,memfd_create,io_uring_setup,clone,clone3,execve"
)
_COUNTING = """
import sys, threading
from edge_daemon.__main__ import main
start, started = threading.Thread.start, []
def counted(thread):
    started.append(thread.name)
    start(thread)
threading.Thread.start = counted
try:
    main()
finally:
    print("threads of ours:", len(started), file=sys.stderr)
"""
"""The daemon, which says in the end how many threads Python has started."""
_SCORING = """
import os
import edge_daemon.__main__
import numpy as np
from edge_daemon.config import load_config
from edge_daemon.model import load_model
config = load_config(None)
model = load_model(config.model, config.runtime)
model.scores(np.zeros((model.spec.n_frames, model.spec.frontend.n_features), np.float32))
print(len(os.listdir("/proc/self/task")))
links = [os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
print(any("socket:" in os.readlink(link) for link in links if os.path.lexists(link)))
"""
_WRITES = re.compile(
    r"\b(?:open|openat|openat2)\((?:AT_FDCWD, )?\"(?P<file>[^\"]*)\", [^)]*O_(?:WRONLY|RDWR|CREAT)|"
    r"\b(?:creat|mkdir|rename|unlink|link|symlink|truncate|mknod)(?:at2?)?\("
    r"(?:AT_FDCWD, )?\"(?P<place>[^\"]*)\".* = 0$"
)
WORD = "hunter2-correct-horse"


@pytest.fixture(scope="module")
def strace() -> str:
    """Return the program that sees every system call; skip where it is not to be had."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed: sudo apt install strace")
    done = subprocess.run([program, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    return program


def _clean_home(folder: Path) -> dict[str, str]:
    """Return an environment whose home is an empty folder, without what turns telemetry off."""
    (folder / "home").mkdir()
    home = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "home")}
    python = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home, **python}


@pytest.fixture
def traced(strace: str, tmp_path: Path) -> tuple[Path, str, str]:
    """Run the daemon over the demo clip; return its folder, its system calls and its log."""
    config = tmp_path / "c.yaml"
    config.write_text(
        f"audio: {{source: 'wav:{DEMO}', pace: fast}}\n"
        "telemetry: {log: {path: records.jsonl}}\n"
        "control: {path: control.sock}\n"
        "actions: [{say: '*', log: heard.jsonl}, {say: stop, command: [/bin/true]}]\n"
    )
    calls = tmp_path / "calls"
    argv = [strace, "-f", "-qq", "-s", "4096", "-e", f"trace={_LOOK_AT}", "-o", str(calls)]
    argv += [sys.executable, "-c", _COUNTING, "run", "--config", str(config)]
    done = subprocess.run(
        argv, env=_clean_home(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return tmp_path, calls.read_text(), done.stderr


def test_every_system_call_of_a_run(traced: tuple[Path, str, str]) -> None:
    """It heard and acted; it wrote what it was told to, had one socket, and no foreign thread."""
    folder, calls, log = traced
    assert "heard 16 words" in log
    written = {m["file"] or m["place"] for m in map(_WRITES.search, calls.splitlines()) if m}
    named = {str(folder / name) for name in ("records.jsonl", "heard.jsonl", "control.sock")}
    assert written - {"/dev/null"} == named
    assert list((folder / "home").iterdir()) == []
    families = re.findall(r"\bsocket(?:pair)?\((\w+)", calls)
    assert families == ["AF_UNIX"]
    assert not re.search(
        r"\b(connect|sendto|sendmsg|sendmmsg|memfd_create|io_uring_setup)\(", calls
    )
    ours = int(log.rpartition("threads of ours: ")[2])
    assert calls.count("CLONE_THREAD") == ours
    programs = re.findall(r'\bexecve\("([^"]*)"', calls)
    assert programs[1:] == ["/bin/true"], programs


def test_onnxruntime_keeps_quiet(tmp_path: Path) -> None:
    """To import it and to score leaves one thread, no file and no socket, seen from the kernel."""
    done = subprocess.run(
        [sys.executable, "-c", _SCORING],
        env=_clean_home(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["1", "False"], done.stderr
    assert list((tmp_path / "home").iterdir()) == []


class _Echo(BaseHTTPRequestHandler):
    """A server that refuses, and repeats in its answer all that it was sent."""

    def do_POST(self) -> None:
        """Answer with the token and the path."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403, f"not you, {self.headers['X-Token']}")
        self.end_headers()
        self.wfile.write(f"{self.headers['Authorization']} at {self.path}".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Run the server; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def _with_secrets(folder: Path, server: str) -> Path:
    """Write a configuration that holds or names four secrets."""
    (folder / "token").write_text(f"Bearer {WORD}-1\n")
    (folder / "token").chmod(0o600)
    (folder / "hook").write_text(f"{server}/hook/{WORD}-2\n")
    (folder / "hook").chmod(0o600)
    address = server.replace("://", f"://user:{WORD}-3@")
    config: dict[str, Any] = {
        "audio": {"source": f"pcm:{folder}/fifo"},
        "decision": {"wake_words": []},
        "logging": {"level": "debug"},
        "control": {"path": "c.sock"},
        "telemetry": {"log": {"path": "records.jsonl"}},
        "actions": [
            {"say": "*", "webhook": {"url_from": "hook", "headers_from": {"Authorization": "token"}}},
            {"say": "*", "webhook": {"url": f"{address}/{WORD}-4?t={WORD}-5", "retries": 0,
                                     "headers": {"X-Token": f"{WORD}-6"}}},
        ],
    }  # fmt: skip
    path = folder / "c.yaml"
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    return path


def test_secrets_are_seen_by_their_server_only(tmp_path: Path, server: str) -> None:
    """Not in logs, records, status, the process list or what is printed, though it repeats them."""
    config = _with_secrets(tmp_path, server)
    pipe = Pipe(tmp_path / "fifo")
    with RunningDaemon("--config", config) as daemon:
        pipe.wait_for_reader()
        pipe.write(demo_samples(2))
        refused = {daemon.wait_for("HTTP 403"), daemon.wait_for("HTTP 403")}
        seen = [str(ask([tmp_path / "c.sock"], Status()))]
        seen.append(Path(f"/proc/{daemon.process.pid}/cmdline").read_text())
        daemon.stop(15)
        seen += daemon.lines
    assert all("***" in line for line in refused)
    seen.append((tmp_path / "records.jsonl").read_text())
    for command in ("config", "check"):
        done = edge_daemon(command, "--config", config)
        seen += [done.stdout, done.stderr]
    config.write_text(config.read_text().replace('"retries": 0', '"retries": "none"'))
    for command in ("run", "check", "config"):
        done = edge_daemon(command, "--config", config)
        assert done.returncode == 78
        seen += [done.stdout, done.stderr]
    assert not [text for text in seen if WORD in text]


def test_a_strict_daemon_does_not_start(tmp_path: Path) -> None:
    """Where somebody else could change what it does, it warns, or ends as with a wrong configuration."""
    path = tmp_path / "c.yaml"
    for strict, code in ((False, 0), (True, 78)):
        path.write_text(
            f"audio: {{source: 'wav:{DEMO}', pace: fast}}\ncontrol: {{enabled: false}}\n"
            f"security: {{strict_permissions: {str(strict).lower()}}}\n"
        )
        path.chmod(0o666)
        done = edge_daemon("run", "--config", path)
        assert done.returncode == code, done.stderr
        assert f"{path}: everybody may change it (mode 0666); run: chmod o-w {path}" in done.stderr
