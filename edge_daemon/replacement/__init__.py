"""A smaller model in place of a float one: made and judged by a child while the daemon listens.

What comes out is kept in the state directory, so that the next start uses it at once. See
docs/adr/0007.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from edge_daemon.config import Config
from edge_daemon.errors import EdgeDaemonError, ModelError
from edge_daemon.model import LoadedModel, differences, load_model
from edge_daemon.model.file import resolve
from edge_daemon.replacement.job import Job, Outcome, Task
from edge_daemon.replacement.model_file import is_quantized
from edge_daemon.replacement.question import question_about
from edge_daemon.replacement.store import Store
from edge_daemon.state import state_directory
from edge_daemon.types import ModelSpec

_LOG = logging.getLogger(__name__)

QUANTIZER = (sys.executable, "-m", "edge_daemon", "quantize")
_ORIGINAL_STAYS = "model.quantize: the original model stays: %s"


class Replacement:
    """Looks for a smaller model for the one of the configuration.

    Nothing that goes wrong here is an error of the daemon: it is said once in the log, and the
    original model goes on.

    Parameters
    ----------
    config : Config
        With ``model.quantize.mode: auto``.
    quantizer : sequence of str
        The program that quantizes and its first arguments.

    Raises
    ------
    ModelError
        When there is no model.
    """

    def __init__(self, config: Config, quantizer: Sequence[str] = QUANTIZER) -> None:
        self._config = config
        self._quantizer = quantizer
        self._task: Task | None = None
        """What is to be done; None as soon as all is said."""
        self._job: Job | None = None
        self.stored: LoadedModel | None = None
        """The model that an earlier run has found good; None where the original serves."""
        original = resolve(config.model.path)
        with self._or_the_original():
            self._look_up(original)

    @property
    def is_settled(self) -> bool:
        """All has been said: there is nothing more to come."""
        return self._task is None

    def poll(self, served: ModelSpec) -> LoadedModel | None:
        """Go on with the search; return the smaller model when it has just been found.

        The first call starts the child. The model has the labels and the front end of ``served``.
        """
        if self._task is None:
            return None
        with self._or_the_original():
            if self._job is None:
                self._job = self._begin(self._task)
                return None
            outcome = self._job.outcome(lambda path: self._load(path, served))
            return self._conclude(outcome, self._task) if outcome else None
        return None

    def close(self) -> None:
        """End the child, if one works, and remove what is not complete."""
        job, self._job, self._task = self._job, None, None
        if job:
            with contextlib.suppress(OSError):
                job.end()

    @contextlib.contextmanager
    def _or_the_original(self) -> Iterator[None]:
        try:
            yield
        except (EdgeDaemonError, OSError) as error:
            _LOG.warning(_ORIGINAL_STAYS, error)
            self.close()
        except Exception:  # a mistake in here must not make the daemon deaf
            _LOG.exception(_ORIGINAL_STAYS, "an error that is not foreseen")
            self.close()

    def _look_up(self, original: Path) -> None:
        """Find out what there is to do; what was found out at an earlier start is not done again."""
        if is_quantized(original):
            _LOG.info("model.quantize: %s is quantized already; it is served as it is", original)
            return
        state, settings = state_directory(), self._config.model.quantize
        data = Path(settings.data) if settings.data else state / "clips"
        task = Task(original, data, question_about(original, settings, data), Store(state))
        try:
            is_done = self._take_from_store(task)
        except (EdgeDaemonError, OSError) as error:
            _LOG.warning("model.quantize: what was stored cannot be used: %s", error)
            is_done = False
        self._task = None if is_done else task

    def _take_from_store(self, task: Task) -> bool:
        verdict = task.verdict()
        if verdict is None:
            return False
        if verdict.model is None:
            _LOG.info(_ORIGINAL_STAYS, f"{verdict.because}; found before, {task.report}")
        else:
            self.stored = self._open(task.smaller)
            _LOG.info("model.quantize: a smaller model serves, found before: %s", verdict.because)
        return True

    def _begin(self, task: Task) -> Job:
        if task.question.data is None:
            raise EdgeDaemonError(
                f"there is nothing to judge a smaller one with: {task.data} cannot be read; name "
                "clips in model.quantize.data, or put them there, a folder for each word"
            )
        job = Job(task, self._quantizer)
        _LOG.info("model.quantize: a smaller model is looked for in the background")
        return job

    def _load(self, path: Path, served: ModelSpec) -> LoadedModel:
        model = self._open(path)
        differs = differences(served, model.spec)
        if differs:
            raise ModelError(f"the smaller one differs from it in {', '.join(differs)}")
        return model

    def _open(self, path: Path) -> LoadedModel:
        served = replace(self._config.model, path=str(path), variant="default")
        return load_model(served, self._config.runtime)

    def _conclude(self, outcome: Outcome, task: Task) -> LoadedModel | None:
        said = f"{outcome.verdict.because}; {task.report}"
        if outcome.model:
            _LOG.info("model.quantize: a smaller model takes over: %s", said)
        else:
            _LOG.info(_ORIGINAL_STAYS, said)
        self.close()
        return outcome.model
