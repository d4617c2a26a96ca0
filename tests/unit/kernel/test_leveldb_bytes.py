"""The kernel's tables against LevelDB's own, byte for byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from relevel import _kernel
from relevel._kernel import TableBuilder

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")


def leveldb_tables(directory: Path, compression: str | None, bloom_filter_bits: int, **sizes: int) -> list[Path]:
    """Tables that LevelDB wrote: keys of all kinds, many versions, values that compress and values that do not."""
    chance = random.Random(5)
    db = plyvel.DB(
        str(directory),
        create_if_missing=True,
        compression=compression,
        bloom_filter_bits=bloom_filter_bits,
        **sizes,
    )
    for number in range(6000):
        key = chance.choice(
            [
                b"%08d" % chance.randrange(10**6),
                chance.randbytes(chance.randrange(12)),
                b"\xff" * chance.randrange(5) + chance.randbytes(1),
            ]
        )
        if chance.random() < 0.1:
            db.delete(key)
        else:
            db.put(
                key,
                chance.choice([b"%d words " % number * chance.randrange(20), chance.randbytes(chance.randrange(200))]),
            )
    db.compact_range(start=b"", stop=b"\xff" * 20)
    db.close()
    return sorted(directory.glob("*.ldb"))


def contents_of(table: bytes) -> list[tuple[str, bytes]]:
    """The kind and the contents of every block."""
    return [
        (kind, _kernel.blocks.decode_block(table[offset : offset + size + 5]))
        for offset, size, kind, *_ in _kernel.scan_table(table).blocks()
    ]


def rebuilt(table: bytes, path: Path, codec: str, bloom_bits: int, block_size: int = 4096, interval: int = 16) -> bytes:
    """The same entries written again by the kernel."""
    builder = TableBuilder(
        str(path), codec=codec, bloom_bits_per_key=bloom_bits, block_size=block_size, restart_interval=interval
    )
    for kind, contents in contents_of(table):
        if kind == "data":
            entries, faults = _kernel.blocks.scan_block(contents)
            assert not faults
            for key, value in entries:
                builder.add(key, value)
    builder.finish(sync=False)
    return path.read_bytes()


@pytest.mark.parametrize("bloom_bits", [0, 10])
@pytest.mark.parametrize("block_size", [1024, 4096, 65536])
@pytest.mark.parametrize("interval", [1, 16])
def test_a_table_is_byte_for_byte_leveldbs(tmp_path: Path, bloom_bits: int, block_size: int, interval: int) -> None:
    """Blocks are cut, keys shortened and filters made as LevelDB does."""
    sizes = {"block_size": block_size, "block_restart_interval": interval}
    (path,) = leveldb_tables(tmp_path / "db", None, bloom_bits, **sizes)
    table = path.read_bytes()

    assert rebuilt(table, tmp_path / "new", "none", bloom_bits, block_size, interval) == table


def test_a_snappy_table_has_leveldbs_data_blocks(tmp_path: Path) -> None:
    """What snappy makes of a block is not part of the format and differs between its releases; what is in it does not."""
    (path,) = leveldb_tables(tmp_path / "db", "snappy", 10)
    table = path.read_bytes()

    mine = rebuilt(table, tmp_path / "new", "snappy", 10)

    assert data_blocks(mine) == data_blocks(table)
    assert _kernel.scan_table(mine).faults == []
    assert abs(len(mine) - len(table)) < len(table) // 50


def data_blocks(table: bytes) -> list[bytes]:
    """The contents of the data blocks."""
    return [contents for kind, contents in contents_of(table) if kind == "data"]


def test_leveldb_reads_a_table_that_the_kernel_wrote(tmp_path: Path) -> None:
    """In a directory of nothing else, LevelDB's repair takes it, and all entries are read with their checksums verified."""
    (path,) = leveldb_tables(tmp_path / "db", "snappy", 10)
    with plyvel.DB(str(tmp_path / "db"), bloom_filter_bits=10) as db:
        expected = list(db)
    other = tmp_path / "other"
    other.mkdir()

    rebuilt(path.read_bytes(), other / "000007.ldb", "snappy", 10)
    plyvel.repair_db(str(other), paranoid_checks=True, bloom_filter_bits=10)

    with plyvel.DB(str(other), paranoid_checks=True, bloom_filter_bits=10) as db:
        assert list(db.iterator(verify_checksums=True)) == expected
        assert all(db.get(key, verify_checksums=True) == value for key, value in expected)
