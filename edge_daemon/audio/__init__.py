"""Where audio comes from: a microphone, a file, or raw PCM; always mono at the model's rate.

The libraries behind the sources (PortAudio, libsndfile, soxr) are loaded when a source that
needs them is opened, so that the package imports without them.
"""

from __future__ import annotations

from pathlib import Path

from edge_daemon.audio.source import READ_TIMEOUT_S, AudioSource
from edge_daemon.config import AudioConfig
from edge_daemon.errors import AudioError

__all__ = ["READ_TIMEOUT_S", "AudioSource", "open_source"]


def open_source(config: AudioConfig, sample_rate_hz: int) -> AudioSource:
    """Return the source that ``config.source`` names; entering it opens it.

    Parameters
    ----------
    config
        ``source`` is ``mic``, ``mic:NAME``, ``wav:FILE``, ``pcm:-`` or ``pcm:FIFO``.
    sample_rate_hz
        The rate that the blocks shall have: the model's.
    """
    kind, _, name = config.source.partition(":")
    if kind == "mic":
        from edge_daemon.audio.microphone import MicrophoneSource

        return MicrophoneSource(config, sample_rate_hz, name=name or None)
    if kind == "wav":
        from edge_daemon.audio.files import FileSource

        return FileSource(
            Path(name),
            sample_rate_hz,
            block_ms=config.block_ms,
            channel=config.channel,
            pace=config.pace,
            buffer_s=config.buffer_s,
        )
    if kind == "pcm":
        from edge_daemon.audio.pcm import PcmSource

        return PcmSource(name, config.pcm_rate_hz, sample_rate_hz, block_ms=config.block_ms)
    raise AudioError(
        f"audio.source: unknown kind {kind!r}; use mic, mic:NAME, wav:FILE, pcm:- or pcm:FIFO"
    )
