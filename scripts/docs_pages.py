"""What mkdocs calls while it builds the site (`hooks` in mkdocs.yml).

It adds the pages that come out of the program, and whatever of the checkout outside docs/ a page links
to: README, examples of configuration, the unit. These lie under checkout/ in the site.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from documenting.commands import commands_page
from documenting.configuration import configuration_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = {
    "reference/configuration.md": configuration_page,
    "reference/commands.md": commands_page,
}
_ADDED = "checkout"
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:)([^)#\s]+)")
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.M | re.S)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and all that pages link to, and these pages to."""
    for name, make in GENERATED.items():
        files.append(File.generated(config, name, content=make()))
    waiting = [Path(f.abs_src_path) for f in files.documentation_pages() if f.abs_src_path]
    while waiting:
        for path in _linked_outside(waiting.pop()):
            name = f"{_ADDED}/{path.relative_to(ROOT)}"
            if files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, abs_src_path=str(path)))
                waiting += [path] if path.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links lead to where their files are in the site."""
    if page.file.abs_src_path is None:
        return markdown
    source, here = Path(page.file.abs_src_path), Path(page.file.src_uri).parent

    def moved(link: re.Match[str]) -> str:
        path = (source.parent / link[1]).resolve()
        return os.path.relpath(_place(path), here) if _is_known(path) else link[1]

    parts = _FENCED.split(markdown)
    parts[::2] = [_LINK.sub(moved, prose) for prose in parts[::2]]
    return "".join(parts)


def _linked_outside(source: Path) -> Iterator[Path]:
    prose = _FENCED.sub("", source.read_text())
    for link in _LINK.findall(prose):
        path = (source.parent / link).resolve()
        if path.is_file() and _is_known(path) and not path.is_relative_to(DOCS):
            yield path


def _place(path: Path) -> Path:
    """Return where a file of the checkout is in the site; a folder is shown by its first page."""
    if path.is_dir():
        path = min(path.glob("*.md"), default=path)
    return (
        path.relative_to(DOCS)
        if path.is_relative_to(DOCS)
        else Path(_ADDED, path.relative_to(ROOT))
    )


def _is_known(path: Path) -> bool:
    return path.is_relative_to(ROOT) and (path.exists() or path.is_relative_to(DOCS))
