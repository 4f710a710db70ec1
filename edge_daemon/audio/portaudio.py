"""PortAudio: loaded when a microphone is wanted, and started again to see what was plugged in."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from edge_daemon.errors import AudioError, MissingDependency

ALSA_CONFIG = "ALSA_CONFIG_PATH"
"""Names the files that libasound reads in place of its own, with colons between them."""

_LOG = logging.getLogger(__name__)


def load_portaudio() -> Any:
    """Return the module sounddevice with a fresh list of devices.

    PortAudio lists the devices once, when it starts. It is restarted here, which ends every
    stream of this process.

    Raises
    ------
    MissingDependency
        PortAudio or sounddevice is not installed.
    AudioError
        PortAudio does not start.
    """
    loaded_before = "sounddevice" in sys.modules
    _leave_out_what_alsa_cannot_read()
    try:
        import sounddevice
    except OSError:
        raise MissingDependency(
            "PortAudio, which reads the microphone, is not installed; "
            "run: sudo apt install libportaudio2"
        ) from None
    except ImportError as error:
        raise MissingDependency(f"{error}; run: pip install sounddevice") from None
    except Exception as error:  # a PortAudioError, whose module is not there after that
        raise _does_not_start(error) from None
    if loaded_before:
        _restart(sounddevice)
    return sounddevice


def _restart(sd: Any) -> None:
    try:
        while sd._initialized:
            sd._terminate()
        sd._initialize()
    except sd.PortAudioError as error:
        raise _does_not_start(error) from None


def reason(error: Exception) -> str:
    """Return PortAudio's words for what went wrong, without its codes."""
    text = str(error.args[0]) if error.args else type(error).__name__
    return text.removeprefix("Error opening InputStream: ").removeprefix("Error starting stream: ")


def _does_not_start(error: Exception) -> AudioError:
    named = os.environ.get(ALSA_CONFIG)
    hint = f"; is there a mistake in {ALSA_CONFIG}={named}?" if named else ""
    return AudioError(f"PortAudio does not start: {reason(error)}{hint}")


def _leave_out_what_alsa_cannot_read() -> None:
    """Go back to ALSA's own configuration where the one named is not there: PortAudio would abort."""
    paths = os.environ.get(ALSA_CONFIG, "").split(":")
    unreadable = [path for path in paths if path and not os.access(path, os.R_OK)]
    if unreadable:
        _LOG.warning(
            "%s: %s cannot be read; ALSA's own configuration is used", ALSA_CONFIG, unreadable[0]
        )
        del os.environ[ALSA_CONFIG]
