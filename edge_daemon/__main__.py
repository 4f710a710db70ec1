"""Entry point of ``edge-daemon`` and of ``python -m edge_daemon``."""

from __future__ import annotations

import contextlib
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
    # who inherits SIG_IGN never learns how a child ends
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes
    try:
        from edge_daemon.cli import main as run

        code = run()
    except KeyboardInterrupt:  # as early as during the imports
        code = EXIT_INTERRUPTED
    _leave_threads_behind(code)
    sys.exit(code)


def _fill_standard_descriptors() -> None:
    """Give closed descriptors 0 to 2 to /dev/null: else the next file that is opened is stderr."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)


def _leave_threads_behind(code: int) -> None:
    """End at once where a thread is still inside a library, such as one that builds a model.

    An interpreter that takes itself apart under it aborts, or waits for ever.
    """
    import threading

    if any(thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
