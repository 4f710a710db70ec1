"""Plain YAML values to the sections of the schema, with every mistake noted."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from edge_daemon.config.guess import did_you_mean
from edge_daemon.config.schema import Section

S = TypeVar("S", bound=Section)


class Converter:
    """Converts values and keeps a line ``section.key: what, the value`` for each mistake."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def section(self, kind: type[S], raw: object, where: str) -> S | None:
        """Return a section made of ``raw``, or None where it cannot be made."""
        if kind.shorthand is not None and isinstance(raw, kind.shorthand[0]):
            raw = {kind.shorthand[1]: raw}
        if not isinstance(raw, dict):
            self._note(where, "expected `key: value` lines", raw)
            return None
        fields = {f.name: f for f in msgspec.structs.fields(kind)}
        n_problems = len(self.problems)
        self._note_unknown(raw, fields, where)
        values = {k: self._value(fields[k].type, v, _join(where, k))
                  for k, v in raw.items() if k in fields}  # fmt: skip
        for name, info in fields.items():
            if info.required and name not in raw:
                self.problems.append(f"{_join(where, name)}: missing")
        if len(self.problems) > n_problems:
            return None
        try:
            return kind(**values)
        except ValueError as error:
            self._note(where, str(error), raw)
            return None

    def _note(self, where: str, what: str, value: object) -> None:
        text = repr(value)
        shown = text if len(text) <= 60 else text[:57] + "..."
        self.problems.append(f"{where}: {what}, found {shown}")

    def _note_unknown(self, raw: dict[Any, Any], known: Iterable[str], where: str) -> None:
        for key in raw:
            if key not in known:
                guess = did_you_mean(str(key), known)
                self.problems.append(
                    f"{_join(where, key)}: unknown key{guess}; known here: {', '.join(known)}"
                )

    def _value(self, annotation: Any, raw: object, where: str) -> Any:
        kind, description = described(annotation)
        options = _options(kind)
        if raw is None and type(None) in options:
            return None
        for option in options:
            if _is_section(option):
                return self.section(option, raw, where)
            members = typing.get_args(option)
            if typing.get_origin(option) is list and _is_section(members[0]):
                return self._list(members[0], raw, where)
            if typing.get_origin(option) is dict and _is_section(members[1]):
                return self._dict(members[1], raw, where)
        return self._plain(annotation, description, raw, where)

    def _list(self, kind: type[S], raw: object, where: str) -> list[S | None]:
        if not isinstance(raw, list):
            self._note(where, "expected a list", raw)
            return []
        return [self.section(kind, item, f"{where}[{i}]") for i, item in enumerate(raw)]

    def _dict(self, kind: type[S], raw: object, where: str) -> dict[str, S | None]:
        if not isinstance(raw, dict):
            self._note(where, "expected `key: value` lines", raw)
            return {}
        return {str(k): self.section(kind, v, _join(where, k)) for k, v in raw.items()}

    def _plain(self, annotation: Any, description: str, raw: object, where: str) -> Any:
        if isinstance(raw, float) and not math.isfinite(raw):
            self._note(where, "expected a finite number", raw)
            return None
        try:
            return msgspec.convert(raw, annotation)
        except msgspec.ValidationError as error:
            what = _reason(str(error), annotation)
            self._note(where, f"{what} ({description})" if description else what, raw)
            return None


def _join(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def described(annotation: Any) -> tuple[Any, str]:
    """Split ``Annotated`` into the type and its description, empty where there is none."""
    if typing.get_origin(annotation) is not typing.Annotated:
        return annotation, ""
    kind, *metas = typing.get_args(annotation)
    texts = [m.description for m in metas if isinstance(m, msgspec.Meta) and m.description]
    return kind, texts[0] if texts else ""


def _options(kind: Any) -> tuple[Any, ...]:
    is_union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return typing.get_args(kind) if is_union else (kind,)


def _choices(annotation: Any) -> Iterator[str]:
    """Yield the words that a ``Literal`` somewhere in the type allows."""
    if typing.get_origin(annotation) is typing.Literal:
        yield from (str(a) for a in typing.get_args(annotation))
    else:
        for part in typing.get_args(annotation):
            yield from _choices(part)


def _reason(message: str, annotation: Any) -> str:
    """Reword what msgspec says: no path, no regular expressions, the choices named."""
    text = message.split(" - at `", maxsplit=1)[0]
    choices = ", ".join(_choices(annotation))
    if text.startswith("Invalid enum value"):
        return f"expected one of {choices}"
    if " matching regex " in text:
        return "not of the form expected"
    text = text.split(", got ", maxsplit=1)[0]
    return text[0].lower() + text[1:]
