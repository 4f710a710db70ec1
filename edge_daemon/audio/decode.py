"""Decoding of audio files with libsndfile, into int16 frames."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from edge_daemon.audio.channels import Channel, Frames, check_channel
from edge_daemon.audio.convert import Converter
from edge_daemon.errors import AudioError, MissingDependency
from edge_daemon.types import Samples

if TYPE_CHECKING:
    import soundfile

MIN_RATE_HZ = 1000
MAX_RATE_HZ = 768_000
_INT16_SUBTYPES = ("PCM_", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM")


class Decoder:
    """A file that soundfile reads, as int16 frames of the file's own rate and channels."""

    def __init__(self, file: Path | BinaryIO) -> None:
        self.where = str(file) if isinstance(file, Path) else str(getattr(file, "name", "audio"))
        if isinstance(file, Path):
            _check_readable(file)
        self._file = _open(file, self.where)
        self._done_frames = 0
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
            self.close()
            raise AudioError(
                f"{self.where}: its header gives a sample rate of {self._file.samplerate} Hz; "
                f"{MIN_RATE_HZ} to {MAX_RATE_HZ} Hz can be read: is the file damaged?"
            )

    @property
    def rate_hz(self) -> int:
        """Sample rate of the file."""
        return int(self._file.samplerate)

    @property
    def n_channels(self) -> int:
        """Channels of the file."""
        return int(self._file.channels)

    @property
    def description(self) -> str:
        """Container and encoding."""
        return f"{self._file.format} {self._file.subtype}"

    def read(self, n_frames: int) -> Frames:
        """Decode the next frames; fewer than asked for at the end, then none.

        Raises
        ------
        AudioError
            The file is damaged from here on.
        """
        is_int = self._file.subtype.startswith(_INT16_SUBTYPES)
        try:
            data: Any = self._file.read(n_frames, "int16" if is_int else "float32", always_2d=True)
        except (RuntimeError, OSError) as error:
            at_s = self._done_frames / self.rate_hz
            raise AudioError(
                f"{self.where}: damaged after {at_s:.2f} s ({_reason(error)}); "
                "replace the file, or cut it there"
            ) from None
        self._done_frames += len(data)
        frames: Frames = data if is_int else _to_int16(data)
        return frames

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_clip(
    file: Path | str | BinaryIO, sample_rate_hz: int, channel: Channel = "mean"
) -> Samples:
    """Decode a whole file, of any format, rate and channels that libsndfile reads.

    Returns
    -------
    Samples
        Mono [shape=(n,), dtype=int16] at ``sample_rate_hz``.

    Raises
    ------
    AudioError
        It cannot be read, is damaged, or lacks the channel.
    """
    with Decoder(Path(file) if isinstance(file, str) else file) as decoder:
        check_channel(channel, decoder.n_channels, decoder.where)
        converter = Converter(decoder.rate_hz, decoder.n_channels, channel, sample_rate_hz)
        parts: list[Samples] = []
        while len(frames := decoder.read(decoder.rate_hz)):
            parts.append(converter.push(frames))
        parts.append(converter.flush())
    return np.concatenate(parts)


def _check_readable(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISFIFO(mode):
            raise AudioError(f"{path}: a FIFO, not a file; for raw audio use pcm:{path}")
        if path.is_dir():
            raise AudioError(f"{path}: a folder; name one audio file in it")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise AudioError(f"{path}: no such file") from None
    except OSError as error:
        if isinstance(error, AudioError):
            raise
        raise AudioError(f"{path}: cannot be read: {error.strerror or error}") from None
    if empty:
        raise AudioError(f"{path}: the file is empty (0 bytes); record or copy it again")


def _open(file: Path | BinaryIO, where: str) -> soundfile.SoundFile:
    try:
        import soundfile
    except OSError as error:
        raise MissingDependency(
            f"libsndfile, which reads audio files, cannot be loaded ({error}); "
            "run: sudo apt install libsndfile1"
        ) from None
    try:
        return soundfile.SoundFile(str(file) if isinstance(file, Path) else file)
    except TypeError:
        raise AudioError(
            f"{where}: raw audio has no header; use pcm:{where} and audio.pcm_rate_hz"
        ) from None
    except (RuntimeError, OSError) as error:
        raise AudioError(
            f"{where}: not an audio file that can be read ({_reason(error)}); "
            "WAV, FLAC, Ogg, Opus, MP3 and AIFF can be"
        ) from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).removeprefix("Error : ").rstrip(".")


def _to_int16(data: npt.NDArray[np.float32]) -> Frames:
    """Scale and clip; a sample that is no number counts as silence."""
    finite = np.nan_to_num(data, nan=0.0, posinf=1.0, neginf=-1.0)
    frames: Frames = np.rint((finite * 32768.0).clip(-32768, 32767)).astype(np.int16)
    return frames
