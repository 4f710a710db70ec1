"""The report: a table to read, and JSON with every look and every fault."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import Any

import msgspec

from soaking.part import Fault, Part


def summary(part: Part) -> list[str]:
    """Return the lines of the table about one part."""
    figures, accounts = part.figures(), part.accounts
    rss = figures["rss_mib"]
    lines = [
        f"{part.name}: {figures['hours']:.2f} hours in {figures['seconds']:.0f} s, "
        f"exit code {part.exit_code}",
        f"  memory       {rss['first']:.1f} -> {rss['last']:.1f} MiB, at most {rss['max']:.1f}; "
        f"{figures['rss_mib_per_h']:+.3f} MiB an hour after the warm-up",
        f"  threads      {_range(figures['threads'])}",
        f"  descriptors  {_range(figures['descriptors'])}",
        f"  samples      {accounts.captured} in = {accounts.processed} processed "
        f"+ {accounts.dropped} dropped; {accounts.played} played",
        f"  words        {part.n_heard} heard",
    ]
    return [*lines, *_by_fault(part.faults)]


def as_json(parts: list[Part], seed: int, version: str, problems: list[str]) -> bytes:
    """Return the whole report."""
    report: dict[str, Any] = {
        "kind": "soak",
        "version": version,
        "seed": seed,
        "problems": problems,
        "parts": [{"figures": part.figures(), **msgspec.to_builtins(part)} for part in parts],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def _by_fault(faults: list[Fault]) -> list[str]:
    grouped: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        grouped[fault.name].append(fault)
    lines = [f"  {'fault':26} times  recovered, median and longest  first word heard"]
    for name, times in sorted(grouped.items()):
        seconds = [f.recovered_s for f in times if f.recovered_s is not None]
        recovered = f"{median(seconds):.1f} s, {max(seconds):.1f} s" if seconds else "never"
        n_heard = sum(fault.heard == [fault.word] for fault in times)
        lines.append(f"  {name:26} {len(times):5}  {recovered:>29}  {n_heard} of {len(times)}")
    return lines if grouped else []


def _range(values: dict[str, int]) -> str:
    return f"{values['min']} to {values['max']}, {values['growth']:+d} in the long run"
