"""The mel scales: HTK's, and that of Slaney's Auditory Toolbox."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FloatArray = npt.NDArray[np.float64]
_SLANEY_LINEAR_HZ = 200.0 / 3.0
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: _FloatArray, scale: str) -> _FloatArray:
    """Convert frequencies to mels on the ``htk`` or ``slaney`` scale (HTK book 3.4, eq. 5.13)."""
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    logarithmic = _SLANEY_BREAK_HZ / _SLANEY_LINEAR_HZ + (
        np.log(np.maximum(hz, _SLANEY_BREAK_HZ) / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP
    )
    return np.where(hz < _SLANEY_BREAK_HZ, hz / _SLANEY_LINEAR_HZ, logarithmic)


def mel_to_hz(mels: _FloatArray, scale: str) -> _FloatArray:
    """Invert `hz_to_mel`."""
    if scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    mel_break = _SLANEY_BREAK_HZ / _SLANEY_LINEAR_HZ
    logarithmic = _SLANEY_BREAK_HZ * np.exp(_SLANEY_LOG_STEP * (mels - mel_break))
    return np.where(mels < mel_break, mels * _SLANEY_LINEAR_HZ, logarithmic)
