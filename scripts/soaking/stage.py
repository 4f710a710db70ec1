"""Where the real-time part plays: a daemon, its microphone, its configuration, and words to say."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import numpy as np

from edge_daemon.control.client import ask
from edge_daemon.control.messages import Status
from edge_daemon.errors import ControlError
from edge_daemon.types import Samples
from tests.integration.command_line import RATE_HZ, demo_samples, spoken_words
from tests.integration.one_rate_card import on_card, put_in
from tests.integration.service import Service
from tests.integration.virtual_microphone import NAME, VirtualMicrophone, recorded

CARDS = ((16000, 1), (48000, 2), (44100, 1), (16000, 1), (32000, 2))
"""Rate and channels of the microphones that there are."""
LOST_AFTER_S = 1.0
MUTED_AFTER_S = 2.0
BUFFER_S = 2.0
RECOVERY_S = 60.0
"""What has not recovered by then does not recover."""
NEW_S = 0.5
"""Audio of so long ago shows that it listens; `too slow` is said for a while after it was."""
HEAR_S = 8.0

_CONFIG = """\
audio:
  source: 'mic:{name}'
  lost_after_s: {lost_after_s}
  muted_after_s: {muted_after_s}
  give_up_after_s: null
  buffer_s: {buffer_s}
control: {{path: {folder}/control.sock}}
decision: {{wake_words: [], refractory_ms: {refractory_ms}}}
activity: {{margin_db: {margin_db}}}
telemetry: {{format: json, interval_s: 2, log: {{path: {folder}/records.jsonl, max_bytes: 100000}}}}
actions:
  - {{say: "*", log: {{path: {folder}/heard.jsonl}}}}
  - {{say: "*", command: {{argv: [sleep, "60"], timeout_s: 1}}}}
  - {{say: "*", command: {{argv: ["yes"], timeout_s: 1}}}}
  - {{say: "*", command: ["false"]}}
  - {{say: "*", command: [/does/not/exist]}}
  - {{say: "*", command: [sh, -c, "sleep 3 & exit 0"]}}
"""


class Stage:
    """The daemon and all that may happen to it."""

    def __init__(self, folder: Path, microphone: VirtualMicrophone, rng: random.Random) -> None:
        self.folder = folder
        self.microphone = microphone
        self.rng = rng
        self.config = folder / "live.yaml"
        self.n_said = 0
        self._card = folder / "card"
        self._words = words()
        self._never = threading.Event()
        self.write_config()
        self.plug()
        self.service = Service(self.config, folder, program=on_card(self._card))

    def write_config(self) -> None:
        """Write a valid configuration, another one than before."""
        text = _CONFIG.format(
            name=NAME,
            folder=self.folder,
            lost_after_s=LOST_AFTER_S,
            muted_after_s=MUTED_AFTER_S,
            buffer_s=BUFFER_S,
            refractory_ms=self.rng.randrange(700, 1200),
            margin_db=self.rng.choice([5, 6, 7]),
        )
        self.config.write_text(text)

    def plug(self, *, is_new_card: bool = True) -> str:
        """Plug a microphone in, as any card; return which."""
        if is_new_card:
            self._rate_hz, self._n_channels = self.rng.choice(CARDS)
        put_in(self._card, self._rate_hz, self._n_channels)
        source, card = self.rng.choice(["mic", "other"]), self.rng.randrange(4)
        self.microphone.plug(self._rate_hz, self._n_channels, source=source, card=card)
        return f"{self._rate_hz} Hz x {self._n_channels}, card {card}"

    def mend(self) -> None:
        """Plug a microphone in, whatever a fault that went wrong has left."""
        if not self.microphone.server.is_running:
            self.microphone.server.start()
        self.microphone.unplug()
        self.plug()

    def pause(self, least_s: float, most_s: float) -> None:
        """Let some time go by."""
        self._never.wait(self.rng.uniform(least_s, most_s))

    def lost(self, mark: int) -> None:
        """Wait until the daemon has noticed that it has no audio."""
        self.service.status("no audio: ", mark)

    def recovery_s(self) -> float | None:
        """Wait until it listens; return how long that took, None if it is for ever."""
        began_s = time.monotonic()
        while (now_s := time.monotonic()) < began_s + RECOVERY_S:
            if self.service.process.poll() is not None:
                return None
            if self._is_listening():
                return now_s - began_s
            self._never.wait(0.1)
        return None

    def _is_listening(self) -> bool:
        try:
            status = ask([self.folder / "control.sock"], Status()).data or {}
        except ControlError:
            return False
        state, age_s = status["state"], status["last_audio_s"]
        return bool(state.startswith(("listening", "too slow")) and age_s < NEW_S)

    def say(self) -> tuple[str, list[str]]:
        """Say a word; return it, and what was heard of it."""
        word = self.rng.choice(sorted(self._words))
        sound = self.rng.choice(self._words[word])
        mark = self.service.mark()
        self.microphone.play(recorded(sound, self._rate_hz, self._n_channels))
        self.n_said += 1
        self.service.find("heard '", mark, timeout_s=HEAR_S, where="log")
        return word, self.service.heard(mark)


def words() -> dict[str, list[Samples]]:
    """Return the words of the demo clip, each in all its voices, with some quiet around it."""
    clip, spoken = demo_samples(), spoken_words()
    ends_s = [word.time_s - 0.1 for word in spoken[1:]] + [len(clip) / RATE_HZ]
    found: dict[str, list[Samples]] = {}
    quiet = np.zeros(RATE_HZ // 2, np.int16)
    for word, end_s in zip(spoken, ends_s, strict=True):
        start, end = (round(s * RATE_HZ) for s in (word.time_s - 0.1, min(end_s, word.time_s + 1)))
        found.setdefault(word.word, []).append(np.concatenate([quiet, clip[start:end], quiet]))
    return found
