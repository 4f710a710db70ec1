"""Lays the held-out part of the speech archives out for `edge-daemon evaluate` and `tune`.

    python scripts/held_out.py --speech ../shared/speech --part validation --out build/validation
    edge-daemon evaluate --stream --data build/validation/words.tar \
        --data build/validation/wake_words --negatives build/validation/sentences \
        --noise build/validation/noise

Words are split by speaker and lie in an archive of their own, which is linked to; wake words,
sentences and noise are split by a hash of their names, as the training does it. Thresholds are
chosen on the part `validation`; the part `testing` is for the figures that are published.
"""

from __future__ import annotations

import argparse
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from edge_daemon.evaluate.files import AudioFiles
from edge_daemon.evaluate.recordings import is_recording
from training.parts import other_part

ARCHIVES = {
    "wake_words": "wake_words.tar",
    "sentences": "command_sentences.tar",
    "noise": "noise_esc10.tar",
}
WORDS = "words.tar"


def unpack(archive: Path, part: str, folder: Path, *, in_folders: bool) -> int:
    """Write the files of one part below ``folder`` and return how many they are.

    Parameters
    ----------
    in_folders : bool
        Leave out what lies at the top of the archive, where no folder says which word it is.
    """
    files = AudioFiles(
        archive,
        lambda name: is_recording(name)
        and other_part(name) == part
        and not (in_folders and len(PurePosixPath(name).parts) < 2),
    )
    for recording in files:
        target = folder.joinpath(*PurePosixPath(recording.name).parts[-2:])
        if ".." in target.parts or target.exists():
            raise SystemExit(
                f"{archive}: {recording.name}: a name that is not safe, or twice there"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(cast(BinaryIO, recording.file).read())
    return len(files)


def main() -> None:
    """Unpack, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--part", choices=("validation", "testing"), default="validation")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    try:
        args.out.mkdir(parents=True)
    except FileExistsError:
        parser.error(f"{args.out} is there already; parts must not mix: remove it, or name another")
    words = args.out / WORDS
    words.symlink_to((args.speech / f"speech_commands_{args.part}.tar").resolve(strict=True))
    print(f"{words} -> {words.resolve()}")
    for name, archive in ARCHIVES.items():
        folder = args.out / name
        n = unpack(args.speech / archive, args.part, folder, in_folders=name == "wake_words")
        print(f"{folder}: {n} recordings")


if __name__ == "__main__":
    main()
