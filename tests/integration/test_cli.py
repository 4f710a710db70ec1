"""The command line as its users call it: a process, its output and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
import yaml

from edge_daemon import __main__, __version__
from tests.integration.command_line import (
    DEFAULTS,
    DEMO,
    RATE_HZ,
    ROOT,
    SINGLE_WORDS,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
    json_lines,
    spoken_words,
)

COMMANDS = ("run", "replay", "evaluate", "tune", "devices", "check", "config")
WAKE_WORDS = ("computer", "jarvis")
"""Those of the shipped model."""
HEARD_WITHIN_S = 1.6
"""From the start of a word to the decision about it."""
SPEECH = Path(os.environ.get("EDGE_DAEMON_SPEECH", ROOT / ".." / "shared" / "speech"))

Record = dict[str, Any]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    """The help of every command shows examples of it and the exit codes."""
    done = edge_daemon(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    examples = done.stdout.partition("examples:\n")[2].partition("exit codes:\n")
    assert examples[0].startswith(f"  edge-daemon {command}")
    for code in ("0 success", "1 failure", "2 wrong usage", "78 bad configuration"):
        assert code in examples[2]


def test_help_names_every_command() -> None:
    """The help of the program lists its commands, with examples and exit codes."""
    done = edge_daemon("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for part in (*(f"\n    {command} " for command in COMMANDS), "examples:", "exit codes:"):
        assert part in done.stdout


def test_version() -> None:
    """The version is one line with the program's name."""
    done = edge_daemon("--version")
    assert (done.returncode, done.stdout) == (0, f"edge-daemon {__version__}\n")


def test_no_command() -> None:
    """Without a command the help is shown, and the exit code says wrong usage."""
    done = edge_daemon()
    assert done.returncode == 2
    assert "commands:" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--nope"], "--nope"),
        (["dance"], "dance"),
        (["run", "--nope"], "--nope"),
        (["run", "--conf", "x"], "--conf"),
        (["run", "--pace", "slow"], "slow"),
        (["replay"], "FILE"),
        (["evaluate", "--json"], "--data"),
        (["devices", "--rate", "many"], "many"),
        (["config", "--schema", "--defaults"], "--defaults"),
    ],
)
def test_wrong_usage(arguments: list[str], named: str) -> None:
    """Wrong usage is one line that names it and the help, and exit code 2."""
    done = edge_daemon(*arguments)
    assert_one_complaint(done, 2, named, "--help")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_wrong_source() -> None:
    """A --source of no kind is wrong usage, and the kinds are named."""
    done = edge_daemon("run", "--config", DEFAULTS, "--source", "foo")
    assert_one_complaint(done, 2, "command line: ", "audio.source: ", "wav:FILE", "'foo'")


def test_interrupt_during_the_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the program still loads ends it as at any other time."""

    class Interrupted(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "edge_daemon.cli", Interrupted("edge_daemon.cli"))
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo clip as it ships, and as other rates and channels that sound the same."""
    folder = tmp_path_factory.mktemp("files")
    speech = demo_samples() / np.float32(32768)
    made = {"16 kHz": DEMO}
    for rate_hz in (44100, 48000):
        resampled = soxr.resample(speech, RATE_HZ, rate_hz)
        made[f"{rate_hz} Hz stereo"] = folder / f"{rate_hz}.wav"
        stereo = np.stack([resampled * 0.8, resampled * 1.2], axis=1).clip(-1, 1)
        soundfile.write(folder / f"{rate_hz}.wav", stereo, rate_hz, subtype="PCM_16")
    return made


@pytest.fixture(scope="module")
def replayed(files: dict[str, Path]) -> list[Record]:
    """What one ``replay`` of all these files prints as JSON."""
    done = edge_daemon("replay", *files.values(), "--json", "--config", SINGLE_WORDS)
    assert (done.returncode, done.stderr) == (0, "")
    return json_lines(done.stdout)


@pytest.mark.parametrize("name", ["16 kHz", "44100 Hz stereo", "48000 Hz stereo"])
def test_replay_hears_the_demo(
    name: str, files: dict[str, Path], replayed: list[Record]
) -> None:  # fmt: skip
    """Exactly the words of the demo are heard, in order, each soon after it began."""
    heard = [record for record in replayed if record["file"] == str(files[name])]
    spoken = spoken_words()
    assert [record["label"] for record in heard] == [said.word for said in spoken]
    late = [
        (said, record["time_s"])
        for said, record in zip(spoken, heard, strict=True)
        if not said.time_s <= record["time_s"] <= said.time_s + HEARD_WITHIN_S
    ]
    assert late == []


