"""A real Chromium, where one is installed, and the server that it looks at."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from relevel.web.explorer import Explorer
from relevel.web.server import Server
from tests.conftest import REPOSITORY

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
"""Where the pictures of the last run are; not part of the repository."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Serving = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium that is installed; no other is fetched."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of its own. Nothing may go wrong in it, and nothing may be asked of anybody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    troubles: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        troubles.append(dialog.message)
        dialog.dismiss()

    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("dialog", dismiss)
    hosts: set[str] = set()
    opened.on("request", lambda request: hosts.add(request.url.split("/")[2].partition(":")[0]))
    yield opened
    context.close()
    assert not troubles
    assert hosts <= {"127.0.0.1"}


@contextmanager
def _served(place: Path, target: Path | None = None) -> Iterator[Server]:
    with Server(Explorer(place, target=target)) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join()


@pytest.fixture
def serving() -> Serving:
    """Serve a database while a block runs."""
    return _served


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a picture of the page."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return take
