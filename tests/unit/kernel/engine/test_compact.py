"""Compactions of tables that another program wrote."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from relevel._kernel import TableMeta
from relevel._kernel.engine import Table
from tests.unit.kernel.engine.stores import Opened, damaged_copy, open_tables
from tests.unit.kernel.stores import ContentError

Written = tuple[Path, dict[bytes, bytes]]


def namer(folder: Path) -> Callable[[], str]:
    """Names tables, from number 900 on."""
    numbers = iter(range(900, 2000))
    return lambda: str(folder / f"{next(numbers):06}.ldb")


def runs(opened: Opened) -> list[list[Table]]:
    """Everything, the newest first."""
    level_0 = sorted(opened.levels[0], key=lambda table: -table.number)
    return [[table] for table in level_0] + [level for level in opened.levels[1:] if level]


def tables(made: list[TableMeta]) -> list[Table]:
    """What was made, as a run."""
    return [Table(int(Path(meta.path).stem), meta.path, meta.file_size, meta.smallest, meta.largest) for meta in made]


def test_everything_merged_reads_the_same(opened: Opened, truth: dict[bytes, bytes], tmp_path: Path) -> None:
    """One version of each key is left, and no deletion; every table but the last has the size asked for."""
    made = opened.store.compact(
        runs(opened), namer(tmp_path), smallest_snapshot=opened.store.last_sequence, deeper=[], target_file_size=50_000
    )

    assert sum(meta.entry_count for meta in made) == len(truth)
    assert all(50_000 <= meta.file_size < 60_000 for meta in made[:-1])
    opened.store.install([[], tables(made)], [])
    assert list(opened.iterator()) == list(truth.items())
    assert opened.reader().get_many(list(truth)) == list(truth.values())


def test_a_level_out_of_order_is_refused(opened: Opened, truth: dict[bytes, bytes], tmp_path: Path) -> None:
    """Searching it would miss what is there; level 0 may be in any order."""
    made = tables(
        opened.store.compact(
            runs(opened),
            namer(tmp_path),
            smallest_snapshot=opened.store.last_sequence,
            deeper=[],
            target_file_size=50_000,
        )
    )

    with pytest.raises(ValueError, match=f"tables {made[-1].number} and"):
        opened.store.install([[], made[::-1]], [])
    opened.store.install([made[::-1]], [])
    assert list(opened.iterator()) == list(truth.items())


def test_old_versions_stay_for_a_snapshot(opened: Opened, tmp_path: Path) -> None:
    """What a snapshot sees before a compaction it sees after it."""
    snapshot = opened.store.last_sequence // 2
    before = list(opened.iterator(sequence=snapshot))

    made = opened.store.compact(runs(opened), namer(tmp_path), smallest_snapshot=snapshot, deeper=[])

    opened.store.install([[], tables(made)], [])
    assert list(opened.iterator(sequence=snapshot)) == before


def test_damage_in_an_input_ends_the_work(written: Written, tmp_path: Path) -> None:
    """With the file and the fault, also where reads do not verify checksums."""
    table = open_tables(written[0]).levels[0][0].number

    def change(data: bytearray) -> None:
        data[1000] ^= 1

    path = damaged_copy(written[0], tmp_path / "db", table, change)
    opened = open_tables(path, verify_checksums=False)

    with pytest.raises(ContentError) as raised:
        opened.store.compact(runs(opened), namer(tmp_path), smallest_snapshot=0, deeper=[])

    assert raised.value.fault.code == "table.block.checksum-mismatch"
    assert Path(raised.value.path).name.startswith(f"{table:06}")


def test_what_callbacks_raise_comes_out(opened: Opened, tmp_path: Path) -> None:
    """The namer's exception; and InterruptedError where the work is asked to stop."""

    def fail() -> str:
        raise KeyError("no name")

    with pytest.raises(KeyError, match="no name"):
        opened.store.compact(runs(opened), fail, smallest_snapshot=0, deeper=[])
    with pytest.raises(FileExistsError):
        opened.store.compact(runs(opened), lambda: str(tmp_path), smallest_snapshot=0, deeper=[])


def test_a_compaction_that_is_asked_to_stop_does(tmp_path: Path) -> None:
    """About every 100,000 entries it asks."""
    plyvel = pytest.importorskip("plyvel")
    numbers = random.Random(1)
    with plyvel.DB(str(tmp_path / "db"), create_if_missing=True) as db:
        for _ in range(3):
            with db.write_batch() as batch:
                for _ in range(60_000):
                    batch.put(numbers.randbytes(8), b"")
    plyvel.DB(str(tmp_path / "db")).close()
    opened, asked = open_tables(tmp_path / "db"), []

    def should_stop() -> bool:
        asked.append(1)
        return True

    with pytest.raises(InterruptedError):
        opened.store.compact(runs(opened), namer(tmp_path), smallest_snapshot=0, deeper=[], should_stop=should_stop)
    assert asked == [1]