def test_wake_words_in_the_demo() -> None:
    """With the demo's configuration a word fires right after a wake word, and only there."""
    heard = _heard_in_the_demo("--config", DEMO.with_suffix(".yaml"))
    assert heard == _said_to(WAKE_WORDS)
    fired = Counter(label for _, label in heard)
    assert Counter(said.word for said in spoken_words()) - fired == Counter(["right", "no"])


def test_one_wake_word_of_two(tmp_path: Path) -> None:
    """Where one wake word is chosen, nothing is heard after the other."""
    config = tmp_path / "config.yaml"
    config.write_text("decision: {wake_words: [jarvis]}\n")
    heard = _heard_in_the_demo("--config", config)
    assert heard == _said_to(("jarvis",))
    assert len(heard) < len(_said_to(WAKE_WORDS))


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        ("", "builtin:commands-large"),
        ("decision: {confirm: 'builtin:commands-large'}", "builtin:commands"),
    ],
    ids=["alone", "confirms"],
)
def test_the_larger_model_hears_the_demo(settings: str, model: str, tmp_path: Path) -> None:
    """The larger model that ships hears the same, and takes nothing away where it confirms."""
    config = tmp_path / "config.yaml"
    config.write_text(settings)
    heard = _heard_in_the_demo("--config", config, "--model", model)
    assert heard == _said_to(WAKE_WORDS)


