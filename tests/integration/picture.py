"""What stands on the screen of a terminal.

It understands what full-screen programs of ours write. What it does not understand fails the test;
so does what a real terminal would have wrapped or scrolled.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SEQUENCE = re.compile(rb"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)")


class Picture:
    """The characters on a screen of this size, with what went wrong on the way there."""

    def __init__(self, width: int, height: int) -> None:
        self.is_alternate = False
        """The screen of a full-screen program is shown, and not the lines from before it."""
        self.has_cursor = True
        self.colours: set[bytes] = set()
        """Every colour sequence that came."""
        self.wrapped: list[str] = []
        """Lines that were too long."""
        self.n_scrolled = 0
        self._rest = b""
        self._rows: list[list[str]] = []
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Begin anew with another size."""
        self.width, self.height = width, height
        self._clear()

    @property
    def text(self) -> str:
        """All lines, without blanks at their ends."""
        return "\n".join("".join(row).rstrip() for row in self._rows)

    def feed(self, data: bytes) -> None:
        """Take what the program wrote."""
        data = self._rest + data
        cut = self._incomplete(data)
        data, self._rest = data[:cut], data[cut:]
        at = 0
        for found in _SEQUENCE.finditer(data):
            self._write(data[at : found.start()].decode())
            self._obey(found.group())
            at = found.end()
        self._write(data[at:].decode())

    @staticmethod
    def _incomplete(data: bytes) -> int:
        """Return where a sequence, or a character, begins that has not ended yet."""
        escape = data.rfind(b"\x1b")
        if escape >= 0 and not _SEQUENCE.match(data, escape):
            return escape
        for back in range(1, min(4, len(data) + 1)):
            byte = data[-back]
            if byte >= 0xC0:
                n = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                return len(data) if back == n else len(data) - back
            if byte < 0x80:
                break
        return len(data)

    def _obey(self, sequence: bytes) -> None:
        if sequence.endswith(b"m"):
            if re.search(rb"\[(?:[0-9;]*;)?[349][0-9]", sequence):
                self.colours.add(sequence)
        elif sequence in self._commands:
            self._commands[sequence]()
        elif not sequence.startswith(b"\x1b]"):
            raise AssertionError(f"an unknown sequence: {sequence!r}")

    @property
    def _commands(self) -> dict[bytes, Callable[[], None]]:
        return {
            b"\x1b[?1049h": lambda: self._show_alternate(True),
            b"\x1b[?1049l": lambda: self._show_alternate(False),
            b"\x1b[?25h": lambda: setattr(self, "has_cursor", True),
            b"\x1b[?25l": lambda: setattr(self, "has_cursor", False),
            b"\x1b[H": self._go_home,
            b"\x1b[1A": self._go_up,
            b"\x1b[J": self._clear,
            b"\x1b[2J": self._clear,
            b"\x1b[2K": self._clear_row,
        }

    def _show_alternate(self, shown: bool) -> None:
        self.is_alternate = shown
        self._clear()

    def _go_home(self) -> None:
        self._row = self._column = 0

    def _go_up(self) -> None:
        self._row = max(0, self._row - 1)

    def _clear_row(self) -> None:
        self._rows[self._row] = [" "] * self.width

    def _write(self, text: str) -> None:
        for character in text:
            if character == "\n":
                self._next_row()
            elif character == "\r":
                self._column = 0
            elif character.isprintable():
                self._put(character)
            else:
                raise AssertionError(f"an unknown character: {character!r}")

    def _put(self, character: str) -> None:
        if self._column == self.width:
            self.wrapped.append("".join(self._rows[self._row]))
            self._next_row()
            self._column = 0
        self._rows[self._row][self._column] = character
        self._column += 1

    def _next_row(self) -> None:
        if self._row + 1 < self.height:
            self._row += 1
            return
        self.n_scrolled += 1
        self._rows = [*self._rows[1:], [" "] * self.width]

    def _clear(self) -> None:
        self._rows = [[" "] * self.width for _ in range(self.height)]
        self._row = self._column = 0
