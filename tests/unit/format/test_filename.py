"""What a file is, by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.format.filename import (
    MAX_FILE_NUMBER,
    FileKind,
    log_name,
    manifest_name,
    parse_filename,
    table_name,
    temp_name,
)

numbers = st.integers(0, MAX_FILE_NUMBER)


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("000005.ldb", FileKind.TABLE, 5),
        ("000005.sst", FileKind.TABLE, 5),
        ("5.ldb", FileKind.TABLE, 5),
        ("1234567.ldb", FileKind.TABLE, 1234567),
        ("18446744073709551615.ldb", FileKind.TABLE, MAX_FILE_NUMBER),
        ("0000000000000000000000000000005.log", FileKind.LOG, 5),
        ("000006.log", FileKind.LOG, 6),
        ("MANIFEST-000004", FileKind.MANIFEST, 4),
        ("MANIFEST-000000", FileKind.MANIFEST, 0),
        ("CURRENT", FileKind.CURRENT, None),
        ("CURRENT.7", FileKind.CURRENT_PENDING, 7),
        ("CURRENT.bak", FileKind.CURRENT_BACKUP, None),
        ("LOCK", FileKind.LOCK, None),
        ("LOG", FileKind.INFO_LOG, None),
        ("LOG.old", FileKind.INFO_LOG, None),
        ("000007.dbtmp", FileKind.TEMP, 7),
        ("000007.tmp", FileKind.TEMP, 7),
    ],
)
def test_the_names_of_leveldb_and_goleveldb_are_known(name: str, kind: FileKind, number: int | None) -> None:
    """Each name that the two write has its kind and number."""
    assert parse_filename(name) == (kind, number, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "000005",
        ".ldb",
        "000005.ldb.bak",
        "000005.LDB",
        "+5.ldb",
        "-5.ldb",
        " 5.ldb",
        "5.ldb ",
        "5.ldb\n",
        "5_0.ldb",
        "0x5.ldb",
        "\u0665.ldb",
        "\uff15.ldb",
        "MANIFEST",
        "MANIFEST-",
        "MANIFEST-5x",
        "MANIFEST--5",
        "manifest-000005",
        "CURRENT.",
        "CURRENT.x",
        "current",
        "LOG.old.1",
        "18446744073709551616.ldb",
        "9" * 5000 + ".ldb",
        "lost",
        "\udcff.ldb",
    ],
)
def test_a_name_that_only_looks_like_one_of_leveldbs_is_a_stranger(name: str) -> None:
    """Other digits, signs, spaces, suffixes and numbers past 64 bits are not LevelDB's."""
    assert parse_filename(name) == (FileKind.STRANGER, None, name)


@given(numbers)
def test_a_name_made_for_a_number_parses_back_to_it(number: int) -> None:
    """Tables, logs, manifests and temporary files keep their numbers."""
    parsed = [parse_filename(make(number)) for make in (table_name, log_name, manifest_name, temp_name)]

    assert [name.kind for name in parsed] == [FileKind.TABLE, FileKind.LOG, FileKind.MANIFEST, FileKind.TEMP]
    assert {name.number for name in parsed} == {number}


def test_names_are_padded_as_leveldb_pads_them() -> None:
    """Six digits at least."""
    assert table_name(5) == "000005.ldb"
    assert table_name(5, ".sst") == "000005.sst"
    assert manifest_name(1234567) == "MANIFEST-1234567"


@given(st.text())
def test_any_name_is_parsed(name: str) -> None:
    """No name makes it raise, and none is changed."""
    assert parse_filename(name).name == name
