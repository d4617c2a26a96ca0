"""What the system, a package or a database refuses while rows are written: our error, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest

import relevel
from relevel.decoders.chainstate import VEIL_KEY
from relevel.exports.export import WRITERS
from relevel.exports.survey import MANY_FORMATS
from tests.fixtures.catalogue import BY_NAME
from tests.unit.exports.reading import READERS, query, skip_without
from tests.unit.small_files import no_file_larger_than

DEMO = BY_NAME["demo"].database
TINY = BY_NAME["plyvel-tiny"].database
FORMATS = list(WRITERS)
_SQLITE_LIMIT_LENGTH: Final = 0
"""SQLite's name for the largest value it takes."""


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A database with a file whose name is no text, and that is no table."""
    place = tmp_path / "strange"
    shutil.copytree(TINY, place)
    try:
        Path(os.fsdecode(os.fsencode(place) + b"/\xff\xfe.ldb")).write_bytes(b"odd")
    except OSError:
        pytest.skip("names are text here")
    return place


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [0, 1000])
def test_a_disk_that_is_full_is_a_storage_error(format: str, size: int, tmp_path: Path) -> None:
    """Whoever meets it; it names the file, and nothing is left."""
    skip_without(format)
    place = tmp_path / f"out.{format}"

    with pytest.raises(relevel.StorageError, match="cannot write"), no_file_larger_than(size):
        relevel.export(DEMO, place)

    assert not list(tmp_path.iterdir())


def test_a_list_of_hashes_that_the_disk_refuses_is_a_storage_error(tmp_path: Path) -> None:
    """And nothing is left of it."""
    with pytest.raises(relevel.StorageError, match=r"cannot write .*hashes"), no_file_larger_than(100):
        relevel.survey(DEMO, hashes=tmp_path / "hashes")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_that_is_no_text_costs_nothing(format: str, strange: Path, tmp_path: Path) -> None:
    """Anybody may put such a file beside a database: all rows come out."""
    skip_without(format)
    place = tmp_path / f"out.{format}"

    relevel.export(strange, place)

    assert READERS[format](place) == [tuple(row) for row in relevel.dump(strange, all_versions=True)]


@pytest.mark.parametrize("format", FORMATS)
def test_a_place_that_is_no_text_is_written_or_refused(format: str, tmp_path: Path) -> None:
    """DuckDB cannot, and nothing is left; all others can."""
    skip_without(format)
    folder = tmp_path / os.fsdecode(b"\xff")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("names are text here")
    place = folder / os.fsdecode(b"\xfe." + format.encode())

    if format == "duckdb":
        with pytest.raises(relevel.NotSupportedError, match="not text"):
            relevel.export(TINY, place)
        assert not list(folder.iterdir())
    else:
        relevel.export(TINY, place)
        assert list(folder.iterdir()) == [place]
        plain = place.rename(tmp_path / f"out.{format}")
        assert READERS[format](plain) == [tuple(row) for row in relevel.dump(TINY, all_versions=True)]


@pytest.mark.parametrize("format", ["sqlite", "duckdb"])
def test_a_name_that_is_no_text_is_escaped(format: str, strange: Path, tmp_path: Path) -> None:
    """In the table of files."""
    skip_without(format)

    relevel.export(strange, tmp_path / f"out.{format}")

    assert ("\\xff\\xfe.ldb",) in query(tmp_path / f"out.{format}", "select name from files")


def test_a_name_that_is_no_text_is_escaped_in_an_answer(strange: Path) -> None:
    """To a question in SQL."""
    skip_without("duckdb")

    with relevel.sql(strange, "select name from files") as answer:
        assert ("\\xff\\xfe.ldb",) in list(answer)
    with relevel.sql(strange, "select count(*) from findings") as answer:
        assert len(list(answer)) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="sets no limits of SQLite's")
def test_what_sqlite_cannot_hold_is_told_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value larger than it takes; nothing is left."""
    connect = sqlite3.connect

    def limited(*arguments: Any, **options: Any) -> Any:
        connection: Any = connect(*arguments, **options)
        connection.setlimit(_SQLITE_LIMIT_LENGTH, 5000)
        return connection

    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"large", bytes(10_000))
    monkeypatch.setattr(sqlite3, "connect", limited)

    with pytest.raises(relevel.NotSupportedError, match=r"SQLite cannot hold a row: .*the other formats can"):
        relevel.export(tmp_path / "db", tmp_path / "out.sqlite")

    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_a_question_that_wants_more_memory_than_there_is_is_a_storage_error() -> None:
    """Of one line, with the option that helps."""
    skip_without("duckdb")
    question = (
        "select count(*) from (select distinct repeat('x', 1000) || a.i || b.i from range(3000) a(i), range(3000) b(i))"
    )

    with pytest.raises(relevel.StorageError, match="--memory gives it more") as caught:
        relevel.sql(TINY, question, memory_limit="5MB")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", ["none", None])
