"""Every byte of every file is accounted for, in real databases and in damaged copies of them."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

import relevel
from relevel.recovery.accounting import Condition, FileAccount, Part
from tests.damage import operators
from tests.damage.oracle import TRAILER_SIZE, fragments, table_layout
from tests.fixtures.catalogue import OWN, Fixture
from tests.fixtures.subjects import NAMES, Subject, subject_of

ORDERS = {"test.ReverseBytewise": relevel.Comparator("test.ReverseBytewise", "reverse-bytewise")}
DAMAGED = [
    fixture for fixture in OWN if fixture.name in ("demo", "goleveldb-killed", "mojang-deflate", "chromium-indexeddb")
]


@pytest.fixture(params=NAMES)
def subject(request: pytest.FixtureRequest) -> Subject:
    """Every real database."""
    return subject_of(request, request.param)


def accounts_of(database: Path, comparator: str = "") -> dict[str, FileAccount]:
    """What every byte is, by file; the sums hold."""
    files = relevel.check(database, comparator=ORDERS.get(comparator), accounting=True).files
    for file in files:
        path = database / file.name
        assert file.size == (path.stat().st_size if path.is_file() else 0)
        assert sum(file.parts.values()) == file.size
        assert all(size > 0 for size in file.parts.values())
        assert [run.offset for run in file.runs] == [0, *(run.offset + run.size for run in file.runs)][: len(file.runs)]
        assert sum(run.size for run in file.runs) == file.size
        assert all(one.condition is not other.condition for one, other in pairwise(file.runs))
    assert {file.name for file in files} >= {path.name for path in database.iterdir()}
    return {file.name: file for file in files}


def bytes_of(files: dict[str, FileAccount], part: Part) -> int:
    """How many bytes of all files are this."""
    return sum(file.parts.get(part, 0) for file in files.values())


def test_every_byte_of_a_real_database_is_accounted_for(subject: Subject) -> None:
    """What other programs wrote and closed has no byte that is healed or lost, and its blocks are where the oracle sees them."""
    files = accounts_of(subject.database, subject.comparator)

    assert bytes_of(files, Part.HEALED) == bytes_of(files, Part.SALVAGED) == 0
    for name, file in files.items():
        if file.kind == "table" and {run.condition for run in file.runs} == {Condition.INTACT}:
            layout = table_layout((subject.database / name).read_bytes())
            assert file.parts[Part.DATA] == sum(handle.size for handle in layout.data)
            assert file.parts.get(Part.FILTER, 0) == (layout.filter.size if layout.filter else 0)
            assert file.parts[Part.TRAILER] == TRAILER_SIZE * (len(layout.data) + 2 + bool(layout.filter))


def test_the_parts_of_a_log_are_its_fragments() -> None:
    """Payloads and headers, counted by the oracle."""
    database = next(fixture for fixture in OWN if fixture.name == "plyvel-live").database

    files = accounts_of(database)

    for path in database.glob("*.log"):
        pieces = list(fragments(path.read_bytes()))
        assert files[path.name].parts[Part.RECORD] == sum(piece.size for piece in pieces)


@pytest.mark.parametrize("fixture", DAMAGED, ids=lambda fixture: fixture.name)
@pytest.mark.parametrize("kind", operators.KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_leaves_no_byte_out(fixture: Fixture, kind: str, seed: int, tmp_path: Path) -> None:
    """Wherever it is; nothing of it is lost, and only the file that was hit is not intact."""
    database = Path(shutil.copytree(fixture.database, tmp_path / "db"))
    try:
        damage = operators.flip_random_bit_in(database, kind, seed)
    except ValueError:
        pytest.skip("there is none")

    files = accounts_of(database)

    hurt = {name for name, file in files.items() if any(run.condition is not Condition.INTACT for run in file.runs)}
    assert hurt <= {damage.file.name}
    if kind.startswith(("data-", "log-payload")):
        assert hurt == {damage.file.name}


@pytest.mark.parametrize("fixture", DAMAGED, ids=lambda fixture: fixture.name)
@pytest.mark.parametrize("kind", ["zero", "garbage", "repeat", "append", "truncate", "delete"])
def test_other_damage_leaves_no_byte_out(fixture: Fixture, kind: str, tmp_path: Path) -> None:
    """To each file in turn."""
    original = fixture.database
    for number, name in enumerate(sorted(path.name for path in original.iterdir() if path.stat().st_size)):
        database = Path(shutil.copytree(original, tmp_path / name))
        file, size = database / name, (original / name).stat().st_size
        start, length = size * (number % 5) // 7, max(1, size // 5)
        if kind == "zero":
            operators.zero(file, start, length)
        elif kind == "garbage":
            operators.garbage(file, start, length, number)
        elif kind == "repeat":
            operators.repeat(file, start, length)
        elif kind == "append":
            operators.append(file, length, number)
        elif kind == "truncate":
            operators.truncate(file, start)
        else:
            operators.delete(file)

        accounts_of(database)


def test_what_is_hurt_is_told_apart(tmp_path: Path) -> None:
    """A healed block, a lost one, a lost index, a stranger, a table that is gone."""
    database = Path(shutil.copytree(OWN[3].database, tmp_path / "db"))
    healed, gone, index = database / "000005.ldb", database / "000009.ldb", database / "000011.ldb"
    handle = table_layout(index.read_bytes()).index_block
    operators.flip_bit(healed, 27140, 4)
    operators.garbage(healed, 50_000, 100, seed=1)
    operators.garbage(index, handle.offset, handle.size, seed=1)
    size = gone.stat().st_size
    gone.unlink()
    (database / "notes.txt").write_text("mine")

    files = accounts_of(database)

    assert 0 < files[healed.name].parts[Part.HEALED] < 1000
    assert 0 < files[healed.name].parts[Part.LOST] < 1000
    assert files[index.name].parts[Part.SPARED] >= handle.size
    assert Part.LOST not in files[index.name].parts
    assert files["notes.txt"].parts == {Part.STRANGER: 4}
    assert (files[gone.name].size, files[gone.name].claimed_size) == (0, size)


def test_a_rescue_accounts_for_its_source_where_it_is_asked_to(tmp_path: Path) -> None:
    """As a check does; else it says nothing."""
    database = OWN[3].database

    asked = relevel.rescue(database, tmp_path / "one", accounting=True)
    silent = relevel.rescue(database, tmp_path / "two")

    assert asked.files == relevel.check(database, accounting=True).files
    assert silent.files == relevel.check(database).files == ()
