"""A model file is whole, or it is refused; and it reaches no file but those beside it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import load_model
from edge_daemon.model.checksum import CHECKSUM_KEY, checksum_of, stored_checksum
from edge_daemon.model.contents import MAX_MODEL_BYTES, read_model
from edge_daemon.model.onnx_bytes import external_files
from edge_daemon.model.seal import main, seal
from edge_daemon.model.session import session_of
from tests.limits import file_size_limit
from tests.self_tests import with_self_test
from tests.tiny_models import STREAM_SPEC, write_model

SHIPPED = sorted(Path(__file__).parents[3].glob("edge_daemon/models/*.onnx"))


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Return a model with metadata, a self-test and a checksum."""
    return with_self_test(write_model(tmp_path / "m.onnx"))


def load(path: Path) -> object:
    """Open a model as the daemon does."""
    return load_model(ModelConfig(path=str(path)), RuntimeConfig())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_models_carry_it(path: Path) -> None:
    """Each is sealed, and was not altered since."""
    assert read_model(path).is_sealed


def test_it_is_what_anybody_can_compute(whole: Path) -> None:
    """BLAKE2b of the file without the entry, whoever writes that file."""
    model = onnx.load(whole)
    [entry] = [x for x in model.metadata_props if x.key == CHECKSUM_KEY]
    stored = entry.value
    model.metadata_props.remove(entry)
    plain = model.SerializeToString()
    assert stored == hashlib.blake2b(plain, digest_size=32).hexdigest()
    assert checksum_of(plain) == stored


def test_to_write_a_model_again_changes_nothing(whole: Path) -> None:
    """What reads and writes ONNX keeps it valid."""
    onnx.save(onnx.load(whole), whole)
    assert read_model(whole).is_sealed


def test_to_seal_twice_is_to_seal_once(whole: Path) -> None:
    """An older checksum goes."""
    before = whole.read_bytes()
    seal(whole)
    assert whole.read_bytes() == before
    assert stored_checksum(before) == checksum_of(before)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_flipped_bit_is_served(whole: Path, data: st.DataObject) -> None:
    """Whichever it is: in the weights, the graph, the thresholds, the self-test."""
    content = bytearray(whole.read_bytes())
    place = content.index(CHECKSUM_KEY.encode())
    in_its_name = range(place, place + len(CHECKSUM_KEY))  # then it carries none, and is whole
    at = data.draw(st.integers(0, len(content) - 1).filter(lambda i: i not in in_its_name))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    broken = whole.with_name("broken.onnx")
    broken.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged|not a model"):
        read_model(broken)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_part_of_a_file_is_served(whole: Path, data: st.DataObject) -> None:
    """Cut off anywhere it is refused: with its checksum went its labels."""
    content = whole.read_bytes()
    broken = whole.with_name("broken.onnx")
    broken.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ModelError, match=r"damaged|not a model|no metadata"):
        load(broken)


def test_a_damaged_file_is_told_with_what_to_do(whole: Path) -> None:
    """The message names the file, and the line for one that was altered on purpose."""
    content = whole.read_bytes()
    whole.write_bytes(content.replace(b"0.7", b"0.8"))
    with pytest.raises(ModelError, match=r"damaged or altered.*copy it again") as caught:
        load(whole)
    command = str(caught.value).rpartition("python -m edge_daemon.model.seal ")[2]
    assert main([command]) == 0
    load(whole)


def test_a_full_disk_costs_no_model(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is sealed stays what it was until all of it is written; a link to it stays a link."""
    before = whole.read_bytes()
    link = whole.with_name("link.onnx")
    link.symlink_to(whole.name)
    with file_size_limit(1000):
        assert main([str(link)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert whole.read_bytes() == before
    assert main([str(link)]) == 0
    assert link.is_symlink()


def test_what_cannot_be_sealed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no model stays as it is."""
    path = tmp_path / "text.onnx"
    path.write_text("not a model")
    assert main([str(path)]) == 1
    assert "not a model" in capsys.readouterr().err
    assert path.read_text() == "not a model"


def test_a_model_without_it_is_served(tmp_path: Path) -> None:
    """Models of elsewhere have none."""
    path = write_model(tmp_path / "m.onnx", STREAM_SPEC)
    assert not read_model(path).is_sealed
    load(path)


def apart(path: Path, location: str) -> Path:
    """Give a tensor of a model its values in another file, by its name alone."""
    model = onnx.load(path)
    tensor = next(x for x in model.graph.initializer if x.name == "to_level")
    values = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(len(values))}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    (path.parent / "weights").write_bytes(values)
    return path


