"""Boards told by their files."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_daemon.board import Board, read_board
from edge_daemon.model.providers.names import install_line
from tests.boards import jetson_orin, pi_4, pi_5, x86


def test_a_raspberry_pi_5(tmp_path: Path) -> None:
    """The model comes from the device tree, the core's name from its part number."""
    assert read_board(pi_5(tmp_path)) == Board(
        model="Raspberry Pi 5 Model B Rev 1.0", kind="raspberry-pi", jetpack=None,
        architecture="aarch64", cpu="Cortex-A76", cpu_features=("asimd", "asimddp", "asimdhp"),
        n_cores=4, memory_bytes=8255536 * 1024, system="Debian GNU/Linux 12 (bookworm)",
        kernel="6.6.51+rpt-rpi-2712",
    )  # fmt: skip


def test_a_raspberry_pi_4_has_no_dot_product(tmp_path: Path) -> None:
    """What the kernels choose by differs from a Pi 5."""
    board = read_board(pi_4(tmp_path))
    assert (board.cpu, board.cpu_features, board.n_cores) == ("Cortex-A72", ("asimd",), 4)


def test_a_jetson_with_its_jetpack(tmp_path: Path) -> None:
    """The release of Jetson Linux is told with the JetPack that it belongs to."""
    board = read_board(jetson_orin(tmp_path))
    assert (board.kind, board.jetpack) == ("jetson", "R36.4.3 (JetPack 6.2)")
    assert (board.cpu, board.n_cores) == ("Cortex-A78AE", 6)


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("# R35 (release), REVISION: 4.1, GCID: 1", "R35.4.1 (JetPack 5)"),
        ("# R36 (release), REVISION: 9.9, GCID: 1", "R36.9.9 (JetPack 6)"),
        ("# R99 (release), REVISION: 1.0, GCID: 1", "R99.1.0"),
        ("garbage", None),
    ],
)
def test_a_release_that_is_not_known_is_not_guessed(
    tmp_path: Path, release: str, expected: str | None
) -> None:
    """The JetPack is told as far as it is known."""
    root = jetson_orin(tmp_path)
    (root / "etc/nv_tegra_release").write_text(release)
    assert read_board(root).jetpack == expected


def test_a_jetson_without_its_release_file(tmp_path: Path) -> None:
    """Newer systems tell it by a package only."""
    root = jetson_orin(tmp_path)
    (root / "etc/nv_tegra_release").unlink()
    (root / "etc/apt/sources.list.d").mkdir(parents=True)
    (root / "etc/apt/sources.list.d/nvidia-l4t-apt-source.list").write_text("deb …")
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(
        "Package: adduser\nVersion: 3.118\n\nPackage: nvidia-l4t-core\n"
        "Status: install ok installed\nVersion: 36.4.4-20250616085344\n\n"
    )
    assert read_board(root).jetpack == "R36.4.4 (JetPack 6.2.1)"


def test_a_pc(tmp_path: Path) -> None:
    """Without a device tree the processor's name stands for the model."""
    board = read_board(x86(tmp_path))
    assert (board.model, board.kind, board.cpu) == ("Intel(R) N100", "other", "Intel(R) N100")
    assert board.cpu_features == ("avx2", "f16c", "avx_vnni")


def test_what_cannot_be_read_is_not_made_up(tmp_path: Path) -> None:
    """An empty tree gives None, and what Python knows of the machine that runs."""
    board = read_board(tmp_path)
    assert (board.model, board.kind, board.memory_bytes) == ("unknown processor", "other", None)
    assert (board.cpu_features, board.architecture) == ((), platform.machine())


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(garbage=st.binary(max_size=200))
def test_garbage_breaks_nothing(tmp_path: Path, garbage: bytes) -> None:
    """Whatever the files hold, a board comes out."""
    root = jetson_orin(tmp_path)
    for path in [p for p in root.rglob("*") if p.is_file()]:
        path.write_bytes(garbage)
    assert read_board(root).n_cores >= 1


@pytest.mark.parametrize(
    ("write", "provider", "line"),
    [
        (pi_5, "cuda", "no NVIDIA GPU"),
        (pi_5, "xnnpack", "--use_xnnpack"),
        (jetson_orin, "cuda", "--index-url https://pypi.jetson-ai-lab.io/jp6/"),
        (jetson_orin, "tensorrt", "--index-url https://pypi.jetson-ai-lab.io/jp6/"),
        (x86, "cuda", "pip install onnxruntime-gpu"),
        (x86, "tensorrt", "onnxruntime-gpu tensorrt"),
        (x86, "cpu", "pip install onnxruntime"),
    ],
)
def test_each_board_has_its_own_way_to_a_provider(
    tmp_path: Path, write: Callable[[Path], Path], provider: str, line: str
) -> None:
    """PyPI's GPU wheel is of no use to a Jetson, and no wheel has a GPU for a Pi."""
    assert line in install_line(provider, read_board(write(tmp_path)))


def test_an_older_jetson_is_sent_to_the_index_by_its_release(tmp_path: Path) -> None:
    """No command is made up for a JetPack whose place in the index is not known."""
    root = jetson_orin(tmp_path)
    (root / "etc/nv_tegra_release").write_text("# R35 (release), REVISION: 4.1,")
    line = install_line("cuda", read_board(root))
    assert "R35.4.1 (JetPack 5)" in line
    assert "pip install" not in line
