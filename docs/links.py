"""What a finished site must hold: links that lead somewhere, and pictures.

A build fails where a link inside the site has no page, or none with that anchor, where a picture
is missing, where a page would load something from elsewhere, and where an example has no picture.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.errors import SphinxError

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src"}
"""What a page loads by itself; all other addresses are there to be followed."""
BACKLINK = re.compile(
    r'(<div class="viewcode-block" id="([^"]*)">\s*<a class="viewcode-back" href="[^"#]*#)([^"]*)'
)


class Page(HTMLParser):
    """Addresses and anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.followed: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses and the anchors of a tag."""
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if (name := LOADED.get(tag)) in values:
            self.loaded.append(values[name])
        elif tag == "a" and "href" in values:
            self.followed.append(values["href"])


def mend_backlinks(app: Any, page: str, _: str, context: dict[str, Any], doctree: Any) -> None:
    """Let a page of source lead back to what it documents, by the name that has there.

    `sphinx.ext.viewcode` takes one name of a module for all that is in it; what users import from
    the package is documented as the package's.
    """
    if page.startswith("_modules/") and doctree is None:
        module = page.removeprefix("_modules/").replace("/", ".")
        documented = app.env.domains.python_domain.objects

        def mended(match: re.Match[str]) -> str:
            start, own, name = match.groups()
            names = (name, f"{module}.{own}", f"{module.partition('.')[0]}.{own}")
            return start + next(filter(documented.__contains__, names), name)

        context["body"] = BACKLINK.sub(mended, context.get("body", ""))


def check(app: Any, exception: Exception | None) -> None:
    """Raise SphinxError if the site that was built has not what it must hold."""
    if exception is None and app.builder.name == "html":
        site = Path(app.outdir)
        pages = {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}
        wrong = [*wrong_addresses(pages), *without_picture(pages, site)]
        if wrong:
            raise SphinxError("\n".join(["the site is not whole:", *wrong]))


def wrong_addresses(pages: dict[Path, Page]) -> list[str]:
    """Return a line for every address that leads nowhere, or is loaded from elsewhere."""
    wrong = []
    for path, page in pages.items():
        for address in (*page.loaded, *page.followed):
            scheme, host, target, _, anchor = urlsplit(address)
            if scheme or host:
                if address in page.loaded and scheme != "data":
                    wrong.append(f"{path}: is loaded from elsewhere: {address}")
                continue
            there = (path.parent / unquote(target)).resolve() if target else path
            if not there.is_file():
                wrong.append(f"{path}: no such file: {address}")
            elif anchor and there in pages and unquote(anchor) not in pages[there].anchors:
                wrong.append(f"{path}: no such anchor: {address}")
    return wrong


def without_picture(pages: dict[Path, Page], site: Path) -> list[str]:
    """Return a line for every example that shows no picture."""
    examples = {path: page for path, page in pages.items() if site / "gallery" in path.parents}
    return [
        f"{path}: an example without a picture"
        for path, page in examples.items()
        if path.name != "index.html"
        and not any(f"sphx_glr_{path.stem}_0" in address for address in page.loaded)
    ]
