"""Tables whose blocks are in no order, with a bit flipped on top of it: every entry comes back, and in order."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import BYTEWISE
from tests.damage import forge
from tests.damage.operators import flip_bit

TABLE = "000005.ldb"
IN_ORDER = ("a", "g", "m", "t")
SHUFFLED = ("a", "m", "g", "t")


def pairs_of(letter: str) -> list[tuple[bytes, bytes]]:
    """The entries of the block whose keys begin with this letter."""
    return [(f"{letter}{number:03d}".encode(), f"value {number} of {letter}".encode() * 3) for number in range(20)]


EVERY_PAIR = [pair for letter in IN_ORDER for pair in pairs_of(letter)]


def shuffled_database(path: Path, letters: Sequence[str] = SHUFFLED) -> dict[str, int]:
    """Write a database of one table with a block for each letter, in this order; return where each block begins."""
    blocks = [
        forge.block(b"".join(forge.entry(forge.internal_key(key, 7), value) for key, value in pairs_of(letter)))
        for letter in letters
    ]
    starts = [sum(map(len, blocks[:position])) for position in range(len(blocks))]
    index = forge.block(
        b"".join(
            forge.entry(
                forge.internal_key(pairs_of(letter)[-1][0], 7), forge.varint(start) + forge.varint(len(block) - 5)
            )
            for letter, start, block in zip(letters, starts, blocks, strict=True)
        )
    )
    table = forge.table(b"".join(blocks), index=index)
    new_table = forge.new_table(2, 5, len(table), b"a000", b"t019", sequences=(7, 7))
    edits = [forge.first_edit(last_sequence=9), new_table]
    forge.database(path, edits, {TABLE: table})
    return dict(zip(letters, starts, strict=True))


def test_blocks_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    """Nothing is lost, and the new database is in order."""
    shuffled_database(tmp_path / "db")

    report = relevel.rescue(tmp_path / "db", tmp_path / "new")

    assert [str(table.treatment) for table in report.tables] == ["sort"]
    assert report.is_complete
    assert list(relevel.scan(tmp_path / "new")) == EVERY_PAIR
    assert relevel.check(tmp_path / "new").is_clean


@pytest.mark.parametrize("hit", SHUFFLED)
@pytest.mark.parametrize("without", ["nothing", "manifest", "footer"])
def test_a_flipped_bit_in_a_block_out_of_order_is_healed(hit: str, without: str, tmp_path: Path) -> None:
    """Whichever block is hit, the ones that are out of order among them, every entry comes back and rescue says why."""
    database = tmp_path / "db"
    start = shuffled_database(database)[hit]
    flip_bit(database / TABLE, start + 100, 3)
    if without == "manifest":
        (database / "MANIFEST-000001").unlink()
        (database / "CURRENT").unlink()
    elif without == "footer":
        flip_bit(database / TABLE, (database / TABLE).stat().st_size - 1, 0)

    report = relevel.rescue(database, tmp_path / "new", comparator=BYTEWISE)

    assert list(relevel.scan(tmp_path / "new")) == EVERY_PAIR
    assert [finding.span.offset for finding in report.healed if finding.code.startswith("table.block.")] == [start]
    assert without == "manifest" or report.is_complete
    assert relevel.check(tmp_path / "new").is_clean
