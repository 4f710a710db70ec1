"""How much memory this process has had at most."""

from __future__ import annotations

from pathlib import Path


def peak_rss_bytes(proc: Path = Path("/proc/self")) -> int | None:
    """Return the peak of its resident memory; None where the system does not tell.

    Not getrusage: its maximum begins with that of the program before the exec.
    """
    try:
        for line in (proc / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
