"""The daemon at a real broker: mosquitto, with another client that looks on."""

from __future__ import annotations

import signal
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon.actions import ActionWorker, build_actions
from edge_daemon.config import parse_config
from edge_daemon.control import Answer
from edge_daemon.control.messages import FalseAlarm, Mute, Reload, Threshold, Trigger, Unmute
from edge_daemon.errors import ActionError
from edge_daemon.events import Heard, Summary
from edge_daemon.mqtt import announcer, connection, network
from edge_daemon.mqtt.session import MAX_IN_FLIGHT
from edge_daemon.types import Detection
from tests.integration.broker import (
    Broker,
    Doorkeeper,
    Got,
    Observer,
    make_authority,
    needs_mosquitto,
)
from tests.integration.command_line import ROOT
from tests.integration.mqtt_device import BASE, DISCOVERY, HEARD, connected_device, state_of
from tests.integration.watched_log import WatchedLog, watched_log
from tests.ports import free_port

pytestmark = needs_mosquitto
GO_ON = f"{BASE}/detections/go on"
KEY_OF_GO_ON = f"{zlib.crc32(b'go on'):08x}"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker for everybody."""
    with Broker(tmp_path) as started:
        yield started


@pytest.fixture
def log() -> Iterator[WatchedLog]:
    """What the MQTT part says."""
    with watched_log("edge_daemon.mqtt") as watched:
        yield watched


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon: the tests wait for it."""
    monkeypatch.setattr(network, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(network, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(announcer, "BIRTH_SPREAD_S", 0.0)
    monkeypatch.setattr(announcer, "REMOVED_FOR_S", 0.1)


@pytest.mark.parametrize(
    "qos", [1, *(pytest.param(qos, marks=pytest.mark.heavy) for qos in (0, 2))]
)
def test_topics(broker: Broker, qos: int) -> None:
    """What lasts is retained, a word is not, and each has the quality that is configured."""
    with Observer(broker.port) as observer:
        with connected_device(broker.port, qos=qos) as device:
            device.events.publish(HEARD)
            device.events.publish(Summary(figures=dict(device.telemetry.snapshot())))
            live = [
                observer.wait_for(f"{BASE}/{x}") for x in ("availability", "state", "telemetry")
            ]
            heard = observer.wait_for(GO_ON)
            announced = observer.wait_for(DISCOVERY)
            with Observer(broker.port) as late:
                kept = {x: late.wait_for(x).retain for x in (x.topic for x in [*live, announced])}
                assert set(kept.values()) == {True}
                late.publish("end", "")
                late.wait_for("end")
                assert GO_ON not in [x.topic for x in late.got]
        assert {x.qos for x in [*live, heard, announced]} == {qos}
        expected = {"label": "go on", "score": 0.9, "time_s": 3.0, "after": "computer"}
        assert {"event_type": "heard", **expected}.items() <= heard.json.items()
        assert observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"offline")


COMMANDS = [
    ("mute", "ON", Mute()),
    ("mute", "", Mute()),
    ("mute", "OFF", Unmute()),
    ("mute", "90", Mute(90.0)),
    ("unmute", "", Unmute()),
    ("trigger", "stop", Trigger("stop")),
    ("trigger", '{"label": "go on", "after": "computer"}', Trigger("go on", "computer")),
    ("threshold/go on", "0.7", Threshold("go on", 0.7)),
    ("threshold/a%2Fb", "default", Threshold("a/b")),
    ("false_alarm", "PRESS", FalseAlarm()),
    ("reload", "PRESS", Reload()),
]


def test_commands(broker: Broker) -> None:
    """Each command becomes its request at the desk, and what became of it is published."""
    with Observer(broker.port) as observer, connected_device(broker.port) as device:
        observer.wait_for(f"{BASE}/availability")
        for topic, payload, request in COMMANDS:
            since = observer.mark()
            observer.publish(f"{BASE}/command/{topic}", payload, qos=0)
            assert device.answer_next(Answer(ok=False, problems=["no"])) == request
            told = observer.wait_for(f"{BASE}/answer", since=since).json
            assert told == {"command": topic, "ok": False, "problems": ["no"]}


BAD = [
    ("mute", b"\xff\xfe", "its bytes are no UTF-8"),
    ("mute", b"x" * 2000, "2000 bytes are too many"),
    ("mute", b"NaN", "wanted is ON, OFF, or a number of seconds"),
    ("mute", b"-1", "> 0.0"),
    ("mute", b"1e999", "out of range"),
    ("trigger", b"", "of length >= 1"),
    ("trigger", b'{"label": 1}', "Expected `str`"),
    ("trigger", b'{"word": "stop"}', "unknown field `word`"),
    ("trigger", b"{" * 1000, "malformed"),
    ("threshold/stop", b"NaN", "malformed"),
    ("threshold/stop", b"1.5", "<= 1.0"),
    ("threshold/stop", b"0", "> 0.0"),
    ("threshold", b"0.5", "at threshold/WORD"),
    ("config", b"", "no such command"),
    ("status", b"", "no such command"),
    ("mute/stop", b"ON", "no such command"),
    ("", b"", "no such command"),
]


@pytest.mark.heavy
def test_bad_commands(broker: Broker, log: WatchedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no command is answered and said in the log, and the next one is heard."""
    monkeypatch.setattr(connection, "SAY_REFUSED_EVERY_S", 1e-9)
    with Observer(broker.port) as observer, connected_device(broker.port) as device:
        observer.wait_for(f"{BASE}/availability")
        for topic, payload, problem in BAD:
            since = observer.mark()
            observer.publish(f"{BASE}/command/{topic}", payload)
            told = observer.wait_for(f"{BASE}/answer", since=since).json
            assert problem in told["problems"][0], told
            assert not told["ok"]
            log.wait_for(f"{BASE}/command/{topic}: refused: {told['problems'][0]}")
        observer.publish(f"{BASE}/command/trigger", '{"label": "stop", "do": "reload"}')
        assert device.answer_next() == Trigger("stop")


@pytest.mark.heavy
def test_retained_command(broker: Broker, log: WatchedLog) -> None:
    """A command that the broker had kept is not done at each connection."""
    with Observer(broker.port) as observer:
        observer.publish(f"{BASE}/command/mute", "ON", retain=True)
        with connected_device(broker.port) as device:
            observer.wait_for(f"{BASE}/availability")
            observer.publish(f"{BASE}/command/reload", "")
            assert device.answer_next() == Reload()


@pytest.mark.heavy
def test_huge_message(broker: Broker) -> None:
    """A message of two megabytes never comes in, and the connection lasts."""
    with Observer(broker.port) as observer, connected_device(broker.port) as device:
        observer.wait_for(f"{BASE}/availability")
        observer.publish(f"{BASE}/command/mute", b"x" * (2 << 20))
        observer.publish(f"{BASE}/command/reload", "")
        assert device.answer_next() == Reload()
        assert [x.payload for x in observer.got if x.topic == f"{BASE}/availability"] == [b"online"]


@pytest.mark.heavy
def test_too_large_for_the_broker(tmp_path: Path, log: WatchedLog) -> None:
    """What the broker would hang up on is not sent, and all else is."""
    with (
        Broker(tmp_path, "max_packet_size 2000") as small,
        Observer(small.port) as observer,
        connected_device(small.port) as device,
    ):
        observer.wait_for(f"{BASE}/state")
        device.connection.publish("lamp", bytes(2000), None, False)
        device.connection.publish("lamp", b"on", None, False)
        assert observer.wait_for("lamp").payload == b"on"
        log.wait_for("it does not let us use lamp")
    assert sum("connected, topics begin" in line for line in log.lines) == 1, log.lines


def test_no_commands(broker: Broker) -> None:
    """With commands: false nobody can do anything, and Home Assistant is offered nothing."""
    with (
        Observer(broker.port) as observer,
        connected_device(broker.port, commands=False) as device,
    ):
        components = observer.wait_for(DISCOVERY).json["components"]
        assert {x["platform"] for x in components.values()} == {"sensor", "event"}
        observer.wait_for(f"{BASE}/availability")
        observer.publish(f"{BASE}/command/mute", "ON")
        device.events.publish(HEARD)
        observer.wait_for(GO_ON)
        assert device.desk.take() == []


@pytest.mark.heavy
def test_home_assistant_starts(broker: Broker) -> None:
    """When Home Assistant says that it has started it is told all of it again."""
    with Observer(broker.port) as observer, connected_device(broker.port) as device:
        observer.wait_for(f"{BASE}/availability")
        since = observer.mark()
        observer.publish("homeassistant/status", "online")
        for topic in (DISCOVERY, f"{BASE}/availability", f"{BASE}/state"):
            observer.wait_for(topic, since=since)
        assert device.desk.take() == []


def _components(got: Got) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = got.json["components"]
    return found


@pytest.mark.heavy
def test_words_go(broker: Broker) -> None:
    """A word that a reload takes away is removed from Home Assistant, then not named any more."""
    with Observer(broker.port) as observer, connected_device(broker.port, keepalive_s=5) as device:
        assert "heard_stop" in _components(observer.wait_for(DISCOVERY))
        since = observer.mark()
        device.tell(state_of(["go on", "left"]))
        changed = observer.wait_for(DISCOVERY, since=since)
        components = _components(changed)
        assert components["heard_stop"] == {"platform": "event"}
        assert components["threshold_stop"] == {"platform": "number"}
        assert "state_topic" in components["heard_left"]
        clean = observer.wait_for(DISCOVERY, lambda x: "heard_stop" not in _components(x), since)
        assert "heard_left" in _components(clean)


@pytest.mark.heavy
def test_words_went_meanwhile(broker: Broker) -> None:
    """What an earlier daemon announced and this one does not know is removed."""
    with Observer(broker.port) as observer:
        with connected_device(broker.port):
            observer.wait_for(DISCOVERY)
        since = observer.mark()
        with connected_device(broker.port) as device:
            device.tell(state_of(["go on"]))
            removal = observer.wait_for(
                DISCOVERY,
                lambda x: _components(x).get("heard_stop") == {"platform": "event"},
                since,
            )
            assert "state_topic" in _components(removal)["heard_go_on_" + KEY_OF_GO_ON]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "payload", [b"[", b"[]", b'{"components": 3}', b'{"components": {"a": 1}}']
)
def test_strange_announcement(broker: Broker, payload: bytes) -> None:
    """What somebody else has left at our place in Home Assistant's tree is written over."""
    with Observer(broker.port) as observer:
        observer.publish(DISCOVERY, payload, retain=True)
        with connected_device(broker.port):
            observer.wait_for(DISCOVERY, lambda x: b"heard_stop" in x.payload)
            observer.wait_for(f"{BASE}/availability")


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_broker_ends_and_comes_back(broker: Broker, log: WatchedLog, number: int) -> None:
    """What was said meanwhile is sent when the broker is back, and what lasts is there again."""
    with connected_device(broker.port) as device:
        log.wait_for("connected")
        broker.stop(number)
        log.wait_for("WARNING")
        device.tell(state_of(muted=True))
        with Observer(broker.start().port) as observer:
            assert observer.wait_for(f"{BASE}/state").json["muted"]
            assert observer.wait_for(f"{BASE}/availability").payload == b"online"
            assert "heard_stop" in _components(observer.wait_for(DISCOVERY))
            device.events.publish(HEARD)
            observer.wait_for(GO_ON)


@pytest.mark.heavy
def test_words_wait_for_the_broker(broker: Broker, log: WatchedLog) -> None:
    """A broker that is away at the start is said once; the words wait, in order."""
    port = free_port()
    with connected_device(port) as device, Observer(broker.port, GO_ON) as observer:
        log.wait_for("Connection refused; does the broker run")
        for i in range(3):
            device.events.publish(Heard(label="go on", score=0.5, time_s=i))
        with Doorkeeper(broker.port, port):
            observer.wait_for(GO_ON, lambda x: x.json["time_s"] == 2)
        assert [x.json["time_s"] for x in observer.got] == [0, 1, 2]
    assert sum("refused" in line for line in log.lines) == 1, log.lines


@pytest.mark.heavy
def test_unacknowledged_words_are_sent_again(broker: Broker, log: WatchedLog) -> None:
    """What was sent into a dead connection goes by the next one, before what came later."""
    with Doorkeeper(broker.port) as door, Observer(broker.port, GO_ON) as observer:
        with connected_device(door.port) as device:
            log.wait_for("connected")
            door.swallows.set()
            for i in range(2 * MAX_IN_FLIGHT):
                device.events.publish(Heard(label="go on", score=0.5, time_s=i))
            assert door.has_swallowed.wait(5.0)
            door.swallows.clear()
            door.hang_up()
            observer.wait_for(GO_ON, lambda x: x.json["time_s"] == 2 * MAX_IN_FLIGHT - 1)
        # one that still went through before the end comes twice: QoS 1 is "at least once"
        got = [x.json["time_s"] for x in observer.got]
        assert got[-2 * MAX_IN_FLIGHT :] == list(range(2 * MAX_IN_FLIGHT))


@pytest.mark.heavy
def test_queue_is_bounded(tmp_path: Path, log: WatchedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the queue full words are dropped, counted, and said in the log once in a while."""
    monkeypatch.setattr(network, "SAY_DROPPED_EVERY_S", 0.05)
    broker = Broker(tmp_path)
    with connected_device(broker.port, queue=4) as device:
        log.wait_for("Connection refused")
        for _ in range(10):
            device.events.publish(HEARD)
        with pytest.raises(ActionError, match="4 messages wait"):
            device.connection.publish("a", b"", None, False)
        log.wait_for("messages dropped so far: 7 (7 as mqtt.queue was full")
        with broker, Observer(broker.port) as observer:
            device.events.publish(Summary(figures=dict(device.telemetry.snapshot())))
            told = observer.wait_for(f"{BASE}/telemetry").json
            assert told["messages_dropped"] == 7


@pytest.mark.heavy
def test_stale_words_are_dropped(tmp_path: Path, log: WatchedLog) -> None:
    """A word that waited too long is not sent any more; what an action retains is."""
    broker = Broker(tmp_path)
    with connected_device(broker.port, stale_after_s=1) as device:
        device.events.publish(HEARD)
        device.connection.publish("lamp", b"on", 1, True)
        said_s = time.monotonic()
        log.wait_for("Connection refused")
        threading.Event().wait(said_s + 1.1 - time.monotonic())
        with broker, Observer(broker.port) as observer:
            observer.wait_for("lamp")
            observer.wait_for(f"{BASE}/availability")
            device.events.publish(Heard(label="stop", score=0.5, time_s=9.0))
            observer.wait_for(f"{BASE}/detections/stop")
            assert GO_ON not in [x.topic for x in observer.got]


@pytest.mark.heavy
def test_hung_broker(broker: Broker, log: WatchedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that says nothing any more is noticed, the stop is in time, the will is published."""
    monkeypatch.setattr(network, "SAY_DROPPED_EVERY_S", 0.05)
    with connected_device(broker.port, keepalive_s=5) as device:
        log.wait_for("connected")
        broker.send_signal(signal.SIGSTOP)
        for _ in range(network_limit := 300):
            device.events.publish(HEARD)
        assert network_limit > 256 + MAX_IN_FLIGHT
        log.wait_for("messages dropped so far")
        began_s = time.monotonic()
        device.connection.stop(0.5)
        took_s = time.monotonic() - began_s
        broker.send_signal(signal.SIGCONT)
    assert took_s < 1.0
    with Observer(broker.port) as observer:
        observer.wait_for(f"{BASE}/availability", lambda x: x.payload == b"offline")


@pytest.mark.heavy
def test_silent_broker(broker: Broker, log: WatchedLog) -> None:
    """A connection that is dead at the other end is given up after the keepalive time."""
    with connected_device(broker.port, keepalive_s=5):
        log.wait_for("connected")
        broker.send_signal(signal.SIGSTOP)
        log.wait_for("Keep alive timeout")
        broker.send_signal(signal.SIGCONT)
        log.wait_for("connected", times=2)


@pytest.mark.heavy
def test_wrong_password(tmp_path: Path, log: WatchedLog) -> None:
    """It is said once, with what to do; when the file holds the right one it is taken from there."""
    password = tmp_path / "password"
    password.write_text("wrong\n")
    login = {"username": "daemon", "password_from": str(password)}
    with (
        Broker(tmp_path, users={"daemon": "right"}) as broker,
        connected_device(broker.port, **login),
    ):
        line = log.wait_for("it refuses user 'daemon'; see mqtt.username and mqtt.password_from")
        password.write_text("right\n")
        log.wait_for("connected")
    assert [x for x in log.lines if "WARNING" in x] == [line]
    assert "wrong" not in "".join(log.lines)


@pytest.mark.heavy
def test_no_user(tmp_path: Path, log: WatchedLog) -> None:
    """A broker that wants a user is told apart from one that refuses it."""
    with Broker(tmp_path, users={"daemon": "right"}) as broker, connected_device(broker.port):
        log.wait_for("it refuses a client without a user")


@pytest.mark.heavy
def test_rights(tmp_path: Path, log: WatchedLog) -> None:
    """The rights that the documentation gives the device suffice; a denied topic is said once."""
    document = (ROOT / "docs" / "mqtt.md").read_text()
    rights = document[document.index("user kitchen\n") :].partition("```")[0]
    (tmp_path / "rights").write_text(f"user observer\ntopic readwrite #\n{rights}")
    (tmp_path / "password").write_text("secret")
    users = {"kitchen": "secret", "observer": "other"}
    login = {"username": "kitchen", "password_from": str(tmp_path / "password")}
    with (
        Broker(tmp_path, f"acl_file {tmp_path}/rights", users) as broker,
        Observer(broker.port, login=("observer", "other")) as observer,
        connected_device(broker.port, **login) as device,
    ):
        observer.wait_for(DISCOVERY)
        observer.wait_for(f"{BASE}/state")
        observer.publish(f"{BASE}/command/reload", "")
        assert device.answer_next() == Reload()
        since = observer.mark()
        observer.publish("homeassistant/status", "online")
        observer.wait_for(DISCOVERY, since=since)
        for _ in range(2):
            device.connection.publish("lamp", b"on", None, False)
            device.events.publish(HEARD)
            observer.wait_for(GO_ON, since=observer.mark())
    assert [x for x in log.lines if "WARNING" in x] == [
        "WARNING mqtt: 127.0.0.1: it does not let us use lamp"
    ]


def test_tls(tmp_path: Path, log: WatchedLog) -> None:
    """A broker with a certificate that ours is to be trusted for is talked to, encrypted."""
    authority = make_authority(tmp_path)
    certificate, key = authority.sign("broker", "IP:127.0.0.1")
    settings = f"certfile {certificate}\nkeyfile {key}"
    with (
        Broker(tmp_path, settings) as broker,
        connected_device(broker.port, tls={"enabled": True, "ca": str(authority.certificate)}),
    ):
        log.wait_for("connected")


@pytest.mark.heavy
def test_large_messages_by_tls(tmp_path: Path) -> None:
    """What lies decrypted in the library is read, too: many commands at once all come."""
    authority = make_authority(tmp_path)
    certificate, key = authority.sign("broker", "IP:127.0.0.1")
    plain = free_port()
    settings = f"certfile {certificate}\nkeyfile {key}\nlistener {plain} 127.0.0.1"
    tls = {"enabled": True, "ca": str(authority.certificate)}
    with (
        Broker(tmp_path, settings) as broker,
        connected_device(broker.port, tls=tls) as device,
        Observer(plain) as observer,
    ):
        observer.wait_for(f"{BASE}/availability")
        for i in range(50):
            observer.publish(f"{BASE}/command/threshold/word {i}", "0.5", qos=0)
        assert len(device.requests(50)) == 50


@pytest.mark.heavy
def test_own_certificate(tmp_path: Path, log: WatchedLog) -> None:
    """A broker that asks for a certificate of ours gets it; without one its refusal is said."""
    authority = make_authority(tmp_path)
    certificate, key = authority.sign("broker", "IP:127.0.0.1")
    own, own_key = authority.sign("kitchen", "DNS:kitchen")
    settings = (
        f"certfile {certificate}\nkeyfile {key}\ncafile {authority.certificate}\n"
        "require_certificate true"
    )
    tls = {"enabled": True, "ca": str(authority.certificate)}
    ours = {**tls, "certificate": str(own), "key": str(own_key)}
    with Broker(tmp_path, settings) as broker:
        with connected_device(broker.port, tls=tls):
            log.wait_for("does it want a certificate, mqtt.tls.certificate")
        with connected_device(broker.port, tls=ours):
            log.wait_for("connected")


@pytest.mark.heavy
def test_certificate_not_trusted(tmp_path: Path, log: WatchedLog) -> None:
    """A certificate of an unknown authority, or for another name, is refused, with what to do."""
    authority, other = make_authority(tmp_path / "a"), make_authority(tmp_path / "b")
    certificate, key = authority.sign("broker", "DNS:broker.example")
    with Broker(tmp_path, f"certfile {certificate}\nkeyfile {key}") as broker:
        for ca, said in (
            (str(other.certificate), "mqtt.tls.ca names the file of the authority"),
            (None, "mqtt.tls.ca names the file of the authority"),
            (str(authority.certificate), "mqtt.host has to be a name that stands in it"),
        ):
            with connected_device(broker.port, tls={"enabled": True, "ca": ca}):
                log.wait_for(said)
            log.lines.clear()


@pytest.mark.heavy
def test_tls_at_one_end_only(tmp_path: Path, broker: Broker, log: WatchedLog) -> None:
    """TLS at a port without, and the other way round, is said so."""
    with connected_device(broker.port, tls={"enabled": True}):
        log.wait_for("are mqtt.port and mqtt.tls.enabled right?")
    certificate, key = make_authority(tmp_path).sign("broker", "IP:127.0.0.1")
    with (
        Broker(tmp_path, f"certfile {certificate}\nkeyfile {key}") as encrypted,
        connected_device(encrypted.port),
    ):
        log.wait_for("does it want TLS, mqtt.tls.enabled")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no.such.host.invalid", "cannot be resolved"),
        ("a" * 70 + ".example", "is no name of a host"),
        ("a..b", "is no name of a host"),
    ],
)
def test_name_not_resolved(log: WatchedLog, host: str, said: str) -> None:
    """A name that no host has, or can have, is said; the thread lives and tries again."""
    with connected_device(1883, host=host):
        log.wait_for(said)


@pytest.mark.heavy
def test_same_name_twice(broker: Broker, log: WatchedLog) -> None:
    """Two devices of one name take the connection from each other: the log says so."""
    with connected_device(broker.port):
        log.wait_for("connected")
        with connected_device(broker.port):
            log.wait_for("is another device called 'kitchen' too? see mqtt.name")


@pytest.mark.heavy
def test_old_broker(broker: Broker, log: WatchedLog) -> None:
    """A broker that knows MQTT 3.1.1 only is talked to in that."""
    with Doorkeeper(broker.port, newest=4) as old, connected_device(old.port) as device:
        log.wait_for("connected")
        with Observer(broker.port) as observer:
            observer.publish(f"{BASE}/command/mute", "ON", retain=True)
            assert device.answer_next() == Mute()
            observer.publish(f"{BASE}/command/mute", b"x" * (2 << 20))
            log.wait_for("at most 1048576 are read")
            log.wait_for("retained")


def test_action(broker: Broker) -> None:
    """An action publishes its message, or the detection, as it is configured."""
    actions = [
        {"say": "on", "mqtt": {"topic": "lamp/set", "payload": "ON", "retain": True, "qos": 2}},
        {"say": "*", "mqtt": {"topic": "words"}},
    ]
    with Observer(broker.port) as observer, connected_device(broker.port, qos=0) as device:
        config = parse_config({"mqtt": {"host": "127.0.0.1"}, "actions": actions})
        worker = ActionWorker(build_actions(config.actions, device.connection.publish))
        worker.start()
        worker.submit(Detection("on", 0.9, 1.5, after="light"))
        assert observer.wait_for("lamp/set").payload == b"ON"
        said = observer.wait_for("words")
        assert said.json == {"label": "on", "score": 0.9, "time_s": 1.5, "after": "light"}
        assert (observer.wait_for("lamp/set").qos, said.qos) == (2, 0)
        worker.stop(1.0)
        assert worker.counts().done == 2
        with Observer(broker.port) as late:
            assert late.wait_for("lamp/set").retain
