"""Values that are larger than everything else: how often one of them is in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from relevel import DB

SIZE = 128 << 20
BESIDES = 200
"""What a process takes without any value: MiB."""
PROGRAM = """
import re, sys, relevel
relevel.export(sys.argv[1], sys.argv[2])
print(re.findall(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the peak of memory")
@pytest.mark.parametrize(("suffix", "copies"), [("arrow", 3), ("parquet", 5)])
def test_a_value_is_in_memory_a_few_times(suffix: str, copies: int, tmp_path: Path) -> None:
    """While it is read, laid out as columns, and written."""
    with DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"large", os.urandom(1 << 20) * (SIZE >> 20))
        db.put(b"small", b"value")
        db.compact_range()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "db"), str(tmp_path / f"rows.{suffix}")]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert int(done.stdout) // 1024 < copies * (SIZE >> 20) + BESIDES
