"""Secrets come from where they belong, and go nowhere else."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from edge_daemon.actions import build_actions
from edge_daemon.actions.webhook import endpoint_of, webhook_problem
from edge_daemon.config import (
    WebhookConfig,
    load_config,
    parse_config,
    parse_yaml,
    read_secret,
)
from edge_daemon.config.document import config_as_yaml
from edge_daemon.config.masking import masked, shown
from edge_daemon.errors import ConfigError

WORD = "hunter2-correct-horse"
"""It must not be seen anywhere."""


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """Return a file with a token, as an editor writes it."""
    path = tmp_path / "token"
    path.write_text(f"Bearer {WORD}\n")
    return path


def of(**webhook: object) -> WebhookConfig:
    """Return a webhook as it would stand in a file."""
    config = parse_config({"actions": [{"say": "on", "webhook": webhook}]})
    assert config.actions[0].webhook is not None
    return config.actions[0].webhook


def test_a_header_out_of_a_file(token: Path) -> None:
    """The newline that editors add is not part of it."""
    endpoint = endpoint_of(of(url="http://h/", headers_from={"Authorization": str(token)}))
    assert endpoint.headers["Authorization"] == f"Bearer {WORD}"


def test_an_address_out_of_a_file(tmp_path: Path) -> None:
    """Where the path of the address is the password."""
    (tmp_path / "url").write_text(f"https://h/api/{WORD}\n")
    assert endpoint_of(of(url_from=str(tmp_path / "url"))).path == f"/api/{WORD}"


def test_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found in the folder that systemd made for the service."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "lamp").write_text(WORD)
    assert read_secret("credential:lamp") == WORD
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(ValueError, match="LoadCredential=lamp:FILE"):
        read_secret("credential:lamp")


@pytest.mark.parametrize("name", ["../lamp", "/etc/shadow", "", ".", "..", "a/b"])
def test_a_credential_is_no_path(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name leads nowhere else."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/tmp")
    with pytest.raises(ValueError, match="letters, digits"):
        read_secret(f"credential:{name}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (WORD.encode() + b"\nX-More: 1\n", "more than one line"),
        (WORD.encode() + b"\0", "more than one line, or"),
        (WORD.encode() + b"\xff", "no text"),
        (WORD.encode() * 1000, "at most"),
        (None, "No such file"),
    ],
)
def test_what_is_no_secret(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """It is refused with the file's name, and with nothing that is in it."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    config = parse_config(
        {"actions": [{"say": "on", "webhook": {"url": "http://h/", "headers_from": {"A": str(path)}}}]}
    )  # fmt: skip
    with pytest.raises(ConfigError, match=reason) as caught:
        build_actions(config.actions)
    assert str(path) in str(caught.value)
    assert WORD not in str(caught.value)


