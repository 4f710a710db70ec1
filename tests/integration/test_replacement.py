"""The daemon that finds a smaller model for the float one it serves."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edge_daemon import Detection, Pipeline
from edge_daemon.replacement import QUANTIZER
from edge_daemon.replacement.model_file import is_quantized
from edge_daemon.types import Samples
from tests.integration.command_line import GIVE_UP_S, Pipe, RunningDaemon
from tests.small_networks import write_dense
from tests.sounds import RATE_HZ, said
from tests.stand_in_quantizer import GAINS, as_output, stand_in
from tests.tiny_models import PITCH_SPEC, pitch, write_model
from tests.tone_words import write_clips

SPEC = replace(PITCH_SPEC, wake_words=("low",))
AUDIO = said((1.0, "low"), (1.7, "high"), (3.5, "low"), (4.2, "high"), total_s=6.0)
SWITCH_AT = round(1.9 * RATE_HZ)
"""In the middle of a word that follows its wake word."""

DAEMON = (
    sys.executable, "-c",
    "import sys; from pathlib import Path\n"
    "from edge_daemon.config import load_config; from edge_daemon.daemon import Daemon\n"
    "sys.exit(Daemon(load_config(Path(sys.argv[1])), quantizer=sys.argv[2:]).run())",
)  # fmt: skip
"""The daemon with a configuration, and with a program in place of `edge-daemon quantize`."""


@dataclass
class Place:
    """A folder with a float model, a smaller one that scores a little otherwise, and a state."""

    folder: Path
    pipe: Pipe = field(init=False)

    def __post_init__(self) -> None:
        matrix, bias = pitch(SPEC)
        write_model(self.folder / "model.onnx", SPEC, weights=(matrix, bias))
        smaller = replace(SPEC, name="smaller")
        write_model(self.folder / "smaller.onnx", smaller, weights=(matrix * 2, bias))
        (self.folder / "clips").mkdir()
        (self.folder / "config.yaml").write_text(
            "audio: {source: 'pcm:audio.fifo'}\n"
            "model: {path: model.onnx, quantize: {mode: auto, data: clips}}\n"
        )
        self.pipe = Pipe(self.folder / "audio.fifo")

    @property
    def stored(self) -> list[str]:
        """What is in the store: a folder for each verdict, and what is left of work."""
        return [path.name for path in self.folder.glob("state/quantized/*")]

    def daemon(self, quantizer: Sequence[str], give_up_s: float = GIVE_UP_S) -> RunningDaemon:
        """Start the daemon."""
        return RunningDaemon(
            self.folder / "config.yaml",
            *quantizer,
            env={"STATE_DIRECTORY": str(self.folder / "state")},
            program=DAEMON,
            give_up_s=give_up_s,
        )

    def detections(self, model: str, audio: Samples = AUDIO) -> list[str]:
        """Return what a model alone hears, as the log has it."""
        return [_as_logged(d) for d in Pipeline.load(str(self.folder / model)).process(audio)]


def _as_logged(found: Detection) -> str:
    words = found.label if found.after is None else f"{found.after} {found.label}"
    return f"heard {words!r} at {found.time_s:.1f} s ({found.score:.2f})"


def _heard(daemon: RunningDaemon) -> list[str]:
    return [line[line.index("heard '") :] for line in daemon.lines if "heard '" in line]


@dataclass
class Lives:
    """Two lives of one daemon: the first finds the smaller model, the second has it."""

    place: Place
    first: RunningDaemon
    second: RunningDaemon


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    """The smaller model is there just when half of a word has been said."""
    place = Place(tmp_path_factory.mktemp("replacement"))
    gate = place.folder / "gate"
    os.mkfifo(gate)
    report = '{"stats": {"compression_ratio": 3.9, "speedup": 1.8, "accuracy_loss": 0.25}}'
    work = f"read line <{gate}; echo '{report}' >\"${{5%.onnx}}.report.json\""
    quantizer = stand_in(f"{work}; {as_output(place.folder / 'smaller.onnx')}")
    with place.daemon(quantizer) as first:
        first.wait_for("listening to")
        place.pipe.write(AUDIO[:SWITCH_AT])
        first.wait_for("heard 'low'")
        gate.write_text("go\n")
        first.wait_for("a smaller model takes over")
        place.pipe.write(AUDIO[SWITCH_AT:])
        first.wait_for("heard 'low high' at 4.")
        assert first.stop(signal.SIGTERM) == 0
    place.pipe.close()
    with place.daemon(stand_in("exit 1")) as second:
        second.wait_for("listening to")
        place.pipe.write(AUDIO)
        second.wait_for("heard 'low high' at 4.")
        assert second.stop(signal.SIGTERM) == 0
    place.pipe.close()
    return Lives(place, first, second)


def test_it_serves_the_float_model_at_once(lives: Lives) -> None:
    """Before the child has ended, words are heard as by the float model."""
    assert _heard(lives.first)[0] == lives.place.detections("model.onnx")[0]


def test_the_switch_loses_nothing(lives: Lives) -> None:
    """The word that was half said is heard, after its wake word, at its time."""
    [low, word, *_] = lives.place.detections("model.onnx")
    heard = _heard(lives.first)
    assert [line.partition(" (")[0] for line in heard[:2]] == [
        line.partition(" (")[0] for line in (low, word)
    ]


def test_the_smaller_model_serves_after_the_switch(lives: Lives) -> None:
    """Its own scores are in the log."""
    assert lives.place.detections("smaller.onnx")[2:] != lives.place.detections("model.onnx")[2:]
    assert _heard(lives.first)[2:] == lives.place.detections("smaller.onnx")[2:]


def test_the_log_says_what_was_gained(lives: Lives) -> None:
    """Once, and where the report is."""
    [line] = [line for line in lives.first.lines if "takes over" in line]
    assert GAINS in line
    assert "model.report.html" in line


def test_the_next_start_has_the_smaller_model_at_once(lives: Lives) -> None:
    """No child is started, and the float model never serves."""
    log = "\n".join(lives.second.lines)
    assert "a smaller model serves, found before" in log
    assert "model smaller: low, high" in log
    assert "in the background" not in log
    assert _heard(lives.second) == lives.place.detections("smaller.onnx")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_child_ends_with_the_daemon(tmp_path: Path, number: signal.Signals) -> None:
    """However that ends; a stop leaves nothing behind, and what a kill leaves is cleared later."""
    place = Place(tmp_path)
    ends = tmp_path / "ends"
    os.mkfifo(ends)
    quantizer = stand_in(f"exec >{ends}; echo on; exec sleep 1000")
    with place.daemon(quantizer) as daemon, ends.open() as reader:
        assert reader.readline() == "on\n"
        daemon.stop(number)
        assert reader.read() == ""
    if number == signal.SIGTERM:
        assert place.stored == []


def test_a_refusal_changes_nothing_that_is_heard(tmp_path: Path) -> None:
    """The reason is told, and the float model goes on."""
    place = Place(tmp_path)
    with place.daemon(stand_in("echo 'edge-daemon: no room on the disk'; exit 1")) as daemon:
        daemon.wait_for("the original model stays: no room on the disk (exit code 1)")
        place.pipe.write(AUDIO)
        daemon.wait_for("heard 'low high' at 4.")
        assert daemon.stop(signal.SIGTERM) == 0
    place.pipe.close()
    assert _heard(daemon) == place.detections("model.onnx")
    assert not is_quantized(tmp_path / "model.onnx")


LOWLY_GIVE_UP_S = 600.0
"""The child has the least priority: on a machine that is busy it takes its time."""


def test_the_real_command(tmp_path: Path) -> None:
    """A float model is quantized and judged for real, takes over, and is there at the next start."""
    pytest.importorskip("optuna", reason="the extra [quantize] is not installed: no optuna")
    place = Place(tmp_path)
    write_clips(tmp_path / "clips", {"low": 8, "high": 8, "mid": 8})
    write_dense(tmp_path / "model.onnx", tmp_path / "clips")
    config = tmp_path / "config.yaml"
    limits = "max_accuracy_loss: 100, min_speedup: 0"  # chance is not what is tested
    config.write_text(config.read_text().replace("data: clips", f"data: clips, {limits}"))
    with place.daemon(
        (*QUANTIZER, "--method", "dynamic", "--trials", "1"), LOWLY_GIVE_UP_S
    ) as daemon:
        daemon.wait_for("listening to")
        place.pipe.write(AUDIO[: 3 * RATE_HZ])
        daemon.wait_for("heard 'high'")
        daemon.wait_for("a smaller model takes over: 3.")
        place.pipe.write(AUDIO[3 * RATE_HZ :])
        daemon.wait_for("heard 'high' at 4.")
        assert daemon.stop(signal.SIGTERM) == 0
    place.pipe.close()
    [verdict] = place.stored
    smaller = tmp_path / "state" / "quantized" / verdict / "model.onnx"
    assert is_quantized(smaller)
    heard = _heard(daemon)
    assert heard[:2] == place.detections("model.onnx")[:2]
    assert heard[2:] == place.detections(str(smaller))[2:]
    with place.daemon(stand_in("exit 1")) as again:
        again.wait_for("a smaller model serves, found before: 3.")
