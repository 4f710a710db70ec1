"""One combination of what can be chosen: model and its variant, provider, threads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from edge_daemon.config import BUILTIN, Config
from edge_daemon.config.schema import ProviderName
from edge_daemon.errors import EdgeDaemonError

AUTO = "auto"
"""Of provider and variant: what suits the machine."""


class Combination(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    model: str
    """``builtin:NAME`` or a file."""
    variant: str
    """Which of the files beside it: see `edge_daemon.model.variants`."""
    provider: str
    threads: int

    @property
    def name(self) -> str:
        """Short name, for people."""
        model = self.model.removeprefix(BUILTIN)
        model = model if model != self.model else Path(model).name
        model += f" {self.variant}" * (self.variant != AUTO)
        return f"{model}, {self.provider}, {self.threads} thread{'s' * (self.threads != 1)}"

    def config(self) -> Config:
        """Return the configuration that asks for it, and is otherwise the default.

        A provider that is named has no other to fall back to: figures under its name are its own.
        """
        usual = Config()
        fallback: list[ProviderName] | None = None if self.provider == AUTO else []
        return replace(
            usual,
            model=replace(usual.model, path=self.model, variant=self.variant),
            runtime=replace(
                usual.runtime, provider=self.provider, fallback=fallback, threads=self.threads
            ),
        )

    def options(self) -> list[str]:
        """Return it as the options of `edge_daemon.benchmark.peer`."""
        return [
            "--model", self.model, "--variant", self.variant, "--provider", self.provider,
            "--threads", str(self.threads),
        ]  # fmt: skip


def combinations(
    models: Sequence[str] = (),
    variants: Sequence[str] = (),
    providers: Sequence[str] = (),
    threads: Sequence[int] = (),
) -> list[Combination]:
    """Return every combination; of what is not given the default, of what stands twice one.

    Raises
    ------
    EdgeDaemonError
        When two would have the same name.
    """
    usual = Config()
    made = [
        Combination(model=model, variant=variant, provider=provider, threads=n)
        for model in dict.fromkeys(models or [usual.model.path])
        for variant in dict.fromkeys(variants or [usual.model.variant])
        for provider in dict.fromkeys(providers or [usual.runtime.provider])
        for n in dict.fromkeys(threads or [usual.runtime.threads])
    ]
    names = [each.name for each in made]
    for each in made:
        if names.count(each.name) > 1:
            raise EdgeDaemonError(
                f"{each.model}: another model has the same name, and the results could not be told "
                "apart; rename one of the files"
            )
    return made
