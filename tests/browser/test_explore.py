"""The page in a real browser: everything is deleted, and comes back."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from relevel import DB, History
from tests.browser.conftest import Serving
from tests.browser.story import Story, tell
from tests.damage.operators import garbage, places

CHANGES = 30_000 if os.environ.get("CI") else 300_000
Picture = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The database whose records a script has deleted."""
    return tell(tmp_path_factory.mktemp("story") / "db", CHANGES)


@pytest.fixture(scope="module")
def on_disk(story: Story) -> dict[bytes, bytes]:
    """What was there before and is still on disk: what compaction has dropped nobody brings back."""
    versions = {(version.key, version.value) for version in History(story.place).timeline()}
    return {key: value for key, value in story.before.items() if (key, value) in versions}


def opened(page: Page, url: str) -> None:
    """Open the page and wait until all is known."""
    page.goto(url)
    page.wait_for_selector("body[data-ready]")


def look_before(page: Page, story: Story) -> None:
    """Go to the moment before the deletions, as the page proposes."""
    expect(page.locator("#notice")).to_contain_text(f"{story.deletion_count:,} deletions in one run")
    page.click("#look-before")
    expect(page.locator(".sequence")).to_have_value(f"{story.last_good:,}")
    page.wait_for_selector(f'.grid-body[data-at="{story.last_good}"]')


def restored(page: Page, place: Path) -> dict[bytes, bytes]:
    """Restore only what is in the basket, and read it."""
    page.click("#open-basket")
    page.get_by_text("Only what is in the basket").click()
    page.click("#restore")
    page.wait_for_selector("#restored")
    with DB(place) as db:
        return dict(db)


def test_one_prefix_comes_back(
    page: Page, serving: Serving, picture: Picture, story: Story, on_disk: dict[bytes, bytes], tmp_path: Path
) -> None:
    """Find the moment, look at the state before it, put a prefix into the basket, restore: all of it, and nothing else."""
    with serving(story.place, tmp_path / "restored") as server:
        opened(page, server.url)
        picture(page, "now")
        look_before(page, story)
        expect(page.locator(".row.gone").first).to_contain_text("invoice/0000000")
        picture(page, "before")
        page.keyboard.press("/")
        page.keyboard.type("user/")
        expect(page.locator(".row:not(.head) .key").first).to_have_text("user/0000000")
        page.get_by_role("button", name="Add all of “user/”").click()
        expect(page.locator("#basket-count")).to_have_text("1")
        picture(page, "prefix")

        found = restored(page, tmp_path / "restored")
        picture(page, "restored")

    assert found == {key: value for key, value in on_disk.items() if key.startswith(b"user/")}
    assert found.items() <= story.before.items()


def test_everything_comes_back_without_a_mouse(
    page: Page, serving: Serving, story: Story, on_disk: dict[bytes, bytes], tmp_path: Path
) -> None:
    """With the keyboard alone."""
    with serving(story.place, tmp_path / "restored") as server:
        opened(page, server.url)
        page.keyboard.press("d")
        expect(page.locator(".sequence")).to_have_value(f"{story.last_good:,}")
        page.keyboard.press("a")
        expect(page.locator("#basket-count")).to_have_text("1")
        page.keyboard.press("B")
        page.locator("#restore").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("#restored")
        with DB(tmp_path / "restored") as db:
            found = dict(db)

    assert found == on_disk


