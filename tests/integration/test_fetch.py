"""scripts/fetch_speech_commands.py against a real HTTP server on the loopback interface."""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SPEECH = Path(os.environ.get("EDGE_DAEMON_SPEECH", SCRIPTS.parents[1] / "shared" / "speech"))
MAIN = "speech_commands_v0.02.tar.gz"
TEST_SET = "speech_commands_test_set_v0.02.tar.gz"
PARTS = {f"speech_commands_{part}.tar" for part in ("training", "validation", "testing")}
OFFICIAL = "official_v2_12_testing.tar"

TRAINING, VALIDATION, TESTING = "004ae714", "026290a7", "0c540988"
"""Speakers of Speech Commands."""
CLIPS = {
    f"yes/{TRAINING}_nohash_0.wav": os.urandom(40_000),
    f"no/{TRAINING}_nohash_1.wav": b"no",
    f"yes/{VALIDATION}_nohash_0.wav": b"yes of another speaker",
    f"yes/{TESTING}_nohash_0.wav": b"yes of a third speaker",
    "_background_noise_/white_noise.wav": b"noise",
    "_background_noise_/doing_the_dishes.wav": b"noise that training does not hear",
}
OFFICIAL_CLIPS = {
    "yes/0c540988_nohash_0.wav": b"yes",
    "_unknown_/0c540988_nohash_1.wav": b"bed",
    "_silence_/1041.wav": b"",
}
GIVE_UP_S = 15.0


