"""Lets tests see a LevelDB directory through plyvel, in a process of its own::

    python -m tests.interop.plyvel_program read DIRECTORY [COMPARATOR]
    python -m tests.interop.plyvel_program put DIRECTORY KEY VALUE [COMPARATOR]

``read`` prints every pair as iteration gives it, then as get gives it, as JSON lines; ``put`` makes one synced put of
hexadecimal key and value. COMPARATOR is the name of one in ORDERS. Both open the directory read-write, so give them a
copy.

The process ends without closing the database: plyvel's close waits for a running compaction with the interpreter lock
held, and a compaction that calls a comparator in Python waits for that lock.
"""

import json
import os
import sys
from collections.abc import Callable

import plyvel

from tests.interop import indexeddb_order


def reverse(a: bytes, b: bytes) -> int:
    """Compare as memcmp does, the other way round."""
    return (a < b) - (a > b)


ORDERS: dict[str, Callable[[bytes, bytes], int]] = {
    "test.ReverseBytewise": reverse,
    "idb_cmp1": indexeddb_order.compare,
}
"""The comparators that plyvel is taught, by the name a manifest has."""

open_databases: list["plyvel.DB"] = []
"""Keeps what is open from being collected, which would close it."""


def opened(directory: str, comparator: str | None) -> "plyvel.DB":
    """Open a database, paranoid; an error of LevelDB ends the process with its text."""
    order = ORDERS[comparator] if comparator else None
    name = comparator.encode() if comparator else None
    db = plyvel.DB(directory, paranoid_checks=True, comparator=order, comparator_name=name)
    open_databases.append(db)
    return db


def read(directory: str, comparator: str | None = None) -> None:
    """Print what iteration and get find."""
    db = opened(directory, comparator)
    keys = []
    with db.raw_iterator(verify_checksums=True) as entries:
        entries.seek_to_first()
        while entries.valid():
            key, value = entries.item()
            keys.append(key)
            tell("iterated", key, value)
            entries.next()
    for key in keys:
        value = db.get(key, verify_checksums=True)
        if value is not None:
            tell("got", key, value)


def put(directory: str, key: str, value: str, comparator: str | None = None) -> None:
    """Make one synced put."""
    opened(directory, comparator).put(bytes.fromhex(key), bytes.fromhex(value), sync=True)


def tell(how: str, key: bytes, value: bytes) -> None:
    """Print one pair."""
    sys.stdout.write(json.dumps({"how": how, "k": key.hex(), "v": value.hex()}) + "\n")


if __name__ == "__main__":
    status = 0
    try:
        verbs: dict[str, Callable[..., None]] = {"read": read, "put": put}
        verbs[sys.argv[1]](*sys.argv[2:])
    except plyvel.Error as error:
        sys.stderr.write(f"{error}\n")
        status = 1
    sys.stdout.flush()
    os._exit(status)
