"""Makes docs/web.png: the page of a daemon that hears the demo through a virtual microphone.

    python scripts/make_screenshot.py [--light] [--width N] [--height N] [FILE]

Needs the extras web and test, and Debian's chromium and pulseaudio.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where the package `tests` lies

from tests.integration.browser import chromium, opened
from tests.integration.command_line import ROOT, RunningDaemon, demo_samples
from tests.integration.virtual_microphone import NAME, VirtualMicrophone
from tests.ports import free_port

N_WORDS = 8
"""So many are heard first."""
N_COLOURS = 256
"""Enough for the page, and less than half of the file's size."""


def main() -> None:
    """Start a daemon, speak to it, and look at its page."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        config, port = Path(folder, "config.yaml"), free_port()
        config.write_text(
            f"audio: {{source: 'mic:{NAME}'}}\nweb: localhost:{port}\n"
            f"control: {{path: {folder}/control.sock}}\ntelemetry: {{interval_s: 1}}\n"
        )
        with VirtualMicrophone(Path(folder), hiss=True) as microphone:
            microphone.plug()
            with RunningDaemon("--config", config) as daemon:
                daemon.wait_for("listening to")
                _take(f"http://localhost:{port}/", microphone, arguments)
    Image.open(arguments.file).quantize(N_COLOURS, kmeans=1).save(arguments.file, optimize=True)
    print(f"{arguments.file}: {arguments.file.stat().st_size} bytes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "docs" / "web.png")
    parser.add_argument("--light", action="store_true", help="for a light page")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    return parser.parse_args()


def _take(address: str, microphone: VirtualMicrophone, arguments: argparse.Namespace) -> None:
    options = {
        "viewport": {"width": arguments.width, "height": arguments.height},
        "color_scheme": "light" if arguments.light else "dark",
    }
    with chromium() as browser, opened(browser, address, **options) as page:
        page.says("#condition", "listening")
        microphone.play(demo_samples())
        page.page.locator("#heard li").nth(N_WORDS - 1).wait_for(timeout=60_000)
        page.page.screenshot(path=arguments.file)


if __name__ == "__main__":
    main()
