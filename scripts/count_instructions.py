r"""Counts what listening costs on an emulated Raspberry Pi: instructions per second of audio.

    python scripts/count_instructions.py --root build/arm64 --json build/before.json
    python scripts/count_instructions.py --root build/arm64 --compare build/before.json

The figure has next to no noise, whatever else the machine does: a change can be held against it.
It is no time: how long an instruction takes, only a board tells. The daemon's own pipeline listens
to talk and to a quiet room, and to what `--audio NAME=FILE` names; its start and the first seconds
are not counted. `--against` counts peers too, with their reading of the file:

    python scripts/count_instructions.py --root build/arm64 --wheel pymicro-wakeword==2.5.0 \
        --against scripts/peers/pymicro_wakeword.py

Needs Debian's packages qemu-user and gcc, and to make `--root` its package sources and an index of
wheels. A root that is not there is made and kept; without `--root` it is made anew and removed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from subprocess import SubprocessError

import msgspec

from edge_daemon import __version__
from edge_daemon.benchmark.audio import Recording
from edge_daemon.benchmark.commit import commit
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.outputs import must_be_writable
from instructions import arm64, document, emulator
from instructions.machine import PROCESSORS, version
from instructions.missing import Missing
from instructions.programs import Counted, Stages, Whole
from instructions.recordings import DEMO, quiet_room


def main() -> None:
    """Count, print, write and compare."""
    args = _arguments()
    try:
        before = document.read(args.compare) if args.compare else None
        if args.json:
            args.json.parent.mkdir(parents=True, exist_ok=True)
            must_be_writable(args.json)
        with tempfile.TemporaryDirectory() as name:
            now = _counted(args, Path(name))
    except (Missing, EdgeDaemonError, ValueError, OSError, SubprocessError) as error:
        raise SystemExit(f"count_instructions: {error}") from None
    print("millions of instructions per second of audio\n" + document.table(now.rows))
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(now)) + b"\n")
    if before:
        print(f"\nbeside {args.compare}\n" + document.comparison(before, now))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="arm64 Python; made if absent")
    parser.add_argument("--model", default="builtin:commands")
    parser.add_argument("--processor", action="append", choices=list(PROCESSORS))
    parser.add_argument("--audio", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each that are counted")
    parser.add_argument("--lead", type=float, default=10.0, help="seconds before them, not counted")
    parser.add_argument("--runs", type=int, default=3, help="of each; the middle one counts")
    parser.add_argument("--against", action="append", default=[], metavar="SCRIPT")
    parser.add_argument("--wheel", action="append", default=[], help="that a peer needs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="figures to hold these to")
    args = parser.parse_args()
    if min(args.seconds, args.lead, args.runs) < 1:
        parser.error("--seconds, --lead and --runs are 1 or more")
    return args


def _counted(args: argparse.Namespace, folder: Path) -> document.Document:
    qemu = version()
    root = _root(args, folder)
    recordings = _recordings(args, folder)
    rows = [
        row
        for processor in args.processor or ["cortex-a72", "cortex-a76"]
        for row in _on(processor, args, root, recordings)
    ]
    versions = document.Versions(
        edge_daemon=__version__, commit=commit(), model=args.model, qemu=qemu,
        wheels=arm64.versions(root), lead_s=args.lead,
        audio={name: sha256(path.read_bytes()).hexdigest() for name, path in recordings.items()},
    )  # fmt: skip
    return document.Document(schema=document.SCHEMA, versions=versions, rows=rows)


def _root(args: argparse.Namespace, folder: Path) -> Path:
    root: Path = args.root or folder / "arm64"
    if not root.exists():
        print(f"making {root}: an arm64 Python", file=sys.stderr)
        root.parent.mkdir(parents=True, exist_ok=True)
        arm64.build(root, [*arm64.ours(), *args.wheel])
    elif args.wheel:
        arm64.add_wheels(root, args.wheel)
    return root


def _recordings(args: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Write what is heard, each as long as the others."""
    files = {"talk": DEMO, "quiet": quiet_room(folder / "quiet-room.wav")}
    for each in args.audio:
        name, _, path = each.rpartition("=")
        files[name or Path(path).stem] = Path(path)
    return {
        name: Recording(path).write(folder / f"{name}.wav", args.lead + args.seconds)
        for name, path in files.items()
    }


def _on(
    processor: str, args: argparse.Namespace, root: Path, recordings: dict[str, Path]
) -> Iterator[document.Row]:
    """Yield the costs on one processor: of our stages, and of the peers."""
    peers = [Whole(Path(script).stem, [script]) for script in args.against]
    programs: list[Counted] = [Stages(args.model), *peers]
    with tempfile.TemporaryDirectory() as folder:
        machine = emulator.Emulator(processor, root, Path(folder))
        for program in programs:
            # which compiles what it imports: that would be counted
            program.cost(machine, next(iter(recordings.values())), args.lead)
            for name, path in recordings.items():
                print(f"{processor}: {program.name}, {name}", file=sys.stderr, flush=True)
                runs = [program.cost(machine, path, args.lead) for _ in range(args.runs)]
                yield document.row(processor, program.name, name, runs)


if __name__ == "__main__":
    main()
