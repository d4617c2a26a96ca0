"""Bits flipped all over a block whose values hold long runs of one byte: a run is not taken for the damage."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import relevel


def write(path: Path, chance: random.Random, compression: str | None) -> dict[bytes, bytes]:
    """A database of values that do not compress, with runs of one byte in them."""
    truth = {}
    with relevel.DB(path, create_if_missing=True, compression=compression) as database:
        for number in range(300):
            parts = [chance.randbytes(chance.randrange(1500)), b"x" * chance.choice([0, 40, 100, 300, 400])]
            truth[b"key%03d" % number] = b"".join(chance.sample(parts, 2))
            database.put(b"key%03d" % number, truth[b"key%03d" % number])
        database.compact_range()
    return truth


def flip_many(path: Path, chance: random.Random) -> None:
    """Flip bits in each 4 KiB of the largest table."""
    table = max(path.glob("*.ldb"), key=lambda file: file.stat().st_size)
    content = bytearray(table.read_bytes())
    for start in range(0, len(content) - 8192, 4096):
        for _ in range(chance.choice([3, 5, 20])):
            content[start + chance.randrange(4096)] ^= 1 << chance.randrange(8)
    table.write_bytes(content)


@pytest.mark.parametrize("compression", ["snappy", None])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_comes_back_that_was_not_written(seed: int, compression: str | None, tmp_path: Path) -> None:
    """Neither in what is rescued nor in the history; but for blocks of which the report says that their healing is in doubt."""
    chance = random.Random(seed)
    truth = write(tmp_path / "db", chance, compression)
    flip_many(tmp_path / "db", chance)

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    past = relevel.History(tmp_path / "db").timeline()
    wrong = [version for version in past if truth.get(version.key) != version.value]
    in_doubt = {finding.span.offset for finding in report.findings if "in doubt" in finding.message}
    foreign = dict(relevel.scan(tmp_path / "rescued")).items() - truth.items()
    assert not report.is_complete
    assert {version.offset for version in wrong} <= in_doubt
    assert {version.integrity for version in wrong} <= {"unverified"}
    assert foreign <= {(version.key, version.value) for version in wrong}
