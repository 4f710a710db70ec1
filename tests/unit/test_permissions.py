"""Files that somebody else may change are found by what leads to them, and nothing else is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon import permissions
from edge_daemon.check import check
from edge_daemon.config import check_permissions, load_config, permission_problems
from edge_daemon.errors import ConfigError
from edge_daemon.permissions import open_to_others, readable_by_all

SOMEBODY = 12345
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that is nobody else's, in a folder of its own."""
    path = tmp_path / "sub" / "c.yaml"
    path.parent.mkdir(mode=0o755)
    path.write_text("model: {}\n")
    path.chmod(0o644)
    return path


def test_what_is_ones_own_is_fine(file: Path) -> None:
    """The usual modes, and a file that is not there."""
    assert open_to_others([file, file.with_name("none")]) == []


@pytest.mark.parametrize("mode", [0o666, 0o622, 0o602])
def test_a_file_that_everybody_may_change(file: Path, mode: int) -> None:
    """It is told with its mode and the line that mends it."""
    file.chmod(mode)
    [line] = open_to_others([file])
    assert line == f"{file}: everybody may change it (mode {mode:04o}); run: chmod o-w {file}"


def test_a_folder_that_everybody_may_change(file: Path) -> None:
    """Who may write there may put another file in its place; not so where the sticky bit is set."""
    file.parent.chmod(0o777)
    [line] = open_to_others([file])
    assert f"chmod o-w {file.parent}" in line
    file.parent.chmod(0o1777)
    assert open_to_others([file]) == []


def test_all_that_a_link_leads_through(file: Path, tmp_path: Path) -> None:
    """A folder on the way of any link counts, however long the way is, and a circle ends."""
    far = tmp_path / "far"
    far.mkdir()
    (far / "second").symlink_to("../sub/c.yaml")
    first = tmp_path / "first"
    first.symlink_to(far / "second")
    assert open_to_others([first]) == []
    far.chmod(0o777)
    [line] = open_to_others([first])
    assert str(far) in line
    far.chmod(0o755)
    file.chmod(0o666)
    [line] = open_to_others([first])
    assert str(file) in line
    (far / "circle").symlink_to("circle")
    assert open_to_others([far / "circle"]) == []


def test_a_group_counts_where_somebody_else_is_in_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group that each user has for themselves is no danger; `audio` with others is."""
    file.chmod(0o664)
    monkeypatch.setattr(permissions, "_others_in", lambda group: None)
    assert open_to_others([file]) == []
    monkeypatch.setattr(permissions, "_others_in", lambda group: "group audio (alice)")
    [line] = open_to_others([file])
    assert "group audio (alice) may change it (mode 0664); run: chmod g-w" in line


@NEEDS_ROOT
def test_a_group_that_nobody_knows(file: Path) -> None:
    """Who is in it cannot be told, so that it counts."""
    file.chmod(0o664)
    os.chown(file, 0, SOMEBODY)
    [line] = open_to_others([file])
    assert f"group {SOMEBODY} may change it" in line


@NEEDS_ROOT
@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_what_belongs_to_somebody_else(file: Path, what: str) -> None:
    """The owner of a file, of its folder, or of a link to it decides what is in it."""
    place = {"file": file, "folder": file.parent, "link": file.with_name("link")}[what]
    file.with_name("link").symlink_to(file.name)
    os.chown(place, SOMEBODY, -1, follow_symlinks=False)
    [line] = open_to_others([file.with_name("link")])
    assert line.startswith(f"{place}: belongs to user {SOMEBODY}, who is not root; ")
    assert (f"run: chown root {place}" in line) == (what != "folder")


@NEEDS_ROOT
def test_a_home_of_somebody_else_has_one_line(file: Path) -> None:
    """Root who reads a user's file is told of their folder, and not to take it away from them."""
    for place in (file.parent, file):
        os.chown(place, SOMEBODY, -1)
    [line] = open_to_others([file])
    assert line.startswith(f"{file.parent}: belongs to user {SOMEBODY}")
    assert "chown" not in line


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that everybody can look into; pytest's own is nobody else's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_secret_that_everybody_may_read(open_folder: Path) -> None:
    """It is told; one for a group is the usual form for a service."""
    file = open_folder / "token"
    file.touch(mode=0o644)
    file.chmod(0o644)
    assert "chmod o-r" in (readable_by_all(file) or "")
    file.chmod(0o640)
    assert readable_by_all(file) is None


