"""An older table in the place of a newer one, and hurt as well: which of them it is, its size and its ends tell by every way in."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

import relevel
from relevel.format.footer import decode_footer
from tests.damage.operators import flip_bit
from tests.damage.test_out_of_place import NEW, assert_all_stale_is_told, codes
from tests.damage.test_strays import Builder, Entries, values, write_table

NARROW: Entries = {b"k%03d" % number: (number + 1, b"old " * 20) for number in range(20, 180)}
SAME_START: Entries = {**NARROW, b"k000": NEW[b"k000"]}
SAME_ENDS: Entries = {**SAME_START, b"k299": NEW[b"k299"]}


def replaced_by(entries: Entries, place: Path) -> tuple[Builder, Path]:
    """A database of one table, in whose place stands one of these entries, and its path."""
    builder = Builder(place)
    path = builder.table(7, NEW, level=1)
    path.unlink()
    write_table(path, entries)
    return builder, path


def index_of(path: Path) -> tuple[int, int]:
    """Where the index of a whole table begins and ends."""
    index = decode_footer(path.read_bytes()).index
    return index.offset, index.offset + index.size


def write_over(path: Path, offset: int, size: int) -> None:
    """Write other bytes over a stretch of a file."""
    data = bytearray(path.read_bytes())
    data[offset : offset + size] = bytes(byte ^ 0xA5 for byte in data[offset : offset + size])
    path.write_bytes(data)


def hurt_index_bit(path: Path) -> None:
    """It can be healed."""
    flip_bit(path, index_of(path)[0] + 3, 2)


def lose_footer(path: Path) -> None:
    """The index can be found by its shape."""
    write_over(path, path.stat().st_size - 48, 48)


def lose_index(path: Path) -> None:
    """The blocks can be found one by one."""
    start, end = index_of(path)
    write_over(path, start, end - start)


def lose_index_and_footer(path: Path) -> None:
    """And nothing says any more where the table ends, but that the metaindex follows the last block."""
    lose_index(path)
    lose_footer(path)


def cut(path: Path) -> None:
    """The last blocks are gone too."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


ENDS_ARE_KEPT = [hurt_index_bit, lose_footer, lose_index, lose_index_and_footer]


@pytest.mark.parametrize("old", [NARROW, SAME_START], ids=["other ends", "another last key"])
@pytest.mark.parametrize("hurt", ENDS_ARE_KEPT)
def test_an_old_table_is_known_by_its_ends(hurt: Callable[[Path], None], old: Entries, tmp_path: Path) -> None:
    """Also where it holds no key outside the range that the manifest gives."""
    builder, path = replaced_by(old, tmp_path)
    hurt(path)

    assert_all_stale_is_told(builder.database(), values(NEW), tmp_path)
    assert "table.replaced" in {finding.code for finding in relevel.check(builder.place).findings}


def test_an_old_table_is_known_by_its_first_key_where_it_was_cut(tmp_path: Path) -> None:
    """All that is left of it is uncertain, and not only the keys behind the cut."""
    builder, path = replaced_by(NARROW, tmp_path)
    cut(path)

    assert_all_stale_is_told(builder.database(), values(NEW), tmp_path)


def test_an_old_table_is_known_by_its_first_key_where_that_is_healed(tmp_path: Path) -> None:
    """A bit flipped in the block that holds it, and one in the index."""
    builder, path = replaced_by({**NARROW, b"k299": NEW[b"k299"]}, tmp_path)
    hurt_index_bit(path)
    flip_bit(path, 40, 1)

    assert_all_stale_is_told(builder.database(), values(NEW), tmp_path)


@pytest.mark.parametrize("hurt", [hurt_index_bit, lose_footer, lose_index])
def test_an_old_table_with_the_same_ends_is_known_by_its_size(hurt: Callable[[Path], None], tmp_path: Path) -> None:
    """Footer and index stand where it ends, so nothing was cut from it."""
    builder, path = replaced_by(SAME_ENDS, tmp_path)
    hurt(path)

    assert_all_stale_is_told(builder.database(), values(NEW), tmp_path)


def test_a_larger_table_is_another_though_nothing_tells_where_it_ends(tmp_path: Path) -> None:
    """Damage takes away from a table of which index and footer are lost."""
    larger = {key: (sequence, sha256(key).digest()) for key, (sequence, _) in SAME_ENDS.items()}
    builder, path = replaced_by({**larger, b"k000": NEW[b"k000"], b"k299": NEW[b"k299"]}, tmp_path)
    lose_index_and_footer(path)

    assert_all_stale_is_told(builder.database(), values(NEW), tmp_path)


@pytest.mark.parametrize("hurt", [*ENDS_ARE_KEPT, cut])
@pytest.mark.parametrize("block", [(10, 60), (-60, 20)], ids=["first", "last"])
def test_a_table_is_not_called_another_because_an_end_of_it_is_hurt(
    block: tuple[int, int], hurt: Callable[[Path], None], tmp_path: Path
) -> None:
    """What cannot be read tells nothing: the rest of the table stays certain."""
    builder = Builder(tmp_path)
    path = builder.table(7, NEW, level=1)
    offset, size = block
    data_end = decode_footer(path.read_bytes()).metaindex.offset
    hurt(path)
    write_over(path, offset % data_end, size)

    report = relevel.rescue(builder.database(), tmp_path / "rescued", exclude_uncertain=True)

    assert "table.replaced" not in codes(list(report.findings))
    certain = dict(relevel.scan(tmp_path / "rescued"))
    assert certain.items() <= values(NEW).items()
    assert len(certain) > len(NEW) // 4
