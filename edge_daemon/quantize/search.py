"""Tries the candidates: all of a handful, else those that Optuna finds worth a try."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from edge_daemon.errors import EdgeDaemonError, MissingDependency
from edge_daemon.quantize.attempts import Attempts
from edge_daemon.quantize.candidates import Candidates, coordinates
from edge_daemon.quantize.methods import Method
from edge_daemon.quantize.ranking import cost
from edge_daemon.quantize.settings import Settings
from edge_daemon.quantize.trial import Trial

_ASKED_IN_VAIN = 10
"""Times the number of trials that a search may propose what is known before it ends."""


def search(
    candidates: Candidates, attempts: Attempts, settings: Settings, question: str
) -> Iterator[Trial]:
    """Yield trials as they are made, `n_trials` at most.

    Parameters
    ----------
    question : str
        A key of the model and the data, by which machines that share a storage find each other.

    Raises
    ------
    EdgeDaemonError
        When the storage cannot be used, or a file not be written.
    """
    methods = (*candidates.first, *candidates.others)
    nothing_to_choose = not len(candidates.first) < settings.n_trials < len(methods)
    if settings.storage is None and nothing_to_choose:
        yield from map(attempts.attempt, methods[: settings.n_trials])
    elif methods:
        yield from _Study(candidates, attempts, settings, question).run()


class _Study:
    """A search in an Optuna study, in memory or in a storage that others may use as well."""

    def __init__(
        self, candidates: Candidates, attempts: Attempts, settings: Settings, question: str
    ) -> None:
        self._methods = {_place(m): m for m in (*candidates.first, *candidates.others)}
        self._n_trials = min(settings.n_trials, len(self._methods))
        self._attempts = attempts
        everything = self._n_trials == len(self._methods)
        self._study = self._open(settings, question)
        for method in self._methods.values() if everything else candidates.first:
            self._study.enqueue_trial(_parameters(method), skip_if_exists=True)

    def _open(self, settings: Settings, question: str) -> Any:
        """Open or join the study of these methods, this model and this gate."""
        optuna = _optuna()
        names = sorted(m.name for m in self._methods.values())
        digest = hashlib.sha256(f"{question} {names} {self._attempts.gate}".encode())
        try:
            study = optuna.create_study(
                storage=settings.storage, study_name=f"edge-daemon-{digest.hexdigest()[:24]}",
                load_if_exists=True,
            )  # fmt: skip
            n_made = len(study.get_trials(deepcopy=False))
        except Exception as error:  # of the driver of any database
            raise EdgeDaemonError(
                f"the Optuna storage cannot be used: {type(error).__name__}: "
                f"{(str(error).splitlines() or [''])[0]}"
            ) from None
        # machines that join later shall not propose the same again
        study.sampler = optuna.samplers.TPESampler(
            seed=settings.seed + n_made, n_startup_trials=6, constant_liar=True
        )
        return study

    def run(self) -> Iterator[Trial]:
        """Yield what is known, then what is new."""
        yielded: set[str] = set()
        for _ in range(_ASKED_IN_VAIN * self._n_trials):
            for trial in self._of_others():
                if trial.method.name not in yielded:
                    yielded.add(trial.method.name)
                    yield trial
            if len(yielded) >= self._n_trials:
                return
            found = self._next()
            if found.method.name not in yielded:
                yielded.add(found.method.name)
                yield found

    def _of_others(self) -> list[Trial]:
        """Return what this study holds, of whatever machine."""
        texts = (t.user_attrs.get("trial") for t in self._study.get_trials(deepcopy=False))
        found = [msgspec.json.decode(text, type=Trial) for text in texts if text]
        for trial in found:
            self._attempts.learn(trial)
        return [trial.judged(self._attempts.gate) for trial in found]

    def _next(self) -> Trial:
        asked = self._study.ask()
        failed = _optuna().trial.TrialState.FAIL
        try:
            trial = self._attempts.attempt(self._chosen(asked))
        except BaseException:
            self._study.tell(asked, state=failed)
            raise
        asked.set_user_attr("trial", msgspec.json.encode(trial).decode())
        if trial.stats is None:
            self._study.tell(asked, state=failed)
        else:
            self._study.tell(asked, cost(trial.stats, self._attempts.gate))
        return trial

    def _chosen(self, asked: Any) -> Method:
        """Return the method that the study proposes: first its kind, then the axes of the kind."""
        kinds = sorted({m.kind for m in self._methods.values()})
        kind = asked.suggest_categorical("kind", kinds)
        places = [coordinates(m) for m in self._methods.values() if m.kind == kind]
        chosen = {
            axis: asked.suggest_categorical(f"{kind} {axis}", _values(places, axis))
            for axis in places[0]
            if axis != "kind"
        }
        return self._methods[frozenset({"kind": kind, **chosen}.items())]


def _values(places: list[dict[str, str | int]], axis: str) -> list[str | int]:
    return sorted({place[axis] for place in places}, key=lambda v: (isinstance(v, str), v))


def _place(method: Method) -> frozenset[tuple[str, str | int]]:
    return frozenset(coordinates(method).items())


def _parameters(method: Method) -> dict[str, str | int]:
    place = coordinates(method)
    kind = place.pop("kind")
    return {"kind": kind, **{f"{kind} {axis}": value for axis, value in place.items()}}


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingDependency(
            f"optuna, which searches among many methods, cannot be loaded ({error}); "
            "run: pip install 'edge-daemon[quantize]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
