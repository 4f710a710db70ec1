"""Entry point of ``edge-daemon`` and of ``python -m edge_daemon``."""

from __future__ import annotations

import io
import os
import signal
import sys

# before numpy is imported: the products are small, and a thread pool costs memory and power
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    _fill_standard_descriptors()
    signal.signal(
        signal.SIGCHLD, signal.SIG_DFL
    )  # who inherits SIG_IGN never learns how a child ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes
    try:
        from edge_daemon.cli import main as run

        code = run()
    except KeyboardInterrupt:  # as early as during the imports
        code = EXIT_INTERRUPTED
    sys.exit(code)


def _fill_standard_descriptors() -> None:
    """Give closed descriptors 0 to 2 to /dev/null: else the next file that is opened is stderr."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)


if __name__ == "__main__":
    main()
