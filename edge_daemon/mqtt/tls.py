"""The encryption of a connection, and the certificates for it."""

from __future__ import annotations

import ssl
from typing import NoReturn

from edge_daemon.config import MqttTlsConfig


def tls_context(config: MqttTlsConfig) -> ssl.SSLContext:
    """Return what a connection is encrypted with; its files are read anew each time.

    Raises
    ------
    ValueError
        A file cannot be used; the message names its key.
    """
    try:
        context = ssl.create_default_context(cafile=config.ca)
    except OSError as error:
        raise ValueError(f"mqtt.tls.ca: {config.ca}: {_why(error)}") from None
    if config.certificate is not None:
        try:
            context.load_cert_chain(config.certificate, config.key, _refuse_to_ask)
        except (OSError, ValueError) as error:
            files = " and ".join(filter(None, (config.certificate, config.key)))
            raise ValueError(f"mqtt.tls.certificate: {files}: {_why(error)}") from None
    return context


def _refuse_to_ask() -> NoReturn:
    """Stand for a passphrase, which else would be asked for at a terminal."""
    raise ValueError("the key has a passphrase; one without it is needed")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"is no such file in PEM form ({error.reason})"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
