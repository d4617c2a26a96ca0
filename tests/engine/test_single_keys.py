"""get, put and delete."""

import array
import mmap
from typing import Any

import pytest


class Derived(bytes):
    """Bytes that are not exactly bytes."""


NOT_BYTES = [None, "key", 1, bytearray(b"key"), memoryview(b"key"), Derived(b"key"), [b"key"]]
STRANGE_KEYS = [b"", b"\0", b"\xff", b"\0\0", b"\xff" * 30, "größer".encode(), b"k" * 70000, bytes(range(256))]
BUFFERS = [bytearray(b"abcd"), memoryview(b"abcd"), array.array("B", b"abcd"), Derived(b"abcd")]

not_bytes = pytest.mark.parametrize("key", NOT_BYTES, ids=lambda key: f"{type(key).__name__}")


def test_what_is_put_is_got(db: Any) -> None:
    """The last value of a key counts."""
    db.put(b"key", b"first")
    db.put(b"key", b"second")

    assert db.get(b"key") == b"second"


def test_what_is_deleted_is_gone(db: Any) -> None:
    """And may be put again."""
    db.put(b"key", b"value")
    db.delete(b"key")

    assert db.get(b"key") is None
    db.put(b"key", b"again")
    assert db.get(b"key") == b"again"


def test_deleting_what_is_not_there_is_no_error(db: Any) -> None:
    """It changes nothing."""
    db.delete(b"nothing")

    assert list(db) == []


def test_writes_give_nothing_back(db: Any) -> None:
    """put and delete return None."""
    assert db.put(b"key", b"value") is None
    assert db.delete(b"key") is None


def test_a_missing_key_gives_the_default(db: Any) -> None:
    """None, or what is given, by position or name; the very object."""
    default = object()

    assert db.get(b"nothing") is None
    assert db.get(b"nothing", default) is default
    assert db.get(b"nothing", default=default) is default


def test_a_default_is_not_given_for_an_empty_value(db: Any) -> None:
    """An empty value is a value."""
    db.put(b"key", b"")

    assert db.get(b"key", b"default") == b""


@pytest.mark.parametrize("key", STRANGE_KEYS, ids=lambda key: f"{key[:4]!r}x{len(key)}")
def test_any_bytes_are_a_key(db: Any, key: bytes) -> None:
    """Empty ones too."""
    db.put(key, b"value of " + key[:9])

    assert db.get(key) == b"value of " + key[:9]
    assert list(db) == [(key, b"value of " + key[:9])]
    db.delete(key)
    assert db.get(key) is None


@pytest.mark.parametrize("size", [0, 1, 4095, 32768 - 7, 32768, 100_000, 5_000_000])
def test_any_size_is_a_value(plyvel: Any, path: str, size: int) -> None:
    """Beyond blocks of the log, and beyond the write buffer; also after a reopen."""
    value = bytes(number * 7 % 251 for number in range(997)) * (size // 997 + 1)
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=1 << 20) as db:
        db.put(b"key", value[:size])
        db.put(b"next", b"value")

        assert db.get(b"key") == value[:size]

    with plyvel.DB(path) as db:
        assert db.get(b"key") == value[:size]
        assert db.get(b"next") == b"value"


@not_bytes
def test_a_key_is_exactly_bytes(db: Any, key: Any) -> None:
    """Anything else is a TypeError, and nothing is written."""
    with pytest.raises(TypeError):
        db.put(key, b"value")
    with pytest.raises(TypeError):
        db.get(key)
    with pytest.raises(TypeError):
        db.delete(key)
    assert list(db) == []


@pytest.mark.parametrize("value", BUFFERS, ids=lambda value: type(value).__name__)
def test_a_value_is_any_buffer(db: Any, value: Any) -> None:
    """Its bytes are what counts, and they come back as bytes."""
    db.put(b"key", value)

    assert db.get(b"key") == b"abcd"
    assert type(db.get(b"key")) is bytes


