"""scripts/documenting: the pages of the documentation that come out of the program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import fields

from edge_daemon.config.schema import ActionConfig, Config, Section

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))  # where the package lies

from documenting.commands import commands_page
from documenting.configuration import configuration_page


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of every key."""
    for line in page.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_key_is_there_and_described() -> None:
    """Each key has its type in words, its default, and a text that says what it is."""
    found = list(rows(configuration_page()))
    assert all(len(cells) == 5 and cells[1] and cells[2] and cells[4] for cells in found)
    assert not [cells for cells in found if "None" in cells[1]]
    keys = {cells[0].strip("| `") for cells in found}
    sections = [getattr(Config(), f.name) for f in fields(Config)]
    plain = {f.name for section in sections if isinstance(section, Section)
             for f in fields(section) if not isinstance(getattr(section, f.name), Section)}  # fmt: skip
    assert plain | {f.name for f in fields(ActionConfig)} <= keys


def test_a_key_is_told_as_the_schema_has_it() -> None:
    """Type, bounds, default, unit and description are those of the schema."""
    cells = next(cells for cells in rows(configuration_page()) if "`block_ms`" in cells[0])
    told = ["a whole number from 10 to 1000", "`100`", "ms", "audio handed on at a time"]
    assert [cell.strip(" |") for cell in cells[1:]] == told


def test_every_command_is_there() -> None:
    """Each command has a heading and its whole help, with the options that are added late."""
    page = commands_page()
    for command in ("run", "status", "replay", "tune", "config"):
        assert f"\n## {command}\n" in page
    assert "--positives" in page
    assert "exit codes:" in page