def test_a_question_without_room_for_temporary_files_is_a_storage_error(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the folder in which they would be is not there, or none that could be used was found."""
    skip_without("duckdb")
    monkeypatch.setattr(tempfile, "tempdir", given and str(tmp_path / given))
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])

    with pytest.raises(relevel.StorageError, match="cannot write temporary files in '/"):
        relevel.sql(TINY, "select 1")


@pytest.fixture
def veiled(tmp_path: Path) -> Path:
    """A tree with a chainstate, and one whose veil is cut off."""
    for name, veil in (("cut off", b"\x01"), ("whole", b"\x08" + bytes(8))):
        (tmp_path / "tree").mkdir(exist_ok=True)
        with relevel.DB(tmp_path / "tree" / name, create_if_missing=True) as db:
            db.put(VEIL_KEY, veil)
            for output in range(3):
                db.put(b"C" + bytes(32) + bytes([output]), b"\0\0\6")
    return tmp_path / "tree"


@pytest.mark.parametrize("format", MANY_FORMATS)
def test_a_database_that_a_decoder_does_not_fit_costs_its_own_rows(format: str, veiled: Path, tmp_path: Path) -> None:
    """The others are exported, and it is told why it is not."""
    skip_without(format)

    report = relevel.survey(veiled, export=tmp_path / f"all.{format}", decode="chainstate")

    assert report.export is not None
    assert report.export.row_count == 4
    assert [(Path(one.path).name, one.reason) for one in report.export.incomplete] == [
        ("cut off", "obfuscate_key has 1 bytes, not 9")
    ]
    assert not report.is_clean


def test_a_database_that_a_decoder_does_not_fit_is_not_exported_with_it(veiled: Path, tmp_path: Path) -> None:
    """Where it was named; where it was guessed, everything is raw with that reason."""
    with pytest.raises(relevel.NotDecodedError, match="obfuscate_key has 1 bytes"):
        relevel.export(veiled / "cut off", tmp_path / "out.jsonl", decode="chainstate")
    relevel.export(veiled / "cut off", tmp_path / "raw.jsonl", decode="auto")

    assert not (tmp_path / "out.jsonl").exists()
    rows = [json.loads(line) for line in (tmp_path / "raw.jsonl").read_text().splitlines()]
    assert {row["decoded_key"] for row in rows} == {None}
    assert all("obfuscate_key has 1 bytes" in row["undecoded"] for row in rows)


def test_a_row_that_parquet_cannot_hold_is_not_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of 2 GiB and more: pyarrow's limit, which cannot be lowered, so the refusal is its own words said by the test."""
    parquet = pytest.importorskip("pyarrow.parquet")

    def refuse(*_: object) -> None:
        raise sys.modules["pyarrow"].ArrowInvalid("Parquet cannot store strings with size 2GB or more")

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", refuse)

    with pytest.raises(relevel.NotSupportedError, match="2GB or more; JSON lines hold every row"):
        relevel.export(TINY, tmp_path / "out.parquet")

    assert list(tmp_path.iterdir()) == []
