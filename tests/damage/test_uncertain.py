"""What a rescue believes, takes and leaves out, as it is told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from tests.damage import forge, operators

KEYS = [b"%05d" % number for number in range(3000)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two generations of values in two levels, and a log."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None) as db:
        for key in KEYS:
            db.put(key, b"old " + key * 20)
        db.compact_range()
        for key in KEYS[::2]:
            db.put(key, b"new " + key * 20)
        db.core.flusher.flush()
        db.put(b"log", b"value")
    return tmp_path / "db"


def newest_table(database: Path) -> Path:
    """The table of the new values."""
    return max(database.glob("*.ldb"))


def newest_log(database: Path) -> Path:
    """The log that was written to."""
    return max(database.glob("*.log"))


def test_strict_puts_back_one_bit_and_no_more(database: Path, tmp_path: Path) -> None:
    """Two neighbouring bits are healed by default and lost where nothing but one bit is believed."""
    table = newest_table(database)
    operators.flip_bit(table, 5000, 0)
    assert relevel.rescue(database, tmp_path / "one", strict=True).is_complete

    operators.flip_bit(table, 5000, 1)

    assert relevel.rescue(database, tmp_path / "two").is_complete
    report = relevel.rescue(database, tmp_path / "strict", strict=True)
    assert [finding.code for finding in report.losses] == ["table.block.checksum-mismatch"]


def test_strict_saves_no_parts_of_blocks(database: Path, tmp_path: Path) -> None:
    """Nor does it take what stands around a hole."""
    operators.zero(newest_table(database), 8192, 512)

    lenient = relevel.rescue(database, tmp_path / "lenient")
    strict = relevel.rescue(database, tmp_path / "strict", strict=True)

    new = [
        sum(value.startswith(b"new") for _, value in relevel.scan(tmp_path / name)) for name in ("lenient", "strict")
    ]
    assert new[0] > new[1]
    assert any("salvaged" in finding.evidence for finding in lenient.losses)
    assert not any("salvaged" in finding.evidence for finding in strict.losses)


def test_what_may_be_outdated_can_be_left_out(database: Path, tmp_path: Path) -> None:
    """Old values surface where new ones are lost: they are counted, or left out and counted."""
    operators.zero(newest_table(database), 8192, 8192)

    kept = relevel.rescue(database, tmp_path / "kept")
    left = relevel.rescue(database, tmp_path / "left", exclude_uncertain=True)

    found, certain = (dict(relevel.scan(tmp_path / name)) for name in ("kept", "left"))
    doubtful = sum(stale.count for stale in kept.possibly_stale)
    assert doubtful > 0
    assert left.possibly_stale == ()
    assert left.left_out == kept.possibly_stale
    assert len(found) - len(certain) == doubtful
    assert certain.items() <= found.items()
    assert all(certain[key].startswith(b"new") for key in KEYS[::2] if key in certain)
    assert relevel.check(tmp_path / "left").is_clean


def test_older_versions_behind_a_lost_block_can_be_left_out(tmp_path: Path) -> None:
    """The versions of one key go on in the next block of the same table: the newest are lost with theirs."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None, block_size=1024) as db:
        held = []
        for number in range(40):
            db.put(b"key", b"%d " % number * 40)
            held.append(db.snapshot())
        db.put(b"other", b"value")
        db.compact_range()
    operators.garbage(newest_table(tmp_path / "db"), 0, 1024, seed=1)

    kept = relevel.rescue(tmp_path / "db", tmp_path / "kept")
    left = relevel.rescue(tmp_path / "db", tmp_path / "left", exclude_uncertain=True)

    found = dict(relevel.scan(tmp_path / "kept"))
    assert found[b"key"] not in (b"39 " * 40, None)
    assert [stale.count for stale in kept.possibly_stale] == [1]
    assert left.left_out == kept.possibly_stale
    assert dict(relevel.scan(tmp_path / "left")) == {b"other": b"value"}


def lose_manifest(database: Path) -> None:
    """Nothing says any more what counts."""
    for path in [*database.glob("MANIFEST-*"), *database.glob("LOG*"), database / "CURRENT"]:
        path.unlink()


def with_replaced_table_back(folder: Path, deleted: list[bytes]) -> dict[bytes, bytes]:
    """A database without a manifest, and in it again the table from which a compaction has dropped keys. What is live."""
    with relevel.DB(folder / "db", create_if_missing=True) as db:
        for key in KEYS:
            db.put(key, b"first")
        db.core.flusher.flush()
        replaced = max((folder / "db").glob("*.ldb"))
        shutil.copy(replaced, folder / "kept")
        for key in deleted:
            db.delete(key)
        db.compact_range()
        live = dict(db)
    shutil.copy(folder / "kept", replaced)
    lose_manifest(folder / "db")
    return live


def test_what_a_compaction_has_dropped_stays_dropped(tmp_path: Path) -> None:
    """A table that was replaced is back, and no manifest: what was made of it counts, where both reach."""
    expected = with_replaced_table_back(tmp_path, KEYS[1000:2000])

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert dict(relevel.scan(tmp_path / "rescued")) == expected
    assert report.proof == "none"


def test_what_nobody_can_tell_is_left_out_and_named(tmp_path: Path) -> None:
    """The last keys were deleted, and what was made of the table does not reach as far."""
    expected = with_replaced_table_back(tmp_path, KEYS[2000:])

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")
    everything = relevel.rescue(tmp_path / "db", tmp_path / "all", include_uncertain=True)

    assert dict(relevel.scan(tmp_path / "rescued")) == expected
    (told,) = [finding for finding in report.losses if finding.code == "table.uncertain"]
    assert told.keys == relevel.KeyRange(KEYS[1999], KEYS[2999])
    assert dict(relevel.scan(tmp_path / "all")) == dict.fromkeys(KEYS, b"first")
    assert not everything.is_complete


def test_what_only_the_merge_comes_upon_is_a_loss(tmp_path: Path) -> None:
    """Two logs give one key and sequence number two values: each is in order alone."""
    database = tmp_path / "db"
    with relevel.DB(database, create_if_missing=True) as db:
        db.put(b"a", b"value")
    log = newest_log(database)
    log.write_bytes(forge.log([forge.batch(1, forge.put(b"key", b"one"), 1)]))
    log.with_name("000900.log").write_bytes(forge.log([forge.batch(1, forge.put(b"key", b"other"), 1)]))

    report = relevel.rescue(database, tmp_path / "rescued")

    assert "merge.conflict" in {loss.code for loss in report.losses}
    assert not report.is_complete


def test_the_last_sequence_number_is_not_given_out_again(tmp_path: Path) -> None:
    """Where a compaction has dropped the last change, only the manifest knows its number."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key in KEYS[:10]:
            db.put(key, b"value")
        db.core.flusher.flush()
        db.delete(KEYS[9])
        db.compact_range()

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert report.last_sequence == 11
    with relevel.DB(tmp_path / "rescued") as db:
        assert db.stats().last_sequence == 11


def test_a_table_that_was_being_written_does_not_count(tmp_path: Path) -> None:
    """It holds the first part of what is in others and has no end: what it was made from still counts."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key in KEYS:
            db.put(key, os.urandom(50))
        db.compact_range()
        expected = dict(db)
    table = next((tmp_path / "db").glob("*.ldb"))
    begun = table.with_name("000900.ldb")
    begun.write_bytes(table.read_bytes()[: table.stat().st_size // 3])
    lose_manifest(tmp_path / "db")

    relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert dict(relevel.scan(tmp_path / "rescued")) == expected
    assert _kernel.scan_table(str(begun)).faults
