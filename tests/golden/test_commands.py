"""What commands print, held against what they printed when somebody last looked at it.

``RELEVEL_REWRITE=1 python -m pytest tests/golden`` writes the outputs anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.catalogue import FOLDER as FIXTURES

OUTPUTS = Path(__file__).parent / "outputs"
CASES = {
    "info": ["info", "db"],
    "info-json": ["info", "db", "--json"],
    "check": ["check", "db"],
    "check-damaged": ["check", "damaged"],
    "check-damaged-json": ["check", "damaged", "--json"],
    "rescue-dry-run": ["rescue", "damaged", "rescued", "--dry-run"],
    "rescue": ["rescue", "damaged", "rescued"],
    "undelete": ["undelete", "db", "back", "--deleted", "--prefix", "account/"],
    "undelete-dry-run": ["undelete", "db", "--run", "1", "--start", "account/0x8", "--dry-run"],
    "undelete-at": ["undelete", "db", "--at", "4000", "--dry-run"],
    "undelete-at-time": ["undelete", "db", "--at", "2026-11-21T08:00Z", "--dry-run"],
    "undelete-before-everything": ["undelete", "db", "--at", "2020-09-13T12:27Z", "--dry-run"],
    "history-mass-deletions": ["history", "db", "--mass-deletions"],
    "history-horizon": ["history", "db", "--horizon"],
    "find": ["find", "db", "account/0x00d94387ee7b7d42646f"],
    "get": ["get", "db", "state/head"],
    "scan": ["scan", "db", "--prefix", "state/"],
    "dump-text": ["dump", "db", "--prefix", "state/", "--format", "text"],
    "dump-all-csv": ["dump", "db", "--all", "--prefix", "73746174652f6e6f7465", "--format", "csv", "--encoding", "hex"],
    "history": ["history", "db", "--from", "5240", "--format", "jsonl"],
    "history-deleted": ["history", "db", "--deleted", "--prefix", "account/0x00", "--format", "text"],
    "export": ["export", "db", "rows.csv", "--live", "--prefix", "state/", "--decode", "auto"],
    "export-damaged": ["export", "damaged", "rows.jsonl"],
    "survey": ["survey", "damaged"],
    "carve": ["carve", "disk.img", "carved"],
    "not-a-database": ["check", "empty"],
    "no-such-key": ["get", "db", "no such key"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration database, a damaged copy of it and an empty directory; times are fixed."""
    folder = tmp_path_factory.mktemp("golden")
    for name in ("db", "damaged"):
        shutil.copytree(FIXTURES / "demo" / "db", folder / name)
    table = folder / "damaged" / "000005.ldb"
    data = bytearray(table.read_bytes())
    data[27140] ^= 0x10
    data[60000:60512] = bytes(512)
    table.write_bytes(data)
    (folder / "damaged" / "000009.ldb").unlink()
    (folder / "empty").mkdir()
    (folder / "disk.img").write_bytes(image_of(folder / "db"))
    for path in folder.glob("*/*"):
        os.utime(path, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))
    return folder


def image_of(database: Path) -> bytes:
    """The files of a database one after another, without their names, each at a multiple of 512; one of its tables is cut short."""
    image = bytes(1000)
    for path in sorted(database.iterdir()):
        if path.name[0] in "0M":
            data = path.read_bytes()
            image += bytes(-len(image) % 512) + data[: 50_000 if path.name == "000009.ldb" else None]
    return image


@pytest.mark.parametrize("name", list(CASES))
def test_a_command_prints_what_it_printed(name: str, place: Path) -> None:
    """Output, messages and exit code of one command."""
    golden = OUTPUTS / f"{name}.txt"

    done = subprocess.run(
        [sys.executable, "-m", "relevel", *CASES[name]],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )

    printed = f"$ relevel {' '.join(CASES[name])}\n{done.stdout}{done.stderr}(exit code {done.returncode})\n"
    if os.environ.get("RELEVEL_REWRITE"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8")