def packed(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    """Return a tar.gz of these files, named as in the official archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in more:
            tar.addfile(member)
    return archive.getvalue()


def unpacked(path: Path) -> dict[str, bytes]:
    """Return the files of a tar."""
    with tarfile.open(path) as tar:
        return {m.name: stream.read() for m in tar if (stream := tar.extractfile(m))}


class Server(ThreadingHTTPServer):
    """Serves files, from where it is asked to, and can do that badly."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.statuses: list[int] = []
        """What the first answers are, instead of a file."""
        self.cuts: list[int] = []
        """How many bytes the first answers end after."""
        self.takes_ranges = True
        self.claimed_bytes: int | None = None
        self.stalls = False
        self.asked: list[tuple[str, str | None]] = []
        """Path and Range of every request."""
        self.was_asked, self.may_end = threading.Event(), threading.Event()

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def ranges(self, name: str = MAIN) -> list[str | None]:
        """Return the ranges of a file that were asked for."""
        return [asked for path, asked in self.asked if path == name]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name, asked = self.path.removeprefix("/"), self.headers.get("Range")
        self.server.asked.append((name, asked))
        self.server.was_asked.set()
        if self.server.stalls:
            self.server.may_end.wait(GIVE_UP_S)
        elif self.server.statuses:
            self.send_error(self.server.statuses.pop(0))
        elif name not in self.server.files:
            self.send_error(404)
        else:
            self._send(self.server.files[name], asked)

    def _send(self, data: bytes, asked: str | None) -> None:
        start = int(asked[len("bytes=") : -1]) if asked and self.server.takes_ranges else 0
        if start and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        claimed = self.server.claimed_bytes or len(data) - start
        self.send_header("Content-Length", str(claimed))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(data)
        self.wfile.write(data[start : start + cut])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve the two archives, small."""
    with Server() as server:
        server.files = {MAIN: packed(CLIPS), TEST_SET: packed(OFFICIAL_CLIPS)}
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.may_end.set()
        server.shutdown()


Fetch = Callable[..., int]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Fetch:
    """Return the script's entry."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    entry: Fetch = importlib.import_module("fetch_speech_commands").main
    return entry


def arguments(server: Server, out: Path) -> list[str]:
    """Return the command line that fetches both archives from the server."""
    found = {name: hashlib.sha256(data).hexdigest() for name, data in server.files.items()}
    return [
        "--out", str(out), "--pause", "0.001", "--tries", "3",
        "--url", server.url(MAIN), "--sha256", found[MAIN],
        "--test-set-url", server.url(TEST_SET), "--test-set-sha256", found[TEST_SET],
    ]  # fmt: skip


@pytest.fixture
def fetch(main: Fetch, server: Server, tmp_path: Path) -> Fetch:
    """Return the script's entry, pointed at the server; takes more arguments."""
    return lambda *more: main([*arguments(server, tmp_path), *more])


def names(folder: Path) -> set[str]:
    """Return what is in a folder."""
    return {path.name for path in folder.iterdir()}


def test_both_archives_become_tars_by_part(fetch: Fetch, tmp_path: Path) -> None:
    """The clips are split by speaker, their bytes as they were, and nothing else is left."""
    assert fetch() == 0
    assert names(tmp_path) == {*PARTS, OFFICIAL}
    parts = {name: unpacked(tmp_path / name) for name in PARTS}
    assert {name: clip for part in parts.values() for name, clip in part.items()} == CLIPS
    assert set(parts["speech_commands_validation.tar"]) == {
        f"yes/{VALIDATION}_nohash_0.wav", "_background_noise_/doing_the_dishes.wav",
    }  # fmt: skip
    assert set(parts["speech_commands_testing.tar"]) == {f"yes/{TESTING}_nohash_0.wav"}
    assert unpacked(tmp_path / OFFICIAL) == OFFICIAL_CLIPS


def test_the_training_reads_what_was_fetched(fetch: Fetch, tmp_path: Path) -> None:
    """The tars have the layout that the training reads."""
    for name in ("tqdm", "PIL", "soundfile"):
        pytest.importorskip(name, reason="reading archives needs the extra `train`")
    assert fetch() == 0
    data = importlib.import_module("training.data")
    clips = dict(data.tar_members(tmp_path / "speech_commands_training.tar"))
    assert clips[f"no/{TRAINING}_nohash_1.wav"] == b"no"


def test_the_speakers_of_the_official_test_set_are_testing(main: Fetch) -> None:
    """The rule gives what the authors' list says, for every clip of it."""
    path = SPEECH / "official_v2_12_testing.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    speaker_part = importlib.import_module("training.parts").speaker_part
    clips = [name for name in path.read_text().split() if not name.startswith("_silence_")]
    assert len(clips) > 3000
    assert {speaker_part(f"{name}.wav") for name in clips} == {"testing"}


def test_a_second_run_asks_the_server_for_nothing(
    fetch: Fetch, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there already is neither fetched nor made again."""
    assert fetch() == 0
    server.asked.clear()
    assert fetch() == 0
    assert server.asked == []
    assert "already there" in capsys.readouterr().out


def test_a_lost_tar_is_made_again_from_the_kept_archive(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    """--keep-archives keeps them, and a later run verifies and splits without the network."""
    assert fetch("--keep-archives") == 0
    assert {MAIN, TEST_SET} <= names(tmp_path)
    (tmp_path / "speech_commands_validation.tar").unlink()
    server.asked.clear()
    assert fetch("--keep-archives") == 0
    assert server.asked == []
    assert {*PARTS, OFFICIAL} <= names(tmp_path)


def test_the_test_set_can_be_left_out(fetch: Fetch, server: Server, tmp_path: Path) -> None:
    """--no-test-set fetches the main archive alone."""
    assert fetch("--no-test-set") == 0
    assert names(tmp_path) == PARTS
    assert server.ranges(TEST_SET) == []


def test_a_partial_download_is_resumed(fetch: Fetch, server: Server, tmp_path: Path) -> None:
    """Only what is missing is asked for."""
    (tmp_path / f"{MAIN}.partial").write_bytes(server.files[MAIN][:20_000])
    assert fetch() == 0
    assert server.ranges() == ["bytes=20000-"]
    assert names(tmp_path) == {*PARTS, OFFICIAL}


def test_a_server_that_ignores_the_range_is_taken_at_its_word(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    """It sends the file from the start, and from the start it is written."""
    server.takes_ranges = False
    (tmp_path / f"{MAIN}.partial").write_bytes(b"something else " * 10_000)
    assert fetch() == 0
    assert len(server.ranges()) == 1
    assert names(tmp_path) == {*PARTS, OFFICIAL}


def test_a_partial_file_that_is_complete_is_not_fetched_again(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    """The server has nothing after its end, which is no error."""
    (tmp_path / f"{MAIN}.partial").write_bytes(server.files[MAIN])
    assert fetch() == 0
    assert server.ranges() == [f"bytes={len(server.files[MAIN])}-"]


def test_a_partial_file_that_is_too_long_is_dropped(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    """It cannot be a part of the file: it is fetched from the start."""
    (tmp_path / f"{MAIN}.partial").write_bytes(b"x" * (len(server.files[MAIN]) + 1))
    assert fetch() == 0
    assert server.ranges()[-1] is None


def test_a_connection_that_ends_early_is_taken_up_again(
    fetch: Fetch, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """As often as it takes while every try gets further, more often than --tries says."""
    server.cuts = [7_000] * 5
    assert fetch() == 0
    assert server.ranges() == [None, *(f"bytes={7_000 * n}-" for n in range(1, 6))]
    assert "the connection ended at 7,000 of" in capsys.readouterr().err


def test_a_connection_that_never_gets_further_is_given_up(
    fetch: Fetch, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was received is kept for the next run, which goes on from it."""
    server.cuts = [7_000, 0, 0, 0]
    assert fetch() == 1
    assert len(server.ranges()) == 3
    assert "7,000 bytes are kept, run again to go on" in capsys.readouterr().err
    assert names(tmp_path) == {f"{MAIN}.partial"}
    server.cuts = []
    assert fetch() == 0
    assert server.ranges()[-1] == "bytes=7000-"


def test_a_server_in_trouble_is_asked_again(
    fetch: Fetch, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """503 may pass."""
    server.statuses = [503, 503]
    assert fetch() == 0
    assert "503" in capsys.readouterr().err


def test_a_missing_file_is_asked_for_once(
    fetch: Fetch, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """404 does not pass; the message has the address."""
    url = server.url("gone.tar.gz")
    assert fetch("--url", url) == 1
    assert server.ranges("gone.tar.gz") == [None]
    assert f"{url}: the server says 404" in capsys.readouterr().err
    assert names(tmp_path) == set()


def test_nobody_listening_is_said_after_the_tries(
    fetch: Fetch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused connection is tried again, then reported."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert fetch("--url", f"http://127.0.0.1:{unused.getsockname()[1]}/{MAIN}") == 1
    said = capsys.readouterr().err
    assert said.count("Connection refused") == 3
    assert "3 tries without progress" in said


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x.tar.gz", "x.tar.gz"])
def test_other_schemes_are_refused(
    fetch: Fetch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only HTTP and HTTPS are fetched."""
    assert fetch("--url", url) == 1
    assert "only http:// and https://" in capsys.readouterr().err


def test_another_checksum_is_never_used(
    fetch: Fetch, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is set aside, both checksums are said, and a later run fetches it anew."""
    expected = hashlib.sha256(server.files[MAIN]).hexdigest()
    served = server.files[MAIN]
    changed = served[:-1] + bytes([served[-1] ^ 1])
    server.files[MAIN] = changed
    assert fetch("--sha256", expected) == 1
    said = capsys.readouterr().err
    assert expected in said
    assert hashlib.sha256(changed).hexdigest() in said
    assert names(tmp_path) == {f"{MAIN}.wrong"}
    server.files[MAIN] = served
    assert fetch() == 0
    assert {*PARTS, OFFICIAL} <= names(tmp_path)


def test_a_kept_archive_is_verified_before_it_is_split(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    """A file of the right name with other bytes is set aside."""
    (tmp_path / MAIN).write_bytes(b"not it")
    assert fetch() == 1
    assert server.asked == []
    assert names(tmp_path) == {f"{MAIN}.wrong"}


def test_a_checksum_that_is_none_is_wrong_usage(
    fetch: Fetch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told before the download, not after it."""
    with pytest.raises(SystemExit, match="2"):
        fetch("--sha256", "6b74f3901214cb2c2934e98196829835")
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_an_archive_larger_than_the_disk_is_not_begun(
    fetch: Fetch, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The room for the archive and its tars is looked at before a byte is written."""
    server.claimed_bytes = 10**15
    assert fetch() == 1
    assert "2500000.0 GB are needed" in capsys.readouterr().err
    assert names(tmp_path) == set()


def run_limited(server: Server, out: Path, largest_bytes: int) -> subprocess.CompletedProcess[str]:
    """Run the script where no file may grow larger."""
    script = str(SCRIPTS / "fetch_speech_commands.py")
    limit = f'ulimit -f {largest_bytes // 1024}; exec "$@"'
    return subprocess.run(
        ["bash", "-c", limit, "bash", sys.executable, script, *arguments(server, out)],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip


def test_a_full_disk_keeps_what_was_received(server: Server, tmp_path: Path) -> None:
    """A file that can grow no further ends the run, without more tries or a traceback."""
    done = run_limited(server, tmp_path, 16_384)
    assert done.returncode == 1
    assert f"{MAIN}.partial: cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(server.ranges()) == 1
    assert (tmp_path / f"{MAIN}.partial").read_bytes() == server.files[MAIN][:16_384]


def test_a_full_disk_leaves_no_half_tars(server: Server, tmp_path: Path) -> None:
    """When the archive fits and the tars do not, the archive stays and the tars go."""
    server.files[MAIN] = packed({**CLIPS, f"go/{TRAINING}_nohash_0.wav": bytes(1 << 20)})
    done = run_limited(server, tmp_path, 1 << 19)
    assert done.returncode == 1
    assert "the tars cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == {MAIN}


def test_ctrl_c_says_how_to_go_on(server: Server, tmp_path: Path) -> None:
    """An interrupted run ends with 130 and one line."""
    server.stalls = True
    with subprocess.Popen(
        [sys.executable, SCRIPTS / "fetch_speech_commands.py", *arguments(server, tmp_path)],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert server.was_asked.wait(GIVE_UP_S)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=GIVE_UP_S)
    assert process.returncode == 130
    assert said == "fetch_speech_commands: stopped; run again to go on\n"


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    """Return a link to a file outside."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def test_only_clips_come_through(fetch: Fetch, server: Server, tmp_path: Path) -> None:
    """Paths that lead out, links, devices and other files are left behind."""
    strange = {
        "../yes/004ae714_nohash_0.wav": b"1",
        "/etc/004ae714_nohash_0.wav": b"2",
        "yes/../../004ae714_nohash_0.wav": b"3",
        "testing_list.txt": b"4",
        "_background_noise_/README.md": b"5",
        "yes/004ae714_nohash_0.wav/x_nohash_0.wav": b"6",
    }
    links = [
        link(f"yes/{TRAINING}_nohash_7.wav", tarfile.SYMTYPE),
        link(f"yes/{TRAINING}_nohash_8.wav", tarfile.LNKTYPE),
        link(f"yes/{TRAINING}_nohash_9.wav", tarfile.CHRTYPE),
    ]
    server.files[MAIN] = packed({**strange, **CLIPS}, *links)
    assert fetch() == 0
    found = set().union(*(unpacked(tmp_path / name) for name in PARTS))
    assert found == set(CLIPS)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"<html>hello</html>", "not a tar that can be read", id="no tar"),
        pytest.param(packed(CLIPS)[:-20_000], "not a tar that can be read", id="cut short"),
        pytest.param(packed({"a.txt": b""}), "holds nothing for", id="another archive"),
    ],
)
def test_an_archive_of_something_else_is_told(
    fetch: Fetch, server: Server, tmp_path: Path, data: bytes, said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """With the right checksum for the wrong thing there is a message, and no half tars."""
    server.files[MAIN] = data
    assert fetch("--sha256", hashlib.sha256(data).hexdigest()) == 1
    assert said in capsys.readouterr().err
    assert names(tmp_path) == {MAIN}
