"""repair_db and destroy_db."""

import os
from pathlib import Path
from typing import Any

import pytest

PAIRS = [(b"%04d" % number, b"value %d" % number) for number in range(800)]


@pytest.fixture
def closed(plyvel: Any, path: str) -> str:
    """The path of a closed database with PAIRS, in tables and in a log, written in two sessions."""
    for part in (PAIRS[:500], PAIRS[500:]):
        with plyvel.DB(path, create_if_missing=True) as db:
            for key, value in part:
                db.put(key, b"old")
                db.put(key, value)
    return path


def test_repairing_a_healthy_database_changes_nothing(plyvel: Any, closed: str) -> None:
    """Every entry is there, and it can be written to."""
    assert plyvel.repair_db(closed) is None

    with plyvel.DB(closed) as db:
        assert list(db) == PAIRS
        db.put(PAIRS[0][0], b"newest")
        assert db.get(PAIRS[0][0]) == b"newest"


@pytest.mark.parametrize("lost", ["CURRENT", "MANIFEST-*", "[CM]*"])
def test_repair_finds_entries_without_current_or_manifest(plyvel: Any, closed: str, lost: str) -> None:
    """They are in the tables and logs."""
    for file in Path(closed).glob(lost):
        file.unlink()
    with pytest.raises(plyvel.Error):
        plyvel.DB(closed)

    plyvel.repair_db(closed)

    with plyvel.DB(closed) as db:
        assert list(db) == PAIRS


def test_repair_takes_bytes_and_options(plyvel: Any, closed: str) -> None:
    """A name as DB takes it; and the options that are not about creating."""
    plyvel.repair_db(
        os.fsencode(closed),
        paranoid_checks=True,
        write_buffer_size=1 << 20,
        max_open_files=None,
        lru_cache_size=1 << 20,
    )
    plyvel.repair_db(
        closed, block_size=2048, block_restart_interval=8, max_file_size=1 << 21, compression=None, bloom_filter_bits=10
    )

    with plyvel.DB(closed) as db:
        assert list(db) == PAIRS


@pytest.mark.parametrize("options", [{"create_if_missing": True}, {"error_if_exists": False}, {"bogus": 1}], ids=repr)
def test_repair_takes_no_other_options(plyvel: Any, closed: str, options: dict[str, Any]) -> None:
    """A TypeError."""
    with pytest.raises(TypeError):
        plyvel.repair_db(closed, **options)


@pytest.mark.parametrize("name", [None, 1, ["db"]], ids=repr)
def test_a_name_is_text_or_bytes(plyvel: Any, name: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        plyvel.repair_db(name)
    with pytest.raises(TypeError):
        plyvel.destroy_db(name)
    with pytest.raises(TypeError):
        plyvel.repair_db()
    with pytest.raises(TypeError):
        plyvel.destroy_db()


def test_options_of_repair_are_checked(plyvel: Any, closed: str) -> None:
    """As those of DB are."""
    with pytest.raises(ValueError, match=r"'compression' must be None or .*'snappy'"):
        plyvel.repair_db(closed, compression="invalid")
    with pytest.raises(TypeError):
        plyvel.repair_db(closed, write_buffer_size="1")


def test_a_file_cannot_be_repaired(plyvel: Any, tmp_path: Path) -> None:
    """It is an error, and the file stays."""
    file = tmp_path / "file"
    file.write_bytes(b"anything")

    with pytest.raises(plyvel.Error):
        plyvel.repair_db(str(file))
    assert file.read_bytes() == b"anything"


@pytest.mark.deviation("an empty database is made of nothing")
def test_nothing_cannot_be_repaired(plyvel: Any, path: str) -> None:
    """A directory that is not there is an error, and stays away."""
    with pytest.raises(plyvel.Error):
        plyvel.repair_db(path)
    assert not Path(path).exists()


@pytest.mark.deviation("repair takes no lock, and pulls the files from under the open database")
def test_an_open_database_is_not_repaired(plyvel: Any, closed: str) -> None:
    """It is an IOError that speaks of the lock, and the database goes on."""
    with plyvel.DB(closed) as db:
        with pytest.raises(plyvel.IOError, match=r"(?i)lock"):
            plyvel.repair_db(closed)

        assert list(db) == PAIRS


def test_destroy_leaves_nothing(plyvel: Any, closed: str) -> None:
    """The directory goes too."""
    assert plyvel.destroy_db(closed) is None

    assert not Path(closed).exists()


def test_a_destroyed_database_can_be_made_again(plyvel: Any, closed: str) -> None:
    """Empty; the name may be bytes."""
    plyvel.destroy_db(os.fsencode(closed))

    with plyvel.DB(closed, create_if_missing=True, error_if_exists=True) as db:
        assert list(db) == []


def test_destroy_leaves_strangers(plyvel: Any, closed: str) -> None:
    """Files and folders that are not LevelDB's stay, and their directory with them."""
    Path(closed, "notes.txt").write_text("mine")
    Path(closed, "folder").mkdir()
    Path(closed, "folder", "000005.ldb").write_text("mine too")

    plyvel.destroy_db(closed)

    assert sorted(file.name for file in Path(closed).iterdir()) == ["folder", "notes.txt"]
    assert Path(closed, "folder", "000005.ldb").exists()


def test_destroying_nothing_is_no_error(plyvel: Any, path: str) -> None:
    """As often as one likes; nothing is made."""
    plyvel.destroy_db(path)
    plyvel.destroy_db(path)

    assert not Path(path).exists()


def test_an_open_database_is_not_destroyed(plyvel: Any, db: Any, path: str) -> None:
    """It is an IOError that speaks of the lock, and the database goes on."""
    db.put(b"key", b"value")

    with pytest.raises(plyvel.IOError, match=r"(?i)lock"):
        plyvel.destroy_db(path)
    db.put(b"key", b"again")
    assert db.get(b"key") == b"again"