def _heard_in_the_demo(*arguments: str | Path) -> list[tuple[str | None, str]]:
    """Return what ``replay`` hears in the demo: the wake word before it, and the word."""
    done = edge_daemon("replay", DEMO, "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [(record.get("after"), record["label"]) for record in json_lines(done.stdout)]


def _said_to(wake_words: tuple[str, ...]) -> list[tuple[str | None, str]]:
    """Return the same of what is said there: these wake words, and the word right after each."""
    words = [said.word for said in spoken_words()]
    return [
        (None, word) if word in wake_words else (before, word)
        for before, word in zip(["", *words], words, strict=False)
        if before in wake_words or word in wake_words
    ]


def test_replay_json(files: dict[str, Path], replayed: list[Record]) -> None:
    """Each detection is one object with the documented keys, file after file."""
    assert {tuple(record) for record in replayed} == {
        ("file", "time_s", "label", "score", "latency_ms")
    }
    assert list(dict.fromkeys(record["file"] for record in replayed)) == [
        str(path) for path in files.values()
    ]
    assert all(0 < record["score"] <= 1 and record["latency_ms"] > 0 for record in replayed)


def test_replay_is_deterministic(files: dict[str, Path], replayed: list[Record]) -> None:
    """The same file in another process, after no other, gives the same figures, as a table."""
    done = edge_daemon("replay", files["48000 Hz stereo"], "--config", SINGLE_WORDS)
    assert (done.returncode, done.stderr) == (0, "")
    heading, *rows = done.stdout.splitlines()
    assert heading.split() == ["time", "s", "word", "score", "latency", "ms", "file"]
    shown = [(cells[0], cells[1], cells[2], cells[4]) for cells in map(str.split, rows)]
    path = str(files["48000 Hz stereo"])
    assert shown == [
        (str(r["time_s"]), r["label"], str(r["score"]), path) for r in replayed if r["file"] == path
    ]


@pytest.mark.parametrize("arguments", [["--help"], ["config"], ["replay", DEMO, "--json"]])
def test_reader_that_has_seen_enough(arguments: list[str | Path]) -> None:
    """A closed output, as of ``| head``, is no error and no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = edge_daemon(*arguments, "--config", SINGLE_WORDS, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["--help"], ["config"], ["replay", DEMO, "--json"]])
def test_full_disk(arguments: list[str | Path]) -> None:
    """Output that cannot be written is a failure with one line, not a traceback."""
    with Path("/dev/full").open("w") as full:
        done = edge_daemon(*arguments, "--config", SINGLE_WORDS, stdout=full.fileno())
    assert done.returncode == 1
    assert done.stderr == "edge-daemon: [Errno 28] No space left on device\n"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The words of the demo as a folder in the layout of Speech Commands."""
    folder = tmp_path_factory.mktemp("clips")
    speech = demo_samples()
    for i, said in enumerate(spoken_words()):
        start = round((said.time_s - 0.1) * RATE_HZ)
        _write_clip(folder / said.word / f"demo_{i}.flac", speech[start : start + RATE_HZ])
    noise = np.random.default_rng(3).integers(-3, 4, RATE_HZ).astype(np.int16)
    _write_clip(folder / "_silence_" / "quiet.wav", noise)
    _write_clip(folder / "banana" / "short.wav", noise[:4000])
    _write_clip(folder / "_background_noise_" / "long.wav", noise)
    (folder / "README.md").write_text("not a clip\n")
    return folder


def _write_clip(path: Path, samples: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, samples, RATE_HZ)


@pytest.fixture(scope="module")
def evaluated(clips: Path) -> Record:
    """What ``evaluate --json`` says of that folder."""
    done = edge_daemon("evaluate", "--data", clips, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    [record] = json_lines(done.stdout)
    return record


def test_evaluate_counts_by_class(evaluated: Record) -> None:
    """Every clip counts for its folder's word, what is no class as unknown, noise not at all."""
    expected = Counter(said.word for said in spoken_words())
    expected.update(["unknown", "silence"])
    counted = {label: row["clips"] for label, row in evaluated["per_class"].items()}
    assert counted == {label: expected[label] for label in evaluated["labels"]}
    assert evaluated["clips"] == expected.total()
    said = np.array(evaluated["confusion_matrix"]).sum(axis=1)
    assert dict(zip(evaluated["labels"], said, strict=True)) == counted


def test_evaluate_figures_agree(evaluated: Record) -> None:
    """Accuracy, recall and precision are those of the confusion matrix, and the words are heard."""
    matrix = np.array(evaluated["confusion_matrix"])
    assert evaluated["accuracy"] == pytest.approx(matrix.trace() / matrix.sum())
    assert evaluated["accuracy"] >= 0.8
    for i, row in enumerate(evaluated["per_class"].values()):
        for share, whole in (("recall", matrix[i].sum()), ("precision", matrix[:, i].sum())):
            expected = matrix[i, i] / whole if whole else None
            assert row[share] == (None if expected is None else pytest.approx(expected))
    assert evaluated["clips_per_s"] > 0


def test_evaluate_of_a_tar(clips: Path, evaluated: Record, tmp_path: Path) -> None:
    """The same clips in a compressed tar give the same figures."""
    packed = tmp_path / "clips.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(clips, ".")
    done = edge_daemon("evaluate", "--data", packed, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    [record] = json_lines(done.stdout)
    assert {**record, "clips_per_s": None} == {**evaluated, "clips_per_s": None}


def test_evaluate_of_listed_clips(clips: Path, tmp_path: Path) -> None:
    """A list, with the ending of a file or without, keeps the clips named; the rest is a table."""
    first, second = spoken_words()[:2]
    listed = tmp_path / "list.txt"
    listed.write_text(f"{first.word}/demo_0\n\n{second.word}/demo_1.flac\n")
    done = edge_daemon("evaluate", "--data", clips, "--list", listed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "on 2 clips" in done.stdout
    for part in ("recall", "precision", "confusion", "clips a second"):
        assert part in done.stdout


def test_evaluate_names_what_is_missing(clips: Path, tmp_path: Path) -> None:
    """Listed clips that are not there are named, and nothing is scored."""
    listed = tmp_path / "list.txt"
    listed.write_text("yes/nobody\nno/demo_nowhere.wav\n")
    done = edge_daemon("evaluate", "--data", clips, "--list", listed, "--json")
    assert_one_complaint(done, 1, clips, "2 of the 2", "yes/nobody", "no/demo_nowhere")
    assert done.stdout == ""


def test_evaluate_of_real_speech() -> None:
    """On the official 12-class test set of recorded words the shipped model is right on 94 %."""
    data = SPEECH / "speech_commands_testing.tar"
    if not data.is_file():
        pytest.skip(f"no recorded speech: {data} is not there (EDGE_DAEMON_SPEECH=FOLDER)")
    listed = SPEECH / "official_v2_12_testing.txt"
    done = edge_daemon("evaluate", "--data", data, "--list", listed, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    [record] = json_lines(done.stdout)
    assert record["clips"] == 3775
    assert record["accuracy"] >= 0.94


def test_config_defaults(tmp_path: Path) -> None:
    """The defaults, used as a configuration, are the configuration that ships and the same again."""
    defaults = edge_daemon("config", "--defaults")
    assert (defaults.returncode, defaults.stderr) == (0, "")
    assert defaults.stdout == DEFAULTS.read_text()
    empty, copy = tmp_path / "empty.yaml", tmp_path / "copy.yaml"
    empty.touch()
    copy.write_text(defaults.stdout)
    shown = [edge_daemon("config", "--config", path) for path in (empty, copy)]
    assert [done.returncode for done in shown] == [0, 0]
    assert shown[0].stdout == shown[1].stdout
    assert yaml.safe_load(shown[0].stdout)["audio"]["block_ms"] == 100


def test_config_schema() -> None:
    """The schema is JSON and describes every section."""
    done = edge_daemon("config", "--schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    [config] = [d for name, d in schema["$defs"].items() if name == "Config"]
    assert set(config["properties"]) == set(yaml.safe_load(DEFAULTS.read_text()))


def test_check_of_the_demo() -> None:
    """The demo's configuration has no problem on any machine."""
    done = edge_daemon("check", "--config", ROOT / "config" / "demo.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "demo.yaml: no problem found" in done.stdout


@pytest.fixture
def no_sound(tmp_path: Path) -> dict[str, str]:
    """An environment in which PortAudio finds no input."""
    cards = Path("/proc/asound/cards")
    if cards.exists() and "no soundcards" not in cards.read_text():
        pytest.skip("this machine has sound cards, which cannot be hidden from PortAudio")
    return {"PULSE_SERVER": f"unix:{tmp_path}/none"}


def test_devices_without_sound(no_sound: dict[str, str]) -> None:
    """Where there is no input, one message says so and what else works."""
    done = edge_daemon("devices", env=no_sound)
    assert_one_complaint(done, 1, "no audio input", "--source")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_check_without_sound(no_sound: dict[str, str]) -> None:
    """What is wrong with the machine, not with the configuration, is exit code 1."""
    done = edge_daemon("check", "--config", DEFAULTS, env=no_sound)
    assert_one_complaint(done, 1, "audio.source: no audio input", "default.yaml: 1 problem")


def test_run_without_sound(no_sound: dict[str, str]) -> None:
    """Where no service manager waits, a microphone that is not there ends the daemon."""
    done = edge_daemon("run", "--config", DEFAULTS, env=no_sound)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("edge-daemon: no audio input")


def test_check_reports_everything_at_once(no_sound: dict[str, str], tmp_path: Path) -> None:
    """Configuration, model, audio and actions are all looked at, and configuration decides."""
    path = tmp_path / "wrong.yaml"
    path.write_text(
        """\
decision: {threshold: 7}
telemetry: {formt: json}
model: {path: nowhere.onnx}
actions:
  - {say: stop, command: [no-such-program]}
  - {say: go, log: {path: no/such/folder/log.jsonl}}
"""
    )
    done = edge_daemon("check", "--config", path, env=no_sound)
    assert_one_complaint(done, 78, "wrong.yaml: 6 problems")
    for part in (
        "decision.threshold: ",
        "telemetry.formt: unknown key, did you mean 'format'?",
        f"model: {tmp_path}/nowhere.onnx: no such model file",
        "audio.source: no audio input",
        "actions[0].command: no-such-program: ",
        "actions[1].log.path: ",
    ):
        assert part in done.stdout
    assert len(done.stdout.splitlines()) == 6


def test_check_where_names_are_no_text(tmp_path: Path) -> None:
    """A path that is not UTF-8 is shown all the same."""
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    (folder / "wrong.yaml").write_text("model: {path: nowhere.onnx}\naudio: {source: 'pcm:-'}")
    done = edge_daemon("check", "--config", folder / "wrong.yaml")
    assert_one_complaint(done, 78, "\\udcff/nowhere.onnx: no such model file")


def test_installed_command() -> None:
    """The command that pip installs is the same program."""
    program = Path(sys.executable).with_name("edge-daemon")
    if not program.exists():
        pytest.skip(f"{program} is not installed: pip install -e .")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"edge-daemon {__version__}\n"