def test_the_keys_are_walked_through_and_stay_where_they_are(
    page: Page, serving: Serving, picture: Picture, story: Story
) -> None:
    """From the first to the last, and along the time, by keys alone; the chosen key shows its versions."""
    with serving(story.place) as server:
        opened(page, server.url)
        look_before(page, story)
        page.keyboard.press("g")
        page.keyboard.press("End")
        last = page.locator('.row[aria-selected="true"] .key')
        expect(last).to_have_text(max(story.before).decode())
        expect(page.locator(".key-title")).to_have_text(max(story.before).decode())
        expect(page.locator(".version")).to_have_count(2)
        picture(page, "last")
        for _ in range(3):
            page.keyboard.press("[")
        expect(page.locator(".sequence")).to_have_value(f"{story.last_good - 3:,}")
        page.wait_for_selector(f'.grid-body[data-at="{story.last_good - 3}"]')
        expect(last).to_have_text(max(story.before).decode())
        page.locator(".slider").focus()
        page.keyboard.press("Home")
        page.wait_for_selector('.grid-body[data-at="0"]')
        expect(page.locator('.row[aria-selected="true"]')).to_have_class(re.compile("absent"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_the_page_has_its_colors_and_fits(
    page: Page, serving: Serving, picture: Picture, story: Story, scheme: str, width: int
) -> None:
    """As the system is, and the other way by a key; nothing is wider than the window."""
    page.set_viewport_size({"width": width, "height": width * 5 // 8})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with serving(story.place) as server:
        opened(page, server.url)
        look_before(page, story)
        page.locator(".row:not(.head)").nth(2).click()
        expect(page.locator(".value")).not_to_be_empty()
        picture(page, f"time-{scheme}-{width}")
        page.keyboard.press("2")
        expect(page.locator(".file").first).to_be_visible()
        picture(page, f"files-{scheme}-{width}")
        light = page.evaluate("getComputedStyle(document.body).backgroundColor === 'rgb(244, 245, 247)'")
        page.keyboard.press("t")
        turned = page.evaluate("getComputedStyle(document.body).backgroundColor === 'rgb(244, 245, 247)'")

        assert (light, turned) == (scheme == "light", scheme == "dark")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_script_in_keys_and_values_is_shown_and_does_nothing(
    page: Page, serving: Serving, picture: Picture, tmp_path: Path
) -> None:
    """As text, everywhere: rows, versions, values, basket."""
    evil = b"<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    hidden = "\u202eabc\u200b\x00".encode()
    with DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(evil, evil)
        db.put(hidden, hidden)
    with serving(tmp_path / "db") as server:
        opened(page, server.url)
        page.locator(".row:not(.head)").first.click()
        expect(page.locator(".key-title")).to_have_text(evil.decode())
        expect(page.locator(".value")).to_have_text(evil.decode())
        page.keyboard.press("b")
        expect(page.locator("#basket-count")).to_have_text("1")
        page.keyboard.press("B")
        expect(page.locator(".basket-what strong")).to_have_text(evil.decode())
        picture(page, "script")

        assert page.locator("img:not(.mark)").count() == 0
        assert "owned" not in page.title()
        assert page.locator(".row .key").nth(2).inner_text() == r"\u{202e}abc\u{200b}\x00"


def test_a_directory_that_changes_is_told_of(page: Page, serving: Serving, tmp_path: Path) -> None:
    """And shown as it is now when that is asked for."""
    with DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"old", b"1")
    with serving(tmp_path / "db") as server:
        opened(page, server.url)
        with DB(tmp_path / "db") as db:
            db.put(b"new", b"2")
        expect(page.locator("#notice")).to_contain_text("has changed since it was opened")
        page.get_by_role("button", name="Look again").click()

        expect(page.locator(".row:not(.head) .key").first).to_have_text("new")


def test_what_a_restore_may_lack_is_said(page: Page, serving: Serving, picture: Picture, tmp_path: Path) -> None:
    """Beside how much was restored: what was damaged, and that the past is not proved."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        for number in range(2000):
            db.put(b"key/%06d" % number, random.Random(number).randbytes(60))
        db.compact_range()
    block = places(place, "data-block")[1]
    garbage(block.file, block.offset, block.size, seed=1)
    with serving(place, tmp_path / "restored") as server:
        opened(page, server.url)
        page.keyboard.press("[")
        page.wait_for_selector('.grid-body[data-at="1999"]')
        page.keyboard.press("a")
        expect(page.locator("#basket-count")).to_have_text("1")

        found = restored(page, tmp_path / "restored")
        picture(page, "restored-damaged")

        assert 1900 < len(found) < 2000
        expect(page.locator("#restored-damage")).to_contain_text("what is damaged may be missing")
        expect(page.locator("#restored-damage li").first).to_contain_text("table.block.checksum-mismatch")
        expect(page.locator("#restored-doubt")).to_contain_text("damage may have cost versions")
        expect(page.locator("#patch-damage")).to_be_visible()
