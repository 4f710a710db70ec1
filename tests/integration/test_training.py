"""The training scripts on small archives of tones: whole, resumed, taught, and with less data.

They need the extra `train`; without it they are skipped.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.model import load_model

torch = pytest.importorskip("torch", reason="the training needs the extra `train`")
Image = pytest.importorskip("PIL.Image", reason="the training needs the extra `train`")
pytest.importorskip("onnx", reason="the training needs the extra `train`")
soundfile = pytest.importorskip("soundfile")

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))  # where the package `training` lies
RATE_HZ = 16000
PITCH_HZ = {"yes": 400.0, "no": 900.0, "bed": 1500.0, "computer": 2300.0}
SMALL = """
name: {name}
labels: ["yes", "no", computer, unknown, silence]
wake_words: [computer]
default_wake_words: [computer]
n_frames: 98
hop_ms: 100
frontend: {{n_mfcc: {n_mfcc}}}
network: {network}
epochs: 24
batch: 16
learning_rate: 0.02
clips_per_word: 40
clips_per_wake_word: 20
clips_of_unknown: 40
clips_of_speech: 10
clips_of_silence: 20
clips_of_quiet: 5
calibration_clips: 30
average_decay: 0.8
augment: {{p_warp: 0.2, p_noise: 0.2, p_context: 0.0}}
teachers: [{teachers}]
{more}
training_data: tones
licence: Apache-2.0
"""
TC = "{channels: [8, 8, 12], kernels: [3, 3], strides: [2, 5], dropout: 0.0}"
CAUSAL = "{kind: causal, channels: [8, 8, 12], kernels: [3, 5], strides: [2, 5], dropout: 0.0}"
OFFSET = -1.5
TWO_D = "{kind: 2d, channels: [8, 12], dropout: 0.0}"


def tone(word: str, seed: int, seconds: float = 1.0) -> np.ndarray:
    """Return a beep of the word's pitch somewhere in a noisy second, as int16."""
    rng = np.random.default_rng(seed)
    audio = rng.normal(0, 60, int(RATE_HZ * seconds))
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    start = rng.integers(0, len(audio) - len(t))
    audio[start : start + len(t)] += 6000 * np.sin(2 * np.pi * PITCH_HZ[word] * t)
    return audio.astype(np.int16)


