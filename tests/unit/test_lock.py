"""uv.lock and the lists out of it: in step with pyproject.toml, from PyPI, for every machine."""

from __future__ import annotations

import re
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "deploy" / "requirements.txt"
BUILD = ROOT / "deploy" / "build-requirements.txt"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
WITH = ("mqtt", "web", "prometheus", "wyoming", "gpio")
"""The extras that the service has from the beginning."""
EVERYWHERE = list(product(PYTHONS, MACHINES))
ADVICE = "run scripts/lock and commit what it changes"

Package = dict[str, Any]


@pytest.fixture(scope="module")
def project() -> Package:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def packages() -> list[Package]:
    """Return what is in the lock."""
    found: list[Package] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return found


def environment(python: str, machine: str) -> dict[str, str]:
    """Return what markers ask for on a machine."""
    return {
        "python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux",
        "platform_machine": machine, "implementation_name": "cpython", "extra": "",
    }  # fmt: skip


def lines(path: Path) -> dict[str, list[str]]:
    """Return the requirements of a list, each with its hashes."""
    text = path.read_text().replace("\\\n", " ")
    rows = [line.partition("#")[0].split("--hash=") for line in text.splitlines()]
    return {row[0].strip(): [h.strip() for h in row[1:]] for row in rows if row[0].strip()}


def chosen(path: Path, python: str, machine: str) -> dict[str, Version]:
    """Return what is installed from a list on a machine, by name."""
    there = environment(python, machine)
    wanted = [Requirement(line) for line in lines(path)]
    ours = [each for each in wanted if _is_for(each, there)]
    versions = {str(canonicalize_name(e.name)): Version(str(e.specifier)[2:]) for e in ours}
    assert len(versions) == len(ours), f"a name twice for Python {python}"
    return versions


def test_the_lock_asks_for_what_the_project_asks_for(
    project: Package, packages: list[Package]
) -> None:
    """The requirements that uv had in view, extras and all, are those of pyproject.toml."""
    (ours,) = (p for p in packages if p["name"] == "edge-daemon")
    seen = {(row["name"], row.get("specifier", "")) for row in ours["metadata"]["requires-dist"]}
    extras = project["project"]["optional-dependencies"].values()
    every = [*project["project"]["dependencies"], *(line for extra in extras for line in extra)]
    asked = {(canonicalize_name(r.name), r.specifier) for r in map(Requirement, every)}
    assert {(name, _specifiers(text)) for name, text in seen} == asked, ADVICE


def _specifiers(text: str) -> Any:
    return Requirement(f"x{text}").specifier


def test_all_of_it_is_from_pypi_and_has_a_hash(packages: list[Package]) -> None:
    """A mirror that somebody's machine uses did not get in; nothing comes without its hash."""
    text = (ROOT / "uv.lock").read_text()
    hosts = set(re.findall(r"https?://([^/\"]+)", text))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    for package in packages:
        if package["name"] != "edge-daemon":
            assert package["source"] == {"registry": "https://pypi.org/simple"}
            for file in [*package.get("wheels", []), package.get("sdist")]:
                assert file is None or file["hash"].startswith("sha256:")


@pytest.mark.parametrize("path", [RUNTIME, BUILD], ids=lambda path: path.stem)
def test_a_list_is_out_of_the_lock(path: Path, packages: list[Package]) -> None:
    """Each version of it is locked, with all its hashes and no other."""
    for line, hashes in lines(path).items():
        wanted = Requirement(line)
        (locked,) = (
            p for p in packages
            if p["name"] == canonicalize_name(wanted.name)
            and wanted.specifier.contains(p["version"])
        )  # fmt: skip
        files = [*locked["wheels"], *([locked["sdist"]] if "sdist" in locked else [])]
        assert sorted(hashes) == sorted(file["hash"] for file in files), f"{line}: {ADVICE}"


@pytest.mark.parametrize(("python", "machine"), EVERYWHERE)
def test_the_list_is_whole(
    project: Package, packages: list[Package], python: str, machine: str
) -> None:
    """It has all that the daemon and its small extras need on a machine, and nothing else."""
    there = environment(python, machine)
    versions = chosen(RUNTIME, python, machine)
    extras = project["project"]["optional-dependencies"]
    asked = [*project["project"]["dependencies"], *(x for name in WITH for x in extras[name])]
    direct = [each for each in map(Requirement, asked) if _is_for(each, there)]
    for each in direct:
        assert versions[canonicalize_name(each.name)] in each.specifier, ADVICE
    to_see: list[str] = [canonicalize_name(each.name) for each in direct]
    seen: set[str] = set()
    while to_see:
        name = to_see.pop()
        if name not in seen:
            seen.add(name)
            to_see += _needs(_of(packages, name, versions[name]), there)
    assert seen == set(versions), ADVICE


def _is_for(requirement: Requirement, there: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(there)


def _needs(package: Package, there: dict[str, str]) -> list[str]:
    rows = package.get("dependencies", [])
    return [
        row["name"] for row in rows if "marker" not in row or Marker(row["marker"]).evaluate(there)
    ]


def _of(packages: list[Package], name: str, version: Version) -> Package:
    return next(p for p in packages if p["name"] == name and Version(p["version"]) == version)


@pytest.mark.parametrize(("python", "machine"), EVERYWHERE)
def test_each_machine_has_a_wheel_of_all(
    packages: list[Package], python: str, machine: str
) -> None:
    """Nothing is compiled, on the oldest of the distributions neither: its C library is 2.35."""
    for name, version in chosen(RUNTIME, python, machine).items():
        wheels = [w["url"].rpartition("/")[2] for w in _of(packages, name, version)["wheels"]]
        assert any(_fits(wheel, python, machine) for wheel in wheels), (name, wheels)


def _fits(wheel: str, python: str, machine: str) -> bool:
    return any(
        _runs_in(tag.interpreter, tag.abi, python) and _runs_on(tag.platform, machine)
        for tag in parse_wheel_filename(wheel)[3]
    )


def _runs_in(interpreter: str, abi: str, python: str) -> bool:
    digits = python.replace(".", "")
    if abi == "abi3":
        return int(interpreter.removeprefix("cp")) <= int(digits)
    return interpreter in ("py3", f"cp{digits}", f"py{digits}") and abi in ("none", f"cp{digits}")


def _runs_on(platform: str, machine: str) -> bool:
    if platform == "any":
        return True
    libc = re.fullmatch(rf"manylinux(?:_2_|2014)(\d*)_{machine}", platform)
    return libc is not None and int(libc.group(1) or 17) <= 35
