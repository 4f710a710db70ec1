"""The real parts that several modules of tests share."""

from __future__ import annotations

from tests.integration.virtual_microphone import sound_server, virtual_microphone

__all__ = ["sound_server", "virtual_microphone"]
