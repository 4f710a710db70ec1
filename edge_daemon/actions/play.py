"""Play a sound when a word is heard, with a program such as aplay."""

from __future__ import annotations

import errno
import os
import wave
from pathlib import Path

from edge_daemon.actions.command import CommandAction, CommandJob
from edge_daemon.config import BUILTIN, CommandConfig, PlayConfig
from edge_daemon.types import Detection

LONGEST_SOUND_S = 300.0
RINGS_OUT_MS = 500
"""Muted beyond the sound's end: the player starts late, and the room rings."""
_LATE_S = 10.0
"""The player may take so much longer than the sound, as where the sound card is busy."""
_BUILTIN_FOLDER = Path(__file__).parents[1] / "sounds"


class PlayAction:
    """Starts the player of one rule.

    Raises
    ------
    ValueError
        The file is no sound that can be played.
    """

    def __init__(self, config: PlayConfig, name: str = "play") -> None:
        path = sound_file(config.file)
        command = CommandConfig(
            argv=[*config.player, str(path)], timeout_s=sound_s(config.file) + _LATE_S
        )
        self._player = CommandAction(command, name)

    def run(self, detection: Detection) -> CommandJob:
        """Start the player.

        Raises
        ------
        ActionBusyError
            The sound still plays.
        ActionError
            The player cannot be started.
        """
        return self._player.run(detection)


def mute_ms_of_sound(config: PlayConfig) -> int:
    """Return for how long the daemon would hear the sound.

    Raises
    ------
    ValueError
        The file is no sound that can be played.
    """
    return round(1000 * sound_s(config.file)) + RINGS_OUT_MS


def sound_file(name: str) -> Path:
    """Return where the sound lies: ``builtin:NAME``, or a file.

    Raises
    ------
    ValueError
        There is none of that name that ships.
    """
    if not name.startswith(BUILTIN):
        return Path(name)
    path = _BUILTIN_FOLDER / f"{name.removeprefix(BUILTIN)}.wav"
    known = sorted(_BUILTIN_FOLDER.glob("*.wav"))
    if path not in known:
        names = ", ".join(BUILTIN + p.stem for p in known)
        raise ValueError(f"play.file: {name}: no such sound; there is {names}, or name a WAV file")
    return path


def sound_s(name: str) -> float:
    """Return the length of a sound.

    Raises
    ------
    ValueError
        The file is no WAV that can be read, is empty, or is too long.
    """
    path = sound_file(name)
    try:
        seconds = _length_s(path)
    except (OSError, wave.Error, EOFError, ZeroDivisionError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ValueError(
            f"play.file: {path}: not a WAV file that can be read ({str(reason) or 'cut short'}); "
            "to make one of 16-bit samples: ffmpeg -i SOUND -c:a pcm_s16le sound.wav"
        ) from None
    if not 0 < seconds <= LONGEST_SOUND_S:
        raise ValueError(
            f"play.file: {path}: lasts {seconds:g} s; above 0, up to {LONGEST_SOUND_S:g} s "
            "can be played"
        )
    return seconds


def _length_s(path: Path) -> float:
    """Return the length by the header, or by the file's size: what made it may have left it open."""
    size_bytes = os.stat(path).st_size
    if not os.path.isfile(path):  # a FIFO would let the daemon wait for its writer
        raise OSError(errno.EINVAL, "no regular file")
    with wave.open(str(path), "rb") as sound:
        frame_bytes = sound.getsampwidth() * sound.getnchannels()
        n_frames = min(sound.getnframes(), size_bytes // frame_bytes)
        return n_frames / sound.getframerate()
