"""The errors: what derives from what, and what is raised for what."""

import builtins
from pathlib import Path
from typing import Any

import pytest


def test_every_error_is_plyvels_error(plyvel: Any) -> None:
    """One except clause catches all."""
    assert issubclass(plyvel.Error, Exception)
    for error in (plyvel.IOError, plyvel.CorruptionError, plyvel.IteratorInvalidError):
        assert issubclass(error, plyvel.Error)


def test_an_io_error_is_an_os_error(plyvel: Any) -> None:
    """Who knows nothing of LevelDB can catch it."""
    assert issubclass(plyvel.IOError, builtins.OSError)


def test_kinds_of_errors_do_not_mix(plyvel: Any) -> None:
    """Corruption is not an IOError, nor the other way round."""
    assert not issubclass(plyvel.CorruptionError, plyvel.IOError)
    assert not issubclass(plyvel.IOError, plyvel.CorruptionError)


def test_a_missing_database_is_not_an_io_error(plyvel: Any, path: str) -> None:
    """LevelDB calls it an invalid argument: it is an Error and nothing more special."""
    with pytest.raises(plyvel.Error) as caught:
        plyvel.DB(path)

    assert not isinstance(caught.value, plyvel.IOError | plyvel.CorruptionError)


def test_a_missing_table_is_reported(plyvel: Any, path: str) -> None:
    """The text says that something is missing."""
    with plyvel.DB(path, create_if_missing=True) as db:
        db.put(b"key", b"value")
        db.compact_range(start=b"a", stop=b"z")
    next(Path(path).glob("*.ldb")).unlink()

    with pytest.raises(plyvel.Error, match="issing"):
        plyvel.DB(path)


@pytest.mark.parametrize(
    "content", [b"", b"MANIFEST-000099\n", b"MANIFEST-000002"], ids=["empty", "dangling", "no newline"]
)
def test_a_bad_current_is_an_error(plyvel: Any, path: str, content: bytes) -> None:
    """And it stays as it is."""
    plyvel.DB(path, create_if_missing=True).close()
    current = Path(path, "CURRENT")
    current.write_bytes(content)

    with pytest.raises(plyvel.Error):
        plyvel.DB(path, create_if_missing=True)
    assert current.read_bytes() == content


@pytest.mark.deviation("the text is the repr of bytes")
def test_the_text_of_an_error_is_text(plyvel: Any, path: str) -> None:
    """It reads as a sentence, not as the repr of bytes."""
    with pytest.raises(plyvel.Error) as caught:
        plyvel.DB(path)

    assert not str(caught.value).startswith("b'")
