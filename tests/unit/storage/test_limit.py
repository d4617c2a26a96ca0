"""How many files may be open."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
