"""Who may look: the token of ``web.token_from``, and the cookie that stands for it."""

from __future__ import annotations

import hmac

LEAST_CHARACTERS = 16
"""With so many nobody finds it by trying."""


class Token:
    """Tells the right token from others, in the same time for all of them.

    Raises
    ------
    ValueError
        It is short, or cannot be sent in a header.
    """

    def __init__(self, secret: str) -> None:
        if len(secret) < LEAST_CHARACTERS or not secret.isascii() or " " in secret:
            raise ValueError(
                f"a token has at least {LEAST_CHARACTERS} characters, all of them ASCII and no "
                "space; `openssl rand -hex 16` makes one"
            )
        self._secret = secret
        self.cookie = hmac.new(secret.encode(), b"edge-daemon page", "sha256").hexdigest()
        """What a browser keeps in place of the token; it outlives a restart of the daemon."""

    def is_right(self, given: str) -> bool:
        """Tell whether this is the token."""
        return _equal(given, self._secret)

    def is_cookie(self, given: str) -> bool:
        """Tell whether this is its cookie."""
        return _equal(given, self.cookie)


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
