"""Who is let in to the page: host names, origins and tokens."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.web.door import Door, RefusedRequest
from edge_daemon.web.token import Token

SECRET = "correct-horse-battery"
COOKIE = f"edge_daemon_8080={Token(SECRET).cookie}"
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


class Sent:
    """Headers as they were sent; some may come twice."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    def get_all(self, name: str, /) -> list[str]:
        """Return each value of this name."""
        return [value for key, value in self._pairs if key == name]


def status_of(door: Door, *pairs: tuple[str, str]) -> HTTPStatus | None:
    """Return how the sender of these headers is refused; None if it is not."""
    try:
        door.check_sender(Sent(*pairs))
    except RefusedRequest as error:
        return error.status
    return None


OPEN, LOCKED = Door(None, 8080), Door(Token(SECRET), 8080)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:9000", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "LOCALHOST"],
)
def test_names_of_this_machine_are_let_in(host: str) -> None:
    """Whatever means this machine may open the page, through a tunnel with another port, too."""
    assert status_of(OPEN, ("Host", host)) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "localhost.evil.example", "192.168.1.7:8080", "[", "@"],
)
def test_names_of_others_need_a_token(host: str) -> None:
    """A name that was made to point here is refused without a token, and harmless with one."""
    assert status_of(OPEN, ("Host", host)) == HTTPStatus.FORBIDDEN
    assert status_of(LOCKED, ("Host", host)) is None
    assert not LOCKED.is_open_to(Sent(("Host", host)))


@given(NAMES)
def test_no_other_name_means_this_machine(name: str) -> None:
    """No name that is neither localhost nor an address gets in, however it is written."""
    host = f"{name}.example"
    assert status_of(OPEN, ("Host", host)) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        ("http://localhost:8080", True),
        ("https://LOCALHOST:8080", True),
        ("http://localhost:9000", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("http://localhost:8080.evil.example", False),
        ("file://localhost:8080", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_the_page_itself_may_ask(origin: str, is_let_in: bool) -> None:
    """A page of another origin is refused, with a token as without."""
    expected = None if is_let_in else HTTPStatus.FORBIDDEN
    for door in (OPEN, LOCKED):
        assert status_of(door, ("Host", "localhost:8080"), ("Origin", origin)) == expected


@pytest.mark.parametrize("pairs", [[], [("Host", "localhost"), ("Host", "localhost")]])
def test_a_request_has_one_host(pairs: list[tuple[str, str]]) -> None:
    """None, or two of which a proxy may have looked at the other, are refused."""
    assert status_of(OPEN, *pairs) == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "pair",
    [
        ("Authorization", f"Bearer {SECRET}"),
        ("Authorization", f"bearer  {SECRET} "),
        ("Cookie", COOKIE),
        ("Cookie", f"other=1; {COOKIE};x"),
    ],
)
def test_the_token_or_its_cookie_opens(pair: tuple[str, str]) -> None:
    """Whoever has the token, or was given the cookie for it, may look."""
    assert LOCKED.is_open_to(Sent(pair))


@pytest.mark.parametrize(
    "pair",
    [("Cookie", f"edge_daemon_8080={SECRET}"), ("Cookie", COOKIE[:-1]), ("Cookie", "x"), ("X", "")],
)
def test_a_wrong_cookie_does_not(pair: tuple[str, str]) -> None:
    """Another cookie is as good as none: the page asks for the token."""
    assert not LOCKED.is_open_to(Sent(pair))


@given(NAMES.filter(lambda x: x != SECRET))
def test_a_wrong_token_is_refused(given_token: str) -> None:
    """Another token is refused, also where a right cookie comes with it."""
    sent = Sent(("Authorization", f"Bearer {given_token}"), ("Cookie", COOKIE))
    with pytest.raises(RefusedRequest, match="wrong token") as refused:
        LOCKED.is_open_to(sent)
    assert refused.value.status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("value", [SECRET, f"Basic {SECRET}", "Bearer", "Bearer \xe4", ""])
def test_other_ways_to_give_it_are_refused(value: str) -> None:
    """Only ``Bearer TOKEN`` is one."""
    with pytest.raises(RefusedRequest, match="wrong token"):
        LOCKED.is_open_to(Sent(("Authorization", value)))


def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    """It says nothing of the token, and the browser sends it from this page only."""
    cookie = LOCKED.set_cookie
    assert cookie is not None
    assert SECRET not in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert OPEN.set_cookie is None


@pytest.mark.parametrize("secret", ["short", "x" * 15, "with a space in it", "ä" * 20])
def test_a_weak_token_is_refused(secret: str) -> None:
    """What could be guessed, or cannot be sent, is no token; the message does not repeat it."""
    with pytest.raises(ValueError, match="at least 16 characters") as refused:
        Token(secret)
    assert secret not in str(refused.value)
