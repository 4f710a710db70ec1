"""Fetches Google Speech Commands v2 and splits it by speaker, ready for the training.

    python scripts/fetch_speech_commands.py --out FOLDER
    python scripts/train.py scripts/training/commands.yaml --speech FOLDER

2.5 GB over the network; 6 GB of disk on the way, 3.6 GB after it. A stopped download goes on where
it stopped. Nothing is unpacked: clips go from one tar to the next, and only those with the names of
clips. In FOLDER are then

    speech_commands_training.tar     word/speaker_nohash_n.wav, _background_noise_/*.wav
    speech_commands_validation.tar   the same of other speakers and another noise
    speech_commands_testing.tar      the same of other speakers
    official_v2_12_testing.tar       the 12-class test set; _unknown_ and _silence_ are folders

The recordings are by Pete Warden, Google, and those who gave their voices; licence CC BY 4.0.
"""

from __future__ import annotations

import argparse
import re
import sys
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from training.download import Downloader, FetchError, Patience, Source, progress_open
from training.parts import other_part, speaker_part

_BUCKET = "https://storage.googleapis.com/download.tensorflow.org/data"

SPEECH_COMMANDS = Source(
    f"{_BUCKET}/speech_commands_v0.02.tar.gz",
    "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
)
"""2,428,923,189 bytes. Source of the checksum: torchaudio and TensorFlow Datasets."""

TEST_SET = Source(
    f"{_BUCKET}/speech_commands_test_set_v0.02.tar.gz",
    "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
)
"""112,563,277 bytes. Source of the checksum: TensorFlow Datasets."""

ROOM = 1.5
"""Size of the tars for each byte of the archive: 105,829 clips make 3.47 GB of the 2.43 GB."""

_CLIP = re.compile(r"[a-z]+/[0-9a-f]+_nohash_[0-9]+\.wav")
_NOISE = re.compile(r"_background_noise_/\w+\.wav")
_TESTED = re.compile(r"(?:[a-z]+|_unknown_|_silence_)/\w+\.wav")
_DAMAGED = (tarfile.TarError, zlib.error, EOFError)


@dataclass(frozen=True)
class Job:
    """An archive, the tars that are made of it, and the rule by which."""

    source: Source
    tars: tuple[str, ...]
    tar_of: Callable[[str], str | None]
    """Returns the tar that a file of the archive goes into, None for neither."""


def part_tar(name: str) -> str | None:
    """Return the tar of a clip, by its speaker, or of a background noise, by its name."""
    if _CLIP.fullmatch(name):
        return f"speech_commands_{speaker_part(name)}.tar"
    if _NOISE.fullmatch(name):
        held_out = other_part(name) == "validation"
        return f"speech_commands_{'validation' if held_out else 'training'}.tar"
    return None


def official_tar(name: str) -> str | None:
    """Return the tar of a clip of the 12-class test set."""
    return "official_v2_12_testing.tar" if _TESTED.fullmatch(name) else None


def files_of(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Yield the regular files of a tar, under their names without a leading ``./``."""
    for member in tar:
        if member.isreg():
            yield member.name.removeprefix("./"), member


def split(archive: Path, job: Job, folder: Path) -> Counter[str]:
    """Make the tars of a job, all of them or none; return how many recordings each has.

    Raises
    ------
    FetchError
        When the archive cannot be read, or holds nothing for one of the tars.
    """
    partials = {name: folder / f"{name}.partial" for name in job.tars}
    try:
        counts = copy(archive, job, partials)
        for name, partial in partials.items():
            partial.replace(folder / name)
    except OSError as error:
        raise FetchError(f"{folder}: the tars cannot be written: {error.strerror}") from None
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)
    return counts


def copy(archive: Path, job: Job, paths: dict[str, Path]) -> Counter[str]:
    """Copy the recordings of an archive into the tars at these paths."""
    counts: Counter[str] = Counter()
    try:
        with ExitStack() as stack:
            file = stack.enter_context(progress_open(archive, "split"))
            clips = stack.enter_context(tarfile.open(fileobj=file, mode="r|*"))
            tars = {n: stack.enter_context(tarfile.open(p, "w")) for n, p in paths.items()}
            for name, member in files_of(clips):
                if target := job.tar_of(name):
                    clip = tarfile.TarInfo(name)
                    clip.size = member.size
                    tars[target].addfile(clip, clips.extractfile(member))
                    counts[target] += 1
    except _DAMAGED as error:
        raise FetchError(f"{archive}: not a tar that can be read: {error}") from None
    if empty := [name for name in job.tars if not counts[name]]:
        raise FetchError(f"{archive}: holds nothing for {', '.join(empty)}; is it another archive?")
    return counts


def run(job: Job, folder: Path, downloader: Downloader, keep: bool) -> None:
    """Do a job unless its tars are there already."""
    if all((folder / name).exists() for name in job.tars):
        print(f"{', '.join(job.tars)}: already there")
        return
    archive = downloader.fetch(job.source, folder)
    print(f"{archive}: verified, splitting")
    for name, count in sorted(split(archive, job, folder).items()):
        print(f"{folder / name}: {count:,} recordings")
    if not keep:
        archive.unlink()


def jobs(args: argparse.Namespace) -> list[Job]:
    """Return what was asked for on the command line."""
    parts = tuple(f"speech_commands_{p}.tar" for p in ("training", "validation", "testing"))
    all_jobs = [Job(Source(args.url, args.sha256), parts, part_tar)]
    if args.test_set:
        source = Source(args.test_set_url, args.test_set_sha256)
        all_jobs.append(Job(source, ("official_v2_12_testing.tar",), official_tar))
    return all_jobs


def sha256(text: str) -> str:
    """Read a checksum."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a SHA-256: 64 hexadecimal digits")
    return text.lower()


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build/speech"), help="folder")
    parser.add_argument("--url", default=SPEECH_COMMANDS.url, help="another place of the archive")
    parser.add_argument(
        "--sha256", type=sha256, default=SPEECH_COMMANDS.sha256, help="of another archive"
    )
    parser.add_argument("--no-test-set", dest="test_set", action="store_false")
    parser.add_argument("--test-set-url", default=TEST_SET.url)
    parser.add_argument("--test-set-sha256", type=sha256, default=TEST_SET.sha256)
    parser.add_argument("--keep-archives", action="store_true", help="after they were split")
    parser.add_argument("--tries", type=int, default=Patience.tries, help="without any progress")
    parser.add_argument("--pause", type=float, default=Patience.pause_s, metavar="S",
                        help="after a first failure, in seconds; doubles with each")  # fmt: skip
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Fetch and split; 1 when that cannot be done."""
    args = parse(argv)
    downloader = Downloader(Patience(args.tries, args.pause), ROOM)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for job in jobs(args):
            run(job, args.out, downloader, args.keep_archives)
    except (FetchError, OSError) as error:
        print(f"fetch_speech_commands: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fetch_speech_commands: stopped; run again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