def pack(path: Path, clips: dict[str, np.ndarray]) -> None:
    """Write a tar of FLAC files."""
    with tarfile.open(path, "w") as tar:
        for name, samples in clips.items():
            data = io.BytesIO()
            soundfile.write(data, samples, RATE_HZ, format="FLAC")
            member = tarfile.TarInfo(name)
            member.size = len(data.getvalue())
            tar.addfile(member, io.BytesIO(data.getvalue()))


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the archives of the real speech, with tones for words."""
    folder = tmp_path_factory.mktemp("speech")
    noise = np.random.default_rng(0).normal(0, 500, 3 * RATE_HZ).astype(np.int16)
    for part, n, first in (("training", 40, 0), ("validation", 8, 1000)):
        clips = {
            f"{word}/{i:08x}_nohash_0.flac": tone(word, first + i)
            for word in ("yes", "no", "bed")
            for i in range(n)
        }
        noises = {"training": "running_tap", "validation": "doing_the_dishes"}
        rooms = {f"_background_noise_/{noises[part]}.flac": noise}
        pack(folder / f"speech_commands_{part}.tar", clips | rooms)
    pack(folder / "wake_words.tar", {
        f"computer/{i}.flac": tone("computer", i, 2.0) for i in range(40)
    })  # fmt: skip
    pack(folder / "command_sentences.tar", {f"s{i}.flac": tone("bed", i, 3.0) for i in range(30)})
    pack(folder / "noise_esc10.tar", {f"001_-_Rain/{i}.flac": noise for i in range(30)})
    with zipfile.ZipFile(folder / "speech_commands_logmel.zip", "w") as pictures:
        for i in range(6):
            data = io.BytesIO()
            grey = np.random.default_rng(i).integers(0, 255, (98, 40)).astype(np.uint8)
            Image.fromarray(grey).save(data, "JPEG")
            pictures.writestr(f"yes/{i:08x}_nohash_1.jpg", data.getvalue())
            pictures.writestr(f"_background_/{i}_background.jpg", data.getvalue())
    return folder


def settings(
    folder: Path, name: str, network: str, n_mfcc: int = 40, teachers: str = "", more: str = ""
) -> Path:
    """Write a YAML of a small model."""
    path = folder / f"{name}.yaml"
    given = {"name": name, "network": network, "n_mfcc": n_mfcc}
    path.write_text(SMALL.format(**given, teachers=teachers, more=more))
    return path


def train(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run scripts/train.py."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ORT_DISABLE_TELEMETRY": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, speech: Path) -> Path:
    """Train two teachers, then a windowed and a causal student together."""
    out = tmp_path_factory.mktemp("training")
    large = settings(out, "large", TWO_D, n_mfcc=0)
    plain = settings(out, "plain", TC, more=f"unknown_offset: {OFFSET}")
    students = [settings(out, "small", TC, teachers="large, plain"),
                settings(out, "stream", CAUSAL, teachers="large, plain")]  # fmt: skip
    for models in ([large], [plain], students):
        done = train(*models, "--speech", speech, "--cache", out / "cache", "--out", out)
        assert done.returncode == 0, done.stderr[-2000:]
    return out


def test_models_are_exported_and_hear_the_tones(folder: Path) -> None:
    """The INT8 file loads with its metadata, and beats chance on tones it was not trained on."""
    model = load_model(ModelConfig(path=str(folder / "large" / "large.onnx")), RuntimeConfig())
    assert model.spec.labels == ("yes", "no", "computer", "unknown", "silence")
    assert model.spec.wake_words == ("computer",)
    done = subprocess.run(
        [sys.executable, "-m", "edge_daemon", "evaluate", "--json", "--model",
         folder / "large" / "large.onnx", "--data", evaluation_clips(folder)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert json.loads(done.stdout)["accuracy"] > 0.7


def test_unknown_is_made_less_likely_at_export(folder: Path) -> None:
    """The exported scores are those of the trained network, with the offset on one logit."""
    import onnxruntime

    from training.settings import Settings
    from training.student import trained

    network = trained(Settings.read(folder / "plain.yaml"), folder).network
    features = torch.randn(20, 98, 40)
    with torch.no_grad():
        logits = network(features)
    logits[:, 3] += OFFSET
    session = onnxruntime.InferenceSession(folder / "plain" / "plain.float32.onnx")
    scores = np.asarray(session.run(None, {"features": features.numpy()})[0])
    np.testing.assert_allclose(scores, logits.softmax(1), atol=1e-4)


def test_two_networks_joined_score_as_their_mean(folder: Path, speech: Path) -> None:
    """What is made of two trained models, with different front ends, takes the first one's."""
    import onnxruntime

    from training.settings import Settings
    from training.student import trained

    joined = settings(folder, "joined", TC, more="members: [plain, large]")
    done = train(joined, "--speech", speech, "--cache", folder / "cache", "--out", folder)
    assert done.returncode == 0, done.stderr[-2000:]
    members = [trained(Settings.read(folder / f"{n}.yaml"), folder) for n in ("plain", "large")]
    log_mel = torch.randn(20, 98, 40)
    with torch.no_grad():
        log_scores = [m.network(m.cepstrum(log_mel)).log_softmax(1) for m in members]
        features = members[0].cepstrum(log_mel).numpy()
    session = onnxruntime.InferenceSession(folder / "joined" / "joined.float32.onnx")
    scores = np.asarray(session.run(None, {"features": features})[0])
    np.testing.assert_allclose(scores, torch.stack(log_scores).mean(0).softmax(1), atol=1e-4)
    quantized = load_model(
        ModelConfig(path=str(folder / "joined" / "joined.onnx")), RuntimeConfig()
    )
    assert quantized.spec.labels == ("yes", "no", "computer", "unknown", "silence")


