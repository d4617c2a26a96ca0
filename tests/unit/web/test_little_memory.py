"""Whatever values a database holds, the server stays small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from relevel import DB, _kernel
from tests.damage import forge

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not tell the peak of memory"
)

MIB = 1 << 20
MOST = 300
"""MiB."""


def peak(place: Path) -> int:
    """The peak of memory of a process that is asked for everything: MiB."""
    command = [sys.executable, "-m", "tests.unit.web.little_memory", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def hollow_table(path: Path, size: int) -> int:
    """A table of one block of so many bytes, which take no room on the disk; its size."""
    metaindex = forge.block(b"")
    index = forge.block(forge.entry(forge.internal_key(b"key", 5), forge.varint(0) + forge.varint(size)))
    at = size + 5
    footer = forge.footer((at, len(metaindex) - 5), (at + len(metaindex), len(index) - 5))
    with path.open("wb") as file:
        file.truncate(at)
        file.seek(at)
        file.write(metaindex + index + footer)
    return path.stat().st_size


def test_values_of_a_gibibyte_in_tables_take_no_memory(tmp_path: Path) -> None:
    """A table each, several of them."""
    place = tmp_path / "db"
    numbers = range(5, 9)
    forge.database(place, [])
    sizes = [hollow_table(place / f"{number:06}.ldb", 1024 * MIB) for number in numbers]
    tables = [
        forge.new_table(0, n, size, b"key", b"key", sequences=(n, n)) for n, size in zip(numbers, sizes, strict=True)
    ]
    (place / "MANIFEST-000001").write_bytes(forge.log([forge.first_edit(last_sequence=20, log_number=20), *tables]))
    (place / "000020.log").write_bytes(forge.log([forge.batch(21, forge.put(b"small", b"value"), 1)]))

    assert peak(place) < MOST


def test_a_large_value_in_a_log_takes_no_memory(tmp_path: Path) -> None:
    """It is gone through, piece by piece."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"small", b"value")
    (log,) = place.glob("*.log")
    record = _kernel.encode_log_record(forge.batch(2, forge.put(b"large", bytes(100 * MIB)), 1), log.stat().st_size)
    with log.open("ab") as file:
        file.write(record)

    assert peak(place) < MOST


@pytest.mark.parametrize("codec", ["snappy", "zstd"])
def test_blocks_that_grow_take_no_memory(codec: str, tmp_path: Path) -> None:
    """What is small on the disk and large in memory."""
    place = forge.database(tmp_path / "db", [])
    builder = _kernel.TableBuilder(str(place / "000005.ldb"), codec=codec)
    builder.add(forge.internal_key(b"key", 5), bytes(200 * MIB))
    size = builder.finish(sync=False).file_size
    edits = [forge.first_edit(last_sequence=9), forge.new_table(1, 5, size, b"key", b"key", sequences=(5, 5))]
    (place / "MANIFEST-000001").write_bytes(forge.log(edits))
    (place / "000020.log").write_bytes(forge.log([forge.batch(21, forge.put(b"small", b"value"), 1)]))

    assert peak(place) < MOST


def test_many_values_just_below_the_limit_are_shown(tmp_path: Path) -> None:
    """A page of rows has the heads of the values, and not the values."""
    place = tmp_path / "db"
    value = os.urandom(2 * MIB)
    with DB(place, create_if_missing=True) as db:
        for number in range(100):
            db.put(b"%03d" % number, value)

    assert peak(place) < MOST


def test_many_tables_with_large_blocks_take_no_memory(tmp_path: Path) -> None:
    """All of the same keys, so that a block of each is merged at a time: each may be smaller then."""
    place = forge.database(tmp_path / "db", [])
    edits = [forge.first_edit(last_sequence=99, log_number=200)]
    for number in range(5, 65):
        builder = _kernel.TableBuilder(str(place / f"{number:06}.ldb"))
        builder.add(forge.internal_key(b"key", number), bytes(12 * MIB))
        size = builder.finish(sync=False).file_size
        edits.append(forge.new_table(0, number, size, b"key", b"key", sequences=(number, number)))
    (place / "MANIFEST-000001").write_bytes(forge.log(edits))
    (place / "000200.log").write_bytes(forge.log([forge.batch(100, forge.put(b"small", b"value"), 1)]))

    assert peak(place) < MOST


def test_many_logs_take_no_memory(tmp_path: Path) -> None:
    """What they may take together before they are sorted in files is shared among them."""
    place = forge.database(tmp_path / "db", [forge.first_edit(log_number=5)])
    for number in range(5, 17):
        payloads = [forge.batch(number * 100 + at, forge.put(b"%d" % at, bytes(MIB)), 1) for at in range(20)]
        log = b""
        for payload in payloads:
            log += _kernel.encode_log_record(payload, len(log) % (32 << 10))
        (place / f"{number:06}.log").write_bytes(log)
    (place / "000020.log").write_bytes(forge.log([forge.batch(5000, forge.put(b"small", b"value"), 1)]))

    assert peak(place) < MOST
