"""Uses a database with an order of its own, in a process of its own::

    python -m tests.engine.comparator_program MODULE STEP DIRECTORY

MODULE is the one under test; STEP is a function below, whose result is printed as JSON. The process ends without closing
the database: plyvel's close can wait for ever for a compaction that waits for the interpreter lock.
"""

import importlib
import json
import os
import sys
from typing import Any


def compare(a: bytes, b: bytes) -> int:
    """Whatever the case of letters."""
    return (a.lower() > b.lower()) - (a.lower() < b.lower())


def opened(module: Any, path: str) -> Any:
    """The database; its write buffer is so large that nothing is written in the background."""
    return module.DB(
        path, create_if_missing=True, comparator=compare, comparator_name=b"CaseInsensitive", write_buffer_size=1 << 24
    )


def write(module: Any, path: str) -> Any:
    """Fill it."""
    db = opened(module, path)
    for key in (b"b", b"A", b"C", b"a", b"D", b"e"):
        db.put(key, b"v" + key, sync=True)
    db.delete(b"d")
    return read_from(db)


def read(module: Any, path: str) -> Any:
    """Open it again."""
    return read_from(opened(module, path))


def compact(module: Any, path: str) -> Any:
    """Write a table and open it."""
    db = opened(module, path)
    db.compact_range(start=b"a", stop=b"z")
    db.put(b"B", b"newer", sync=True)
    return read_from(db)


def open_without(module: Any, path: str) -> Any:
    """What is said where the order is not given."""
    try:
        module.DB(path)
    except module.Error as error:
        return str(error)
    return "opened"


def read_from(db: Any) -> Any:
    """What is seen by iteration both ways, by get, by a range and after a seek."""
    iterator = db.iterator(include_value=False)
    iterator.seek(b"B")
    return {
        "all": [[key.decode(), value.decode()] for key, value in db],
        "reverse": [key.decode() for key in db.iterator(reverse=True, include_value=False)],
        "got": [value and value.decode() for value in (db.get(b"A"), db.get(b"a"), db.get(b"c"), db.get(b"D"))],
        "range": [key.decode() for key in db.iterator(start=b"B", stop=b"E", include_value=False)],
        "sought": next(iterator).decode(),
    }


if __name__ == "__main__":
    name, step, directory = sys.argv[1:]
    sys.stdout.write(json.dumps(globals()[step](importlib.import_module(name), directory)))
    sys.stdout.flush()
    os._exit(0)
