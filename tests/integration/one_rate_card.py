"""The daemon on a sound card that knows one rate and one number of channels, as a file says.

A sound server, as the virtual microphone is in, takes every rate and resamples by itself; a card
does not. Another card is put in by writing the file again.

    python -m tests.integration.one_rate_card CARD run --config config.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path


def on_card(card: Path) -> tuple[str, ...]:
    """Return the program that runs the daemon on this card."""
    return sys.executable, "-m", "tests.integration.one_rate_card", str(card), "run"


def put_in(card: Path, rate_hz: int, n_channels: int) -> None:
    """Put another card in its place."""
    new = card.with_suffix(".new")
    new.write_text(f"{rate_hz} {n_channels}")
    new.replace(card)  # the daemon may look at any moment


def main() -> None:
    """Run the daemon; the card comes before its own arguments."""
    from edge_daemon.__main__ import main as run
    from edge_daemon.audio import microphone

    card = Path(sys.argv.pop(1))

    def format_of_card(number: int) -> list[int]:
        return [int(card.read_text().split()[number])]

    vars(microphone).update(
        rates_to_try=lambda *_: format_of_card(0), channel_counts=lambda *_: format_of_card(1)
    )
    run()


if __name__ == "__main__":
    main()
