"""A real headless Chromium, and pages that say what went wrong in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WITHIN_MS = 15_000
"""What does not show by then does not show any more."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser of this machine; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium; Debian's package has it")
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Opened:
    """A page, and what it has said and asked for."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: set[str] = set()
        page.set_default_timeout(WITHIN_MS)
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: self.asked.add(urlsplit(socket.url).netloc))
        page.goto(address)

    def says(self, selector: str, text: str) -> None:
        """Wait until the page says so there, in the first such place."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector).first).to_contain_text(text, timeout=WITHIN_MS)

    def comes_to(self, script: str) -> None:
        """Wait until a script returns true; unlike Playwright's own this needs no ``eval``."""
        for _ in range(WITHIN_MS // 50):
            if self.page.evaluate(script):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never true: {script}; {self.errors}")

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.errors.append(text)


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Opened]:
    """Open a page with a profile of its own; ``options`` are those of a context of Playwright."""
    with browser.new_context(**options) as context:
        yield Opened(context.new_page(), address)
