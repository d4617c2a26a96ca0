"""What the kernel meets while it reads and writes, as exceptions."""

from __future__ import annotations

import shlex
from pathlib import Path

from relevel._kernel import Fault
from relevel.errors import CorruptionError, NotSupportedError, RelevelError
from relevel.files.faults import finding_of
from relevel.storage.failure import storage_error


def make_error(path: str, what: Fault | OSError | None) -> RelevelError:
    """Make the exception for a fault in a file or a refusal of the file system; without either, no sequence number is left."""
    if what is None:
        return NotSupportedError(
            "the sequence numbers of this database are used up; run `relevel rescue SRC DST` for a database that has some"
        )
    if isinstance(what, OSError):
        return storage_error("cannot use", path, what)
    finding = finding_of(Path(path).name, what)
    place = Path(path).parent
    quoted = shlex.quote(str(place))
    advice = f"`relevel check {quoted}` says what else is damaged, `relevel rescue {quoted} DST` gets back what can be"
    return CorruptionError(f"{place}: {finding.message}; {advice}", finding)
