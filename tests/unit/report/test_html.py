"""The HTML page: it is one file that loads nothing, says the truth first, and shows hostile keys as text."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import relevel
from relevel.format.filename import FileKind
from relevel.recovery.accounting import Condition, FileAccount, Part, Run
from relevel.recovery.inventory.standing import Standing
from relevel.report.html.damage_map import damage_map
from relevel.report.html.page import render
from relevel.report.html.sequences import sequence_chart
from relevel.storage.read_only import ReadOnlyDirectory
from tests.damage import operators
from tests.fixtures.catalogue import BY_NAME, OWN, Fixture

HOSTILE = b"""{{7*7}}</code><script>alert(1)</script>\xe2\x80\xae\x00<b onclick='x'>&lt;"""
ORDERS = {"test.ReverseBytewise": relevel.Comparator("test.ReverseBytewise", "reverse-bytewise")}
FORBIDDEN = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "input", "audio", "video"}


class Page(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.policy = self.style = self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag; those with an end must be ended."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Everything is ended where it should be."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data


def read(page: str) -> Page:
    """Parse a page and hold it to what every page must be."""
    found = Page(page)
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert not found.open
    assert not FORBIDDEN & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in {"src", "href", "style"}]
    assert found.policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|https?:", found.style)
    assert page.encode("utf-8")
    return found


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A copy of a real database: a bit flipped, a block destroyed, a table gone, a file with a hostile name."""
    path = Path(shutil.copytree(BY_NAME["demo"].database, tmp_path / "damaged"))
    operators.flip_bit(path / "000005.ldb", 27140, 4)
    operators.garbage(path / "000005.ldb", 50_000, 100, seed=1)
    (path / "000009.ldb").unlink()
    (path / "<b onclick=x>.txt").write_text("mine")
    return path


@pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)
def test_every_real_database_has_a_page(fixture: Fixture) -> None:
    """And it is no page of a healthy one that has losses."""
    database, order = fixture.database, ORDERS.get(fixture.comparator)
    report = relevel.check(database, comparator=order, accounting=True)
    hashes = ReadOnlyDirectory(database).fingerprint()

    page = read(render(report, before=hashes, after=hashes))

    assert ("Your data is all there" in page.text) is not any(finding.is_loss for finding in report.findings)
    assert "all are the same" in page.text


def test_a_page_says_what_is_missing_and_what_to_do(damaged: Path, tmp_path: Path) -> None:
    """Of a check and of the rescue that follows."""
    checked = read(render(relevel.check(damaged, accounting=True)))
    report = relevel.rescue(damaged, tmp_path / "new", accounting=True)
    rescued = read(render(report))

    assert "Part of your data is damaged." in checked.text
    assert f"relevel rescue {damaged} {damaged}-rescued" in checked.text
    assert "Part of your data is most likely lost." in rescued.text
    assert "000009.ldb is not there: look for it" in rescued.text
    assert f"{report.entry_count:,} entries" in rescued.text
    assert "bit 4 of byte 27140 was flipped" in rescued.text
    assert "<b onclick=x>.txt" in rescued.text
    assert "b" in rescued.tags
    assert ("onclick", "x") not in rescued.attributes


def test_a_missing_file_of_unknown_size_stands_beside_the_shares(tmp_path: Path) -> None:
    """Where all that is there is intact, the bar would say that nothing is wrong."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"key", b"value")
        db.compact_range()
        db.put(b"key", b"newer")
    lost = max((tmp_path / "db").glob("*.log"))
    lost.unlink()

    page = read(render(relevel.check(tmp_path / "db", accounting=True)))

    assert f"{lost.name} is not there, and nothing says how large it was" in page.text


def test_a_page_of_a_rescue_in_place_tells_how_to_undo_it(damaged: Path) -> None:
    """And one of a healthy database that it was left alone."""
    report = relevel.rescue_in_place(damaged, accounting=True)
    again = relevel.rescue_in_place(damaged, accounting=True)

    assert report.undo is not None
    assert report.undo in read(render(report)).text
    assert "So it was left alone." in read(render(again)).text


def test_a_page_of_what_can_all_be_healed_is_good_news(tmp_path: Path) -> None:
    """Before the rescue, of a dry run, and after it."""
    path = Path(shutil.copytree(BY_NAME["demo"].database, tmp_path / "flipped"))
    operators.flip_bit(path / "000005.ldb", 27140, 4)

    checked = read(render(relevel.check(path, accounting=True)))
    tried = read(render(relevel.rescue(path, tmp_path / "new", dry_run=True, accounting=True)))
    in_place = read(render(relevel.rescue_in_place(path, dry_run=True, accounting=True)))
    done = read(render(relevel.rescue(path, tmp_path / "new", accounting=True)))

    assert "Your data is all there, though not all is well." in checked.text
    assert "Your data can all be saved." in tried.text
    assert "Every live entry would be in the new database; one damaged place was put back" in tried.text
    assert f"relevel rescue --in-place {path}" in in_place.text
    assert "Your data is all there." in done.text
    assert "Part of your data" not in checked.text + tried.text + in_place.text + done.text


def test_a_page_of_what_nothing_proves_is_no_bad_news_and_no_good(tmp_path: Path) -> None:
    """Everything can be read, and a manifest is missing that would say that it is everything."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for value in (b"old", b"new"):
            db.put(b"key", value)
            db.compact_range()
    for path in [*(tmp_path / "db").glob("MANIFEST-*"), *(tmp_path / "db").glob("LOG*"), tmp_path / "db" / "CURRENT"]:
        path.unlink()

    checked = read(render(relevel.check(tmp_path / "db", accounting=True)))
    rescued = read(render(relevel.rescue(tmp_path / "db", tmp_path / "new", accounting=True)))

    assert "All that is there can be read; not all can be proved." in checked.text
    assert "All that is on disk can be read; not all can be proved." in rescued.text


