"""The reference of the configuration, made from the schema."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml
from msgspec.structs import FieldInfo, fields

from edge_daemon.config.convert import described, in_words
from edge_daemon.config.schema import Config, Section

_HEAD = """\
# Configuration

Every key, as the schema of this version has it. All of them may be left out, but for those that are *needed*. A mistake
is reported with all others at once: `edge-daemon check --config FILE`. With all defaults as one commented file:
`edge-daemon config --defaults`; as a JSON Schema for editors: `edge-daemon config --schema`.

*or nothing* means that the key may be `null`. A section with a *short form* may be written as a plain value, which then
stands for one of its keys.
"""
_END = "...\n"
"""What YAML writes after a plain value."""
_UNITS = {
    "ms": "ms", "s": "s", "hz": "Hz", "db": "dB", "w": "W", "bytes": "bytes", "mib": "MiB", "days": "days",
}  # fmt: skip
"""By the end of a key's name."""


def configuration_page() -> str:
    """Return the page: a table for each section, in the order of the schema."""
    return _HEAD + "".join(_tables(Config, ""))


def _tables(kind: type[Section], where: str) -> Iterator[str]:
    """Yield the table of a section's own keys, and then those of the sections in it."""
    rows, inner = [], []
    for info in fields(kind):
        key = f"{where}{info.name}"
        found = _section_in(info.type)
        if found is not None:
            section, suffix = found
            inner.append((section, f"{key}{suffix}"))
        if where and (found is None or not isinstance(info.default, Section)):
            rows.append(_row(info, found is not None))
    if where:
        yield _heading(kind, where.rstrip("."))
        yield "\n| key | value | default | unit | what it is |\n|---|---|---|---|---|\n"
        yield "".join(rows)
    for section, key in inner:
        yield from _tables(section, f"{key}.")


def _section_in(annotation: Any) -> tuple[type[Section], str] | None:
    """Return the section that a key holds and what its place is called; None for a plain value."""
    kind, _ = described(annotation)
    for option in (kind, *typing.get_args(kind)):
        plain, _ = described(option)
        if isinstance(plain, type) and issubclass(plain, Section):
            return plain, {list: "[]", dict: ".WORD"}.get(typing.get_origin(kind), "")
    return None


def _heading(kind: type[Section], where: str) -> str:
    level = "###" if "." in where else "##"
    text = (kind.__doc__ or "").strip().partition("\n")[0]
    short = ""
    if kind.shorthand is not None:
        value, key = kind.shorthand
        short = f" Short form: {in_words(value)}, which is `{key}`."
    return f"\n{level} {where}\n\n{_cell(text)}{short}\n"


def _row(info: FieldInfo, is_section: bool) -> str:
    description = described(info.type)[1]
    value = "see below" if is_section else in_words(info.type)
    unit = _UNITS.get(info.name.rpartition("_")[2], "")
    cells = (f"`{info.name}`", value, _default(info), unit, description)
    return "| " + " | ".join(map(_cell, cells)) + " |\n"


def _default(info: FieldInfo) -> str:
    if info.required:
        return "*needed*"
    value = info.default if info.default is not msgspec.NODEFAULT else info.default_factory()
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return f"`{text.removesuffix(_END).strip()}`"


def _cell(text: str) -> str:
    """Return a text that ends no cell of a table and opens no tag."""
    return text.replace("|", r"\|").replace("<", "&lt;")
