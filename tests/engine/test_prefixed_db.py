"""Prefixed databases: the part of a database whose keys begin alike."""

from typing import Any

import pytest


@pytest.fixture
def part(db: Any) -> Any:
    """The keys p/..., of which there are a, b and q/c, among others."""
    for key in (b"o", b"p", b"p.", b"p0", b"q", b"q/c", b"\xff"):
        db.put(key, b"a stranger")
    prefixed = db.prefixed_db(b"p/")
    for key in (b"a", b"b", b"q/c"):
        prefixed.put(key, b"v" + key)
    return prefixed


def test_keys_are_written_below_the_prefix(db: Any, part: Any) -> None:
    """And read without it."""
    assert db.get(b"p/a") == part.get(b"a") == b"va"
    assert part.get(b"p/a") is None


def test_it_knows_its_database_and_prefix(db: Any, part: Any) -> None:
    """As attributes that cannot be set, and in its repr."""
    assert part.db is db
    assert part.prefix == b"p/"
    assert repr(part).startswith("<plyvel.PrefixedDB with prefix b'p/' at 0x")
    with pytest.raises(AttributeError):
        part.prefix = b"other"


def test_strangers_cannot_be_reached(db: Any, part: Any) -> None:
    """A delete touches only the part."""
    part.delete(b"a")
    part.delete(b"q")

    assert part.get(b"a") is None
    assert db.get(b"q") == b"a stranger"


def test_get_takes_default_and_flags(part: Any) -> None:
    """As the database's does."""
    assert part.get(b"z", 5) == part.get(b"z", default=5) == 5
    assert part.get(b"a", verify_checksums=True, fill_cache=False) == b"va"
    part.put(b"d", b"vd", sync=True)
    part.delete(b"d", sync=True)
    with pytest.raises(TypeError):
        part.get("a")
    with pytest.raises(TypeError):
        part.put(b"a", None)
    with pytest.raises(TypeError):
        part.put(b"a", b"", True)


def test_iteration_gives_bare_keys_of_the_part(part: Any) -> None:
    """Forth and back; the strangers on both sides are not seen."""
    expected = [(b"a", b"va"), (b"b", b"vb"), (b"q/c", b"vq/c")]

    assert list(part) == list(part.iterator()) == expected
    assert list(part.iterator(reverse=True)) == expected[::-1]
    assert list(part.iterator(include_value=False)) == [b"a", b"b", b"q/c"]
    assert list(part.iterator(include_key=False)) == [b"va", b"vb", b"vq/c"]


def test_bounds_and_prefixes_are_bare(part: Any) -> None:
    """As they are written, they are below the prefix."""
    assert list(part.iterator(start=b"b", include_value=False)) == [b"b", b"q/c"]
    assert list(part.iterator(stop=b"b", include_stop=True, include_value=False)) == [b"a", b"b"]
    assert list(part.iterator(start=b"a", include_start=False, stop=b"q/c", include_value=False)) == [b"b"]
    assert list(part.iterator(prefix=b"q", include_value=False)) == [b"q/c"]
    with pytest.raises(TypeError):
        part.iterator(prefix=b"q", start=b"a")


@pytest.mark.parametrize("reverse", [False, True])
def test_flags_do_not_let_strangers_in(part: Any, reverse: bool) -> None:
    """Including bounds concerns bounds that are given: the part's own edges are no keys."""
    part.put(b"", b"v")
    part.db.put(b"p0", b"the first key behind the part")

    for flags in ({"include_stop": True}, {"include_start": False}, {"include_start": False, "include_stop": True}):
        keys = list(part.iterator(reverse=reverse, include_value=False, **flags))
        assert sorted(keys) == [b"", b"a", b"b", b"q/c"]


def test_seeks_are_bare(part: Any) -> None:
    """And end at the part's edges."""
    iterator = part.iterator(include_value=False)

    iterator.seek(b"b")
    assert next(iterator) == b"b"
    iterator.seek(b"zz")
    assert next(iterator, None) is None
    iterator.seek_to_stop()
    assert iterator.prev() == b"q/c"
    iterator.seek_to_start()
    assert next(iterator) == b"a"


