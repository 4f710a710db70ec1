"""Events out of bytes that anybody may have sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wyoming.event import Event

from edge_daemon.wyoming import reading
from edge_daemon.wyoming.reading import LINE_BYTES, PART_BYTES, BadEvent, EventReader

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _unneeded() -> None:
    raise AssertionError("hung up on a client that was not slow")


def read(
    data: bytes, hang_up: Callable[[], object] = _unneeded, *, end: bool = True
) -> list[Event]:
    """Return all events in these bytes, up to the end or the first that is none."""

    async def read_all() -> list[Event]:
        stream = asyncio.StreamReader(limit=LINE_BYTES)
        stream.feed_data(data)
        if end:
            stream.feed_eof()

        def end_it() -> None:
            hang_up()
            stream.feed_eof()

        reader = EventReader(stream, end_it)
        found = []
        while event := await reader.read():
            found.append(event)
        return found

    return asyncio.run(read_all())


def wire(event: Event) -> bytes:
    """Return an event as it is sent."""
    data = json.dumps(event.data).encode()
    payload = event.payload or b""
    header = {"type": event.type, "data_length": len(data), "payload_length": len(payload)}
    return json.dumps(header).encode() + b"\n" + data + payload


@given(
    st.lists(
        st.builds(
            Event,
            type=st.text(max_size=8),
            data=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)),
            payload=st.none() | st.binary(min_size=1, max_size=300),
        ),
        max_size=4,
    )
)
def test_events_are_read_as_they_were_sent(events: list[Event]) -> None:
    """What a client sends comes out, in order."""
    assert read(b"".join(map(wire, events))) == events


@given(st.binary(max_size=200))
@example(b"[" * 60000 + b"\n")
@example(b'{"type": "x", "data_length": 60000}\n' + b"[" * 60000)
@example(b'{"type": "detect", "data": [1]}\n')
@example(b'{"type": 5}\n')
@example(b'{"type": "x", "data_length": "9"}\n')
@example(b'{"type": "x", "data_length": 2}\n[]')
@example(b'{"type": "x", "payload_length": 1e400}\n')
@example(b'{"type": "x", "payload_length": 0.5}\na')
@example(b'{"type": "x", "payload_length": 9}\nhalf')
def test_any_bytes_end_in_events_or_a_clear_error(data: bytes) -> None:
    """Whatever is sent, nothing but an event, an end, or BadEvent comes of it."""
    try:
        events = read(data)
    except BadEvent:
        return
    assert all(isinstance(e.type, str) and isinstance(e.data, dict) for e in events)


@given(JSON)
def test_any_json_ends_in_events_or_a_clear_error(value: object) -> None:
    """Nor does it where the line is JSON."""
    test_any_bytes_end_in_events_or_a_clear_error.hypothesis.inner_test(  # type: ignore[attr-defined]
        json.dumps(value).encode() + b"\n"
    )


@pytest.mark.parametrize("part", ["data_length", "payload_length"])
def test_more_than_the_limit_is_refused_before_it_is_read(part: str) -> None:
    """A client that announces more than the limit is refused by what it announces."""
    header = json.dumps({"type": "audio-chunk", part: PART_BYTES + 1}).encode() + b"\n"
    with pytest.raises(BadEvent, match=f"{PART_BYTES + 1} bytes announced"):
        read(header, end=False)


def test_endless_line_is_refused() -> None:
    """A header without an end is refused when it has the length that is allowed."""
    with pytest.raises(BadEvent, match="a line of more than"):
        read(b"x" * (3 * LINE_BYTES), end=False)


def test_rest_of_an_event_has_to_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that begins an event and does not go on is hung up on."""
    monkeypatch.setattr(reading, "REST_WITHIN_S", 0.0)
    slow = []
    assert (
        read(b'{"type": "x", "payload_length": 9}\nhalf', lambda: slow.append(1), end=False) == []
    )
    assert slow
