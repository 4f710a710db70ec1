"""tests/documents: what is wrong in a document is found; else the tests of documents would be idle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.documents.blocks import Block, blocks_of
from tests.documents.commands import problems_with, sets_up
from tests.documents.messages import said_in_sources
from tests.documents.sandbox import Sandbox
from tests.documents.shapes import problem_with
from tests.documents.shell import simple_commands, typed
from tests.documents.shown import assert_shown

BLOCK = Block("docs/x.md", 3, "sh", "run", "", "", "")


@pytest.mark.parametrize(
    "command",
    [
        "edge-daemon mute --four 60",
        "edge-daemon threshold go loud",
        "sudo edge-daemon no-such-command",
        "FOO=1 timeout 5 edge-daemon status --yaml | head -n 1",
        "true && scripts/no-such-script",
        "scripts/make-wheelhouse --no-such-option",
        "scripts/run --no-such-option",
        "python scripts/held_out.py --no-such-option",
        "python -m edge_daemon.no_such_module",
        "pip install 'edge-daemon[mqtt,nonsense]'",
        "pipx install 'edge_daemon-1-py3-none-any.whl[nonsense]'",
        "/opt/edge-daemon/current/deploy/no-such-file --uninstall",
        "no-such-program",
        "if true; then",
    ],
)
def test_a_command_that_could_not_work_is_found(command: str) -> None:
    """A wrong option, a missing script, an unknown program or extra does not pass."""
    assert len(problems_with(replace(BLOCK, text=command))) == 1


def test_the_commands_of_a_script_are_told_apart() -> None:
    """Pipes, lists, settings, redirections, comments and documents on stdin are no commands."""
    script = "A=1 sudo -E cat <<'END' >file 2>&1 | grep x\nnot this\nEND\n"
    script += "ls \\\n  -l && (cd y)  # nor this\n"
    expected = [["cat"], ["grep", "x"], ["ls", "-l"], ["cd", "y"]]
    assert list(simple_commands(script)) == expected


def test_a_console_shows_commands_and_output() -> None:
    """Commands stand after a dollar and may go on in the next line."""
    block = replace(BLOCK, language="console", text="$ ls \\\n  -l\nfile\n$ pwd\n/\n")
    assert typed(block) == ["ls \\\n  -l", "pwd"]


@pytest.mark.parametrize("shown", ["a 7\n", "a …\n", "…\n", "a   0.5\n", "…\na 3\n…\n"])
def test_an_output_may_be_shown_shortened(shown: str) -> None:
    """Figures, widths of columns and what stands for ``…`` may differ."""
    assert_shown(BLOCK, shown, "a 1\n")


@pytest.mark.parametrize("shown", ["b 1\n", "a\n", "a 1\na 1\n", "a 1 …b\n"])
def test_another_output_is_found(shown: str) -> None:
    """Other words, more and fewer lines may not."""
    with pytest.raises(AssertionError, match="but this was printed"):
        assert_shown(BLOCK, shown, "a 1\n")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Give a document's folder."""
    with Sandbox(tmp_path) as made:
        yield made


def test_a_block_that_fails_is_found(sandbox: Sandbox) -> None:
    """Its place and what it printed are told."""
    with pytest.raises(AssertionError, match=r"docs/x\.md:3(.|\n)*so it is"):
        sandbox.run(replace(BLOCK, text="echo so it is; false | true"))


def test_what_would_change_the_machine_is_not_run(sandbox: Sandbox) -> None:
    """A block that installs something has to say that it is only to be looked at."""
    for command in ("apt-get install x", "scripts/test", "pip install x", "scripts/install"):
        assert sets_up(command.split())
        with pytest.raises(AssertionError, match="run: parse"):
            sandbox.run(replace(BLOCK, text=command))


def test_blocks_of_one_document_share_a_folder(sandbox: Sandbox) -> None:
    """A file that a block shows or makes is there for those below it."""
    sandbox.run(replace(BLOCK, kind="config", text="# a.yaml: words\naudio: {}\n"))
    sandbox.run(replace(BLOCK, before="echo made >b", text="cat a.yaml b"))
    sandbox.run(replace(BLOCK, kind="output", text="# a.yaml: words\naudio: {}\nmade\n"))


def test_json_that_is_unlike_the_real_is_found() -> None:
    """A key too many, one too few, or a value of another type is told."""
    shown = {"label": "on", "score": 0.9, "time_s": 1.5, "after": None}
    assert problem_with(shown, "detection") is None
    assert problem_with({**shown, "more": 1}, "detection") is not None
    event = {"event": "happened", "at": 1.0, "kind": "lost", "text": "x"}
    assert problem_with(event, "happened") is None
    assert problem_with({**event, "kind": 3}, "happened") is not None
    assert problem_with({"event": "happened", "kind": "lost", "text": "x"}, "happened") is not None


def test_a_message_is_found_across_what_it_fills_in() -> None:
    """A message is told from its parts, in their order, within one text of the sources."""
    assert said_in_sources("the daemon has not answered within … s")
    assert not said_in_sources("the daemon has … answered before")


def test_a_comment_above_a_block_says_how_it_is_run() -> None:
    """Comments are read where they stand directly above; the prose between ends them."""
    kinds = {(b.kind, bool(b.before)) for b in blocks_of("docs/measuring.md")}
    assert kinds == {("heavy", True)}
