"""The configuration, tried for real."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.doctor.diagnosis import Part, Problem
from edge_daemon.errors import count_of


def config_part(path: Path | None, has_runtime: bool) -> Part:
    """Return what `edge-daemon check` finds; not without onnxruntime, which would end us too."""
    where = "the defaults" if path is None else str(path)
    if not has_runtime:
        return Part(name="config", facts=[f"{where}: not tried, as onnxruntime cannot be loaded"])
    from edge_daemon.check import check

    problems = [
        Problem(what=found.text, fix=_fix(found.is_config, path), is_in_the_way=found.is_in_the_way)
        for found in check(path)
    ]
    told = count_of(problems) if problems else "no problem found"
    return Part(name="config", facts=[f"{where}: {told}"], problems=problems)


def _fix(is_config: bool, path: Path | None) -> str:
    if is_config:
        return (
            f"change it in {path or 'a file of your own'}; every key: edge-daemon config --defaults"
        )
    return "mend what it names, or take another with --config; then: edge-daemon check"
