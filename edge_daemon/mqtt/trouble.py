"""Why there is no connection, in plain words, with what to do about it; each said once."""

from __future__ import annotations

import logging
import socket
import ssl

from edge_daemon.actions.delivery import reason
from edge_daemon.config import MqttConfig

_LOG = logging.getLogger(__name__)

_REFUSED_USER = ("Bad user name or password", "Not authorized")
_TAKEN_OVER = "Session taken over"
_UNTRUSTED = "mqtt.tls.ca names the file of the authority that signed it"
_MISMATCH = "mqtt.host has to be a name that stands in it"
_ADVICE = {
    ssl.SSLError: "are mqtt.port and mqtt.tls.enabled right?",
    ConnectionResetError: "are mqtt.port and mqtt.tls.enabled right?",
    socket.gaierror: "is mqtt.host right, and is there a network?",
    ConnectionRefusedError: "does the broker run, and is mqtt.port right?",
}


def of_error(error: Exception, config: MqttConfig) -> str:
    """Say what an attempt to connect failed of."""
    if isinstance(error, UnicodeError):
        return f"mqtt.host {config.host!r} is no name of a host"
    what = reason(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{what}; {_MISMATCH if 'mismatch' in error.verify_message else _UNTRUSTED}"
    if isinstance(error, ssl.SSLError):
        what = f"no TLS is spoken there ({error.reason})"
    advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "")
    return f"{what}; {advice}" if advice else what


def of_refusal(why: str, config: MqttConfig) -> str:
    """Say why the broker took no connection."""
    if why in _REFUSED_USER:
        who = "a client without a user" if config.username is None else f"user {config.username!r}"
        return f"{why}: it refuses {who}; see mqtt.username and mqtt.password_from"
    return why


def of_silence(why: str, config: MqttConfig) -> str:
    """Say why it may be that something took the connection, and never answered as a broker does."""
    wish = "a certificate, mqtt.tls.certificate" if config.tls.enabled else "TLS, mqtt.tls.enabled"
    return f"it did not answer ({why}); does it want {wish}, or is there another mqtt.port?"


def of_end(why: str, name: str, n_short: int) -> str:
    """Say why a connection ended; ``n_short``: so many, one after the other, held for a short time."""
    if why == _TAKEN_OVER:
        return f"another device is called {name!r} too; give one of them another mqtt.name"
    if n_short > 1:
        return f"{why}, again soon; is another device called {name!r} too? see mqtt.name"
    return why


class Complaints:
    """Says each thing that is wrong once, until it is told to forget what it has said.

    Parameters
    ----------
    where : str
        The broker.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._said: set[str] = set()
        self._is_resolved = False

    def say(self, what: str, bug: Exception | None = None) -> None:
        """Warn, unless that was said."""
        if what not in self._said:
            self._said.add(what)
            self._is_resolved = False
            text = "mqtt: %s: %s; it is tried again and again"
            _LOG.warning(text, self._where, what, exc_info=bug)

    def resolved(self, what: str) -> None:
        """Say that it works now, unless nothing was said since that was."""
        if not self._is_resolved:
            self._is_resolved = True
            _LOG.info("mqtt: %s: %s", self._where, what)

    def forget(self) -> None:
        """Take what follows as news."""
        self._said.clear()