def test_relative_files_are_beside_the_configuration(tmp_path: Path, token: Path) -> None:
    """As all files are; credentials are no files."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "actions: [{say: on, webhook: {url_from: hook, headers_from: {A: token, B: 'credential:b'}}}]"
    )
    webhook = load_config(path).actions[0].webhook
    assert webhook is not None
    assert webhook.url_from == str(tmp_path / "hook")
    assert webhook.headers_from == {"A": str(token), "B": "credential:b"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{headers: {A: b}}", "needs one of url, url_from"),
        ("{url: 'http://h/', url_from: f}", "needs one of url, url_from"),
        ("{url: 'http://h/', headers: {a: b}, headers_from: {A: f}}", "A stands in headers too"),
    ],
)
def test_keys_that_do_not_fit(text: str, reason: str) -> None:
    """Each value has one place."""
    with pytest.raises(ConfigError, match=reason):
        parse_config(parse_yaml(f"actions: [{{say: on, webhook: {text}}}]"))


HIDING_PLACES = [
    f"{{url: 'https://user:{WORD}@h/'}}",
    f"{{url: 'https://h/api/{WORD}'}}",
    f"{{url: 'https://h?token={WORD}'}}",
    f"{{url: 'https://h/', headers: {{X-Token: {WORD}}}}}",
    f"'https://h/{WORD}'",
]
MISTAKES = [
    f"{{url: 'htps://user:{WORD}@h/'}}",
    f"{{url: 'user:{WORD}@h'}}",
    f"{{url: 'https://h/{WORD} x'}}",
    f"{{url: 'https://h/{WORD}', retries: many}}",
    f"{{url: 'https://h/', url_from: x, headers: {{X-Token: {WORD}}}}}",
    f"{{url: 'https://h/', headers: {{X-Token: [{WORD}]}}}}",
    f"{{url: 'https://h/', headers: {WORD}}}",
    f"{{url: 'https://h/', headers: [X-Token, {WORD}]}}",
    f"[https://h/, {{headers: {WORD}}}]",
    f"{{url: 'https://h/', header: {{X-Token: {WORD}}}}}",
    f"{{url: 'https://h/', headers: {{X-Token: *{WORD}}}}}",
    f"{{url: 'https://h/', headers: {{X-Token: !{WORD} x}}}}",
    f"{{url: 'https://h/'}}, command: ['https://u:{WORD}@h/']",
]


@pytest.mark.parametrize("text", HIDING_PLACES)
def test_what_is_printed_holds_no_secret(text: str) -> None:
    """Neither the configuration in force nor its parts in a message; the server is shown."""
    config = parse_config(parse_yaml(f"actions: [{{say: on, webhook: {text}}}]"))
    for printed in (config_as_yaml(config), repr(config), str(config.actions)):
        assert WORD not in printed
        assert re.search(r"https://(\*\*\*@)?h\b", printed)


@pytest.mark.parametrize("text", HIDING_PLACES)
def test_what_is_printed_is_no_secret_to_send(text: str) -> None:
    """A printed configuration is refused where it is masked: nobody would take what it would send."""
    config = parse_config(parse_yaml(f"actions: [{{say: on, webhook: {text}}}]"))
    with pytest.raises(ConfigError, match=r"actions\[0\]\.webhook\.\w+: was masked when"):
        parse_config(parse_yaml(config_as_yaml(config)))


def test_what_holds_no_secret_can_be_read_again() -> None:
    """As it was printed, secrets in files of their own included."""
    text = "{url: 'https://h/', headers_from: {A: /f}}"
    config = parse_config(parse_yaml(f"actions: [{{say: on, webhook: {text}}}]"))
    assert parse_config(parse_yaml(config_as_yaml(config))) == config


@pytest.mark.parametrize("text", MISTAKES)
def test_what_is_complained_about_holds_no_secret(text: str) -> None:
    """A mistake beside a secret, or in it, is told without it."""
    with pytest.raises(ConfigError) as caught:
        parse_config(parse_yaml(f"actions: [{{say: on, webhook: {text}}}]"))
    assert WORD not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"http://h:{WORD}/",
        f"http://[{WORD}/",
        f"http://user:{WORD}\u2100@h/",
        f"http://u:{WORD}@h:1/",
    ],
)
def test_an_address_that_cannot_be_used(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong with it is said without it, in the check too."""
    caplog.set_level(logging.DEBUG)
    said = webhook_problem(WebhookConfig(url=url))
    assert said
    assert WORD not in said + caplog.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("https://u:p@h:1/path?q#f", "https://***@h:1/***"),
        ("https://u:p@h/", "https://***@h/"),
        ("https://u:p/w@h/", "https://***/***"),
        ("https://[::1]:8/", "https://[::1]:8/"),
        ("https://h", "https://h"),
        ("https://h/", "https://h/"),
        ("https://h?q", "https://h/***"),
        ("word", "***"),
        ({"A": "b"}, {"A": "***"}),
        (None, None),
    ],
)
def test_masks(value: object, text: object) -> None:
    """Of an address the server is left, of headers their names."""
    assert masked(value) == text


def test_messages_stay_short() -> None:
    """However large or deep the value is."""
    deep: list[object] = []
    for _ in range(50):
        deep = [deep] * 9
    for value in (deep, "x" * 10**6, {"a" * 1000: deep}, {i: i for i in range(10**5)}):
        assert len(shown(value)) <= 60
