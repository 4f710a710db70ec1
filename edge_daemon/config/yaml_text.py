"""YAML to plain values: safely, as YAML 1.2 reads words, and within bounds of size and time."""

from __future__ import annotations

from typing import Any

import yaml

from edge_daemon.errors import ConfigError

MAX_INT_LENGTH = 1000
MAX_VALUES = 10_000
"""Of a whole file, counted where an alias repeats them: a hundred actions have about two thousand."""


def parse_yaml(text: str | bytes, where: str = "configuration") -> object:
    """Parse YAML in which ``on``, ``off``, ``yes`` and ``no`` are words, as in YAML 1.2.

    Raises
    ------
    ConfigError
        For anything that is not YAML, for a key that stands twice, and for more than `MAX_VALUES`.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigError([f"{place}{_said(error)}"], where) from None
    except RecursionError:
        raise ConfigError(["not YAML: nested too deeply"], where) from None
    # PyYAML's constructors are not written for tags on what they are not for: `!!int ""`
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError([f"not YAML: {said}"], where) from None


def _said(error: yaml.MarkedYAMLError) -> str:
    """Return what PyYAML says, without the text that it says it of: that may be a password."""
    problem = error.problem or "not YAML"
    if isinstance(error, yaml.composer.ComposerError) and "undefined alias" in problem:
        return "an alias without its anchor; a text that begins with * needs quotes"
    if "could not determine a constructor" in problem or "undefined tag handle" in problem:
        return "could not determine a constructor for a tag; a text that begins with ! needs quotes"
    return problem


class _Loader(yaml.SafeLoader):
    """Words such as ``on`` stay words, no key stands twice, and aliases cannot multiply."""

    def __init__(self, stream: str | bytes) -> None:
        super().__init__(stream)
        self._n_values = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        is_alias = self.check_event(yaml.AliasEvent)
        n_before = self._n_values
        if not is_alias:
            self._count(1, mark)
        node = super().compose_node(parent, index)
        assert node is not None  # noqa: S101 - of a document that has begun
        if not is_alias:
            self._sizes[node] = self._n_values - n_before
        elif node not in self._sizes:
            raise _refused("an alias inside what it stands for", mark)
        else:
            self._count(self._sizes[node], mark)
        return node

    def _count(self, n: int, mark: Any) -> None:
        self._n_values += n
        if self._n_values > MAX_VALUES:
            raise _refused(f"more than {MAX_VALUES} values, each alias counted in full", mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise _refused(f"the key {key.value[:40]!r} stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refused(what: str, mark: Any) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, what, mark)


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_INT_LENGTH:
        raise _refused("a number that is too long", node.start_mark)
    return loader.construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_BOOL_TAG = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != _BOOL_TAG or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
