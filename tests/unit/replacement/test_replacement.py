"""From a float model to the smaller one, or to the reason why there is none."""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.config import Config, parse_config
from edge_daemon.errors import ModelError
from edge_daemon.model import LoadedModel
from edge_daemon.model.file import resolve
from edge_daemon.replacement import Replacement
from tests.stand_in_quantizer import GAINS, REASONS, accepting, as_output, refusing, stand_in
from tests.tiny_models import PITCH_SPEC, pitch, write_model

SMALLER_SPEC = replace(PITCH_SPEC, name="smaller")
UNUSED = stand_in("echo must not be called >&2; exit 9")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory, which is not there yet."""
    folder = tmp_path / "state"
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A float model, some data, and the wish for a smaller one."""
    write_model(tmp_path / "model.onnx", PITCH_SPEC, weights=pitch(PITCH_SPEC))
    (tmp_path / "clips").mkdir()
    return settings(tmp_path)


@pytest.fixture
def smaller(tmp_path: Path) -> Path:
    """What the quantizer is to come up with."""
    return write_model(tmp_path / "smaller.onnx", SMALLER_SPEC, weights=pitch(PITCH_SPEC))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the daemon says of it."""
    with caplog.at_level(logging.INFO, logger="edge_daemon"):
        yield caplog


def settings(folder: Path, **keys: Any) -> Config:
    """Return a configuration, with these keys in the section."""
    section = {"mode": "auto", "data": str(folder / "clips"), **keys}
    return parse_config({"model": {"path": str(folder / "model.onnx"), "quantize": section}})


def conclude(replacement: Replacement) -> LoadedModel | None:
    """Let the child do its work, and return what comes of it."""
    found = replacement.poll(PITCH_SPEC)
    while found is None and not replacement.is_settled:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        found = replacement.poll(PITCH_SPEC)
    return found


def names(state: Path) -> list[str]:
    """Return what is stored, a folder a verdict, and what is left over."""
    return [p.name for p in state.rglob("*") if p.parent.name == "quantized"]


def assert_original_stays(
    replacement: Replacement, log: pytest.LogCaptureFixture, why: str
) -> None:
    """Hold it to one line with the reason, and to nothing more."""
    assert conclude(replacement) is None
    [line] = [line for line in log.messages if "the original model stays" in line]
    assert why in line
    log.clear()
    assert replacement.poll(PITCH_SPEC) is None
    assert log.messages == []


def test_a_better_model_takes_over(
    config: Config, smaller: Path, log: pytest.LogCaptureFixture
) -> None:
    """The original serves until then; the log says what was gained."""
    replacement = Replacement(config, accepting(smaller))
    assert replacement.stored is None
    found = conclude(replacement)
    assert found is not None
    assert found.spec.name == "smaller"
    assert GAINS in log.messages[-1]


def test_the_next_start_uses_it_at_once(config: Config, smaller: Path) -> None:
    """Without a child."""
    conclude(Replacement(config, accepting(smaller)))
    again = Replacement(config, UNUSED)
    assert again.stored is not None
    assert again.stored.spec.name == "smaller"
    assert again.is_settled


def test_what_was_found_outlives_its_data(config: Config, smaller: Path, tmp_path: Path) -> None:
    """The clips may be taken away."""
    conclude(Replacement(config, accepting(smaller)))
    (tmp_path / "clips").rmdir()
    assert Replacement(config, UNUSED).stored is not None


def test_a_model_that_fails_the_gate_is_not_served(
    config: Config, state: Path, log: pytest.LogCaptureFixture
) -> None:
    """The rules that failed are named, and no copy of the original is kept."""
    assert_original_stays(Replacement(config, refusing()), log, "; ".join(REASONS))
    assert list(state.rglob("*.onnx")) == []
    assert len(list(state.rglob("model.report.html"))) == 1


def test_the_next_start_remembers_the_refusal(
    config: Config, log: pytest.LogCaptureFixture
) -> None:
    """Without a child, and with the reason."""
    conclude(Replacement(config, refusing()))
    log.clear()
    again = Replacement(config, UNUSED)
    assert again.is_settled
    assert REASONS[0] in log.text
    assert "found before" in log.text


def test_other_limits_are_another_question(config: Config, smaller: Path, tmp_path: Path) -> None:
    """A refusal holds for the limits it was made with."""
    conclude(Replacement(config, refusing()))
    assert conclude(Replacement(settings(tmp_path, min_speedup=0.1), accepting(smaller)))


def test_another_model_is_another_question(config: Config, smaller: Path, tmp_path: Path) -> None:
    """A model that was trained anew is not replaced by the old one's smaller form."""
    conclude(Replacement(config, accepting(smaller)))
    matrix, bias = pitch(PITCH_SPEC)
    write_model(tmp_path / "model.onnx", PITCH_SPEC, weights=(2 * matrix, bias))
    again = Replacement(config, refusing())
    assert again.stored is None
    again.close()


def test_the_command_is_told_everything(config: Config, tmp_path: Path) -> None:
    """The model, the data, the limits, and where to put it; all that it writes is in one folder."""
    script = f'printf "%s\\n" "$@" >{tmp_path}/arguments; exit 1'
    conclude(Replacement(settings(tmp_path, max_accuracy_loss=0.5), stand_in(script)))
    given = (tmp_path / "arguments").read_text().split("\n")[:-1]
    assert given[:4] == [str(tmp_path / "model.onnx"), "--data", str(tmp_path / "clips"), "-o"]
    options = dict(zip(given[3::2], given[4::2], strict=True))
    assert options["--max-accuracy-loss"] == "0.5"
    assert options["--min-compression"] == "2"
    assert options["--min-speedup"] == "1"
    assert Path(options["--cache"]).parent == Path(options["-o"]).parent


