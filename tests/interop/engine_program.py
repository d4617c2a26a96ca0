"""Lets a module with plyvel's interface follow a script, in a process of its own::

    python -m tests.interop.engine_program MODULE OPTIONS write DIRECTORY

MODULE is ``relevel.plyvel`` or ``plyvel``, OPTIONS those of its DB as JSON; the script comes on standard input
(``tests/fixtures/generate/workload.py`` says what is in it).
"""

import importlib
import json
import sys
from typing import Any

from tests.fixtures.generate.follow import Change, follow


class Engine:
    """A database that follows a script."""

    def __init__(self, module: Any, directory: str, options: dict[str, Any]) -> None:
        self._module = module
        self._directory = directory
        self._options = options
        self._db = self._opened()

    def _opened(self) -> Any:
        return self._module.DB(self._directory, create_if_missing=True, **self._options)

    def write(self, changes: list[Change]) -> None:
        """Apply these changes; one alone without a batch."""
        if len(changes) == 1:
            key, value = changes[0]
            self._db.delete(key) if value is None else self._db.put(key, value)
            return
        with self._db.write_batch() as batch:
            for key, value in changes:
                batch.delete(key) if value is None else batch.put(key, value)

    def flush(self) -> None:
        """Write the memtable to a table, and compact a part of what is there."""
        self._db.compact_range(start=b"user:0", stop=b"user:2")

    def reopen(self) -> None:
        """Close and open again."""
        self.close()
        self._db = self._opened()

    def close(self) -> None:
        """Close in good order."""
        self._db.close()


if __name__ == "__main__":
    name, options, verb, directory = sys.argv[1:]
    if verb != "write":
        sys.exit(f"unknown verb {verb!r}")
    follow(sys.stdin.read(), Engine(importlib.import_module(name), directory, json.loads(options)))
