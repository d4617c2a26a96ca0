"""States that programs of today do not leave, and that rescue, History and the engine must take for what they are."""

from __future__ import annotations

from pathlib import Path

import relevel
from relevel import _kernel
from relevel.format.internal_key import encode_internal_key
from relevel.format.version_edit import FileMetadata
from tests.damage import forge
from tests.engine.living import log_of, note, noted

KEYS = [b"%03d" % number for number in range(100)]


def test_an_old_leveldb_names_the_log_before(tmp_path: Path) -> None:
    """The log that became a table when it broke off has a lower number than the one that counts, and counts too."""
    database = tmp_path / "db"
    with relevel.DB(database, create_if_missing=True) as db:
        for key in KEYS:
            db.put(key, b"value")
    log = int(log_of(database).stem)
    (database / f"{log + 10:06}.log").touch()
    state = noted(database)
    note(database, state._replace(log_number=log + 10, previous_log_number=log, next_file_number=log + 20))

    assert relevel.check(database).is_clean
    assert relevel.rescue(database, tmp_path / "rescued").is_complete
    for path in (tmp_path / "rescued", database):
        with relevel.DB(path) as db:
            assert list(db) == [(key, b"value") for key in KEYS]


def test_tables_of_level_0_whose_changes_interleave_do_not_keep_their_numbers(tmp_path: Path) -> None:
    """Of one key the lower number is newer, of another the higher: LevelDB would give what was replaced."""
    database = tmp_path / "db"
    relevel.DB(database, create_if_missing=True).close()
    tables = []
    for number, sequences in ((101, (1, 10)), (102, (5, 8))):
        builder = _kernel.TableBuilder(str(database / f"{number:06}.ldb"), "bytewise")
        for key, sequence in zip((b"a", b"b"), sequences, strict=True):
            builder.add(encode_internal_key(key, sequence), b"%d" % sequence)
        meta = builder.finish()
        tables.append((0, FileMetadata(number, meta.file_size, meta.smallest, meta.largest)))
    note(database, noted(database)._replace(new_files=tuple(tables), last_sequence=10, next_file_number=200))

    report = relevel.rescue(database, tmp_path / "rescued")

    assert not report.keeps_shape
    with relevel.DB(tmp_path / "rescued") as db:
        assert dict(db) == {b"a": b"5", b"b": b"10"}


def test_a_number_that_a_log_has_lost_ends_the_past(tmp_path: Path) -> None:
    """No compaction can have dropped it: nothing tells which key it changed, and until when."""
    database = tmp_path / "db"
    with relevel.DB(database, create_if_missing=True) as db:
        db.put(KEYS[0], b"value")
    batches = [forge.batch(sequence, forge.put(KEYS[sequence], b"value"), 1) for sequence in (1, 2, 3, 5, 6)]
    log_of(database).write_bytes(forge.log(batches))

    horizon = relevel.History(database).horizon()

    assert (horizon.sequence, horizon.gap) == (None, 4)
    assert "sequence number 4" in horizon.reason


def test_a_table_that_is_not_the_one_that_log_tells_of_proves_nothing(tmp_path: Path) -> None:
    """Without a manifest: its number is right, and it has fewer entries."""
    database = tmp_path / "db"
    with relevel.DB(database, create_if_missing=True) as db:
        for key in KEYS:
            db.put(key, b"value")
        db.core.flusher.flush()
        db.put(KEYS[0], b"newer")
        db.compact_range()
        db.put(b"in the log", b"value")
    for path in (*database.glob("MANIFEST-*"), database / "CURRENT"):
        path.unlink()
    assert relevel.rescue(database, tmp_path / "whole").proof == "log-file"
    (table,) = database.glob("*.ldb")
    table.unlink()
    builder = _kernel.TableBuilder(str(table), "bytewise")
    for key, sequence in ((KEYS[0], 101), *zip(KEYS[1::2], range(2, 101, 2), strict=True)):
        builder.add(encode_internal_key(key, sequence), b"value")
    builder.finish()

    report = relevel.rescue(database, tmp_path / "rescued")

    assert (report.proof, report.is_complete) == ("none", False)


def test_an_older_table_with_as_many_bytes_and_entries_proves_nothing(tmp_path: Path) -> None:
    """Without a manifest, where LOG tells just these: what was written before the memtable that was written out next is missing."""
    database = tmp_path / "db"
    contents = []
    with relevel.DB(database, create_if_missing=True, compression=None) as db:
        for value in (b"old", b"new"):
            for _ in range(2):
                for key in KEYS:
                    db.put(key, value)
                db.compact_range()
            (table,) = database.glob("*.ldb")
            contents.append(table.read_bytes())
        db.put(b"later", b"value")
        db.core.flusher.flush()
        db.put(b"in the log", b"value")
    for path in (*database.glob("MANIFEST-*"), database / "CURRENT"):
        path.unlink()
    whole = relevel.rescue(database, tmp_path / "whole")
    assert (whole.proof, whole.is_complete) == ("log-file", True)
    assert len(contents[0]) == len(contents[1])
    table.write_bytes(contents[0])

    report = relevel.rescue(database, tmp_path / "rescued")

    assert (report.proof, report.is_complete) == ("none", False)
