"""Entry point of ``edge-daemon`` and of ``python -m edge_daemon``."""

from __future__ import annotations

import os
import sys

# before numpy is imported: the products are small, and a thread pool costs memory and power
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> None:
    """Run the command line and exit with its code."""
    from edge_daemon.cli import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
