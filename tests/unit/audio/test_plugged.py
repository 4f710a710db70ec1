"""What is seen of a sound card that comes and goes, in a folder like /dev/snd."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.audio.plugged import PluggedWatch


def test_a_card_that_comes_and_goes_is_seen(tmp_path: Path) -> None:
    """Each change is told once, also that of the very first card, which makes the folder."""
    folder = tmp_path / "snd"
    watch = PluggedWatch(folder)
    assert not watch.has_changed()
    folder.mkdir()
    card = folder / "pcmC1D0c"
    card.touch()
    assert watch.has_changed()
    assert not watch.has_changed()
    card.rename(folder / "pcmC2D0c")
    assert watch.has_changed(), "the same card under another number"
    (folder / "pcmC2D0c").unlink()
    assert watch.has_changed()


def test_a_machine_without_sound_never_changes(tmp_path: Path) -> None:
    """No such folder is no error."""
    watch = PluggedWatch(tmp_path / "none")
    assert not watch.has_changed()
