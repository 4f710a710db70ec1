"""Addresses to listen at: ``HOST:PORT``."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple


class ListenAddress(NamedTuple):
    """Where a server listens."""

    host: str
    """A name or an address, an IPv6 one without its brackets."""
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether nobody but this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False  # a name may become any address

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str) -> ListenAddress:
    """Read what the schema's pattern of `listen` lets through.

    A name is none: to look it up may take long, and may give any address.

    Raises
    ------
    ValueError
        It is no address, or the port is none.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not 1 <= int(port) <= 65535:
        raise ValueError(f"a port is 1 to 65535, found {port} in {text}")
    if host != "localhost" and not _is_address(host):
        raise ValueError(
            f"{host} is no address; write one of this machine's in digits, 0.0.0.0 for all of them, "
            "or localhost"
        )
    return ListenAddress(host, int(port))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
