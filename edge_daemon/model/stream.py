"""A model that computes new frames only and carries its state from hop to hop."""

from __future__ import annotations

from edge_daemon.model.keyword import KeywordModel
from edge_daemon.model.providers.obtained import Obtained
from edge_daemon.model.session import Session, States, infer, initial_states
from edge_daemon.types import Features, ModelSpec, Scores


class StreamModel:
    """Feeds each output ``NAME_next`` back into the input ``NAME``."""

    def __init__(self, session: Session, spec: ModelSpec, obtained: Obtained) -> None:
        self.spec = spec
        self.obtained = obtained
        self._session = session
        self._states = initial_states(session)

    def scores(self, features: Features) -> Scores:
        """Score a whole number of chunks of ``spec.n_frames`` frames; the last one counts."""
        chunk = self.spec.n_frames
        if len(features) == 0 or len(features) % chunk:
            raise ValueError(f"{len(features)} frames; a multiple of {chunk} is needed")
        for start in range(0, len(features), chunk):
            new = features[None, start : start + chunk]
            scores, self._states = infer(self._session, new, self._states)
        newest: Scores = scores[0]
        return newest

    def reset(self) -> None:
        """Set every state back to zeros."""
        self._states = initial_states(self._session)

    def another(self) -> StreamModel:
        """Return one with the same session that has heard nothing."""
        return StreamModel(self._session, self.spec, self.obtained)

    def go_on_from(self, other: KeywordModel) -> None:
        """Take over the states of another model; start anew where they differ in name or shape."""
        self.reset()
        if isinstance(other, StreamModel) and _shapes(other._states) == _shapes(self._states):
            self._states = dict(other._states)


def _shapes(states: States) -> dict[str, tuple[int, ...]]:
    return {name: state.shape for name, state in states.items()}
