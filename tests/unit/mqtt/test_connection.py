"""What is looked at before there is any connection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.config import parse_config
from edge_daemon.connection import Inside
from edge_daemon.control.desk import Desk
from edge_daemon.errors import ConfigError
from edge_daemon.events import Events
from edge_daemon.mqtt import MqttConnection
from edge_daemon.telemetry import Telemetry
from tests.integration.broker import make_authority


def connection(**section: object) -> MqttConnection:
    """Build one that is to talk to nobody."""
    config = parse_config({"mqtt": {"host": "127.0.0.1", "port": 1, **section}})
    return MqttConnection(config, Inside(Desk(), Events(), Telemetry()))


def problems_of(**section: Any) -> list[str]:
    """Return why a configuration is refused."""
    with pytest.raises(ConfigError) as refused:
        connection(**section)
    return refused.value.problems


def test_every_file_is_read(tmp_path: Path) -> None:
    """A password and a certificate that are not there are both said, with their keys."""
    ca, password = str(tmp_path / "ca.pem"), str(tmp_path / "password")
    found = problems_of(username="a", password_from=password, tls={"enabled": True, "ca": ca})
    assert found == [
        f"mqtt.password_from: {password}: cannot be read: No such file or directory",
        f"mqtt.tls.ca: {ca}: No such file or directory",
    ]


def test_files_of_other_kinds(tmp_path: Path) -> None:
    """A file that is no certificate is refused, and so is a key with a passphrase."""
    authority = make_authority(tmp_path)
    certificate, key = authority.sign("kitchen", "DNS:kitchen")
    text = tmp_path / "text.pem"
    text.write_text("hello\n")
    (found,) = problems_of(tls={"enabled": True, "ca": str(text)})
    assert (
        found == f"mqtt.tls.ca: {text}: is no such file in PEM form (NO_CERTIFICATE_OR_CRL_FOUND)"
    )
    locked = tmp_path / "locked.key"
    command: list[str | Path] = ["openssl", "ec", "-aes128", "-passout", "pass:secret"]
    command += ["-in", key, "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    own = {"enabled": True, "certificate": str(certificate), "key": str(locked)}
    (found,) = problems_of(tls=own)
    assert "the key has a passphrase; one without it is needed" in found


def test_ends_without_a_beginning() -> None:
    """One that was built for a configuration which is then refused holds nothing open."""
    built = connection()
    built.stop(1.0)


def test_action_needs_a_broker() -> None:
    """An action that publishes is refused where there is no broker."""
    actions = [{"say": "on", "mqtt": {"topic": "lamp"}}]
    with pytest.raises(ConfigError, match=r"actions\[0\]\.mqtt: needs a broker: set mqtt\.host"):
        parse_config({"actions": actions})
    assert parse_config({"actions": actions, "mqtt": {"host": "broker"}}).actions[0].kind == "mqtt"


def test_without_paho() -> None:
    """Where paho-mqtt is not installed the message says how to install it."""
    program = "import sys; sys.modules['paho'] = None; import edge_daemon.mqtt"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "MissingDependency: mqtt.host needs paho-mqtt" in done.stderr
    assert "run: pip install 'edge-daemon[mqtt]'" in done.stderr