def test_clips_may_lie_in_the_state_directory(config: Config, state: Path, tmp_path: Path) -> None:
    """Audio that was kept there is used where no data is named."""
    (state / "clips").mkdir(parents=True)
    script = f'echo "$3" >{tmp_path}/data; exit 1'
    conclude(Replacement(settings(tmp_path, data=None), stand_in(script)))
    assert (tmp_path / "data").read_text() == f"{state}/clips\n"


def test_a_quantized_model_is_left_alone(
    tmp_path: Path, state: Path, log: pytest.LogCaptureFixture
) -> None:
    """It says so, and leaves nothing."""
    section = {"path": "builtin:commands", "quantize": "auto"}
    replacement = Replacement(parse_config({"model": section}), UNUSED)
    assert replacement.is_settled
    assert replacement.stored is None
    assert f"{resolve('builtin:commands')} is quantized already" in log.text
    assert not state.exists()


def test_without_data(config: Config, tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    """The place where it should be is named."""
    (tmp_path / "clips").rmdir()
    assert_original_stays(Replacement(config, UNUSED), log, f"{tmp_path}/clips cannot be read")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'edge-daemon: the extra is missing: pip install it' >&2; exit 1", "the extra is missing: pip install it (exit code 1)"),
        ("exit 78", "it said nothing (exit code 78)"),
        ("kill -9 $$", "the child was ended by SIGKILL"),
        ("exit 0", "no such model file"),
        ("echo nonsense >$5", "not a model ("),
        (': >"$5"', "not a model ("),
        ('mkdir "${5%model.onnx}verdict.json"; cp "$1" "$5"', "Is a directory"),
    ],
)  # fmt: skip
def test_a_child_that_fails(
    config: Config, state: Path, log: pytest.LogCaptureFixture, script: str, why: str
) -> None:
    """Its reason is told, nothing is stored, and the next start tries again."""
    assert_original_stays(Replacement(config, stand_in(script)), log, why)
    assert [name for name in names(state) if not name.endswith(".attempts")] == []
    assert not Replacement(config, UNUSED).is_settled


def test_a_program_that_is_missing(config: Config, log: pytest.LogCaptureFixture) -> None:
    """As any other failure."""
    assert_original_stays(Replacement(config, ["/no/such"]), log, "/no/such: No such file")


@pytest.mark.parametrize("changes", [{"thresholds": {"low": 0.1}}, {"hop_ms": 200}])
def test_a_model_that_is_not_the_same_otherwise(
    config: Config, tmp_path: Path, log: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    """What decides about words has to have come through."""
    spec = replace(SMALLER_SPEC, **changes)
    other = write_model(tmp_path / "other.onnx", spec, weights=pitch(spec))
    [name] = changes
    assert_original_stays(Replacement(config, accepting(other)), log, f"differs from it in {name}")


def test_a_model_that_changes_meanwhile(
    config: Config, smaller: Path, log: pytest.LogCaptureFixture
) -> None:
    """What was judged is not what is there now."""
    script = f'echo more >>"$1"; {as_output(smaller)}'
    assert_original_stays(Replacement(config, stand_in(script)), log, "model.onnx has changed")


def test_a_full_disk(
    config: Config, smaller: Path, state: Path, log: pytest.LogCaptureFixture
) -> None:
    """A verdict that cannot be written is none."""
    gate = state.parent / "gate"
    os.mkfifo(gate)
    script = f"{as_output(smaller)}; echo >{gate}"
    replacement = Replacement(config, stand_in(script))
    replacement.poll(PITCH_SPEC)
    gate.read_text()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        assert_original_stays(replacement, log, "File too large")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(state) == []


def test_a_state_directory_that_cannot_be_made(
    config: Config, state: Path, log: pytest.LogCaptureFixture
) -> None:
    """The path is named."""
    state.write_text("a file")
    assert_original_stays(Replacement(config, UNUSED), log, str(state))


@pytest.mark.parametrize("name", ["verdict.json", "model.onnx"])
def test_a_damaged_store_is_made_anew(
    config: Config, smaller: Path, state: Path, log: pytest.LogCaptureFixture, name: str
) -> None:
    """It says so, serves the original, and has the child do its work again."""
    conclude(Replacement(config, accepting(smaller)))
    [path] = state.rglob(name)
    path.write_bytes(path.read_bytes()[:-5])
    log.clear()
    again = Replacement(config, accepting(smaller))
    assert again.stored is None
    assert "what was stored cannot be used" in log.text
    assert conclude(again) is not None
    assert Replacement(config, UNUSED).stored is not None


def test_a_mistake_of_our_own_is_survived(
    config: Config, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, the daemon listens on; where it happened is in the log."""
    replacement = Replacement(config, UNUSED)
    monkeypatch.setattr("edge_daemon.replacement.Job", None)
    assert_original_stays(replacement, log, "an error that is not foreseen")


def test_the_end_of_the_daemon_is_the_end_of_the_child(config: Config, state: Path) -> None:
    """It leaves nothing behind, and it is no attempt that was cut short."""
    started = state.parent / "started"
    os.mkfifo(started)
    replacement = Replacement(config, stand_in(f"exec >{started}; echo on; sleep 1000"))
    replacement.poll(PITCH_SPEC)
    with started.open() as reader:
        assert reader.readline() == "on\n"
        replacement.close()
        assert reader.read() == ""
    assert names(state) == []
    replacement.close()


def test_a_model_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """As without the feature."""
    with pytest.raises(ModelError, match="no such model file"):
        Replacement(settings(tmp_path), UNUSED)
