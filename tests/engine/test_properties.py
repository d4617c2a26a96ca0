"""What a database says of itself, and compaction on demand."""

import random
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def wide(plyvel: Any, path: str) -> Any:
    """A thousand incompressible entries of a kilobyte, 0000 to 0999, written to tables."""
    chance = random.Random(4)
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=1 << 24) as db:
        for number in range(1000):
            db.put(b"%04d" % number, chance.randbytes(1000))
        db.compact_range(start=b"0000", stop=b"9999")
        yield db


def test_statistics_are_text_in_bytes(wide: Any) -> None:
    """As LevelDB prints them."""
    stats = wide.get_property(b"leveldb.stats")

    assert type(stats) is bytes
    assert b"Level" in stats


def test_tables_are_listed_by_level(wide: Any) -> None:
    """A heading for each of seven levels."""
    listed = wide.get_property(b"leveldb.sstables")

    assert type(listed) is bytes
    assert [b"level %d" % level in listed for level in range(7)] == [True] * 7


def test_files_of_a_level_are_counted(wide: Any) -> None:
    """As decimal digits; all levels together have the tables that are there."""
    counts = [wide.get_property(b"leveldb.num-files-at-level%d" % level) for level in range(7)]

    assert all(count.isdigit() for count in counts)
    assert sum(map(int, counts)) >= 1
    assert wide.get_property(b"leveldb.num-files-at-level7") is None


def test_memory_is_told(wide: Any) -> None:
    """As decimal digits."""
    assert wide.get_property(b"leveldb.approximate-memory-usage").isdigit()


@pytest.mark.parametrize(
    "name", [b"", b"leveldb", b"leveldb.", b"leveldb.nothing", b"stats", b"leveldb.num-files-at-level"]
)
def test_an_unknown_property_is_none(db: Any, name: bytes) -> None:
    """No error."""
    assert db.get_property(name) is None


@pytest.mark.parametrize("name", [None, "leveldb.stats", 1], ids=repr)
def test_a_property_is_named_in_bytes(db: Any, name: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        db.get_property(name)
    with pytest.raises(TypeError):
        db.get_property()


def test_sizes_are_those_of_tables(wide: Any) -> None:
    """About: the whole, a tenth, nothing, and nothing where the bounds are crossed."""
    whole, tenth, none, crossed = (
        wide.approximate_size(b"0", b"9"),
        wide.approximate_size(b"0500", b"0600"),
        wide.approximate_size(b"8", b"9"),
        wide.approximate_size(b"9", b"0"),
    )

    assert 950_000 < whole < 1_100_000
    assert 80_000 < tenth < 120_000
    assert (none, crossed) == (0, 0)


def test_sizes_of_many_ranges_come_in_order(wide: Any) -> None:
    """Each as if asked for alone; none for none; a range is any pair."""
    ranges = [(b"0", b"9"), (b"8", b"9"), (b"0100", b"0200")]

    assert wide.approximate_sizes(*ranges) == [wide.approximate_size(*each) for each in ranges]
    assert wide.approximate_sizes() == []
    assert wide.approximate_sizes([b"8", b"9"]) == [0]


def test_what_is_in_memory_has_no_size(db: Any) -> None:
    """Sizes are of files."""
    db.put(b"key", b"value" * 1000)

    assert db.approximate_size(b"a", b"z") == 0


@pytest.mark.parametrize("bounds", [(None, b"z"), (b"a", None), ("a", b"z"), (b"a", "z"), (1, 2)], ids=repr)
def test_sizes_are_asked_for_in_bytes(db: Any, bounds: tuple[Any, Any]) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        db.approximate_size(*bounds)
    with pytest.raises(TypeError, match="Start and stop of range must be byte strings"):
        db.approximate_sizes((b"a", b"b"), bounds)


def test_sizes_are_asked_for_in_pairs(db: Any) -> None:
    """Fewer or more are an error."""
    for wrong in ((b"a",), (b"a", b"b", b"c")):
        with pytest.raises((TypeError, ValueError)):
            db.approximate_sizes(wrong)
    with pytest.raises(TypeError):
        db.approximate_size(b"a")
    with pytest.raises(TypeError):
        db.approximate_size()


def test_compaction_changes_no_content(plyvel: Any, path: str) -> None:
    """Whatever its bounds: none, one, both, crossed, empty, and where nothing is."""
    truth = {}
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=65536) as db:
        bounds: list[dict[str, bytes | None]] = [
            {},
            {"start": b"0500"},
            {"stop": b"0500"},
            {"start": b"0200", "stop": b"0800"},
            {"start": b"9", "stop": b"0"},
            {"start": b"", "stop": b""},
            {"start": None, "stop": None},
            {"start": b"a", "stop": b"z"},
        ]
        for turn, given in enumerate(bounds):
            for number in range(turn, 1000, 1 + turn):
                truth[b"%04d" % number] = b"%d" % turn * 90
                db.put(b"%04d" % number, b"%d" % turn * 90)
            for number in range(turn, 1000, 13):
                truth.pop(b"%04d" % number, None)
                db.delete(b"%04d" % number)

            assert db.compact_range(**given) is None
            assert list(db) == sorted(truth.items())
            assert all(db.get(key) == value for key, value in truth.items())

    with plyvel.DB(path) as db:
        assert list(db) == sorted(truth.items())


def test_compaction_writes_what_is_in_memory(db: Any, path: str) -> None:
    """The memtable becomes a table."""
    db.put(b"key", b"value")
    assert list(Path(path).glob("*.ldb")) == []

    db.compact_range(start=b"a", stop=b"z")

    assert len(list(Path(path).glob("*.ldb"))) == 1
    assert db.get(b"key") == b"value"


def test_compaction_drops_what_was_deleted(wide: Any, path: str) -> None:
    """Deletions and what they deleted leave the disk, and the files go."""
    for number in range(1000):
        wide.delete(b"%04d" % number)
    for _ in range(2):
        wide.compact_range(start=b"0000", stop=b"9999")

    assert wide.approximate_size(b"0", b"9") == 0
    assert sum(file.stat().st_size for file in Path(path).glob("*.ldb")) < 10_000


@pytest.mark.parametrize("bound", ["start", "stop"])
@pytest.mark.parametrize("value", ["0", 1, bytearray(b"0")], ids=repr)
def test_bounds_of_a_compaction_are_exactly_bytes(db: Any, bound: str, value: Any) -> None:
    """Or None, by name; anything else is a TypeError."""
    with pytest.raises(TypeError):
        db.compact_range(**{bound: value})
    with pytest.raises(TypeError):
        db.compact_range(b"0", b"9")
