"""The options of a database: what is accepted, and that content does not depend on them."""

from typing import Any

import pytest

NUMBERS = [
    "write_buffer_size",
    "max_open_files",
    "lru_cache_size",
    "block_size",
    "block_restart_interval",
    "max_file_size",
]
FLAGS = ["create_if_missing", "error_if_exists"]
ALL = {**dict.fromkeys(NUMBERS), **dict.fromkeys(["paranoid_checks", "comparator", "comparator_name", "compression"])}

VALID: list[dict[str, Any]] = [
    ALL,
    {"compression": "snappy"},
    {"bloom_filter_bits": 0},
    {"bloom_filter_bits": 10},
    {"bloom_filter_bits": 40},
    {"paranoid_checks": True},
    {"paranoid_checks": False},
    {"write_buffer_size": 0},
    {"write_buffer_size": 1},
    {"write_buffer_size": 1 << 26},
    {"max_open_files": 1},
    {"max_open_files": 20},
    {"lru_cache_size": 0},
    {"lru_cache_size": 2 << 30},
    {"block_size": 1},
    {"block_size": 1 << 20},
    {"block_restart_interval": 1},
    {"block_restart_interval": 1000},
    {"max_file_size": 1},
    {"max_file_size": 1 << 30},
]


@pytest.mark.parametrize("options", VALID, ids=repr)
def test_content_does_not_depend_on_options(plyvel: Any, path: str, options: dict[str, Any]) -> None:
    """Written with them, compacted with them, read with them, and read without them."""
    truth = {b"key %04d" % number: b"value %d " % number * 20 for number in range(1500)}
    with plyvel.DB(path, create_if_missing=True, **options) as db:
        for key, value in truth.items():
            db.put(key, value)
        db.compact_range(start=b"key 0", stop=b"key 1")
        for key in [*truth][::7]:
            db.delete(key)
            del truth[key]

    for given in (options, {}):
        with plyvel.DB(path, **given) as db:
            assert list(db) == sorted(truth.items())
            assert all(db.get(key) == value for key, value in truth.items())
            assert db.get(b"key 0000") is None


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", [1, 0, "yes", b"", []], ids=repr)
def test_a_flag_is_a_bool_or_none(plyvel: Any, path: str, name: str, value: Any) -> None:
    """What merely counts as true or false is a TypeError."""
    with pytest.raises(TypeError):
        plyvel.DB(path, **{"create_if_missing": True, name: value})


def test_a_flag_may_be_none(plyvel: Any, path: str) -> None:
    """None is false."""
    with pytest.raises(plyvel.Error):
        plyvel.DB(path, create_if_missing=None)
    plyvel.DB(path, create_if_missing=True, error_if_exists=None, paranoid_checks=None).close()


@pytest.mark.parametrize("name", [*NUMBERS, "bloom_filter_bits"])
@pytest.mark.parametrize("value", ["4096", b"4096", [1]], ids=repr)
def test_a_size_is_a_number(plyvel: Any, path: str, name: str, value: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        plyvel.DB(path, **{"create_if_missing": True, name: value})


@pytest.mark.parametrize("name", ["write_buffer_size", "lru_cache_size", "block_size", "max_file_size"])
def test_a_size_is_not_negative(plyvel: Any, path: str, name: str) -> None:
    """It is an error, and no database is made."""
    with pytest.raises((OverflowError, ValueError)):
        plyvel.DB(path, **{"create_if_missing": True, name: -1})


@pytest.mark.deviation("what it casts to C's integers and truth it takes, and names as bytes")
@pytest.mark.parametrize(
    "options",
    [
        *({name: value} for name in [*NUMBERS, "bloom_filter_bits"] for value in (1.5, True)),
        {"paranoid_checks": 1},
        {"paranoid_checks": "yes"},
        {"max_open_files": -1},
        {"bloom_filter_bits": -1},
        {"compression": b"snappy"},
    ],
    ids=repr,
)
def test_what_is_only_nearly_an_option_is_refused(plyvel: Any, path: str, options: dict[str, Any]) -> None:
    """A number is an integer from 0 on, a flag a bool, a name text."""
    with pytest.raises((TypeError, ValueError)):
        plyvel.DB(path, create_if_missing=True, **options)


@pytest.mark.parametrize("name", ["", "invalid", "lz4", "Snappy"])
def test_an_unknown_compression_is_a_value_error(plyvel: Any, path: str, name: str) -> None:
    """With plyvel's text."""
    with pytest.raises(ValueError, match=r"'compression' must be None or .*'snappy'"):
        plyvel.DB(path, create_if_missing=True, compression=name)


@pytest.mark.parametrize("value", [1, True, ["snappy"]], ids=repr)
def test_a_compression_is_text(plyvel: Any, path: str, value: Any) -> None:
    """Anything else but None is an error."""
    with pytest.raises((TypeError, ValueError)):
        plyvel.DB(path, create_if_missing=True, compression=value)


def test_an_unknown_option_is_a_type_error(plyvel: Any, path: str) -> None:
    """Nothing is silently ignored."""
    with pytest.raises(TypeError):
        plyvel.DB(path, create_if_missing=True, write_buffer=1)


def test_options_are_given_by_name(plyvel: Any, path: str) -> None:
    """Only the database's name has a position."""
    with pytest.raises(TypeError):
        plyvel.DB(path, True)


def test_a_comparator_comes_with_its_name(plyvel: Any, path: str) -> None:
    """Either alone is a ValueError with plyvel's text."""
    for options in ({"comparator": lambda a, b: 0}, {"comparator_name": b"test"}):
        with pytest.raises(ValueError, match="'comparator' and 'comparator_name' must be specified together"):
            plyvel.DB(path, create_if_missing=True, **options)


def test_a_comparator_is_callable(plyvel: Any, path: str) -> None:
    """Anything else is a TypeError with plyvel's text."""
    with pytest.raises(TypeError, match="custom comparator object must be callable"):
        plyvel.DB(path, create_if_missing=True, comparator=b"bytewise", comparator_name=b"test")


@pytest.mark.parametrize("name", [1, [b"test"], bytearray(b"test")], ids=repr)
def test_a_comparator_name_is_bytes(plyvel: Any, path: str, name: Any) -> None:
    """Other types are a TypeError; whether text is one too is not said here: plyvel refuses it."""
    with pytest.raises(TypeError):
        plyvel.DB(path, create_if_missing=True, comparator=lambda a, b: 0, comparator_name=name)


def test_a_refused_option_makes_no_database(plyvel: Any, path: str) -> None:
    """Options are looked at first."""
    with pytest.raises(ValueError):
        plyvel.DB(path, create_if_missing=True, compression="invalid")

    with pytest.raises(plyvel.Error, match="does not exist"):
        plyvel.DB(path)
