"""Blocks that grow: what is refused takes little memory, and what an honest writer made is read."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from tests.damage import forge

MIB = 1 << 20
BLOCK_TYPES = {"zlib": 2, "deflate": 4, "zstd": 2, "snappy": 1}


def database(place: Path, stored: bytes, block_type: int) -> Path:
    """A database of one table of one block."""
    table = forge.table(forge.sealed(stored, block_type))
    edits = [forge.first_edit(last_sequence=9), forge.new_table(1, 5, len(table), b"key", b"key", sequences=(5, 5))]
    return forge.database(place / "database", edits, {"000005.ldb": table})


def of_zeroes(size: int) -> bytes:
    """The contents of a block with one value of so many zeroes."""
    return forge.block(forge.entry(forge.internal_key(b"key", 5), bytes(size)))[:-5]


def deflated(size: int, window: int) -> bytes:
    """So many zeroes, without ever holding them."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, window)
    return b"".join(deflate.compress(bytes(MIB)) for _ in range(size // MIB)) + deflate.flush()


@pytest.mark.parametrize("codec", ["zlib", "deflate"])
def test_a_bomb_is_a_finding_and_takes_little_memory(codec: str, tmp_path: Path) -> None:
    """A gibibyte of nothing in a megabyte: every command ends in a process of one gibibyte."""
    bomb = database(tmp_path, deflated(1024 * MIB, 15 if codec == "zlib" else -15), BLOCK_TYPES[codec])
    command = [sys.executable, "-m", "tests.damage.bounded", str(bomb), str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = relevel.check(bomb)

    assert done.returncode == 0, done.stderr
    assert "table.block.decompression-failed" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("codec", list(BLOCK_TYPES))
def test_a_large_value_is_read(codec: str, tmp_path: Path) -> None:
    """However well it was compressed."""
    made = database(tmp_path, _kernel.blocks.compress(codec, of_zeroes(40 * MIB)), BLOCK_TYPES[codec])

    value = relevel.get(made, b"key")

    assert value == bytes(40 * MIB)


@pytest.mark.parametrize("codec", list(BLOCK_TYPES))
def test_the_limit_can_be_set(codec: str, tmp_path: Path) -> None:
    """Snappy needs none: what it can make is bounded by what is stored."""
    made = database(tmp_path, _kernel.blocks.compress(codec, of_zeroes(2 * MIB)), BLOCK_TYPES[codec])

    def codes(limit: int) -> str:
        command = [sys.executable, "-m", "relevel", "check", "--json", str(made)]
        environment = {**os.environ, "RELEVEL_BLOCK_LIMIT": str(limit)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout

    assert ("decompression-failed" in codes(MIB)) == (codec != "snappy")
    assert "decompression-failed" not in codes(3 * MIB)
