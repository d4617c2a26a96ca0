"""How many files may be open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from relevel.storage.limit import open_file_limit

PROGRAM = """
import resource
from relevel.storage.limit import open_file_limit, raise_file_limit

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
print(open_file_limit())
raise_file_limit()
print(open_file_limit())
"""


def test_there_is_a_limit() -> None:
    """On every system, at least as much as standard streams and a table need."""
    assert open_file_limit() > 3


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_program_may_use_what_the_system_allows() -> None:
    """The soft limit becomes the hard one."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["100", "300"]


WORKS = {
    "dump": "sum(1 for _ in relevel.dump(source))",
    "history": "sum(1 for _ in relevel.History(source).timeline())",
    "horizon": "relevel.History(source).horizon()",
    "undelete": "relevel.undelete(source, new, deleted=True)",
    "undelete at": "relevel.undelete(source, new, at=2500)",
    "rescue": "relevel.rescue(source, new)",
    "find": "relevel.find(source, b'0001')",
    "export": "relevel.export(source, new.with_suffix('.csv'))",
}
ASKING = """
import resource, sys
from pathlib import Path
import relevel
source, new, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
try:
    {work}
    print("enough")
except relevel.StorageError as error:
    assert "too many open files; raise the limit" in str(error), error
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such limit there")
@pytest.mark.parametrize("work", WORKS)
def test_too_few_files_are_a_storage_error_with_advice(work: str, tmp_path: Path) -> None:
    """Wherever the next one is opened, and nothing is left of a new database; or they are enough."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, write_buffer_size=1 << 16) as db:
        for number in range(5000):
            db.put(b"%04d" % number, bytes(100))

    made: set[str] = set()
    for most in range(4, 20, 3):
        program = ASKING.format(work=WORKS[work])
        arguments = [sys.executable, "-c", program, str(tmp_path / "db"), str(tmp_path / f"new {most}"), str(most)]
        ended = subprocess.run(arguments, check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        names = {path.name for path in tmp_path.iterdir()}
        made |= names & {f"new {most}", f"new {most}.csv"} if ended.stdout else set()
        assert names == {"db", *made}, most