def test_a_shorter_vocal_tract_moves_the_bands_up_and_slower_speech_lasts() -> None:
    """A tone in band 20 for frames 40 to 59: higher by a tenth, and longer by a tenth."""
    from training.augment import AugmentSettings, warped

    clip = torch.full((3, 98, 40), -10.0)
    clip[:, 40:60, 20] = 0.0
    slower, higher = torch.tensor([1.0, 1.0, 1.1]), torch.tensor([1.0, 1.1, 1.0])
    same, high, slow = warped(clip, slower, higher)
    torch.testing.assert_close(same, clip[0], atol=1e-3, rtol=0)
    assert high[50].argmax() == 22
    assert (slow[:, 20] > -5).sum() == 22
    assert AugmentSettings().p_warp > 0


def evaluation_clips(folder: Path) -> Path:
    """Write new tones to a tar."""
    path = folder / "evaluation.tar"
    pack(path, {f"{w}/{i}.flac": tone(w, 5000 + i) for w in ("yes", "no") for i in range(10)})
    return path


def test_the_log_has_a_line_an_epoch(folder: Path) -> None:
    """What can be plotted: epoch, loss, the recall of every label."""
    lines = (folder / "small" / "log.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [r["epoch"] for r in records] == list(range(1, 25))
    assert {"loss", "recall", "recalls", "seconds"} <= set(records[0])


def test_a_resumed_training_gives_the_same_file(folder: Path, speech: Path, tmp_path: Path) -> None:
    """Stopped after its first epoch and started again, it ends where the whole one ended."""
    large = settings(tmp_path, "large", TWO_D, n_mfcc=0)
    common = ("--speech", speech, "--cache", folder / "cache", "--out", tmp_path)
    patched = large.read_text()
    killed = train_until_first_checkpoint(large, tmp_path, *common)
    assert killed
    assert large.read_text() == patched
    done = train(large, *common)
    assert done.returncode == 0, done.stderr[-2000:]
    whole = (folder / "large" / "large.onnx").read_bytes()
    assert (tmp_path / "large" / "large.onnx").read_bytes() == whole


def train_until_first_checkpoint(path: Path, out: Path, *arguments: object) -> bool:
    """Start a training and kill it as soon as its first epoch is stored; say whether it ran on."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "train.py", str(path), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "'epoch': 1" in line:
                break
        while not (out / "large" / "checkpoint.pt").exists():
            assert process.poll() is None
        process.kill()
    return process.returncode != 0


def test_models_trained_together_must_agree(tmp_path: Path) -> None:
    """Other epochs for the second model: refused, by name."""
    one = settings(tmp_path, "one", TC)
    two = settings(tmp_path, "two", TC)
    two.write_text(two.read_text().replace("epochs: 24", "epochs: 3"))
    done = train(one, two)
    assert done.returncode == 2
    assert "two.yaml: differs from" in done.stderr
    assert "epochs" in done.stderr


def test_missing_archives_are_done_without(speech: Path, tmp_path: Path) -> None:
    """Who has fetched Speech Commands alone can train, and is told what is missing."""
    (tmp_path / "speech").mkdir()
    for part in ("training", "validation"):
        name = f"speech_commands_{part}.tar"
        (tmp_path / "speech" / name).symlink_to(speech / name)
    model = settings(tmp_path, "one", TC)
    done = train(
        model, "--epochs", 1, "--speech", tmp_path / "speech", "--cache", tmp_path / "cache",
        "--out", tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "wake_words.tar: not there" in done.stdout


def test_causal_network_gives_the_same_scores_as_a_stream() -> None:
    """Chunk by chunk with its states, or a whole clip at once: the same logits."""
    from training.causal import CausalTcResNet
    from training.tcresnet import TcShape

    torch.manual_seed(0)
    shape = TcShape(channels=(8, 8, 12), kernels=(3, 5), strides=(2, 5))
    network = CausalTcResNet(shape, 0.0, 40, 5).eval()
    clip = torch.randn(2, 120, 40)
    states = network.initial_states(2)
    with torch.no_grad():
        for chunk in clip.split(network.chunk, dim=1):
            logits, states = network.step(chunk, states)
        whole = network(clip)
    assert torch.allclose(logits, whole, atol=1e-5)
