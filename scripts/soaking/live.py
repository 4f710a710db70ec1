"""The real-time part: the virtual microphone, and one fault after the other, drawn by lot."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from edge_daemon.cli.arguments import EXIT_START_AGAIN
from soaking.fast import HANG_S, accounts
from soaking.faults import FAULTS
from soaking.part import Fault, Part
from soaking.stage import Stage
from soaking.watch import Watch
from tests.integration.command_line import RATE_HZ
from tests.integration.virtual_microphone import VirtualMicrophone

EVERY_S = 2.0
WARM_UP_SHARE = 0.2
CALM_S = 1.0, 4.0
"""Between two faults."""

Tell: TypeAlias = Callable[[str], object]
Break: TypeAlias = Callable[[Stage], str]


def soak_live(folder: Path, seed: int, minutes: float, tell: Tell) -> Part:
    """Break one thing after the other for so long and return what was seen."""
    began_s = time.monotonic()

    def hours() -> float:
        return (time.monotonic() - began_s) / 3600

    rng = random.Random(seed)  # noqa: S311 - it is to be repeated
    with VirtualMicrophone(folder, hiss=True) as microphone:
        stage = Stage(folder, microphone, rng)
        with stage.service as service, Watch(service.pid, hours, EVERY_S) as watch:
            faults, problems = _live_through(stage, lambda: hours() * 60 < minutes, tell)
            code = service.ends(HANG_S)
        return Part(
            name="live",
            hours=hours(),
            seconds=time.monotonic() - began_s,
            warm_up_hours=WARM_UP_SHARE * minutes / 60,
            exit_code=code,
            accounts=accounts(service, round(microphone.delivered_s * RATE_HZ), is_all=False),
            n_heard=len(service.heard()),
            samples=watch.samples,
            faults=faults,
            problems=[*problems, *_wrong_number_of_words(stage)],
            log=service.told(),
        )


def _live_through(
    stage: Stage, goes_on: Callable[[], bool], tell: Tell
) -> tuple[list[Fault], list[str]]:
    """Return the faults that were survived, and a line for each that was not."""
    faults: list[Fault] = []
    problems: list[str] = []
    began_s = time.monotonic()
    for fault in chain([started], _drawn(stage.rng, goes_on)):
        at_s = time.monotonic() - began_s
        try:
            faults.append(_survived(stage, fault, at_s))
            tell(line_of(faults[-1]))
        except (AssertionError, OSError) as error:
            code = stage.service.process.poll()
            if code != EXIT_START_AGAIN:
                problems.append(f"{fault.__name__} at {at_s:.0f} s: {error}")
            tell(f"{at_s:7.0f} s  {fault.__name__}: {error if code is None else f'exit {code}'}")
            if code is not None:
                break
            stage.mend()
    return faults, problems


def started(stage: Stage) -> str:
    """Wait until it listens: no fault, but its first word is to be heard as well."""
    stage.service.status("listening")
    return "from the start"


def _drawn(rng: random.Random, goes_on: Callable[[], bool]) -> Iterator[Break]:
    """Yield all faults in any order, again and again, as long as it goes on."""
    while True:
        for fault in rng.sample(FAULTS, len(FAULTS)):
            if not goes_on():
                return
            yield fault


def _survived(stage: Stage, fault: Break, at_s: float) -> Fault:
    stage.pause(*CALM_S)
    before = stage.service.summary()["dropped_samples"]
    did = fault(stage)
    recovered_s = stage.recovery_s()
    assert stage.service.process.poll() is None, "it has ended"
    word, heard = stage.say()
    return Fault(
        at_s=round(at_s, 1),
        name=fault.__name__.replace("_", " "),
        did=did,
        recovered_s=None if recovered_s is None else round(recovered_s, 2),
        word=word,
        heard=heard,
        dropped_samples=stage.service.summary()["dropped_samples"] - before,
    )


def _wrong_number_of_words(stage: Stage) -> list[str]:
    """Return a line where words were heard that nobody said, or one twice."""
    n_heard = len(stage.service.heard())
    said = f"{stage.n_said} words were said, {n_heard} heard"
    return [] if n_heard == stage.n_said else [said]


def line_of(fault: Fault) -> str:
    """Return a fault as a line of the table."""
    recovered = "never" if fault.recovered_s is None else f"{fault.recovered_s:.1f} s"
    heard = ", ".join(fault.heard) or "nothing"
    return (
        f"{fault.at_s:7.0f} s  {fault.name:26} {recovered:>7}  {fault.word} -> {heard:10} "
        f"{fault.dropped_samples:7} dropped  {fault.did}"
    )
