"""The documents: each code block is sound as far as can be told without running it."""

from __future__ import annotations

import ast
import configparser
import importlib
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from edge_daemon import Pipeline
from edge_daemon.config import parse_config, parse_yaml, problems_with_model
from edge_daemon.types import ModelSpec
from tests.documents.blocks import (
    ROOT,
    Block,
    all_blocks,
    blocks_of,
    documents,
    without_blocks,
)
from tests.documents.commands import problems_with
from tests.documents.kinds import KINDS, PRINTING, SHELL
from tests.documents.messages import messages_shown, said_in_sources
from tests.documents.shell import script_of, simple_commands

GENERATED = ("configuration.md", "commands.md")
"""Pages that scripts/documenting makes when the site is built."""


def named(block: Block) -> str:
    """Name a test after its block."""
    return block.where


@cache
def spec() -> ModelSpec:
    """Return what the shipped model knows."""
    return Pipeline.load().spec


@pytest.mark.parametrize("document", documents())
def test_every_block_is_run_in_some_way(document: str) -> None:
    """A block has a language that says how it is run, or a comment that does."""
    lost = [b.where for b in blocks_of(document) if b.language not in KINDS.get(b.kind, ())]
    assert lost == [], f"write <!-- run: KIND --> above it, KIND being one of {KINDS}"


@pytest.mark.parametrize("document", documents())
def test_every_output_has_a_command(document: str) -> None:
    """What is shown as printed stands after something that is run."""
    blocks = blocks_of(document)
    pairs = zip([None, *blocks], blocks, strict=False)
    alone = [b.where for above, b in pairs if b.kind == "output"
             and (above is None or above.kind not in PRINTING)]  # fmt: skip
    assert alone == [], "it follows no block that is run; is it a <!-- run: drawing -->?"


@pytest.mark.parametrize("document", documents())
def test_no_code_hides_in_an_indentation(document: str) -> None:
    """Code is fenced: an indented block has no language, and nothing would run it."""
    paragraphs = re.split(r"\n\s*\n", without_blocks(document))
    is_list = False
    for paragraph in paragraphs:
        assert is_list or not re.match(r" {4}\S", paragraph), f"fence this:\n{paragraph}"
        is_list = bool(re.match(r" {0,4}([-*]|\d+\.) |^ {2,}|!!!|\?\?\?", paragraph))


@pytest.mark.parametrize("block", all_blocks("config"), ids=named)
def test_a_configuration_is_valid(block: Block) -> None:
    """YAML that configures the daemon loads, and names words that the shipped model has."""
    raw = parse_yaml(block.text)
    config = parse_config({"actions": raw} if isinstance(raw, list) else raw)
    assert problems_with_model(config, spec()) == []


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=named)
def test_yaml_parses(block: Block) -> None:
    """YAML of other programs is YAML."""
    assert yaml.load(block.text, _AnyTag) is not None  # noqa: S506


@pytest.mark.parametrize("block", all_blocks("json", "like"), ids=named)
def test_json_parses(block: Block) -> None:
    """JSON is JSON, and of JSON lines each is."""
    for text in block.text.splitlines() if block.language == "jsonl" else [block.text]:
        assert json.loads(text) is not None


@pytest.mark.parametrize(
    "block", [b for b in all_blocks("parse") if b.language == "python"], ids=named
)
def test_python_that_is_not_run_compiles(block: Block) -> None:
    """Python that needs what is not here is Python, and imports what there is."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert [x.name for x in node.names if not hasattr(module, x.name)] == []


@pytest.mark.parametrize("block", all_blocks("unit"), ids=named)
def test_settings_of_a_unit_are_known(block: Block, tmp_path: Path) -> None:
    """Lines for a systemd unit are settings that systemd knows, in the sections where they go."""
    unit = configparser.RawConfigParser(strict=False, delimiters="=", allow_no_value=False)
    unit.read_string(block.text)
    assert set(unit.sections()) <= {"Unit", "Service", "Install", "Container"}
    if "Container" in unit:  # podman's, which it makes a unit of
        return
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    program = "" if "ExecStart" in block.text else "\n[Service]\nExecStart=true\n"
    (tmp_path / "shown.service").write_text(block.text + program)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "shown.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "Unknown" in line] == []


@pytest.mark.parametrize("block", all_blocks("part"), ids=named)
def test_a_part_of_a_file_stands_there(block: Block) -> None:
    """Lines of a file of the checkout are in it, in this order; ``…`` stands for those between."""
    text = (ROOT / block.about.removeprefix("of ")).read_text()
    for part in re.split(r"^.*…\n", block.text, flags=re.M):
        _before, found, text = text.partition(part)
        assert found == part, f"not there, or in another order:\n{part}"


def shell_blocks() -> list[Block]:
    """Return all blocks with commands."""
    return [b for b in all_blocks(*KINDS) if b.language in SHELL]


@pytest.mark.parametrize("block", shell_blocks(), ids=named)
def test_commands_could_work(block: Block) -> None:
    """Commands have options that there are, and name scripts, modules and extras that there are."""
    assert problems_with(block) == []


def test_packages_of_debian_are_there() -> None:
    """What apt is told to install is a package of this Debian."""
    named = {
        name
        for block in shell_blocks()
        for words in simple_commands(script_of(block))
        if words[0] in ("apt", "apt-get") and "install" in words
        for name in words[words.index("install") + 1 :]
        if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name)
    }
    if shutil.which("apt-cache") is None:
        pytest.skip("no apt-cache here")
    known = subprocess.run(
        ["apt-cache", "pkgnames"], capture_output=True, text=True, check=True
    ).stdout.split()
    if len(known) < 10_000:
        pytest.skip("no lists of packages here: apt-get update")
    assert named - set(known) == set()


@pytest.mark.parametrize("document", documents())
def test_links_lead_somewhere(document: str) -> None:
    """Every relative link of a document names a file that is there, or a page that is generated."""
    path = ROOT / document
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", without_blocks(document))
    missing = [x for x in links if "://" not in x and not x.startswith("mailto:")
               and not (path.parent / x).exists() and not is_generated(path.parent / x)]  # fmt: skip
    assert missing == []


def is_generated(path: Path) -> bool:
    """Tell whether a page of the reference comes out of the program when the site is built."""
    return path.resolve().parent == ROOT / "docs" / "reference" and path.name in GENERATED


def test_every_page_is_in_the_navigation() -> None:
    """The site lists each page, and no page that is not there."""
    text = (ROOT / "mkdocs.yml").read_text()
    listed = set(re.findall(r"[\w./-]+\.md", text.partition("\nnav:\n")[2]))
    pages = {x.removeprefix("docs/") for x in documents() if x.startswith("docs/")}
    assert listed == pages | {f"reference/{name}" for name in GENERATED}


@pytest.mark.parametrize("message", messages_shown(), ids=str)
def test_messages_of_the_troubleshooting_are_real(message: str) -> None:
    """Each message that is explained still stands in the sources."""
    assert said_in_sources(message), f"{message!r} is said nowhere in the sources any more"


class _AnyTag(yaml.SafeLoader):
    """Reads tags of others, such as ``!secret`` of Home Assistant, as plain values."""


_AnyTag.add_multi_constructor("!", lambda loader, suffix, node: suffix)