def test_batches_write_below_the_prefix(db: Any, part: Any) -> None:
    """By hand and as contexts, transactions too."""
    with part.write_batch(transaction=True, sync=True) as batch:
        batch.put(b"d", b"vd")
        batch.delete(b"a")
    by_hand = part.write_batch()
    by_hand.put(b"e", b"ve")
    by_hand.write()

    assert list(part.iterator(include_value=False)) == [b"b", b"d", b"e", b"q/c"]
    assert db.get(b"p/e") == b"ve"


def test_a_failed_transaction_writes_nothing(part: Any) -> None:
    """As with a whole database."""
    with pytest.raises(KeyError), part.write_batch(transaction=True) as batch:
        batch.put(b"d", b"vd")
        raise KeyError

    assert part.get(b"d") is None


def test_appending_takes_keys_as_they_are(db: Any, part: Any) -> None:
    """A batch's keys are whole keys: to append adds no prefix and takes none away, as in plyvel."""
    whole, prefixed = db.write_batch(), part.write_batch()
    whole.put(b"x", b"1")
    prefixed.put(b"y", b"2")
    prefixed.append(whole)
    prefixed.write()

    assert (db.get(b"x"), part.get(b"x")) == (b"1", None)
    other = db.prefixed_db(b"other/").write_batch()
    other.append(prefixed)
    db.delete(b"p/y")
    other.write()
    assert part.get(b"y") == b"2"


def test_snapshots_are_of_the_part(part: Any) -> None:
    """Bare keys, earlier values."""
    snapshot = part.snapshot()
    part.put(b"a", b"later")
    part.put(b"d", b"later")

    assert snapshot.get(b"a") == b"va"
    assert snapshot.get(b"d", 5) == 5
    assert list(snapshot.iterator(include_value=False)) == [b"a", b"b", b"q/c"]
    assert list(snapshot.iterator(prefix=b"q/")) == [(b"q/c", b"vq/c")]
    assert list(snapshot.iterator(start=b"b", reverse=True, include_value=False)) == [b"q/c", b"b"]
    assert next(iter(snapshot)) == (b"a", b"va")


def test_a_raw_iterator_of_a_parts_snapshot_sees_everything(part: Any) -> None:
    """Whole keys of the whole database, as in plyvel: raw is raw."""
    raw = part.snapshot().raw_iterator()

    raw.seek_to_first()
    assert raw.key() == b"o"
    raw.seek(b"p/a")
    assert raw.key() == b"p/a"


def test_parts_nest(db: Any, part: Any) -> None:
    """Prefixes add up; the database stays the outermost."""
    inner = part.prefixed_db(b"q/")

    assert (inner.prefix, inner.db) == (b"p/q/", db)
    assert list(inner) == [(b"c", b"vq/c")]
    inner.prefixed_db(b"r/").put(b"d", b"deep")
    assert db.get(b"p/q/r/d") == part.get(b"q/r/d") == inner.get(b"r/d") == b"deep"
    with inner.write_batch() as batch:
        batch.put(b"e", b"1")
    assert part.get(b"q/e") == b"1"


@pytest.mark.parametrize("prefix", [b"", b"\xff", b"\xff\xff", b"\0", b"a\xff"], ids=repr)
def test_any_bytes_are_a_prefix(db: Any, prefix: bytes) -> None:
    """The empty one too, and those that have no successor of their length."""
    part = db.prefixed_db(prefix)
    keys = [b"", b"\0", b"a", b"\xff", b"\xff\xff\xff"]
    for key in keys:
        part.put(key, key)

    assert list(part) == [(key, key) for key in keys]
    assert list(part.iterator(reverse=True)) == [(key, key) for key in reversed(keys)]


@pytest.mark.parametrize("prefix", [None, "p", 1, bytearray(b"p")], ids=repr)
def test_a_prefix_is_exactly_bytes(db: Any, part: Any, prefix: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        db.prefixed_db(prefix)
    with pytest.raises(TypeError):
        part.prefixed_db(prefix)


def test_it_has_no_more_than_plyvel_gives_it(part: Any) -> None:
    """The whole database is closed and looked at raw, not a part."""
    for name in ("close", "closed", "raw_iterator", "compact_range"):
        assert not hasattr(part, name)
