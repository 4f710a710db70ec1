"""What is wrong with files, configurations, models and actions is said clearly, in one message.

Most cases call the command line's own ``main``, which starts in no time: a traceback would end
the test. What the daemon does is looked at in a process of its own.
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon import Pipeline
from edge_daemon.cli import main
from edge_daemon.config import load_config
from edge_daemon.types import Samples
from tests.integration.command_line import (
    DEFAULTS,
    DEMO,
    RATE_HZ,
    SINGLE_WORDS,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
    json_lines,
)
from tests.tiny_models import WINDOW_SPEC, loudness, write_model

SHIPPED_MODEL = Path(__file__).parents[2] / "edge_daemon" / "models" / "commands.onnx"

Make = Callable[[Path], object]
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(list(arguments), code, out, err)

    return call


def _truncated(source: Path) -> Make:
    return lambda path: path.write_bytes(source.read_bytes()[: source.stat().st_size // 3])


UNREADABLE: dict[str, tuple[Make, str]] = {
    "nowhere.wav": (lambda path: None, "no such file"),
    "folder.wav": (lambda path: path.mkdir(), "a folder"),
    "empty.wav": (lambda path: path.touch(), "the file is empty"),
    "text.wav": (lambda path: path.write_text("no sound\n" * 99), "not an audio file"),
    "header_only.flac": (lambda path: path.write_bytes(DEMO.read_bytes()[:20]), "not an audio"),
    "truncated.flac": (_truncated(DEMO), "damaged after"),
    "no_header.raw": (lambda path: path.write_bytes(bytes(32000)), "use pcm:"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_audio(name: str, tmp_path: Path, call: Call) -> None:
    """A file that cannot be read is named with the reason."""
    make, reason = UNREADABLE[name]
    make(tmp_path / name)
    done = call("replay", tmp_path / name, "--config", DEFAULTS, "--json")
    assert_one_complaint(done, 1, tmp_path / name, reason)
    assert len(done.stderr.splitlines()) == 1


def test_the_files_after_a_bad_one_are_heard(tmp_path: Path, call: Call) -> None:
    """One bad file among several costs the exit code, not the others."""
    bad, good = tmp_path / "nowhere.wav", tmp_path / "good.flac"
    soundfile.write(good, demo_samples(1), RATE_HZ)
    done = call("replay", bad, good, "--config", SINGLE_WORDS, "--json")
    assert_one_complaint(done, 1, bad)
    assert {record["file"] for record in json_lines(done.stdout)} == {str(good)}


def test_odd_audio_that_is_readable(tmp_path: Path, call: Call) -> None:
    """Coarse, floating, empty and not-a-number samples are all replayed without a complaint."""
    speech = demo_samples(2)
    floats = speech / np.float32(32768)
    broken = floats.copy()
    broken[: RATE_HZ // 2 : 7] = np.nan  # in the pause before the first word
    broken[[10, 100]] = np.inf, -np.inf
    soundfile.write(tmp_path / "8 bit.wav", floats, RATE_HZ, subtype="PCM_U8")
    soundfile.write(tmp_path / "float.wav", floats, RATE_HZ, subtype="FLOAT")
    soundfile.write(tmp_path / "not numbers.wav", broken, RATE_HZ, subtype="FLOAT")
    soundfile.write(tmp_path / "only nan.wav", np.full(RATE_HZ, np.nan), RATE_HZ, subtype="FLOAT")
    soundfile.write(tmp_path / "no frames.wav", speech[:0], RATE_HZ)
    soundfile.write(tmp_path / "one sample.wav", speech[:1], RATE_HZ)
    done = call("replay", *tmp_path.iterdir(), "--config", SINGLE_WORDS, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    heard: dict[str, list[tuple[str, float]]] = {}
    for record in json_lines(done.stdout):
        heard.setdefault(Path(record["file"]).name, []).append((record["label"], record["time_s"]))
    exact = _heard_in(speech)
    words = [label for label, _ in exact]
    assert heard["float.wav"] == exact
    assert {label for label, _ in heard["8 bit.wav"]} <= set(words)
    assert [label for label, _ in heard["not numbers.wav"]][-len(words) :] == words
    assert heard.keys() == {"float.wav", "8 bit.wav", "not numbers.wav"}


def _heard_in(samples: Samples) -> list[tuple[str, float]]:
    pipeline = Pipeline.load(config=load_config(SINGLE_WORDS))
    found = pipeline.process(samples) + pipeline.flush()
    return [(detection.label, round(detection.time_s, 3)) for detection in found]


def test_run_on_a_bad_file(tmp_path: Path) -> None:
    """The daemon ends with the same message when its file cannot be read."""
    path = tmp_path / "text.wav"
    path.write_text("no sound\n")
    done = edge_daemon("run", "--config", DEFAULTS, "--source", f"wav:{path}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"edge-daemon: {path}: not an audio file")


WRONG_CONFIG: dict[str, tuple[str, list[str]]] = {
    "a word for a number": (
        "audio: {block_ms: often}",
        ["audio.block_ms: ", "expected a whole number", "'often'"],
    ),
    "a list for a section": ("decision: [0.5]", ["decision: expected `key: value`", "[0.5]"]),
    "a section for a list": ("actions: {say: stop}", ["actions: expected a list"]),
    "a text for the whole": ("just some words", ["the top level is 'just some words'"]),
    "not YAML": ("audio: [", ["line 1, column 9"]),
    "not text": ("\0\0\0", ["not YAML"]),
    "a key that stands twice": ("audio: {}\naudio: {}", ["line 2", "'audio' stands twice"]),
    "an unknown section": ("adio: {source: mic}", ["adio: unknown key", "did you mean 'audio'?"]),
    "an unknown key": (
        "decision: {treshold: 0.9}",
        ["decision.treshold: unknown key", "did you mean 'threshold'?"],
    ),
    "a threshold of 7": (
        "decision: {threshold: 7}",
        ["decision.threshold: ", "up to 1", "found 7"],
    ),
    "a threshold that is no number": ("decision: {threshold: .nan}", ["decision.threshold: "]),
    "a source of no kind": ("audio: {source: radio}", ["audio.source: ", "wav:FILE", "'radio'"]),
    "a word that the model lacks": (
        "decision: {words: {stopp: {threshold: 0.9}}}",
        ["decision.words.stopp: ", "no word 'stopp'", "did you mean 'stop'?"],
    ),
    "a wake word that the model lacks": (
        "decision: {wake_words: [stopp]}",
        ["decision.wake_words: ", "no word 'stopp'", "did you mean 'stop'?"],
    ),
    "a word that waits for itself": (
        "decision: {words: {go: {after: go}}}",
        ["decision.words.go.after: 'go' can never fire"],
    ),
    "a larger model that is not there": (
        "decision: {confirm: {model: large.onnx}}",
        ["decision.confirm.model: ", "large.onnx: no such model file"],
    ),
    "an action on a word that the model lacks": (
        "actions: [{say: banana, log: {}}]",
        ["actions[0].say: the model has no word 'banana'", "it has yes, no"],
    ),
    "an action without anything to do": (
        "actions: [{say: stop}]",
        ["actions[0]: needs exactly one of command, webhook, log"],
    ),
    "an action with two things to do": (
        "actions: [{say: stop, log: {}, command: [echo]}]",
        ["actions[0]: needs exactly one of", "has command and log"],
    ),
    "an address that is none": (
        "actions: [{say: stop, webhook: ftp://x/}]",
        ["actions[0].webhook.url: ", "http://"],
    ),
    "a port that is none": (
        'actions: [{say: stop, webhook: "http://localhost:99999/"}]',
        ["actions[0].webhook: ", "0-65535"],
    ),
    "a hop that the model cannot do": ("model: {hop_ms: 15}", ["model.hop_ms: 15"]),
}


@pytest.mark.parametrize("name", WRONG_CONFIG)
def test_wrong_configuration(name: str, tmp_path: Path, call: Call) -> None:
    """A mistake in the configuration is exit code 78, with its place and value in the message."""
    text, parts = WRONG_CONFIG[name]
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    assert_one_complaint(call("check", "--config", path), 78, path, *parts)


@pytest.mark.parametrize(
    "name",
    [
        "a threshold of 7",
        "a word that the model lacks",
        "a word that waits for itself",
        "a port that is none",
    ],
)
def test_run_with_wrong_configuration(name: str, tmp_path: Path) -> None:
    """The daemon does not start with a mistake in any part of it, and says the same."""
    text, parts = WRONG_CONFIG[name]
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    done = edge_daemon("run", "--config", path)
    assert_one_complaint(done, 78, f"{path}: ", *parts)


def test_replay_with_wrong_configuration(tmp_path: Path, call: Call) -> None:
    """What shows only beside the model is said with the name of the file, too."""
    text, parts = WRONG_CONFIG["a word that the model lacks"]
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    assert_one_complaint(call("replay", DEMO, "--config", path), 78, f"{path}: 1 problem", *parts)


@pytest.mark.parametrize("command", ["run", "check", "replay", "config"])
def test_configuration_that_cannot_be_read(command: str, tmp_path: Path, call: Call) -> None:
    """A configuration that is not there is exit code 78, whatever the command."""
    files: list[Path] = [DEMO] if command == "replay" else []
    done = call(command, *files, "--config", tmp_path / "nowhere.yaml")
    assert_one_complaint(done, 78, tmp_path / "nowhere.yaml", "No such file")


def test_replay_leaves_the_system_to_its_own_model(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's configuration is used without --model only: another model has other words."""
    path, model = tmp_path / "system.yaml", write_model(tmp_path / "tiny.onnx")
    path.write_text("decision: {words: {banana: {threshold: 0.9}}}")
    monkeypatch.setattr("edge_daemon.cli.SYSTEM_CONFIG", path)
    assert_one_complaint(call("replay", DEMO), 78, path, "no word 'banana'")
    done = call("replay", DEMO, "--model", model, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    done = call("replay", DEMO, "--model", model, "--config", path)
    assert_one_complaint(done, 78, path, "no word 'banana'")


class Forbidden(type(Path())):  # type: ignore[misc]
    """A file in a folder that may not be entered."""

    def exists(self) -> bool:
        """Be refused."""
        raise PermissionError(errno.EACCES, "Permission denied")

    def __fspath__(self) -> str:
        """Be refused."""
        raise PermissionError(errno.EACCES, "Permission denied")


def test_system_configuration_out_of_reach(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system configuration that may not be looked at is said to be so, not left out."""
    monkeypatch.setattr("edge_daemon.cli.SYSTEM_CONFIG", Forbidden("/etc/x.yaml"))
    done = call("config")
    assert_one_complaint(done, 78, "/etc/x.yaml: 1 problem", "cannot be read: Permission denied")


@pytest.mark.parametrize("arguments", [["config"], ["replay", str(DEMO)], ["check"]])
def test_without_standard_output(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output was closed before the start, commands do their work unseen."""
    monkeypatch.setattr(sys, "stdout", None)
    config = DEFAULTS.with_name("demo.yaml")
    assert main([*arguments, "--config", str(config)]) == 0


def _flipped(source: Path) -> Make:
    """Return what writes a file with one bit of its weights changed."""
    data = bytearray(source.read_bytes())
    data[len(data) // 2] ^= 1
    return lambda path: path.write_bytes(data)


BAD_MODELS: dict[str, tuple[Make, str]] = {
    "truncated.onnx": (_truncated(SHIPPED_MODEL), "not a model ("),
    "flipped.onnx": (_flipped(SHIPPED_MODEL), "damaged or altered: its checksum is not"),
    "text.onnx": (lambda path: path.write_text("not a model"), "not a model (11 bytes)"),
    "empty.onnx": (lambda path: path.touch(), "not a model (0 bytes)"),
    "bare.onnx": (lambda path: write_model(path, metadata=None), "no metadata 'edge_daemon'"),
    "garbled.onnx": (lambda path: write_model(path, metadata="{"), "bad metadata"),
    "odd.onnx": (
        lambda path: write_model(path, weights=loudness(WINDOW_SPEC, 5)),
        "names 3 labels: loud",
    ),
    "nowhere.onnx": (lambda path: None, "no such model file"),
    "folder.onnx": (lambda path: path.mkdir(), "no such model file"),
    "x" * 300: (lambda path: None, "no such model file"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_bad_model(name: str, tmp_path: Path, call: Call) -> None:
    """A model that cannot be served is exit code 78, with its file and the reason."""
    make, reason = BAD_MODELS[name]
    make(tmp_path / name)
    done = call("replay", DEMO, "--config", DEFAULTS, "--model", tmp_path / name)
    assert_one_complaint(done, 78, tmp_path / name, reason)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "check", "evaluate"])
def test_bad_model_in_every_command(command: str, tmp_path: Path, call: Call) -> None:
    """Every command that loads a model refuses a bad one in the same way."""
    config = tmp_path / "config.yaml"
    config.write_text(f"audio: {{source: 'wav:{DEMO}'}}\nmodel: {{path: bare.onnx}}\n")
    write_model(tmp_path / "bare.onnx", metadata=None)
    given: list[str | Path] = ["--config", config]
    if command == "evaluate":
        given = ["--data", tmp_path, "--model", tmp_path / "bare.onnx"]
    done = (edge_daemon if command == "run" else call)(command, *given)
    assert_one_complaint(done, 78, tmp_path / "bare.onnx", "no metadata")


def test_model_that_does_not_ship(call: Call) -> None:
    """A model that is not built in is refused with those that are."""
    done = call("replay", DEMO, "--config", DEFAULTS, "--model", "builtin:nothing")
    assert_one_complaint(done, 78, "builtin:nothing", "builtin:commands")


def test_check_leaves_the_samples_in_a_pipe(tmp_path: Path, call: Call) -> None:
    """What is in a FIFO is for the daemon; the check only looks whether it is there."""
    fifo, path = tmp_path / "fifo", tmp_path / "config.yaml"
    path.write_text("audio: {source: 'pcm:fifo'}")
    assert_one_complaint(call("check", "--config", path), 1, f"{fifo}: no such FIFO", "mkfifo")
    os.mkfifo(fifo)
    assert call("check", "--config", path).returncode == 0
    both = os.open(fifo, os.O_RDWR)
    try:
        os.write(both, b"samples")
        assert call("check", "--config", path).returncode == 0
        assert os.read(both, 100) == b"samples"
    finally:
        os.close(both)
    fifo.unlink()
    fifo.mkdir()
    assert_one_complaint(call("check", "--config", path), 1, f"{fifo}: a folder")


def test_check_of_standard_input(tmp_path: Path, call: Call) -> None:
    """What will be piped into the daemon is nothing to check now."""
    path = tmp_path / "config.yaml"
    path.write_text("audio: {source: 'pcm:-'}")
    assert call("check", "--config", path).returncode == 0


def test_check_of_what_a_smaller_model_is_judged_with(tmp_path: Path, call: Call) -> None:
    """Clips that are named and not there are a problem of the machine."""
    path = tmp_path / "config.yaml"
    path.write_text("audio: {source: 'pcm:-'}\nmodel: {quantize: {mode: auto, data: no/clips}}")
    done = call("check", "--config", path)
    assert_one_complaint(done, 1, f"model.quantize.data: {tmp_path}/no/clips: is not there")


def test_check_of_logs(tmp_path: Path, call: Call) -> None:
    """A log needs a folder to be in and a name of its own; the check makes none."""
    path = tmp_path / "config.yaml"
    actions = "".join(f"  - {{say: go, log: {log}}}\n" for log in ("new", ".", "no/x", "'-'"))
    path.write_text(f"audio: {{source: 'pcm:-'}}\nactions:\n{actions}")
    done = call("check", "--config", path)
    assert_one_complaint(done, 1, "2 problems", f"actions[1].log.path: {tmp_path}: a folder")
    assert f"actions[2].log.path: the folder {tmp_path}/no does not exist" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", ["folder", "file"])
def test_check_of_logs_without_rights(name: str, tmp_path: Path, call: Call) -> None:
    """A log that may not be written is found before it is needed."""
    path, log = tmp_path / "config.yaml", tmp_path / "logs" / "heard.jsonl"
    path.write_text(f"audio: {{source: 'pcm:-'}}\nactions: [{{say: go, log: {log}}}]")
    log.parent.mkdir()
    refused = log.parent
    if name == "file":
        log.touch()
        refused = log
    refused.chmod(0o500)
    try:
        assert_one_complaint(call("check", "--config", path), 1, f"{refused} may not be written")
    finally:
        refused.chmod(0o700)


@pytest.fixture
def failing_actions(tmp_path: Path) -> Path:
    """A configuration in which two actions must fail, and a third one cannot."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    path = tmp_path / "actions.yaml"
    path.write_text(
        f"""\
audio: {{source: "wav:{DEMO}", pace: fast}}
decision: {{wake_words: []}}
actions:
  - {{say: "*", command: [no-such-program]}}
  - {{say: "*", webhook: {{url: "http://127.0.0.1:{free}/secret", retries: 0, backoff_s: 0.01}}}}
  - {{say: "*", log: {{path: heard.jsonl}}}}
action_worker: {{queue: 256}}
"""
    )
    return path


def test_check_finds_failing_actions(failing_actions: Path, call: Call) -> None:
    """The check names a missing program and a webhook that cannot be reached."""
    done = call("check", "--config", failing_actions)
    assert_one_complaint(done, 1, "actions.yaml: 2 problems", "actions[0].command: no-such-program")
    assert "actions[1].webhook: http://127.0.0.1:" in done.stdout
    assert "cannot be reached" in done.stdout
    assert "secret" not in done.stdout


def test_run_goes_on_with_failing_actions(failing_actions: Path) -> None:
    """The daemon says that they fail, counts them, and does all the others."""
    done = edge_daemon("run", "--config", failing_actions)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "actions[0] command: failed: cannot be started: no-such-program" in done.stderr
    assert "actions[1] webhook: failed: http://127.0.0.1:" in done.stderr
    heard = [label for label, _ in _heard_in(demo_samples())]
    written = json_lines(failing_actions.with_name("heard.jsonl").read_text())
    assert [record["label"] for record in written] == heard
    n = len(heard)
    counts = re.search(r"actions (\d+) done, (\d+) failed, (\d+) dropped", done.stderr)
    assert counts is not None
    n_done, n_failed, n_dropped = map(int, counts.groups())
    assert n_done == n  # the log; at full speed a webhook or a program may still be busy
    assert n_failed > 0
    assert n_done + n_failed + n_dropped == 3 * n


BAD_DATA: dict[str, tuple[Make, str]] = {
    "nowhere": (lambda path: None, "no such folder or tar"),
    "empty": (lambda path: path.mkdir(), "no clips; expected word/clip"),
    "text.tar": (lambda path: path.write_text("not a tar\n" * 200), "not a tar"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_evaluate_without_clips(name: str, tmp_path: Path, call: Call) -> None:
    """Data without clips is named with what was expected."""
    make, reason = BAD_DATA[name]
    make(tmp_path / name)
    assert_one_complaint(call("evaluate", "--data", tmp_path / name), 1, tmp_path, reason)


@pytest.mark.parametrize("text", [None, "", "\udcff"])
def test_evaluate_with_a_bad_list(text: str | None, tmp_path: Path, call: Call) -> None:
    """A list that is not there, empty or no text is named."""
    listed = tmp_path / "list.txt"
    if text is not None:
        listed.write_text(text, errors="surrogateescape")
    done = call("evaluate", "--data", tmp_path, "--list", listed)
    assert_one_complaint(done, 1, listed, "the list")


def test_evaluate_with_an_unreadable_clip(tmp_path: Path, call: Call) -> None:
    """A clip that cannot be read is named and not scored, a clip without samples is scored."""
    for name, text in (("bad.wav", "text"), ("none.wav", "")):
        (tmp_path / "yes").mkdir(exist_ok=True)
        (tmp_path / "yes" / name).write_text(text)
    soundfile.write(tmp_path / "yes" / "none.wav", np.zeros(0, np.int16), RATE_HZ)
    done = call("evaluate", "--data", tmp_path, "--json")
    assert_one_complaint(done, 1, f"not scored: {tmp_path}/yes/bad.wav: not an audio")
    result = json.loads(done.stdout)
    assert result["clips"] == 1
    assert len(result["unreadable"]) == 1
