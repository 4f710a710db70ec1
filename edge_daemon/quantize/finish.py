"""The last step of each ONNX file that is written here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from edge_daemon.model.checksum import CHECKSUM_KEY
from edge_daemon.model.seal import seal
from edge_daemon.model.self_test import SELF_TEST_KEY, renewed
from edge_daemon.model.session import session_of, spec_of


def metadata_of(path: Path) -> dict[str, str]:
    """Return what an ONNX file says of itself, but for its checksum."""
    entries = onnx.load(path, load_external_data=False).metadata_props
    return {entry.key: entry.value for entry in entries if entry.key != CHECKSUM_KEY}


def finish(path: Path, metadata: Mapping[str, str]) -> None:
    """Give a file this metadata and no other, take away traces of its making, and check it.

    What exporters and quantizers note down (stack traces, shapes in between) can be larger than
    the weights.
    """
    model = onnx.load(path)
    strip(model)
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    seal(path)


def set_metadata(path: Path, metadata: Mapping[str, str]) -> None:
    """Give a file this metadata and no other, and leave the rest of it as it is."""
    model = onnx.load(path, load_external_data=False)
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)
    seal(path)


def renew_self_test(path: Path) -> None:
    """Give a file scores of its own for the self-test that it took over from another form.

    It loses a self-test that it is undecided about.
    """
    metadata = metadata_of(path)
    text = metadata.pop(SELF_TEST_KEY, None)
    if text is None:
        return
    session = session_of(path, threads=1)
    own = renewed(text, session, spec_of(session, path))
    set_metadata(path, metadata if own is None else {**metadata, SELF_TEST_KEY: own})


def strip(model: onnx.ModelProto) -> None:
    """Take away what was written down about nodes and values."""
    model.doc_string = ""
    model.graph.doc_string = ""
    del model.graph.value_info[:]
    for node in model.graph.node:
        node.doc_string = ""
        if hasattr(node, "metadata_props"):
            del node.metadata_props[:]
