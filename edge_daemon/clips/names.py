"""What the clips' files are called, so that others in their folder are left alone."""

from __future__ import annotations

import re
from datetime import datetime

_NAME = re.compile(r"\d{8}T\d{9}Z-[A-Za-z0-9_]{1,40}\.flac")
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def clip_name(time: datetime, label: str) -> str:
    """Return a name that sorts by its time, which is in UTC."""
    word = _UNSAFE.sub("_", label)[:40]
    return f"{time:%Y%m%dT%H%M%S}{time.microsecond // 1000:03d}Z-{word or 'word'}.flac"


def is_clip_name(name: str) -> bool:
    """Tell whether that is the name of a clip, and of no file elsewhere."""
    return _NAME.fullmatch(name) is not None
