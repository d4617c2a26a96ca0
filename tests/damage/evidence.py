"""What may not change: a directory as it is seen from outside."""

import hashlib
from pathlib import Path


def state_of(directory: Path) -> dict[str, tuple[int, int, int, str]]:
    """The mode, size, time of last change and SHA-256 of everything in a directory, and of itself."""
    state = {}
    for path in (directory, *sorted(directory.rglob("*"))):
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        size = status.st_size if path.is_file() else 0
        state[str(path.relative_to(directory))] = (status.st_mode, size, status.st_mtime_ns, digest)
    return state