def test_a_secret_in_a_folder_that_nobody_else_enters(open_folder: Path) -> None:
    """The usual mode of a new file is harmless in a home that is closed, also behind a link."""
    closed = open_folder / "home"
    (closed / "open").mkdir(parents=True)
    file = closed / "open" / "token"
    file.touch()
    file.chmod(0o644)
    link = open_folder / "link"
    link.symlink_to(file)
    assert "chmod o-r" in (readable_by_all(link) or "")
    closed.chmod(0o750)
    assert readable_by_all(file) is None
    assert readable_by_all(link) is None


CONFIG = """\
model: {{path: m.onnx}}
decision: {{confirm: larger.onnx}}
actions:
- {{say: stop, command: [{folder}/stop.sh, /etc/passwd]}}
- {{say: go, command: [/usr/bin/env, python3, {folder}/go.py, {folder}/data]}}
- {{say: up, command: [echo, {folder}/data]}}
- {{say: down, webhook: {{url_from: hook, headers_from: {{A: token, B: "credential:b"}}}}}}
{more}
"""


def everything(folder: Path, more: str = "") -> Path:
    """Write a configuration with all the files that it names."""
    path = folder / "c.yaml"
    path.write_text(CONFIG.format(folder=folder, more=more))
    names = ("m.onnx", "m.fp16.onnx", "larger.onnx", "stop.sh", "go.py", "data", "hook", "token")
    for name in names:
        (folder / name).touch(mode=0o600)
        (folder / name).chmod(0o600)
    return path


def test_all_that_a_configuration_names(tmp_path: Path) -> None:
    """The configuration, the models with their variants, programs, scripts, secrets; no mere data."""
    path = everything(tmp_path)
    config = load_config(path)
    assert permission_problems(config, path) == []
    for file in tmp_path.iterdir():
        file.chmod(0o602)
    found = [line.partition(": everybody")[0] for line in permission_problems(config, path)]
    assert found == [
        str(path),
        f"model.path: {tmp_path}/m.onnx",
        f"model.path: {tmp_path}/m.fp16.onnx",
        f"decision.confirm.model: {tmp_path}/larger.onnx",
        f"actions[0].command: {tmp_path}/stop.sh",
        f"actions[1].command: {tmp_path}/go.py",
        f"actions[3].webhook.url_from: {tmp_path}/hook",
        f"actions[3].webhook.headers_from.A: {tmp_path}/token",
    ]


def test_each_place_is_told_once(tmp_path: Path) -> None:
    """A folder of many files has one line."""
    path = everything(tmp_path)
    tmp_path.chmod(0o777)
    [line] = permission_problems(load_config(path), path)
    assert str(tmp_path) in line
    tmp_path.chmod(0o700)


def test_the_check_looks_too(tmp_path: Path) -> None:
    """What the daemon would warn of is told; where it is strict, the configuration is to blame."""
    path = tmp_path / "c.yaml"
    for strict in (False, True):
        path.write_text(
            f"audio: {{source: 'pcm:-'}}\nsecurity: {{strict_permissions: {str(strict).lower()}}}"
        )
        path.chmod(0o666)
        [problem] = check(path)
        assert problem.text.startswith(f"{path}: everybody may change it")
        assert (problem.is_config, problem.is_in_the_way) == (strict, strict)


def test_a_warning_or_a_refusal(open_folder: Path) -> None:
    """Which of both is the user's choice."""
    path = everything(open_folder)
    path.chmod(0o666)
    told: list[str] = []
    check_permissions(load_config(path), path, told.append)
    assert len(told) == 1
    path = everything(open_folder, "security: {strict_permissions: true}")
    (open_folder / "token").chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        check_permissions(load_config(path), path, told.append)
    assert len(told) == 1
    assert len(caught.value.problems) == 2
    assert str(path) in str(caught.value)
