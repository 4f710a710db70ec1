"""The page in a real browser, of a daemon that hears a microphone."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.browser import Opened, chromium, opened
from tests.integration.command_line import (
    SINGLE_WORDS,
    RunningDaemon,
    demo_samples,
    edge_daemon,
    spoken_words,
)
from tests.integration.virtual_microphone import NAME, VirtualMicrophone
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.heavy
TOKEN = "correct-horse-battery-staple"
LONGEST_S = 600.0

CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const said = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!said || !element.checkVisibility() || element.closest(":disabled, .hidden, .skip")) continue;
    const [a, b] = [rgb(getComputedStyle(element).color), ground(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${element.tagName} ${element.textContent.trim()}: ${ratio}`);
  }
  return found;
}"""
NAMELESS = """() => [...document.querySelectorAll("button, input, select, canvas, [tabindex='0']")]
  .filter((e) => e.checkVisibility() && !e.ariaLabel && !e.labels?.length
    && !e.getAttribute("aria-labelledby") && !e.textContent.trim())
  .map((e) => e.outerHTML)"""
SHADES = """() => {
  const canvas = document.getElementById("spectrogram");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""
GROUND = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
IS_OPEN = "document.body.dataset.link === 'open'"


class Home:
    """A daemon with a page, which hears the virtual microphone."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self._folder = folder
        self.port = free_port()
        self.address = f"http://localhost:{self.port}/"
        self.config = folder / "config.yaml"
        self.config.write_text(
            f"{SINGLE_WORDS.read_text()}\naudio: {{source: 'mic:{NAME}', lost_after_s: 1}}\n"
            f"web: {{listen: 'localhost:{self.port}'{more}}}\n"
            f"control: {{path: {folder}/control.sock}}\ntelemetry: {{interval_s: 1}}\n"
        )
        self._daemon: RunningDaemon | None = None

    def start(self) -> None:
        """Start the daemon, until it listens."""
        self._daemon = RunningDaemon("--config", self.config, give_up_s=LONGEST_S)
        self._daemon.wait_for("listening to")

    def kill(self) -> None:
        """Kill it as the kernel does that has no memory left."""
        if self._daemon is not None:
            self._daemon.stop(signal.SIGKILL)
            self._daemon.__exit__(None, None, None)
            self._daemon = None

    def status(self) -> dict[str, Any]:
        """Return what the daemon says of itself on the command line."""
        done = edge_daemon("status", "--json", "--config", self.config)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def wait_for_status(self, is_it: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the daemon is so."""
        for _ in range(100):
            if is_it(status := self.status()):
                return
            threading.Event().wait(0.05)
        raise AssertionError(f"the daemon stays {status}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def microphone(sound_server: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """One microphone for all tests."""
    sound_server.plug()
    yield sound_server
    sound_server.unplug()


@pytest.fixture(scope="module")
def home(microphone: VirtualMicrophone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A daemon whose page is open to this machine."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.start()
    yield home
    home.kill()


@pytest.fixture
def page(browser: Browser, home: Home) -> Iterator[Opened]:
    """The page as a desk has it; nothing may go wrong in it, and nothing leave its origin."""
    with opened(browser, home.address, viewport={"width": 1280, "height": 900}) as page:
        page.comes_to(IS_OPEN)
        yield page
        assert page.errors == []
        assert page.asked == {f"localhost:{home.port}"}


def test_a_spoken_word_appears(page: Opened, home: Home, microphone: VirtualMicrophone) -> None:
    """A word said into the microphone shows with its latency, its score and in the picture."""
    page.says("#condition", "listening")
    page.says("#source", NAME)
    microphone.play(demo_samples(1))
    word = spoken_words()[0].word
    page.says("#heard li strong", word)
    page.says("#heard li .latency", "ms")
    page.says("#latency", "ms")
    page.comes_to(f"({SHADES})() > 100")
    page.says("#facts", "Words heard")
    heard = home.status()["heard"][-1]
    page.says("#heard li .score", f"{heard['score']:.2f}")


def test_the_figures_are_drawn(page: Opened) -> None:
    """CPU, memory and latency are drawn; what no sensor measures is said, with its reason."""
    for title in ("CPU", "Memory", "Latency"):
        chart = page.page.locator("figure", has_text=title)
        chart.locator("path.line[d]").wait_for(state="attached")
    power = page.page.locator("figure", has_text="Power")
    page.comes_to("document.querySelector('figure .when').textContent.length > 3")
    assert power.locator(".when").text_content()


def test_the_slider_sets_the_threshold(page: Opened, home: Home, browser: Browser) -> None:
    """What is moved on one page holds in the daemon, shows on another page, and can be undone."""
    from playwright.sync_api import expect

    configured = home.status()["thresholds"]["yes"]
    slider = page.page.get_by_label("threshold of yes", exact=True)
    with opened(browser, home.address) as other:
        its = other.page.get_by_label("threshold of yes", exact=True)
        its.wait_for()
        slider.fill("0.35")
        home.wait_for_status(lambda status: status["thresholds"]["yes"] == 0.35)
        expect(its).to_have_value("0.35")
        slider.press("ArrowRight")
        home.wait_for_status(lambda status: status["thresholds"]["yes"] == 0.36)
        its.locator("xpath=ancestor::div[contains(@class, 'word')]").locator(".reset").click()
        home.wait_for_status(lambda status: status["thresholds"]["yes"] == configured)
    expect(slider).to_have_value(f"{configured:g}")


def test_it_mutes(page: Opened, home: Home) -> None:
    """The switch mutes the daemon, for a time or until it is pressed again, and shows how it is."""
    mute = page.page.get_by_role("switch", name="Mute")
    mute.click()
    page.says("#condition", "muted")
    assert home.status()["muted"]
    assert home.status()["muted_left_s"] is None
    page.page.get_by_role("switch", name="Unmute").click()
    page.says("#condition", "listening")
    assert not home.status()["muted"]
    page.page.get_by_label("How long to mute").select_option("60")
    mute.click()
    page.says("#mute-left", "hears again in")
    assert 50 < home.status()["muted_left_s"] <= 60
    edge_daemon("unmute", "--config", home.config)
    page.says("#condition", "listening")


def test_a_word_is_triggered_and_counted(
    page: Opened, home: Home, microphone: VirtualMicrophone
) -> None:
    """A word can be acted on as if it was heard, and the newest one be called a false alarm."""
    page.page.get_by_label("Act as if this was heard").select_option("stop")
    page.page.get_by_role("button", name="Trigger").click()
    page.says("#heard li.triggered strong", "stop")
    page.says("#toast", "triggered")
    microphone.play(demo_samples(1))
    page.page.locator("#heard li:not(.triggered)").first.wait_for()
    before = home.status()["n_false_alarms"]
    page.page.get_by_role("button", name="Nobody said that").click()
    page.says("#heard li.false strong", spoken_words()[0].word)
    assert home.status()["n_false_alarms"] == before + 1


def test_the_configuration_is_shown_and_read_again(page: Opened, home: Home) -> None:
    """What is in force can be read; another file is taken, and a wrong one refused with its reason."""
    good = home.config.read_text()
    page.page.get_by_text("In force now").click()
    page.says("#yaml", "refractory_ms: 1000")
    reload = page.page.get_by_role("button", name="Read the file again")
    try:
        home.config.write_text(
            good.replace("wake_words: []", "wake_words: [], refractory_ms: 0.5x")
        )
        reload.click()
        page.says("#reload-answer", "refractory_ms")
        home.config.write_text(
            good.replace("wake_words: []", "wake_words: [], refractory_ms: 1234")
        )
        reload.click()
        page.says("#yaml", "refractory_ms: 1234")
        page.says("#reload-answer", "is in force")
    finally:
        home.config.write_text(good)
        reload.click()
        page.says("#yaml", "refractory_ms: 1000")


def test_a_lost_daemon_is_shown_as_lost(browser: Browser, home: Home) -> None:
    """Killed it is lost at once, in words and in the title; a new one is found without a click."""
    with opened(browser, home.address) as page:
        page.comes_to(IS_OPEN)
        home.kill()
        try:
            page.says("#lost", "Lost since")
            assert page.page.locator("#lost").is_visible()
            assert page.page.title().startswith("daemon lost")
            assert page.page.evaluate("document.getElementById('main').inert")
            assert page.page.locator("#mute").is_disabled()
        finally:
            home.start()
        page.comes_to(IS_OPEN)
        page.says("#condition", "listening")
        page.page.locator("#lost").wait_for(state="hidden")
        strange = [x for x in page.errors if "ERR_CONNECTION_REFUSED" not in x]
        assert strange == []


def test_a_lost_microphone_is_shown(page: Opened, microphone: VirtualMicrophone) -> None:
    """A microphone that was pulled is another thing than a daemon that is gone, and comes back."""
    page.says("#condition", "listening")
    microphone.unplug()
    try:
        page.says("#condition", "microphone lost")
        page.says("#cover", "no audio comes")
        assert not page.page.locator("#lost").is_visible()
    finally:
        microphone.plug()
    page.says("#condition", "listening")
    page.page.locator("#cover").wait_for(state="hidden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser: Browser, home: Home, scheme: str) -> None:
    """At 360 pixels nothing has to be moved sideways, all can be read, and all has a name."""
    with opened(
        browser, home.address, viewport={"width": 360, "height": 740}, color_scheme=scheme
    ) as page:
        page.comes_to(IS_OPEN)
        page.says("#facts", "Version")
        page.page.get_by_text("In force now").click()
        page.page.get_by_text("What happened").click()
        page.says("#yaml", "decision")
        wider = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0
        assert page.page.evaluate(CONTRAST) == []
        assert page.page.evaluate(NAMELESS) == []


def test_it_is_dark_or_light(browser: Browser, home: Home) -> None:
    """It follows the system; what is chosen instead outlives the page."""
    with opened(browser, home.address, color_scheme="dark") as page:
        assert sum(page.page.evaluate(GROUND)) < 150
        page.page.emulate_media(color_scheme="light")
        assert sum(page.page.evaluate(GROUND)) > 600
        page.page.get_by_label("Colours").select_option("dark")
        assert sum(page.page.evaluate(GROUND)) < 150
        page.page.reload()
        assert sum(page.page.evaluate(GROUND)) < 150


def test_the_keyboard_is_enough(page: Opened, home: Home) -> None:
    """From the top, tab by tab, everything that can be done is reached."""
    reached = []
    for _ in range(60):
        page.page.keyboard.press("Tab")
        reached.append(
            page.page.evaluate("document.activeElement.id || document.activeElement.ariaLabel")
        )
    for name in ("mute", "mute-for", "theme", "threshold of yes", "span", "trigger-go", "reload"):
        assert name in reached, reached


def test_the_token_is_asked_for(
    browser: Browser, microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    """Without it nothing is shown; a wrong one is refused; a right one, or a link, opens for good."""
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    home = Home(tmp_path, f", token_from: {secret}")
    home.start()
    try:
        with opened(browser, home.address) as page:
            page.page.locator("#login").wait_for()
            assert not page.page.locator("#main").is_visible()
            assert page.errors == []
            for token, expected in (("wrong" * 4, "wrong token"), (TOKEN, "")):
                page.page.get_by_label("Token").fill(token)
                page.page.get_by_role("button", name="Open").click()
                page.says("#login-problem", expected)
            page.comes_to(IS_OPEN)
            (cookie,) = page.page.context.cookies()
            assert cookie["httpOnly"]
            assert cookie["sameSite"] == "Strict"
            assert TOKEN not in cookie["value"]
            page.page.reload()
            page.comes_to(IS_OPEN)
        with opened(browser, f"{home.address}#token={TOKEN}") as page:
            page.comes_to(IS_OPEN)
            assert page.page.url == home.address
    finally:
        home.kill()
