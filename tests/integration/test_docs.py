"""The documents: what can be run of them is run, with the real command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon.config import Config
from tests.documents.blocks import ROOT, Block, all_blocks, blocks_of, documents
from tests.documents.sandbox import Sandbox
from tests.documents.shapes import problem_with
from tests.integration import hand_installed
from tests.integration.booted_microphone import DROP_IN, SOCKET, machine_that_hears
from tests.integration.booted_systemd import BootedSystemd
from tests.integration.hand_installed import DROP_INS
from tests.integration.virtual_microphone import VirtualMicrophone

RUN = ("run", "daemon", "python")


def with_any(*kinds: str) -> list[str]:
    """Return the documents with a block that is run so."""
    return [d for d in documents() if any(b.kind in kinds for b in blocks_of(d))]


def run(document: str, folder: Path, *kinds: str) -> None:
    """Run its blocks of these kinds from top to bottom, among the files that others of it are."""
    is_shown = False
    with Sandbox(folder) as sandbox:
        for block in blocks_of(document):
            if block.kind == "output":
                if is_shown:
                    sandbox.run(block)
                continue
            if block.kind in kinds or block.file_name:
                sandbox.run(block)
            is_shown = block.kind in kinds


@pytest.mark.parametrize("document", with_any("run", "daemon", "python"))
def test_what_a_document_shows_works(
    document: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its commands succeed and print what it shows; its Python runs."""
    run(document, tmp_path_factory.mktemp("doc"), *RUN)


@pytest.mark.heavy
@pytest.mark.parametrize("document", with_any("heavy"))
def test_what_takes_longer_works(document: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """So it does with the commands that take more than a moment."""
    run(document, tmp_path_factory.mktemp("doc"), *RUN, "heavy")


@pytest.mark.parametrize("block", all_blocks("like"), ids=lambda b: b.where)
def test_json_is_like_the_real(block: Block) -> None:
    """What is shown of records has the keys that the program's have."""
    for text in block.text.splitlines() if block.language == "jsonl" else [block.text]:
        assert problem_with(json.loads(text), block.about) is None


@pytest.fixture(scope="module")
def machine(
    sound_server: VirtualMicrophone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BootedSystemd]:
    """Boot a machine with the service as it is installed, listening by its first configuration."""
    config = (ROOT / "deploy" / "config.yaml").read_text()
    with machine_that_hears(sound_server, tmp_path_factory.mktemp("booted"), config) as system:
        system.run("ln", "-s", hand_installed.SOURCE, "/opt/edge-daemon/current")
        system.run("groupadd", "--system", "--force", "gpio")  # as Raspberry Pi OS has it
        system.run("ln", "-sf", hand_installed.PROGRAM, "/usr/local/bin/edge-daemon")
        system.put("/usr/local/bin/sudo", '#!/bin/sh\nexec "$@"\n', mode=0o755)
        system.run("systemctl", "start", "edge-daemon")
        yield system


@pytest.fixture
def fresh_service(machine: BootedSystemd) -> BootedSystemd:
    """Take away what blocks before have added to the unit, and start it where it does not run."""
    machine.run("find", DROP_INS, "-name", "*.conf", "!", "-name", Path(DROP_IN).name, "-delete")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "edge-daemon")
    return machine


@pytest.mark.heavy
@pytest.mark.parametrize("block", all_blocks("service"), ids=lambda b: b.where)
def test_commands_work_where_the_service_runs(block: Block, fresh_service: BootedSystemd) -> None:
    """What is typed on a machine with the service succeeds, and the service still listens."""
    script = f"cd {hand_installed.SOURCE}\n{block.text}"
    ears = {"PULSE_SERVER": f"unix:{SOCKET}"}
    fresh_service.run("bash", "-euo", "pipefail", "-c", script, env=ears)
    fresh_service.wait_until("edge-daemon", "StatusText", lambda text: text.startswith("listening"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; every link that leads nowhere and every page that is not listed is an error."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install 'edge-daemon[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.heavy
def test_the_site_has_its_reference(site: Path) -> None:
    """The pages that come out of the program have each section, command and class."""
    page = (site / "reference" / "configuration.html").read_text()
    missing = [name for name in Config.__struct_fields__ if f'id="{name}"' not in page]
    assert missing == []
    assert 'id="replay"' in (site / "reference" / "commands.html").read_text()
    assert "Hears words in a stream of audio" in (site / "reference" / "python.html").read_text()


@pytest.mark.heavy
def test_the_site_takes_nothing_from_elsewhere(site: Path) -> None:
    """No page loads a script, a font, a picture or a style from another server."""
    loads = re.compile(
        r"<(?:script|img|iframe)[^>]*src=.?https?:|<link[^>]*stylesheet[^>]*https?:|@import.{,5}http"
    )
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert [str(f) for f in files if loads.search(f.read_text())] == []
