"""Inputs that are nearly right: changed bytes, and changed parts where the form is known."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import onnx
import yaml

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF)
_WORDS = (
    b"*a", b"&a ", b"!!int ", b"!!timestamp ", b"<<: ", b"\n- ", b"{", b"[", b'"', b"\xff\xfe", b"\0",
    b": ", b"# ", b"\x80\x80\x80\x80\x01", b"location", b"9" * 40, b"1:1:1.5", b"\xf0\x9f\x98\x80",
    b"~", b".nan", b".inf", b"0x", b"null", b"\\u0000", b"\r\n", b"{}", b"[]",
)  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**63, 2**70, -0.0, 1e-320, 1e308, float("nan"), float("inf"), "", "*",
    "a" * 300, "\0", "\x1b[2J", "é", "-", ".", "..", "/dev/zero", "credential:x", "http://u:p@h:99999/",
    "http://[::1", [], [[]], {}, {"": ""}, ["a"], {"a": 1}, "pcm:-", "wav:\ud800", "0", "on",
)  # fmt: skip
_DIMS = (0, -1, 1, 2, 20, 1 << 20, 1 << 40, -(1 << 63))
_OPERATORS = (
    "Add", "MatMul", "Conv", "Reshape", "Loop", "If", "Scan", "Gather", "Slice", "Resize", "Einsum",
    "LSTM", "TopK", "Expand", "Tile", "ConstantOfShape", "Range", "Softmax", "NonZero", "Nowhere",
)  # fmt: skip


def mutated(data: bytes, target: str, random_: random.Random) -> bytes:
    """Return an input that differs in a few places."""
    by_form = _BY_FORM.get(target)
    if by_form and random_.random() < 0.5:
        try:
            data = by_form(data, random_)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, yaml.YAMLError):
            pass  # it had lost its form
        except Exception as error:  # protobuf's own, which has no public root
            if "google" not in type(error).__module__:
                raise
    if by_form is None or random_.random() < 0.6:
        for _ in range(random_.choice((1, 1, 2, 4, 16))):
            data = _with_other_bytes(data, random_)
    return data


def _with_other_bytes(data: bytes, random_: random.Random) -> bytes:
    """Return the bytes with some left out, doubled, put in between or changed in one place."""
    at = random_.randrange(len(data) + 1)
    length = random_.choice((0, 1, 1, 2, 4, 8, 64, 1024))
    before, these, after = data[:at], data[at : at + length], data[at + length :]
    flipped = bytes(b ^ (1 << random_.randrange(8)) for b in these[:1]) + these[1:]
    others = (
        b"", these + these, these + random_.choice(_WORDS), random_.randbytes(length), flipped,
        bytes([random_.choice(_NUMBERS)]) * length,
    )  # fmt: skip
    cut_off = random_.random() < 0.1
    return before if cut_off else before + random_.choice(others) + after


def _other_value(value: Any, random_: random.Random) -> Any:
    """Return plain data with one place in it changed."""
    if isinstance(value, dict) and value and random_.random() < 0.9:
        key = random_.choice(list(value))
        if random_.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _other_value(value[key], random_)}
    if isinstance(value, list) and value and random_.random() < 0.8:
        at = random_.randrange(len(value))
        if random_.random() < 0.2:
            return value * random_.choice((0, 2, 50))
        return [*value[:at], _other_value(value[at], random_), *value[at + 1 :]]
    if isinstance(value, int | float) and random_.random() < 0.5:
        return value * random_.choice((-1, 0, 2, 1000, 1e-9))
    return random_.choice(_ODD)


def _config(data: bytes, random_: random.Random) -> bytes:
    value = yaml.safe_load(data)
    for _ in range(random_.choice((1, 2, 5))):
        value = _other_value(value, random_)
    return yaml.safe_dump(value, sort_keys=False).encode("utf-8", "surrogatepass")


def _json(data: bytes, random_: random.Random) -> bytes:
    value = json.loads(data)
    for _ in range(random_.choice((1, 2, 5))):
        value = _other_value(value, random_)
    return json.dumps(value, ensure_ascii=random_.random() < 0.5).encode("utf-8", "surrogatepass")


def _request(data: bytes, random_: random.Random) -> bytes:
    return b"\n".join(_json(line, random_) for line in data.split(b"\n") if line) + b"\n"


def _model(data: bytes, random_: random.Random) -> bytes:
    model = onnx.load_from_string(data)
    for _ in range(random_.choice((1, 2, 4))):
        random_.choice((_node, _node, _tensor, _interface, _entry))(model, random_)
    written: bytes = model.SerializeToString()
    return written


def _node(model: Any, random_: random.Random) -> None:
    nodes = model.graph.node
    node = random_.choice(nodes)
    kind = random_.randrange(6)
    if kind == 0:
        node.op_type = random_.choice(_OPERATORS)
    elif kind == 1:
        names = [name for n in nodes for name in (*n.input, *n.output)] + ["", "nothing"]
        node.input[random_.randrange(len(node.input))] = random_.choice(names)
    elif kind == 2:
        nodes.add().CopyFrom(node)
    elif kind == 3:
        name = random_.choice(("axis", "axes", "keepdims", "perm", "to", "value"))
        value: Any = random_.choice((*_DIMS[:6], list(_DIMS), 0.5, "x"))
        node.attribute.append(onnx.helper.make_attribute(name, value))
    elif kind == 4:
        node.domain = random_.choice(("", "ai.onnx.ml", "com.microsoft", "nowhere"))
    else:
        del node.input[:]


def _tensor(model: Any, random_: random.Random) -> None:
    tensor = random_.choice(model.graph.initializer)
    kind = random_.randrange(5)
    if kind == 0 and tensor.dims:
        tensor.dims[random_.randrange(len(tensor.dims))] = random_.choice(_DIMS)
    elif kind == 1:
        tensor.data_type = random_.randrange(25)
    elif kind == 2:
        tensor.raw_data = tensor.raw_data[: random_.randrange(len(tensor.raw_data) + 1)]
    elif kind == 3:
        tensor.raw_data = _with_other_bytes(tensor.raw_data, random_)
    else:
        tensor.data_location = 1
        places = ("../x", "/etc/passwd", "x", "", ".", "*/_ORT_MEM_ADDR_/*")
        texts = {"location": random_.choice(places), "offset": "4096", "length": "64"}
        for key, value in texts.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value


def _interface(model: Any, random_: random.Random) -> None:
    graph = model.graph
    value = random_.choice([*graph.input, *graph.output])
    tensor = value.type.tensor_type
    kind = random_.randrange(4)
    if kind == 0 and tensor.shape.dim:
        random_.choice(tensor.shape.dim).dim_value = random_.choice(_DIMS)
    elif kind == 1:
        tensor.elem_type = random_.randrange(20)
    elif kind == 2:
        value.name = random_.choice(("features", "scores", "past", "past_next", "\n"))
    else:
        graph.input.add().CopyFrom(value)


def _entry(model: Any, random_: random.Random) -> None:
    entry = random_.choice(model.metadata_props)
    entry.value = _json(entry.value.encode(), random_).decode("utf-8", "replace")


_BY_FORM: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "config": _config,
    "metadata": _json,
    "self_test": _json,
    "control": _request,
    "model": _model,
    "onnx": _model,
}
