"""``edge-daemon quantize`` as users call it: accepted, refused, and whatever can go wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.model import load_model
from tests.integration.command_line import GIVE_UP_S, ROOT, assert_one_complaint, edge_daemon
from tests.integration.test_evaluate_stream import Call, call
from tests.small_networks import network, write_dense
from tests.tone_words import TONE_SPEC, write_clips, write_recording

__all__ = ["call"]

SHAPE = (TONE_SPEC.n_frames, TONE_SPEC.frontend.n_features)
PASSES = ("--min-speedup", "0", "--max-accuracy-loss", "50", "--trials", "1", "--method", "static")
NAMES = {"small.onnx", "small.report.json", "small.report.html"}
_COMMAND = [sys.executable, "-m", "edge_daemon", "quantize"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learned some words, the clips of them, and the same as arrays."""
    path = tmp_path_factory.mktemp("quantize")
    words = write_clips(path / "words", {"low": 14, "high": 14, "mid": 8})
    write_dense(path / "float.onnx", words)
    write_dense(path / "bare.onnx", words, metadata=False)
    rng = np.random.default_rng(0)
    write_arrays(path / "inputs.npz", rng.normal(size=(30, *SHAPE)), rng.integers(4, size=30))
    return path


def write_arrays(path: Path, x: Any, y: Any) -> Path:
    """Write ready inputs with the numbers of their labels."""
    np.savez(path, x=np.asarray(x, np.float32), y=np.asarray(y, np.int64))
    return path


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep this user's cache out of the tests, and the tests out of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty folder for the output."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def command(model: Path, data: Path, place: Path, *more: str | Path) -> list[str | Path]:
    """Return a whole command."""
    return ["quantize", model, "--data", data, "-o", place / "small.onnx", *more]


def names(folder: Path) -> set[str]:
    """Return what lies in a folder, hidden or not."""
    return set(os.listdir(folder))


