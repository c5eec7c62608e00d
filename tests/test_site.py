"""The site as a browser shows it, if it has been built; the build itself checks its links."""

import shutil
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

SITE = Path(__file__).parents[1] / "docs" / "_build" / "html"
PAGES = [page for page in sorted(SITE.rglob("*.html")) if 'class="math' in page.read_text("utf-8")]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.skipif(not PAGES, reason="needs the site, built"),
]
TYPESET = (
    "() => MathJax.startup.promise.then(() => document.querySelectorAll('mjx-container').length)"
)
REFUSED = "() => [...document.querySelectorAll('mjx-merror')].map(error => error.textContent)"


def test_formulas_are_typeset():
    """What MathJax does not understand it shows as an error, of which no build knows."""
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        shown = browser.new_page()
        for page in PAGES:
            shown.goto(page.as_uri())
            assert shown.evaluate(TYPESET) > 0, page
            assert shown.evaluate(REFUSED) == [], page
        browser.close()
