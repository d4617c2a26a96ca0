"""What info tells of a database: who wrote it, and of keys whose order nobody here knows only what is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from tests.damage import forge
from tests.damage.operators import flip_bit


def backwards(a: bytes, b: bytes) -> int:
    """Larger keys first."""
    return (a < b) - (a > b)


@pytest.fixture
def backwards_database(tmp_path: Path) -> Path:
    """A healthy database in an order that is not built in, with a table and a log."""
    place = tmp_path / "db"
    with relevel.DB(place, create_if_missing=True, comparator=backwards, comparator_name=b"test.NobodyKnows") as db:
        for number in range(300):
            db.put(b"%04d" % number, b"value %d" % number)
        db.compact_range()
        db.put(b"last", b"")
    return place


def test_a_database_in_an_unknown_order_is_not_called_damaged(backwards_database: Path) -> None:
    """That its order was not verified is a note; no range of keys is told, as it would be wrong."""
    report = relevel.info(backwards_database)

    assert report.comparator == "test.NobodyKnows"
    assert [finding.code for finding in report.findings] == ["database.order-unknown"]
    assert report.keys is None
    assert {file.keys for file in report.files} == {None}
    assert sum(file.entry_count or 0 for file in report.files) == 301
    assert [str(each.state) for each in relevel.survey(backwards_database).databases] == ["healthy"]


def test_with_its_order_given_the_keys_are_told(backwards_database: Path) -> None:
    """And verified."""
    report = relevel.info(backwards_database, comparator=relevel.Comparator("test.NobodyKnows", backwards))

    assert report.findings == ()
    assert report.keys == relevel.KeyRange(b"last", b"0000")


def test_damage_is_told_whatever_the_order(backwards_database: Path) -> None:
    """A flipped bit is one in any order."""
    flip_bit(max(backwards_database.glob("*.ldb")), 100, 1)

    found = {finding.code for finding in relevel.info(backwards_database).findings}

    assert found == {"database.order-unknown", "table.block.checksum-mismatch"}


def test_another_table_in_the_place_of_one_is_told_whatever_the_order(tmp_path: Path) -> None:
    """Its size and its ends are not those that the manifest says."""
    with relevel.DB(
        tmp_path / "db",
        create_if_missing=True,
        comparator=backwards,
        comparator_name=b"test.NobodyKnows",
        write_buffer_size=1 << 16,
    ) as db:
        for number in range(3000):
            db.put(b"%04d" % number, b"value %d" % number * 10)
    one, other = sorted((tmp_path / "db").glob("*.ldb"))[:2]
    other.write_bytes(one.read_bytes())

    told = {(finding.code, finding.span.file) for finding in relevel.info(tmp_path / "db").findings}

    assert told >= {("database.order-unknown", "."), ("table.replaced", other.name)}
    assert {file for _, file in told} == {".", other.name}
    assert [str(each.state) for each in relevel.survey(tmp_path / "db").databases] == ["damaged"]


def test_of_tables_in_no_order_without_a_manifest_the_order_is_not_known(backwards_database: Path) -> None:
    """Nothing names it, and none that is built in fits."""
    for path in (backwards_database / "CURRENT", next(backwards_database.glob("MANIFEST-*"))):
        path.unlink()
    forged = forge.entry(forge.internal_key(b"b", 1), b"") + forge.entry(forge.internal_key(b"a", 2), b"")
    forged += forge.entry(forge.internal_key(b"c", 3), b"")
    (backwards_database / "000009.ldb").write_bytes(forge.table(forge.block(forged)))

    report = relevel.info(backwards_database)

    assert report.comparator is None
    assert "database.order-unknown" in {finding.code for finding in report.findings}
    with pytest.raises(relevel.NotSupportedError, match="in no order that is built in"):
        relevel.check(backwards_database)


def _first_manifest(place: Path) -> Path:
    made = forge.database(place, [forge.first_edit()])
    (made / "MANIFEST-000001").rename(made / "MANIFEST-000000")
    (made / "CURRENT").write_bytes(b"MANIFEST-000000\n")
    return made


def _local_storage(place: Path) -> Path:
    (place / "Local Storage").mkdir(parents=True)
    return forge.database(place / "Local Storage" / "leveldb", [forge.first_edit()])


def _reused(place: Path) -> Path:
    made = forge.database(place, [forge.first_edit()])
    (made / "LOG").write_text("2026/11/21-17:05:22.154490 1 Reusing MANIFEST db/MANIFEST-000001\n", encoding="utf-8")
    return made


def _plain(place: Path) -> Path:
    return forge.database(place, [forge.first_edit()])


@pytest.mark.parametrize(
    ("make", "name", "evidence"),
    [
        (_first_manifest, "goleveldb", "its first manifest has the number 0"),
        (_local_storage, "Chromium", "the directory has the name Chromium gives"),
        (_reused, "Chromium", "its LOG tells of reused manifests and logs, which Chromium does"),
        (_plain, "LevelDB", "nothing points to any other program"),
    ],
)
def test_who_wrote_it_is_guessed_with_the_evidence(
    make: Callable[[Path], Path], name: str, evidence: str, tmp_path: Path
) -> None:
    """From names, and from what LOG tells."""
    producer = relevel.info(make(tmp_path / "db")).producer

    assert (producer.name, producer.evidence) == (name, (evidence,))