@pytest.fixture(scope="module")
def accepted(folder: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run the command once, in a process of its own, and return where it has written."""
    place = folder / "accepted"
    place.mkdir()
    done = edge_daemon(
        *command(folder / "float.onnx", folder / "words", place, *PASSES, "--json"),
        env={"XDG_CACHE_HOME": str(folder / "cache")},
    )
    return done, place


Done = tuple[subprocess.CompletedProcess[str], Path]


def test_a_smaller_model_is_written_with_its_reports(accepted: Done) -> None:
    """Exit code 0, three files, and nothing else beside them."""
    done, place = accepted
    assert done.returncode == 0, done.stderr
    assert names(place) == NAMES
    assert "<html" in (place / "small.report.html").read_text()


def test_it_can_be_served(accepted: Done) -> None:
    """With the metadata of the original, and about a quarter of its size."""
    _done, place = accepted
    model = load_model(ModelConfig(path=str(place / "small.onnx")), RuntimeConfig())
    assert model.spec == TONE_SPEC
    original = place.parent / "float.onnx"
    assert original.stat().st_size > 3 * (place / "small.onnx").stat().st_size


def test_it_hears_in_replay(folder: Path, accepted: Done, call: Call) -> None:
    """The same words as the original."""
    _done, place = accepted
    recording = write_recording(place.parent / "heard.wav", ["high", "low"], seconds=6)
    heard = [
        [
            json.loads(line)["label"]
            for line in call("replay", recording, "--model", model, "--json").stdout.splitlines()
        ]
        for model in (folder / "float.onnx", place / "small.onnx")
    ]
    assert heard[0] == heard[1]


def test_the_report_is_printed_as_json(accepted: Done) -> None:
    """Nothing else is on stdout; the table is on stderr."""
    done, place = accepted
    report = json.loads(done.stdout)
    assert report["accepted"] is True
    assert report == json.loads((place / "small.report.json").read_text()) | {
        "machine": report["machine"]
    }
    assert report["method"] in done.stderr


def test_the_original_is_kept(folder: Path, place: Path, call: Call) -> None:
    """Exit code 3 and the reason, when a rule of the gate fails; the reports say so, too."""
    done = call(
        *command(folder / "float.onnx", folder / "words", place, *PASSES),
        "--min-compression", "50",
    )  # fmt: skip
    assert done.returncode == 3
    assert "edge-daemon: not quantized: static" in done.stderr
    assert "short of the 50.00 needed" in done.stderr
    assert names(place) == NAMES
    assert (place / "small.onnx").read_bytes() == (folder / "float.onnx").read_bytes()
    report = json.loads((place / "small.report.json").read_text())
    assert (report["accepted"], report["method"]) == (False, None)
    assert "50.00" in report["reasons"][0]


def test_a_second_run_goes_on(folder: Path, place: Path, call: Call, tmp_path: Path) -> None:
    """What is in the cache is not measured again."""
    cache = tmp_path / "kept"
    whole = command(folder / "float.onnx", folder / "inputs.npz", place, *PASSES, "--cache", cache)
    assert call(*whole).returncode == 0
    (file,) = cache.iterdir()
    before = file.read_bytes()
    assert call(*whole).returncode == 0
    assert file.read_bytes() == before


def test_a_model_without_metadata(folder: Path, place: Path, call: Call) -> None:
    """It is quantized all the same, and what it is not good for is said."""
    done = call(*command(folder / "bare.onnx", folder / "inputs.npz", place, *PASSES))
    assert done.returncode == 0, done.stderr
    assert "has no metadata of edge_daemon" in done.stdout


def test_flags_in_place_of_metadata(folder: Path, place: Path, call: Call) -> None:
    """With labels and front end the output is a model that the daemon serves."""
    done = call(
        *command(folder / "bare.onnx", folder / "words", place, *PASSES),
        "--labels", "low,high,unknown,silence", "--frontend", "n_mels=10",
        "--frontend", "n_mfcc=10",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "names no thresholds" in done.stdout
    spec = load_model(ModelConfig(path=str(place / "small.onnx")), RuntimeConfig()).spec
    assert (spec.name, spec.labels[:2]) == ("bare", ("low", "high"))


def test_layers_that_stay_float(folder: Path, place: Path, call: Call) -> None:
    """Mixed precision keeps a layer, and the file is larger for it."""
    done = call(
        *command(folder / "float.onnx", folder / "inputs.npz", place, *PASSES),
        "--method", "mixed", "--min-compression", "0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "float1" in json.loads((place / "small.report.json").read_text())["method"]


def not_a_model(path: Path) -> None:
    """Write something else."""
    path.write_text("not a model")


def open_sizes(path: Path) -> None:
    """Write a model that takes any number of frames."""
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Softmax", ["mean"], ["scores"], axis=1),
    ]
    onnx.save(network(nodes, {}, ["n", "frames", SHAPE[1]], SHAPE[1]), path)


def unknown_operator(path: Path) -> None:
    """Write a model that needs an operator of somebody else."""
    nodes = [helper.make_node("Fancy", ["features"], ["scores"], domain="com.example")]
    model = network(nodes, {}, ["n", *SHAPE], 4)
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, path)


def not_finite(path: Path) -> None:
    """Write a model whose answers are no numbers."""
    nodes = [
        helper.make_node("ReduceMax", ["features"], ["loudest"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["loudest", "zero"], ["nothing"]),
        helper.make_node("Log", ["nothing"], ["scores"]),
    ]
    onnx.save(network(nodes, {"zero": np.array(-0.1)}, ["n", *SHAPE], SHAPE[1]), path)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (not_a_model, "not an ONNX model"),
        (open_sizes, "must be numbers"),
        (unknown_operator, "Fancy"),
        (not_finite, "not finite numbers"),
    ],
)
def test_models_that_cannot_be_quantized(
    write: Callable[[Path], None], says: str, folder: Path, place: Path, tmp_path: Path, call: Call
) -> None:
    """Exit code 78 and one line with the file's own name; nothing is written."""
    write(tmp_path / "odd.onnx")
    done = call(*command(tmp_path / "odd.onnx", folder / "inputs.npz", place))
    assert_one_complaint(done, 78, tmp_path / "odd.onnx", says)
    assert names(place) == set()


def test_a_model_that_is_not_there(folder: Path, place: Path, call: Call) -> None:
    """It is named."""
    done = call(*command(folder / "none.onnx", folder / "inputs.npz", place))
    assert_one_complaint(done, 78, folder / "none.onnx", "no such model")


def test_a_model_that_is_quantized_already(folder: Path, place: Path, call: Call) -> None:
    """Such as the one that ships."""
    done = call(*command(Path("builtin:commands"), folder / "inputs.npz", place))
    assert_one_complaint(done, 78, "commands.onnx", "is quantized already")


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ((np.zeros((8, 7, 3)), np.arange(8) % 4), "inputs are (7, 3), the model takes (20, 10)"),
        ((np.zeros((0, *SHAPE)), np.zeros(0)), "x is empty"),
        ((np.ones((8, *SHAPE)), np.zeros(8)), "all of one class, 'low'"),
        ((np.full((8, *SHAPE), np.nan), np.arange(8) % 4), "8 of 8 inputs are not finite"),
        ((np.ones((8, *SHAPE)), np.arange(8)), "has the label 7"),
    ],
)
def test_data_that_does_not_do(
    arrays: tuple[Any, Any], says: str, folder: Path, place: Path, tmp_path: Path, call: Call
) -> None:
    """Exit code 1 and one line with the file; nothing is written."""
    write_arrays(tmp_path / "odd.npz", *arrays)
    done = call(*command(folder / "float.onnx", tmp_path / "odd.npz", place))
    assert_one_complaint(done, 1, tmp_path / "odd.npz", says)
    assert names(place) == set()


