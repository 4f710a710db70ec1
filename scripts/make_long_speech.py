r"""Make hours of synthetic running speech: negatives for training, tuning and false accepts.

    sudo apt-get install flite espeak-ng fortunes jargon-text
    python scripts/make_long_speech.py --part testing --hours 4 --out build/speech/testing.tar \
        --without computer --without jarvis /usr/share/games/fortunes/{people,science,work}

Paragraphs of any English text are read by the synthetic voices of make_demo_clip.py, each at a
level of its own over a quiet room. A paragraph belongs to one part for good (a hash of it says
which), and some voices speak in one part alone, so that tests meet new text and new voices. A
wake word that is really said is no false accept: ``--without`` leaves paragraphs that say it out.
The tar holds FLAC files of some minutes; nothing of it is shipped.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from make_demo_clip import RATE_HZ, VOICES, Wave, read_aloud, room_noise

PARTS = {"training": range(0, 50), "validation": range(50, 70), "testing": range(70, 100)}
ONLY_IN = {
    "training": {"flite-kal16", "espeak-us-m7", "espeak-gb-f3"},
    "testing": {"flite-awb", "flite-awb-slow", "espeak-scotland", "espeak-us-f4"},
}
"""Voices that speak in one part alone; the others speak in all."""
SHORTEST, LONGEST = 80, 700
FILE_S = 300
LEVELS_DBFS = (-36.0, -16.0)
PAUSES_S = (0.3, 1.5)


def paragraphs(paths: list[Path], part: str, without: list[str]) -> list[str]:
    """Return the part's paragraphs of these texts: letters and punctuation, no markup.

    without : words that none of them may say, alone or as the beginning of another
    """
    text = "\n\n".join(p.read_text(errors="ignore") for p in paths)
    found = []
    for raw in re.split(r"\n\s*\n|\n%\n", text):
        line = " ".join(re.sub(r"[^A-Za-z0-9 ,.;:?!'-]", " ", raw).split())
        letters = sum(c.isalpha() or c == " " for c in line)
        if len(line) >= SHORTEST and letters > 0.9 * len(line):
            found.append(line[:LONGEST])
    said = re.compile("|".join(rf"\b{re.escape(word)}" for word in without) or "$^", re.IGNORECASE)
    unique = dict.fromkeys(p for p in found if not said.search(p))
    return [p for p in unique if _percentile(p) in PARTS[part]]


def _percentile(text: str) -> int:
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16) % 100


def voices(part: str) -> list[str]:
    """Return the voices that speak in a part."""
    elsewhere = {v for other, names in ONLY_IN.items() if other != part for v in names}
    return sorted(set(VOICES) - elsewhere)


def levelled(samples: Wave, level_dbfs: float) -> Wave:
    """Return the samples at a root mean square level."""
    rms = float(np.sqrt(np.mean(samples**2))) or 1.0
    scaled: Wave = samples * np.float32(10 ** (level_dbfs / 20) / rms)
    return scaled.clip(-1.0, 1.0)


def files(texts: list[str], part: str, hours: float) -> Iterator[tuple[str, Wave]]:
    """Yield (name, samples) of some minutes each until there are hours of it."""
    rng = np.random.default_rng(7)
    names = voices(part)
    order = iter(rng.permutation(len(texts)))
    n_files = round(hours * 3600 / FILE_S)
    for number in tqdm(range(n_files), desc=part, unit="file"):
        pieces: list[Wave] = []
        while sum(map(len, pieces)) < FILE_S * RATE_HZ:
            index = next(order, None)
            if index is None:
                raise SystemExit(f"the texts end after {number * FILE_S / 3600:.1f} h; give more")
            voice = names[rng.integers(len(names))]
            said = levelled(read_aloud(texts[index], voice), rng.uniform(*LEVELS_DBFS))
            pieces += [said, np.zeros(int(rng.uniform(*PAUSES_S) * RATE_HZ), np.float32)]
        audio = np.concatenate(pieces)
        yield f"{part}/{number:03d}.flac", audio + room_noise(len(audio))


def main() -> None:
    """Write the tar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("texts", nargs="+", type=Path, metavar="FILE", help="plain English text")
    parser.add_argument("--part", choices=sorted(PARTS), required=True)
    parser.add_argument("--hours", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="TAR")
    parser.add_argument("--without", action="append", default=[], metavar="WORD")
    args = parser.parse_args()
    texts = paragraphs(args.texts, args.part, args.without)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    partial = args.out.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        for name, samples in files(texts, args.part, args.hours):
            data = io.BytesIO()
            soundfile.write(data, samples.clip(-1, 1), RATE_HZ, format="FLAC", subtype="PCM_16")
            member = tarfile.TarInfo(name)
            member.size = len(data.getvalue())
            tar.addfile(member, io.BytesIO(data.getvalue()))
    partial.rename(args.out)
    print(f"{args.out}: {args.hours:g} h, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
