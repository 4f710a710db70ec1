"""What waits for the broker."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.mqtt.outbox import Message, Outbox


def message(topic: str, *, retain: bool = False, payload: bytes = b"") -> Message:
    """Return a message."""
    return Message(topic=topic, payload=payload, qos=1, retain=retain)


def outbox(limit: int = 10, stale_after_s: float | None = None) -> Outbox:
    """Return one that wakes nobody."""
    return Outbox(limit, stale_after_s, lambda: None)


def drained(box: Outbox) -> list[str]:
    """Return the topics in the order in which they are sent."""
    found = []
    while taken := box.take():
        found.append(taken.topic)
    return found


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_bounded_and_in_order(steps: list[bool], limit: int) -> None:
    """Never more wait than may; what is not dropped comes out in order, and all is counted."""
    box, expected, got, n = outbox(limit), [], [], 0
    for puts in steps:
        if puts:
            if box.put(message(str(n))):
                expected.append(str(n))
            n += 1
        elif taken := box.take():
            got.append(taken.topic)
        assert len(expected) - len(got) <= limit
    assert got + drained(box) == expected
    assert box.n_dropped == n - len(expected)


def test_of_what_is_kept_the_newest_is_sent() -> None:
    """Only the newest of a topic is sent, before what waits, and again after a new connection."""
    box = outbox(1)
    box.put(message("word"))
    for payload in (b"1", b"2", b"3"):
        box.keep(message("state", payload=payload))
    first = box.take()
    assert first is not None
    assert first.payload == b"3"
    assert drained(box) == ["word"]
    assert box.is_empty
    box.renew()
    assert not box.is_empty
    assert drained(box) == ["state"]
    assert box.n_dropped == 0


def test_put_back() -> None:
    """What was not acknowledged comes first; what is kept only once, and not if it is old."""
    box = outbox()
    box.keep(message("state", payload=b"old"))
    sent = [box.take()]
    for topic in "abc":
        box.put(message(topic))
    sent += [box.take(), box.take()]
    box.keep(message("state", payload=b"new"))
    box.put_back([m for m in sent if m is not None])
    box.renew()
    assert drained(box) == ["state", "a", "b", "c"]


def test_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waited too long is dropped and counted; what is retained, never."""
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    box = outbox(stale_after_s=5.0)
    old = [Message(topic=x, payload=b"", qos=0, retain=x == "kept", since_s=90.0) for x in "ab"]
    for one in (*old, Message(topic="lamp", payload=b"", qos=0, retain=True, since_s=90.0)):
        box.put(one)
    box.put(Message(topic="new", payload=b"", qos=0, since_s=96.0))
    assert drained(box) == ["lamp", "new"]
    assert box.n_stale == 2
