"""Work that may hang, in a thread of its own that can be left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """Begins the work at once; who wants the result asks, and never has to wait for it.

    A look-up of a name ends when the system's resolver gives up, and nothing can end it sooner.

    Raises
    ------
    OSError
        When the system gives no further thread.
    """

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work = work
        self._is_over = threading.Event()
        self._result: T | None = None
        self._failure: Exception | None = None
        try:
            threading.Thread(target=self._do, name=name, daemon=True).start()
        except RuntimeError as error:
            raise OSError(str(error)) from None

    @property
    def is_over(self) -> bool:
        """Tell whether there is a result, or a failure."""
        return self._is_over.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; return False when the time is up before."""
        return self._is_over.wait(timeout_s)

    def result(self) -> T:
        """Return what the work returned, or raise what it raised; it has to be over.

        Raises
        ------
        Exception
            Whatever the work has raised.
        """
        if self._failure is not None:
            raise self._failure
        return self._result  # type: ignore[return-value]  # T may itself be None

    def _do(self) -> None:
        try:
            self._result = self._work()
        except Exception as failure:
            self._failure = failure
        finally:
            self._is_over.set()