def test_a_folder_without_clips(folder: Path, place: Path, tmp_path: Path, call: Call) -> None:
    """It is said what was expected."""
    (tmp_path / "empty").mkdir()
    done = call(*command(folder / "float.onnx", tmp_path / "empty", place))
    assert_one_complaint(done, 1, tmp_path / "empty", "no clips; expected word/clip")


def test_clips_without_a_front_end(folder: Path, place: Path, call: Call) -> None:
    """The flags that are missing are named."""
    done = call(*command(folder / "bare.onnx", folder / "words", place))
    assert_one_complaint(done, 1, "--labels", "--frontend")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--min-speedup", "fast"], "'fast' is no number"),
        (["--method", "magic"], "invalid choice: 'magic'"),
        (["--trials", "0"], "'0' is no number from 1"),
        (["--frontend", "n_mel=10"], "did you mean 'n_mels'?"),
        (["--frontend", "n_mels=many"], "n_mels"),
        (["--frontend", "n_mels"], "no KEY=VALUE"),
        (["--frontend", "f_max_hz=9000"], "f_max_hz: outside f_min_hz to half the sample rate"),
        (["--method", "static", "--target", "cuda"], "static is of no use for the target cuda"),
    ],
)
def test_wrong_usage(more: list[str], says: str, folder: Path, place: Path, call: Call) -> None:
    """One line, and where help is."""
    done = call(*command(folder / "float.onnx", folder / "inputs.npz", place, *more))
    assert_one_complaint(done, 2, says, "--help")


def test_help_documents_that_exit_code(call: Call) -> None:
    """3 is said to be for an original that was kept."""
    assert "3 no quantized model passed the gate" in call("quantize", "--help").stdout


def test_the_output_cannot_be_the_model(folder: Path, tmp_path: Path, call: Call) -> None:
    """The float model would be lost."""
    model = Path(shutil.copy(folder / "float.onnx", tmp_path / "small.onnx"))
    done = call(*command(model, folder / "inputs.npz", tmp_path))
    assert_one_complaint(done, 1, "is the model itself")
    assert model.read_bytes() == (folder / "float.onnx").read_bytes()


def test_an_output_without_its_folder(folder: Path, tmp_path: Path, call: Call) -> None:
    """It is named before anything takes long."""
    done = call(*command(folder / "float.onnx", folder / "inputs.npz", tmp_path / "no"))
    assert_one_complaint(done, 1, tmp_path / "no" / "small.onnx", "does not exist")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_that_may_not_be_written(folder: Path, place: Path, call: Call) -> None:
    """It is named before anything takes long."""
    place.chmod(0o500)
    done = call(*command(folder / "float.onnx", folder / "inputs.npz", place))
    assert_one_complaint(done, 1, place / "small.onnx", "may not be written")


