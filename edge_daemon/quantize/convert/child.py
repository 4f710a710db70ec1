"""The side of the process that converts: one request in, one reply out."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from edge_daemon.errors import EdgeDaemonError, MissingDependency, ModelError
from edge_daemon.parent import end_with_parent
from edge_daemon.quantize.convert.messages import Conversion, Failure, Reply, Request

_MOST_CHARACTERS = 300
_CAUSE = "Exception encountered:"


def answer(convert: Callable[[Request], Conversion]) -> None:
    """Read the request from the command line and write the reply to stdout, alone there."""
    end_with_parent()
    with os.fdopen(os.dup(1), "wb") as stdout:
        os.dup2(2, 1)  # whatever a library prints is no part of the reply
        request = msgspec.json.decode(sys.argv[1], type=Request)
        stdout.write(msgspec.json.encode(_reply(convert, request)))


def _reply(convert: Callable[[Request], Conversion], request: Request) -> Reply:
    try:
        return convert(request)
    except MissingDependency as error:
        return Failure(kind="missing", message=str(error))
    except ModelError as error:
        return Failure(kind="model", message=str(error).replace(request.out, request.model))
    except EdgeDaemonError as error:
        return Failure(kind="other", message=str(error))


def imported(name: str, option: str) -> Any:
    """Return the object that ``module:Name`` names; the module may lie in the current folder.

    Raises
    ------
    EdgeDaemonError
        When there is none, or its module fails.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise EdgeDaemonError(f"{option} {name}: module:Name is needed")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except AttributeError as error:
        raise EdgeDaemonError(f"{option} {name}: {said(error)}") from None
    except Exception as error:  # a user's module may raise anything
        raise EdgeDaemonError(
            f"{option} {name}: {module} cannot be imported from {os.getcwd()} or what is "
            f"installed: {type(error).__name__}: {said(error)}"
        ) from None


@contextmanager
def named(what: str) -> Iterator[None]:
    """Turn whatever a library raises into a `ModelError` of one line."""
    try:
        yield
    except EdgeDaemonError:
        raise
    except Exception as error:  # the libraries raise whatever they happen to run into
        raise ModelError(f"{what}: {type(error).__name__}: {said(error)}") from None


def said(error: Exception) -> str:
    """Return the first line of an error, or of its cause where a library quotes that.

    Of a heading the line below it, too.
    """
    text = str(error).rpartition(_CAUSE)[2].strip() or str(error).strip()
    line, *more = text.splitlines() or [""]
    if line.endswith(":") and more:
        line = f"{line} {more[0].strip()}"
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]} …"
