"""A machine with a real systemd, booted in a second on top of this one's files or another root.

systemd-nspawn boots it in a mount namespace of its own, over an overlay whose upper layer is in
memory: nothing that happens in there is kept, and all mounts end with it, also when the tests are
killed.

    with BootedSystemd(tmp_path, binds={ROOT: "/mnt/checkout"}) as system:
        system.put("/etc/systemd/system/greet.service", UNIT)
        system.run("systemctl", "start", "greet")
        system.wait_for_entry("greet", lambda entry: entry["MESSAGE"] == "hello")
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tests.integration import journal, own_cgroup
from tests.integration.journal import Entry, IsIt

GIVE_UP_S = 60.0
"""A safety net only: no test is meant to come near it."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_BOOT = """
set -eu
lower=$1 folder=$2
shift 2
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
: >etc/machine-id
if [ "$lower" = / ]; then  # this machine's services are not wanted
    rm -rf etc/systemd/system/*.wants etc/systemd/system/*.requires
fi
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn  # where it notes what runs
exec systemd-nspawn "$@"
"""

_OPTIONS = (
    "--quiet",
    "--boot",
    "--register=no",
    "--keep-unit",
    "--notify-ready=yes",
    "--timezone=off",
    "--console=pipe",
)

_UNSHARE = ("unshare", "--mount", "--propagation", "private")


def missing_parts() -> str | None:
    """Return why no systemd can be booted here, in words; None where it can."""
    if os.geteuid() != 0:
        return "only root may mount and start a machine"
    needed = ("systemd-nspawn", "unshare", "nsenter", "setpriv")
    if programs := [p for p in needed if shutil.which(p) is None]:
        return f"not installed: {', '.join(programs)}; apt install systemd-container util-linux"
    may_mount = [*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    tried = subprocess.run(may_mount, capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"no right to mount: {tried.stderr.strip()}"
    return own_cgroup.why_not()


class BootedSystemd:
    """A machine that runs, and what is done in it.

    Parameters
    ----------
    folder : Path
        Empty or not there yet; holds what the machine prints while it boots.
    binds : mapping of Path to str
        What of outside is to be seen inside, and where.
    root : Path
        What the machine is made of: this one's files, or those of a Debian in a folder.
    has_network : bool
        This machine's network; without it there is only a loopback of its own.
    """

    def __init__(
        self,
        folder: Path,
        binds: Mapping[Path, str] | None = None,
        root: Path = Path("/"),
        has_network: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._mounts = folder / "machine"
        self._mounts.mkdir()
        self._printed = folder / "printed"
        self._notify = folder / "notify"
        self._root = root
        self._network = [] if has_network else ["--private-network"]
        self._network += ["--resolv-conf=" + ("copy-host" if has_network else "off")]
        self._binds = [f"--bind={outside}:{inside}" for outside, inside in (binds or {}).items()]
        self.leader: int | None = None
        """The machine's systemd, seen from outside; it is there once the machine has booted."""

    def __enter__(self) -> BootedSystemd:
        self._cgroup = own_cgroup.OwnCgroup()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(self._notify))
            self._process = self._start()
            try:
                self._wait_for_boot(notified)
            except BaseException:
                self.__exit__(None, None, None)
                raise
        return self

    def _start(self) -> subprocess.Popen[bytes]:
        unshare = [*_UNSHARE, "--pid", "--fork", "--kill-child", "--mount-proc"]
        command = ["sh", "-c", _BOOT, "boot", str(self._root), str(self._mounts)]
        nspawn = [*_OPTIONS, *self._network, *self._binds, f"--machine=edge-{os.getpid()}"]
        nspawn += ["-D", str(self._mounts / "root"), "systemd.unit=multi-user.target"]
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"]
        with self._printed.open("wb") as printed:
            return subprocess.Popen(
                [*dies_with_us, *self._cgroup.enter, *unshare, *command, *nspawn],
                env={"PATH": PATH, "NOTIFY_SOCKET": str(self._notify)},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def _wait_for_boot(self, notified: socket.socket) -> None:
        """Wait for systemd's own word that it has started everything."""
        notified.settimeout(0.2)
        deadline_s = time.monotonic() + GIVE_UP_S
        while True:
            try:
                if "READY=1" in notified.recv(4096).decode().splitlines():
                    break
            except TimeoutError:
                assert self._process.poll() is None, f"it ended: {self.printed()}"
                assert time.monotonic() < deadline_s, f"it does not boot: {self.printed()}"
        self.leader = _child(_child(self._process.pid))
        self._open_limits()

    def _open_limits(self) -> None:
        """Let the machine limit its units in its own control group, which nspawn does not."""
        folders = [f"/sys/fs/cgroup/{name}" for name in own_cgroup.LIMITING]
        mounted = [x for x in folders if self.path(f"{x}/cgroup.procs").exists()]
        for folder in mounted:
            self.run("mount", "-o", "remount,bind,rw", folder)
        if mounted:
            self.run("systemctl", "daemon-reexec")  # it looks only once where it may write

    def printed(self) -> str:
        """Return what the machine has printed on its console."""
        return self._printed.read_text(errors="replace")

    def run(
        self,
        *command: str | Path,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout_s: float = GIVE_UP_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the machine to its end; ``check`` fails on its failure."""
        done = subprocess.run(
            self._inside(*map(str, command), env=env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode:
            said = f"{done.stdout}{done.stderr}".strip()
            if command[0] == "systemctl":
                said += f"\n{self.log(str(command[-1]))}"
            raise AssertionError(
                f"{shlex.join(done.args[-len(command) :])}: {done.returncode}: {said}"
            )
        return done

    def _inside(self, *command: str, env: Mapping[str, str] | None = None) -> list[str]:
        settings = [f"{k}={v}" for k, v in {"PATH": PATH, "LANG": "C.UTF-8", **(env or {})}.items()]
        return ["nsenter", "-t", str(self.leader), "-a", "env", "-i", *settings, *command]

    def put(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        """Write a file in the machine, with the folders that it needs."""
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        target.chmod(mode)

    def path(self, path: str) -> Path:
        """Return where a file of the machine is seen from outside, while it runs."""
        return Path(f"/proc/{self.leader}/root") / path.lstrip("/")

    def property(self, unit: str, name: str) -> str:
        """Return what systemd says of a unit, such as StatusText or MainPID."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def wait_until(
        self, unit: str, name: str, is_so: Callable[[str], bool], timeout_s: float = GIVE_UP_S
    ) -> str:
        """Wait until a property of a unit is so, and return it."""
        deadline_s = time.monotonic() + timeout_s
        while not is_so(value := self.property(unit, name)):
            seen = f"{unit}: {name} is {value!r} after {timeout_s:g} s\n{self.log(unit)}"
            assert time.monotonic() < deadline_s, seen
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"the machine ended: {self._process.wait(0.05)}")
        return value

    def journal(self, unit: str, after: str | None = None) -> list[Entry]:
        """Return what the journal has of a unit, the oldest first; ``after`` is a cursor."""
        self.run("journalctl", "--sync")
        lines = self.run(*journal.READ, *journal.since(after)).stdout.splitlines()
        return [entry for entry in map(journal.entry, lines) if journal.is_of(unit, entry)]

    def cursor(self) -> str:
        """Return where the journal ends now, for ``journal`` and ``wait_for_entry``."""
        self.run("journalctl", "--sync")
        done = self.run(*journal.READ, "-n", "1", "--output-fields=MESSAGE")
        found: str = json.loads(done.stdout)["__CURSOR"]
        return found

    def wait_for_entry(
        self, unit: str, is_it: IsIt, after: str | None = None, timeout_s: float = GIVE_UP_S
    ) -> Entry:
        """Follow the journal of a unit to the first entry that is it; ``after`` is a cursor."""
        command = self._inside(*journal.READ, "--follow", "--no-tail", *journal.since(after))
        deadline_s = time.monotonic() + timeout_s
        with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
            try:
                for entry in map(journal.entry, journal.lines(follower, deadline_s)):
                    if journal.is_of(unit, entry) and is_it(entry):
                        return entry
            finally:
                follower.kill()
        raise AssertionError(f"no such entry of {unit} in {timeout_s:g} s:\n{self.log(unit)}")

    def log(self, unit: str, n_lines: int = 60) -> str:
        """Return the newest lines of a unit's journal as text, for messages of tests."""
        command = ("journalctl", "-u", unit, "-n", str(n_lines), "--no-pager", "-o", "short")
        return self.run(*command, check=False).stdout

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Switch it off: its processes are killed and its mounts end with them."""
        self._process.kill()
        self._process.wait()
        self._cgroup.remove()


def _child(pid: int) -> int:
    """Return the first child of a process: of unshare nspawn, of nspawn the machine's systemd."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