def test_weights_beside_a_model_are_served(tmp_path: Path) -> None:
    """A file in the same folder is its own, and part of its checksum."""
    path = apart(write_model(tmp_path / "m.onnx"), "weights")
    load(path)
    seal(path)
    load(path)
    with (tmp_path / "weights").open("r+b") as file:
        file.write(b"\1")
    with pytest.raises(ModelError, match="damaged or altered"):
        load(path)


@pytest.mark.parametrize(
    "location",
    ["/etc/passwd", "../weights", "sub/weights", "", ".", "..", "link", "fifo", "nowhere", "sub",
     "*/_ORT_MEM_ADDR_/*"],
)  # fmt: skip
def test_no_weights_from_elsewhere(tmp_path: Path, location: str) -> None:
    """Nor through a link, a FIFO, or an address in memory; refused before anything opens it."""
    path = apart(write_model(tmp_path / "m.onnx"), location)
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to("weights")
    os.mkfifo(tmp_path / "fifo")
    for use in (load, lambda path: session_of(path, 1), seal):
        with pytest.raises(ModelError, match="its weights are"):
            use(path)


def varint(number: int, n_spare: int) -> bytes:
    """Write a number in more bytes than it needs."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F)
    groups += [0] * n_spare
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


def as_field(number: int, content: bytes, n_spare: int) -> bytes:
    """Write a field of a message."""
    return varint(number << 3 | 2, n_spare) + varint(len(content), n_spare) + content


@pytest.mark.parametrize("n_spare", range(4))
@pytest.mark.parametrize(
    "way",
    [
        (7, 5),
        (7, 1, 5, 5),
        (7, 1, 5, 6, 5),
        (7, 1, 5, 10),
        (7, 15, 1),
        (25, 7, 5, 22, 2),
        (20, 1, 5),
    ],
    ids=[
        "initializer",
        "constant",
        "in a branch",
        "tensors",
        "sparse",
        "in a function",
        "training",
    ],
)
def test_no_place_and_no_spelling_hides_them(way: tuple[int, ...], n_spare: int) -> None:
    """Wherever ONNX has tensors, in every form that a parser takes."""
    entry = as_field(1, b"location", n_spare) + as_field(2, b"../x", n_spare)
    content = as_field(13, entry, n_spare)
    for number in reversed(way):
        content = as_field(number, content, n_spare)
    assert external_files(content) == ["../x"]


def test_compiled_code_is_refused(tmp_path: Path) -> None:
    """An engine in a model, or the path of one, is nothing that a provider gets to see."""
    path = write_model(tmp_path / "m.onnx")
    model = onnx.load(path)
    node = model.graph.node.add()
    node.op_type, node.domain = "EPContext", "com.microsoft"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="compiled code"):
        load(path)


def test_a_model_sets_no_options(tmp_path: Path) -> None:
    """Whatever the environment says, its metadata does not tell onnxruntime how to run."""
    path = write_model(tmp_path / "m.onnx")
    model = onnx.load(path)
    entry = model.metadata_props.add()
    entry.key, entry.value = "ort_config", '{"session_options": {"no_such_option": 7}}'
    path.write_bytes(model.SerializeToString())
    code = (
        "from pathlib import Path\n"
        "from edge_daemon.model.session import session_of\n"
        f"session_of(Path({str(path)!r}), 1)"
    )
    environment = {**os.environ, "ORT_LOAD_CONFIG_FROM_MODEL": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["FIFO", "device"])
def test_nobody_waits_for_a_model(tmp_path: Path, kind: str) -> None:
    """What is no file is refused at once."""
    path = tmp_path / "m.onnx"
    if kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ModelError, match=f"a {kind}, not a file"):
        read_model(path)


def test_a_huge_model_is_not_read(tmp_path: Path) -> None:
    """A limit holds before a byte is in memory."""
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    with pytest.raises(ModelError, match="at most"):
        read_model(path)
