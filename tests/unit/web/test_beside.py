"""What a key was and what it is, in one pass."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from relevel import DB, History
from relevel.recovery.inventory.directory import open_directory
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version
from relevel.web.beside import KeyRow, Point, Status, Wanted, help_rows
from relevel.web.subject import Subject
from tests.damage.operators import delete, garbage
from tests.fixtures.catalogue import FOLDER, OWN, Fixture

SAMPLES = 10
EVERY = Wanted()


def subject_of(place: Path) -> Subject:
    """A database of which all is known."""
    subject = Subject(place)
    subject.start()
    subject.wait()
    assert subject.error is None
    return subject


def itself(row: KeyRow) -> KeyRow:
    """A row shown as it is."""
    return row


def all_rows(subject: Subject, point: Point, wanted: Wanted = EVERY) -> list[KeyRow]:
    """Every row, in helpings."""
    rows: list[KeyRow] = []
    start: bytes | None = None
    with subject.reading() as reader:
        while True:
            helping = help_rows(reader, point, wanted, show=itself, start=start, limit=37)
            rows += helping.rows
            if helping.next_key is None:
                return rows
            start = helping.next_key


def facts(version: Version) -> tuple[bytes, int, bytes | None]:
    """What a version is; its state is another one among all versions than in a view."""
    return version.key, version.sequence, version.value


@pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)
def test_then_is_what_history_says(fixture: Fixture) -> None:
    """At sequence numbers all over a real database, the rows that were there are those of ``History.at``."""
    subject, past = subject_of(fixture.database), History(fixture.database)
    points = {subject.oldest, subject.newest, subject.newest + 1, 0}
    points |= set(random.Random(1).choices(range(subject.oldest, subject.newest + 1), k=SAMPLES))

    for sequence in sorted(points):
        rows = all_rows(subject, subject.point(sequence))
        then = [row.then for row in rows if row.then is not None and row.then.value is not None]

        assert list(map(facts, then)) == list(map(facts, past.at(sequence).rows()))


@pytest.mark.parametrize("has_manifest", [True, False])
def test_then_is_what_history_says_of_a_damaged_database(tmp_path: Path, *, has_manifest: bool) -> None:
    """Blocks that are lost, and nothing that proves which files count."""
    node = Path(shutil.copytree(FOLDER / "demo" / "db", tmp_path / "node"))
    garbage(max(node.glob("*.ldb"), key=lambda path: path.stat().st_size), 3000, 9000, seed=1)
    for path in [] if has_manifest else [*node.glob("MANIFEST-*"), node / "CURRENT"]:
        delete(path)
    subject, past = subject_of(node), History(node)

    for sequence in random.Random(2).choices(range(subject.oldest, subject.newest + 1), k=5):
        then = [row.then for row in all_rows(subject, subject.point(sequence))]
        seen = [version for version in then if version is not None and version.value is not None]

        assert list(map(facts, seen)) == list(map(facts, past.at(sequence).rows()))


@pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)
def test_now_is_what_is_live(fixture: Fixture) -> None:
    """Without a sequence number, then is now."""
    subject = subject_of(fixture.database)

    rows = all_rows(subject, subject.point(None))

    assert {row.key: row.now.value for row in rows if row.now is not None} == fixture.live
    assert {row.status for row in rows} <= {Status.SAME, Status.ABSENT}


def test_each_status_is_told(shop: Path) -> None:
    """Before the deletions: gone, the same, changed, and not there yet."""
    subject = subject_of(shop)

    rows = {row.key: row for row in all_rows(subject, subject.point(200))}

    assert rows[b"order/050"].status is Status.GONE
    assert rows[b"user/050"].status is Status.SAME
    assert rows[b"user/005"].status is Status.CHANGED
    assert rows[b"zebra"].status is Status.LATER
    assert {row.status for row in all_rows(subject, subject.point(311), Wanted(prefix=b"order/"))} == {Status.ABSENT}


def test_only_what_is_wanted_comes(shop: Path) -> None:
    """By prefix, by bytes in a value, by what became of it."""
    subject = subject_of(shop)
    point = subject.point(200)

    def keys(wanted: Wanted) -> list[bytes]:
        return [row.key for row in all_rows(subject, point, wanted)]

    assert len(keys(Wanted(prefix=b"order/"))) == 100
    assert keys(Wanted(contains=b"somebody")) == [b"user/%03d" % number for number in range(10)]
    assert keys(Wanted(statuses=frozenset({Status.LATER}))) == [b"zebra"]
    assert keys(Wanted(prefix=b"user/", statuses=frozenset({Status.GONE}))) == []


def test_a_helping_ends_when_it_takes_too_long(tmp_path: Path) -> None:
    """It gives what it has and says where to go on, though nothing was found yet."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        for number in range(2000):
            db.put(b"%06d" % number, b"")
    reader = Reader(place, directory=open_directory(place))
    seconds = iter(range(10_000))

    helping = help_rows(
        reader,
        Point(0, 0, frozenset()),
        Wanted(contains=b"never"),
        show=itself,
        clock=lambda: float(next(seconds)),
    )

    assert helping.rows == []
    assert helping.next_key is not None
    assert 0 < helping.looked_at < 2000
