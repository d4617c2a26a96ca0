"""A program run under the recorder: what it did to the files below one directory, in order, and what it said about itself.

``recorder/recorder.c`` is compiled when first needed and stands between the program and the C library. So the record holds what
relevel's Python did and what its kernel did, whether or not they meant it to be seen.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

SOURCE: Final = Path(__file__).parent / "recorder" / "recorder.c"
PROJECT: Final = Path(__file__).parents[2]
_HEAD: Final = struct.Struct("=cQQQQ")


class Operation(NamedTuple):
    """One thing that was done.

    Attributes:
        kind: ``c`` create, ``w`` write, ``t`` truncate, ``s`` sync, ``r`` rename, ``x`` exchange, ``u`` unlink, ``l`` link, ``m``
            make a directory, ``d`` remove one, ``k`` a mark, ``f`` a fault that was let happen, whose data is the kind
            that failed (``g`` for a read).
        inode: of the file; 0 where it is a directory or a path is given.
        offset: bytes; of a truncation the new size; of a fault the operation's number.
        data: what was written or said, or a path.
        target: the second path.
    """

    kind: str
    inode: int
    offset: int
    data: bytes
    target: bytes

    @property
    def path(self) -> str:
        """The first path."""
        return os.fsdecode(self.data)

    @property
    def new_path(self) -> str:
        """The second path."""
        return os.fsdecode(self.target)


class Run(NamedTuple):
    """A run that has ended."""

    operations: list[Operation]
    exit_code: int
    output: str


@cache
def recorder() -> Path:
    """Compile the recorder."""
    place = Path(tempfile.mkdtemp(prefix="recorder-")) / "recorder.so"
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(place), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, capture_output=True)
    return place


def can_record() -> bool:
    """Whether this system can run a program under the recorder."""
    return sys.platform == "linux"


def read_trace(trace: bytes) -> Iterator[Operation]:
    """The operations of a record."""
    position = 0
    while position < len(trace):
        kind, inode, offset, size, size2 = _HEAD.unpack_from(trace, position)
        position += _HEAD.size
        data = trace[position : position + size]
        position += size
        yield Operation(kind.decode(), inode, offset, data, trace[position : position + size2])
        position += size2


def record(module: str, *arguments: str, root: Path, settings: Mapping[str, str] | None = None) -> Run:
    """Run ``python -m module arguments…`` under the recorder, which watches ``root``.

    Args:
        module: of this project.
        arguments: given to it.
        root: an existing directory; what the program writes to the file ``marks`` beside it is a mark.
        settings: of the recorder, by the names it has for them.
    """
    with tempfile.TemporaryDirectory(prefix="trace-") as folder:
        trace = Path(folder) / "trace"
        trace.touch()
        environment = {
            **os.environ,
            **(settings or {}),
            "LD_PRELOAD": str(recorder()),
            "RECORDER_ROOT": str(root.resolve()),
        }
        environment |= {"RECORDER_TRACE": str(trace), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", module, *arguments]
        ended = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        return Run(list(read_trace(trace.read_bytes())), ended.returncode, ended.stdout + ended.stderr)
