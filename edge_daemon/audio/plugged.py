"""Notices that a sound card comes or goes."""

from __future__ import annotations

import os
from pathlib import Path


class PluggedWatch:
    """Tells whether the kernel's sound devices are others than at the last look."""

    def __init__(self, folder: Path = Path("/dev/snd")) -> None:
        self._folder = folder
        self._seen = self._devices()

    def has_changed(self) -> bool:
        """Look, and tell whether a device has come or gone since the look before."""
        before, self._seen = self._seen, self._devices()
        return self._seen != before

    def _devices(self) -> frozenset[str]:
        try:
            return frozenset(os.listdir(self._folder))
        except OSError:  # there is no such folder before the first card
            return frozenset()
