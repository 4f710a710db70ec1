"""A folder in which the blocks of one document are run, one after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import numpy as np

from tests.documents.blocks import ROOT, Block
from tests.documents.commands import sets_up
from tests.documents.network import OwnNetwork
from tests.documents.shell import simple_commands, typed
from tests.documents.shown import assert_shown
from tests.integration.command_line import DEMO, RUN, Pipe, RunningDaemon, demo_samples, silence

GIVE_UP_S = 60.0
"""A safety net only."""
_PYTHON = "shown.py"
_BLOCK = "import numpy as np\n\nblock = np.zeros(16000, np.int16)\n"
_LINKS = ("scripts", "config", "deploy", "docs")

_EDGE_DAEMON = f"""\
#!/bin/sh
# The real one; what would listen to a microphone gets the clip that ships, at full speed.
case " $* " in
    *" --source "* | *" --help "*) ;;
    " run "*) set -- "$@" --source wav:{DEMO} --pace fast ;;
esac
exec {sys.executable} -m edge_daemon "$@"
"""


class Sandbox:
    """The folder, with the real command line on its path, and a daemon once one is needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemon: RunningDaemon | None = None
        self._said = ""
        self._network = OwnNetwork()
        (folder / "bin").mkdir()
        (folder / "run").mkdir(mode=0o700)
        for name in _LINKS:
            (folder / name).symlink_to(ROOT / name)
        self._put_program("edge-daemon", _EDGE_DAEMON)
        for name in ("python", "python3"):
            self._put_program(name, f'#!/bin/sh\nexec {sys.executable} "$@"\n')

    def __enter__(self) -> Sandbox:
        return self

    def run(self, block: Block) -> None:
        """Do with a block what its kind says; what it needs from earlier ones is there."""
        if block.before:
            self._shell(block, block.before)
        if block.file_name:
            (self.folder / block.file_name).write_text(block.text)
        if block.kind == "daemon":
            self.start_daemon()
        if block.kind in ("run", "daemon", "heavy"):
            run = self._console if block.language == "console" else self._script
            run(block)
        elif block.kind == "python":
            self._python(block)
        elif block.kind == "output":
            assert_shown(block, block.text, self._said)

    def _script(self, block: Block) -> None:
        self._said = self._shell(block, block.text)

    def _console(self, block: Block) -> None:
        """Run what is typed, and hold all that is printed to what is shown."""
        shown = block.text
        for command in typed(block):
            shown = shown.replace(f"$ {command}\n", "", 1)
        self._said = self._shell(block, "\n".join(typed(block)), must_succeed=False)
        assert_shown(block, shown, self._said)

    def _python(self, block: Block) -> None:
        """Execute it in a process of its own, with a second of silence as ``block``."""
        (self.folder / _PYTHON).write_text(_BLOCK + block.text)
        self._said = self._shell(block, f"python {_PYTHON}")

    def _shell(self, block: Block, script: str, must_succeed: bool = True) -> str:
        """Run commands, unless they would change this machine or the checkout."""
        for words in simple_commands(script):
            assert not sets_up(words), f"{block.where}: {words}: is it <!-- run: parse -->?"
        try:
            return self.printed(script, must_succeed)
        except subprocess.CalledProcessError as failed:
            raise AssertionError(f"{block.where}: {failed}:\n{failed.output}") from None

    def printed(self, script: str, must_succeed: bool = True) -> str:
        """Return what shell commands print, errors among it."""
        options = "-euo" if must_succeed else "-uo"
        return self._ended(["bash", options, "pipefail", "-c", script], must_succeed)

    def _ended(self, command: list[str], must_succeed: bool = True) -> str:
        process = subprocess.Popen(
            [*self._network.enter, *command],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=GIVE_UP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = f"{process.communicate()[0]}\n(it did not end within {GIVE_UP_S:g} s)"
        if process.returncode and must_succeed:
            raise subprocess.CalledProcessError(process.returncode, command, said)
        return said

    def start_daemon(self) -> None:
        """Have one listen by the document's configuration; it has just heard "computer, stop"."""
        if self._daemon is not None:
            return
        config, fifo = self.folder / "config.yaml", self.folder / "microphone"
        self._pipe = Pipe(fifo)
        options = ["--config", str(config)] if config.exists() else []
        options += ["--source", f"pcm:{fifo}"]
        program = [*self._network.enter, *RUN]
        self._daemon = RunningDaemon(*options, program=program, env=self._environment())
        self._pipe.wait_for_reader()
        self._pipe.write(np.concatenate([demo_samples(2), silence(2)]))
        self._daemon.wait_for("heard 'computer stop'")

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
        return {
            **kept,
            "PATH": f"{self.folder / 'bin'}:{kept['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "COLUMNS": "100",
        }

    def _put_program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._daemon is not None:
            self._pipe.close()
            self._daemon.__exit__(exc_type, exc, traceback)
        self._network.end()
