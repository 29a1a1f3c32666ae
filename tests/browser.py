"""Debian's Chromium, without a window, for tests that open the pages which convgan writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def opened(
    path: Path, *, width: int = 1100, dark: bool = False, touch: bool = False
) -> Iterator[Any]:
    """Open a file as a visitor does; afterwards, nothing may have gone wrong or been asked for.

    Every message on the console, every error and every request but that for the page itself fails
    the test, and so does a page that is wider than its window.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright here")
    wrong: list[str] = []
    asked: list[str] = []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
        )
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.resolve().as_uri())
        yield page
        widest = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert not wrong, wrong
    outside = [url for url in asked if not url.startswith(("data:", "blob:"))]
    assert outside == [path.resolve().as_uri()]
    assert widest <= width
