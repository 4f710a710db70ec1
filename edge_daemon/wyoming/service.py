"""What all clients share: the model, the words, and the thread that computes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from edge_daemon.config import BUILTIN, Config
from edge_daemon.model import load_model
from edge_daemon.pipeline import Pipeline
from edge_daemon.wyoming.info import info_of
from edge_daemon.wyoming.stream import Stream
from edge_daemon.wyoming.words import offered_words, said_alone

_Of = ParamSpec("_Of")
_Result = TypeVar("_Result")


class Service:
    """Serves words of one model; the weights are there once, whatever the number of clients.

    Parameters
    ----------
    config : Config
        Its sections ``model``, ``runtime``, ``decision`` and ``activity`` count.
    words : sequence of str
        What to offer; none: the wake words.

    Raises
    ------
    ConfigError, ModelError
    """

    def __init__(self, config: Config, words: Sequence[str] = ()) -> None:
        self._model = load_model(config.model, config.runtime)
        spec = self._model.spec
        self.words = offered_words(config, spec, words)
        self._config = said_alone(config, self.words)
        # what ships hears English; a model of elsewhere does not say what it hears
        languages = ["en"] if config.model.path.startswith(BUILTIN) else []
        self.info = info_of(spec, self.words, languages).event()
        self.n_heard = 0
        """Words that clients were told of."""
        self._idle = [Stream(Pipeline(self._config, self._model))]
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="edge-wyoming")

    async def compute(
        self, work: Callable[_Of, _Result], *args: _Of.args, **kwargs: _Of.kwargs
    ) -> _Result:
        """Do this in the thread, after all that was asked before; the loop goes on meanwhile.

        One thread, so that the clients take turns and no core but one is taken.
        """
        pending = self._worker.submit(work, *args, **kwargs)
        return await asyncio.wrap_future(pending)

    async def lend(self) -> Stream:
        """Return a stream that has heard nothing; a client that is gone has left it, or it is new."""
        return await self.compute(self._lend)

    def take_back(self, stream: Stream) -> None:
        """Keep a stream for another client, once all that it was given is computed."""
        self._worker.submit(self._take_back, stream)

    def close(self) -> None:
        """End the thread when it has done what it is at."""
        self._worker.shutdown(cancel_futures=True)

    def _lend(self) -> Stream:
        if self._idle:
            return self._idle.pop()
        return Stream(Pipeline(self._config, self._model.another()))

    def _take_back(self, stream: Stream) -> None:
        stream.begin()  # forgets what this client said
        self._idle.append(stream)
