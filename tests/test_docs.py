"""What is written for people who read: no page sends anybody to a place that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "logs" / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_NAMED = re.compile(r"`((?:benchmarks|cache|docs|fetchers|monitor|tests)/[\w./-]+)`")


def places(page: Path) -> list[Path]:
    """The files that a page links to, shows, or names by their path from the root."""
    text = page.read_text()
    links = [link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link]
    return [page.parent / link for link in links if link] + [ROOT / name for name in _NAMED.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    """Pictures and the recorded session too: `make docs` writes those."""
    missing = [str(place.relative_to(ROOT)) for place in places(page) if not place.exists()]
    assert not missing


def test_links_and_names_are_seen() -> None:
    """The README shows pictures, links to pages and names a recording."""
    found = {place.relative_to(ROOT).as_posix() for place in places(ROOT / "README.md")}
    assert {"docs/images/dashboard.svg", "docs/filters.md", "docs/demo.cast"} <= found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_heading_that_a_page_links_to_is_there(page: Path) -> None:
    """By the name that GitHub gives a heading."""
    for link in _LINK.findall(page.read_text()):
        target, _, heading = link.partition("#")
        if heading and "://" not in link:
            text = (page.parent / target).read_text() if target else page.read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", one).lower().replace(" ", "-") for one in headings}