def test_a_value_is_taken_as_it_is_now(db: Any) -> None:
    """A later change of the buffer changes nothing."""
    value = bytearray(b"before")
    db.put(b"key", value)
    value[:] = b"after!"

    assert db.get(b"key") == b"before"


def test_a_value_may_be_a_mapped_file(db: Any) -> None:
    """A writable buffer that is not a Python object's own memory."""
    with mmap.mmap(-1, 8) as mapped:
        mapped[:] = b"12345678"
        db.put(b"key", mapped)

    assert db.get(b"key") == b"12345678"


@pytest.mark.parametrize("value", [None, "text", 1, 1.5, [1]], ids=repr)
def test_a_value_is_nothing_else(db: Any, value: Any) -> None:
    """A TypeError, and nothing is written."""
    with pytest.raises(TypeError):
        db.put(b"key", value)
    assert list(db) == []


def test_a_value_with_gaps_is_refused(db: Any) -> None:
    """A buffer that is not contiguous is an error."""
    with pytest.raises((BufferError, TypeError)):
        db.put(b"key", memoryview(b"a-b-c-")[::2])
    assert list(db) == []


def test_keys_and_values_may_be_given_by_name(db: Any) -> None:
    """``key`` and ``value``."""
    db.put(key=b"key", value=b"value")

    assert db.get(key=b"key") == b"value"
    db.delete(key=b"key")
    assert db.get(key=b"key", default=1) == 1


@pytest.mark.parametrize("sync", [True, False, None])
def test_writes_may_be_synced(db: Any, sync: bool | None) -> None:
    """The result is the same."""
    db.put(b"key", b"value", sync=sync)
    db.put(b"other", b"value", sync=sync)
    db.delete(b"key", sync=sync)

    assert list(db) == [(b"other", b"value")]


@pytest.mark.parametrize("flag", [True, False, None])
def test_reads_take_flags(few: Any, flag: bool | None) -> None:
    """Checksums and cache do not change the answer."""
    few.compact_range(start=b"0", stop=b"9")

    for _ in range(2):
        assert few.get(b"1", verify_checksums=flag) == b"v1"
        assert few.get(b"1", fill_cache=flag) == b"v1"
        assert few.get(b"2", 5, verify_checksums=flag, fill_cache=flag) == 5


@pytest.mark.parametrize("flag", [0, 1, "true", b"", []], ids=repr)
def test_flags_are_bools(few: Any, flag: Any) -> None:
    """What merely counts as true or false is a TypeError."""
    with pytest.raises(TypeError):
        few.put(b"1", b"new", sync=flag)
    with pytest.raises(TypeError):
        few.delete(b"1", sync=flag)
    with pytest.raises(TypeError):
        few.get(b"1", verify_checksums=flag)
    with pytest.raises(TypeError):
        few.get(b"1", fill_cache=flag)
    assert few.get(b"1") == b"v1"


def test_flags_are_given_by_name(few: Any) -> None:
    """By position they are a TypeError."""
    with pytest.raises(TypeError):
        few.put(b"1", b"new", True)
    with pytest.raises(TypeError):
        few.delete(b"1", True)
    with pytest.raises(TypeError):
        few.get(b"1", None, True)
    assert few.get(b"1") == b"v1"


def test_arguments_are_needed(db: Any) -> None:
    """Too few are a TypeError, unknown ones too."""
    for call in (db.get, db.put, db.delete, lambda: db.put(b"key"), lambda: db.get(b"key", bogus=True)):
        with pytest.raises(TypeError):
            call()


def test_a_database_has_no_length(few: Any) -> None:
    """Counting would mean reading everything."""
    with pytest.raises(TypeError):
        len(few)


@pytest.mark.deviation("1.5.1 says False of every key; later versions refuse")
def test_in_is_refused(few: Any) -> None:
    """As later versions of plyvel say it."""
    with pytest.raises(TypeError, match="__contains__"):
        _ = b"1" in few
    with pytest.raises(TypeError, match="__contains__"):
        _ = b"2" not in few.prefixed_db(b"x")
