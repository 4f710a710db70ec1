"""Ends PortAudio's streams, with a limit to how long that may take.

PortAudio joins its thread when a stream is ended. Where a device vanished under a stream, that
thread may loop for ever (``PaAlsaStream_WaitForFrames``, as of 19.6), and then the join never
returns. Nothing in the process can mend that.
"""

from __future__ import annotations

from typing import Any

from edge_daemon.errand import Errand
from edge_daemon.errors import AudioGone

CLOSE_WITHIN_S = 3.0
"""It takes milliseconds; what has not ended by then does not end."""


def end_stream(stream: Any, where: str) -> None:
    """Abort and close a stream.

    Aborted, as a stop waits for samples, for ever where none come.

    Raises
    ------
    AudioGone
        PortAudio hangs, and with it all that would be called to clean up: the process is to be
        ended.
    PortAudioError
        What PortAudio says against it.
    """

    def end() -> None:
        stream.abort()
        stream.close()

    closing = Errand(end, "edge-closing")
    if not closing.wait(CLOSE_WITHIN_S):
        raise AudioGone(
            f"{where}: PortAudio hangs: it has not ended its stream within {CLOSE_WITHIN_S:g} s; "
            "only a fresh start helps"
        )
    closing.result()