def test_a_full_disk(folder: Path, place: Path, tmp_path: Path) -> None:
    """One line, and nothing is left on a disk that is too small for the output."""
    script = (
        f'mount -t tmpfs -o size=64k tmpfs "{place}" || exit 99; "$@"; code=$?; '
        f'ls -A "{place}" | sed "s/^/left: /"; exit $code'
    )
    alone = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    whole = command(folder / "float.onnx", folder / "inputs.npz", place, *PASSES)
    done = subprocess.run(
        [*alone, "sh", "-c", script, "sh", *_COMMAND, *map(str, whole[1:])],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True,
        timeout=GIVE_UP_S, check=False,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    assert_one_complaint(done, 1, place / "small.onnx", "No space left on device")
    assert "left: " not in done.stdout


class Stopped:
    """The command in the background, held in the middle: it waits for its data to be written."""

    def __init__(self, folder: Path, place: Path, tmp_path: Path) -> None:
        fifo, self.temporary = tmp_path / "held.npz", tmp_path / "temporary"
        self.temporary.mkdir()
        os.mkfifo(fifo)
        whole = command(folder / "float.onnx", fifo, place)
        self.process = subprocess.Popen(
            [*_COMMAND, *map(str, whole[1:])],
            cwd=ROOT, env={**os.environ, "TMPDIR": str(self.temporary)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._safety_net = threading.Timer(GIVE_UP_S, self.process.kill)
        self._safety_net.start()
        threading.Thread(target=self._let_go_when_it_ends, args=(fifo,), daemon=True).start()
        self._writer = os.open(fifo, os.O_WRONLY)  # returns when the command has come to its data

    def _let_go_when_it_ends(self, fifo: Path) -> None:
        self.process.wait()
        os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code and what it said."""
        self.process.send_signal(number)
        said = self.process.communicate()[1]
        return self.process.returncode, said

    def close(self) -> None:
        """End it if nothing else did."""
        self._safety_net.cancel()
        self.process.kill()
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()
        os.close(self._writer)


@pytest.fixture
def stopped(folder: Path, place: Path, tmp_path: Path) -> Iterator[Stopped]:
    """Run the command up to its middle."""
    running = Stopped(folder, place, tmp_path)
    yield running
    running.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_leaves_nothing(
    number: int, code: int, stopped: Stopped, place: Path
) -> None:
    """Neither a file beside the output nor a temporary one, and no traceback."""
    assert names(place) == {".small.onnx.quantizing"}
    assert stopped.stop(number) == (code, "")
    assert names(place) == set()
    assert names(stopped.temporary) == set()


def test_two_runs_at_once(stopped: Stopped, folder: Path, place: Path, call: Call) -> None:
    """The second one on the same output is refused, and the first one goes on."""
    done = call(*command(folder / "float.onnx", folder / "inputs.npz", place))
    assert_one_complaint(done, 1, place / "small.onnx", "another run is writing it")
    assert stopped.process.poll() is None
    assert names(place) == {".small.onnx.quantizing"}


def test_from_python(folder: Path, place: Path) -> None:
    """The documented call: a result with figures, which a gate can be asked about again."""
    from edge_daemon.quantize import Gate, Settings, quantize, should_quantize

    result = quantize(
        folder / "float.onnx", folder / "inputs.npz", output=place / "small.onnx",
        gate=Gate(min_speedup=0.0, max_accuracy_loss=100.0),
        settings=Settings(method="dynamic", n_trials=1),
    )  # fmt: skip
    stats = result.stats
    assert result.accepted
    assert stats is not None
    assert stats.compression_ratio == stats.original_bytes / stats.quantized_bytes
    assert should_quantize(stats, result.gate)
    assert not should_quantize(stats, Gate(min_compression=99.0))
    assert (stats.accuracy_loss, stats.speedup) > (-100.0, 0.0)
