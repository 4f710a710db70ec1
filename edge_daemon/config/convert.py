"""Plain YAML values to the sections of the schema, with every mistake noted."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from edge_daemon.config.guess import did_you_mean
from edge_daemon.config.masking import is_masked, is_secret, masked, shown, shown_key
from edge_daemon.config.schema import Section

S = TypeVar("S", bound=Section)

_NEVER_TEXT = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
"""NUL, and halves of characters other than those that stand for bytes of a path."""
_PLAIN_WORDS = {
    str: "a text", int: "a whole number", float: "a number", type(None): "nothing",
    bool: "true or false",
    list: "a list of texts", dict: "`key: value` lines of texts",
}  # fmt: skip


class Converter:
    """Converts values and keeps a line ``section.key: what, the value`` for each mistake."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def section(self, kind: type[S], raw: object, where: str) -> S | None:
        """Return a section made of ``raw``, or None where it cannot be made."""
        if kind.shorthand is not None and isinstance(raw, kind.shorthand[0]):
            raw = {kind.shorthand[1]: raw}
        if not isinstance(raw, dict):
            self._note(where, f"expected {kind.expected}", raw)
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
        self.problems.append(f"{where}: {what}, found {shown(value)}")

    def _note_unknown(self, raw: dict[Any, Any], known: Iterable[str], where: str) -> None:
        for key in raw:
            if key not in known:
                guess = did_you_mean(shown_key(key), known)
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
                return self.section(option, _without_null(raw), where)
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
        raw = _without_null(raw)
        if not isinstance(raw, dict):
            self._note(where, "expected `key: value` lines", raw)
            return {}
        return {
            str(k): self.section(kind, _without_null(v), _join(where, k)) for k, v in raw.items()
        }

    def _plain(self, annotation: Any, description: str, raw: object, where: str) -> Any:
        show = masked(raw) if is_secret(annotation) else raw
        try:
            value = msgspec.convert(raw, annotation)
        # not only of msgspec's own: it cannot put half a character into its message
        except (msgspec.ValidationError, UnicodeError) as error:
            has_form = " matching regex " in str(error)
            what = "not of the form expected" if has_form else f"expected {in_words(annotation)}"
            self._note(where, f"{what} ({description})" if description else what, show)
            return None
        if is_secret(annotation) and any(map(is_masked, _texts(value))):
            self._note(where, "was masked when it was printed; write the secret itself", show)
        if any(_NEVER_TEXT.search(text) for text in _texts(value)):
            self._note(where, "holds a character that no path or program can take", show)
        return value


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, dict):
        return (*value, *value.values())
    return value if isinstance(value, list) else ()


def _without_null(raw: object) -> object:
    return {} if raw is None else raw


def _join(where: str, key: object) -> str:
    return f"{where}.{shown_key(key)}" if where else shown_key(key)


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


def in_words(annotation: Any) -> str:
    """Say what a type takes, such as ``a whole number from 0 to 63, or nothing``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        metas = [m for m in arguments[1:] if isinstance(m, msgspec.Meta)]
        return in_words(arguments[0]) + "".join(map(_bounds, metas))
    if origin is typing.Literal:
        values = ", ".join(map(str, arguments))
        return values if len(arguments) == 1 else f"one of {values}"
    if origin in (typing.Union, types.UnionType):
        return ", or ".join(map(in_words, arguments))
    return _PLAIN_WORDS[origin or annotation]


def _bounds(meta: msgspec.Meta) -> str:
    if meta.min_length:
        return " that is not empty"
    if meta.ge is not None:
        return f", {meta.ge} or more" if meta.le is None else f" from {meta.ge} to {meta.le}"
    return f" above {meta.gt}, up to {meta.le}" if meta.gt is not None else ""