def test_a_page_counts_what_was_saved_of_hurt_blocks(tmp_path: Path) -> None:
    """And shows a file's name as text where it has characters that a terminal would obey."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None) as db:
        for number in range(3000):
            db.put(b"%05d" % number, b"value %d" % number * 5)
        db.compact_range()
    operators.zero(max((tmp_path / "db").glob("*.ldb")), 8192, 512)
    (tmp_path / "db" / "\x1b[31mred").write_text("mine")

    found = read(render(relevel.rescue(tmp_path / "db", tmp_path / "new", accounting=True)))

    assert "Saved from hurt blocks" in found.text
    assert "\\x1b[31mred" in found.text
    assert "\x1b" not in found.text


def test_hostile_keys_are_shown_as_text(tmp_path: Path) -> None:
    """No tag, no control character and no mark that turns the direction of text comes out of a key."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, write_buffer_size=65536) as db:
        for number in range(300):
            db.put(b"%03d" % number + HOSTILE, bytes(900))
        db.compact_range()
    table = max((tmp_path / "db").glob("*.ldb"), key=lambda path: path.stat().st_size)
    operators.garbage(table, 0, table.stat().st_size // 2, seed=1)

    report = relevel.rescue(tmp_path / "db", tmp_path / "new", accounting=True)
    page = render(report)

    found = read(page)
    assert "<script>alert(1)" in found.text
    assert "7*7" in found.text
    assert "\u202e" not in page
    assert "\0" not in page


def test_what_has_changed_meanwhile_is_told(damaged: Path) -> None:
    """Another program uses it."""
    report = relevel.check(damaged, accounting=True)
    before = ReadOnlyDirectory(damaged).fingerprint()
    (damaged / "LOG").write_text("changed")

    page = read(render(report, before=before, after=ReadOnlyDirectory(damaged).fingerprint()))

    assert "The source has changed meanwhile" in page.text


def table(number: int, *runs: tuple[int, Condition], level: int = 2) -> FileAccount:
    """An account of a table."""
    placed, offset = [], 0
    for size, condition in runs:
        placed.append(Run(offset, size, condition))
        offset += size
    return FileAccount(
        f"{number:06}.ldb",
        FileKind.TABLE,
        Standing.LIVE,
        level,
        offset,
        0,
        None,
        (number * 10, number * 10 + 5),
        6,
        {Part.DATA: offset},
        tuple(placed),
    )


def test_a_large_database_is_summed_up() -> None:
    """A few thousand squares, whatever its size; the hurt files are there, worst first kept."""
    hurt = (1 << 20, Condition.INTACT), (4096, Condition.LOST), ((1 << 20) - 4096, Condition.INTACT)
    files = [table(number, *(hurt if number % 100 == 0 else [(2 << 20, Condition.INTACT)])) for number in range(20_000)]
    report = replace(relevel.check(BY_NAME["demo"].database), files=tuple(files))

    strips = damage_map(files)
    page = render(report)

    assert sum(cells.count for strip in strips for cells in strip.cells) <= 4000
    assert sum(strip.size for strip in strips) == sum(file.size for file in files)
    assert {"000000.ldb", "19920 files"} <= {strip.name for strip in strips}
    assert len(page) < 2_000_000
    read(page)


def test_a_square_is_as_bad_as_the_worst_byte_in_it() -> None:
    """One lost byte among many."""
    (strip,) = damage_map([table(5, (100_000, Condition.INTACT), (1, Condition.LOST), (99_999, Condition.HEALED))])

    assert [cells.look for cells in strip.cells] == ["intact", "lost", "healed"]
    assert strip.cells[1].count == 1
    assert strip.cells[1].offset <= 100_000 < strip.cells[1].end
    assert strip.cells[-1].end == strip.size == 200_000


def test_numbers_that_no_file_has_are_gaps() -> None:
    """Between the ranges, and before the first."""
    files = [table(1, (10, Condition.INTACT)), table(2, (10, Condition.INTACT))]

    chart = sequence_chart(files)

    assert chart is not None
    assert [(gap.first, gap.last) for gap in chart.gaps] == [(1, 9), (16, 19)]
    assert sequence_chart([]) is None
