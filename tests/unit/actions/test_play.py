"""PlayAction with real files and a player that takes notes."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.actions import build_actions
from edge_daemon.actions.play import PlayAction, sound_file, sound_s
from edge_daemon.actions.rules import mute_ms_of
from edge_daemon.check import check
from edge_daemon.config import ActionConfig, PlayConfig, load_config, parse_config
from edge_daemon.errors import ConfigError
from tests.unit.actions.programs import YES, finish, python

ROOT = Path(__file__).parents[3]
CHIME = sound_file("builtin:chime")


def write_wav(path: Path, seconds: float, rate_hz: int = 8000) -> Path:
    """Write silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(4 * round(seconds * rate_hz)))
    return path


def test_the_chime_is_made_again_byte_by_byte(tmp_path: Path) -> None:
    """What ships is what the script makes: short, and quiet at both ends."""
    made = tmp_path / "chime.wav"
    subprocess.run([sys.executable, ROOT / "scripts/make_chime.py", "--output", made], check=True)
    assert made.read_bytes() == CHIME.read_bytes()
    assert sound_s("builtin:chime") == 0.5


def test_the_player_is_given_the_file(tmp_path: Path) -> None:
    """The file is the last argument, and the player runs as any command of an action does."""
    told = tmp_path / "told"
    code = f"import sys; open({str(told)!r}, 'w').write(' '.join(sys.argv[1:]))"
    player = [*python(code), "--quietly"]
    finish(PlayAction(PlayConfig(player=player)).run(YES))
    assert told.read_text() == f"--quietly {CHIME}"


def test_nothing_is_heard_while_it_plays(tmp_path: Path) -> None:
    """The span is the sound's length and half a second, unless another one is given."""
    sound = str(write_wav(tmp_path / "two.wav", 2.0))
    actions = [
        {"say": "*", "play": sound},
        {"say": "*", "play": sound, "mute_ms": 0},
        {"say": "*", "command": ["true"], "mute_ms": 70},
        {"say": "*", "log": {}},
    ]
    rules = build_actions(parse_config({"actions": actions}).actions)
    assert [rule.mute_ms for rule in rules] == [2500, 0, 70, 0]
    assert rules[0].name == "actions[0] play"


@given(st.integers(1, 40_000))
def test_the_span_outlasts_the_sound(n_frames: int) -> None:
    """Of whatever length the sound is, half a second is left for the room, to the millisecond."""
    path = Path(os.environ.get("TMPDIR", "/tmp"), f"edge-daemon-test-{os.getpid()}.wav")
    write_wav(path, n_frames / 8000)
    try:
        span = mute_ms_of(ActionConfig(say="*", play=PlayConfig(file=str(path))))
    finally:
        path.unlink()
    assert abs(span - 500 - n_frames / 8) <= 0.5


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "cut short"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not a WAVE file"),
        (b"ID3\x04 an MP3", "RIFF"),
        ("fifo", "no regular file"),
        ("empty", "lasts 0 s"),
        ("endless", "up to 300 s"),
    ],
)
def test_a_file_that_cannot_be_played(tmp_path: Path, content: object, reason: str) -> None:
    """It is refused with the action's number, its path and the reason; nothing waits for a FIFO."""
    path = tmp_path / "sound.wav"
    if content == "fifo":
        os.mkfifo(path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        write_wav(path, 0 if content == "empty" else 301, rate_hz=1000)
    config = parse_config({"actions": [{"say": "*", "play": str(path)}]})
    with pytest.raises(ConfigError) as caught:
        build_actions(config.actions)
    [problem] = caught.value.problems
    assert problem.startswith(f"actions[0].play.file: {path}: ")
    assert reason in problem


def test_a_header_without_a_length(tmp_path: Path) -> None:
    """What was written into a pipe says 0xFFFFFFFF: the file's size tells the length."""
    path = write_wav(tmp_path / "piped.wav", 1.0)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert sound_s(str(path)) == pytest.approx(1.0, abs=0.01)


def test_an_unknown_builtin_names_those_that_ship() -> None:
    """A typing error, or a path in disguise, is refused."""
    for name in ("builtin:chim", "builtin:../sounds/chime"):
        with pytest.raises(ValueError, match="no such sound; there is builtin:chime"):
            sound_file(name)


def test_the_file_lies_beside_the_configuration(tmp_path: Path) -> None:
    """A relative path is taken from the configuration's own folder."""
    (tmp_path / "c.yaml").write_text("actions: [{say: '*', play: bell.wav}]\nclips: kept\n")
    config = load_config(tmp_path / "c.yaml")
    assert config.actions[0].play
    assert config.actions[0].play.file == str(tmp_path / "bell.wav")
    assert config.clips.path == str(tmp_path / "kept")


def test_check_reports_what_is_missing(tmp_path: Path) -> None:
    """A player is the machine's problem, a file the configuration's; clips are no obstacle."""
    config = tmp_path / "config.yaml"
    write_wav(tmp_path / "silence.wav", 0.1)
    config.write_text(
        "audio: {source: 'wav:silence.wav'}\n"
        "clips: no/such/folder\n"
        "actions:\n"
        "  - {say: '*', play: {player: [no-such-player]}}\n"
        "  - {say: '*', play: {file: missing.wav, player: ['true']}}\n"
    )
    found = {p.text.split(": ")[0]: (p.is_config, p.is_in_the_way) for p in check(config)}
    assert found == {
        "actions[1].play.file": (True, True),
        "actions[0].play.player": (False, True),
        "clips.path": (False, False),
    }
