"""Damage to the files of a database, the same each time: what disks, file systems and people do to them.

Every operator changes a file in place, so give it a copy, and returns what it did. Bits are flipped by XOR and bytes are
changed to others, never set to a constant that they may already have. ``places`` finds the parts of a database through
the oracle, not through the code under test.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.damage import manifest_oracle
from tests.damage.oracle import (
    FOOTER_SIZE,
    LOG_HEADER_SIZE,
    MAGIC,
    TRAILER_SIZE,
    Handle,
    fragments,
    table_layout,
    varint,
)


class Damage(NamedTuple):
    """What was done, and to which bytes; for a truncated or deleted file, those that are gone."""

    file: Path
    offset: int
    size: int
    what: str


class Place(NamedTuple):
    """Bytes of one file that belong together."""

    file: Path
    offset: int
    size: int


TABLE_KINDS = (
    "data-block",
    "data-trailer",
    "index-block",
    "index-trailer",
    "metaindex-block",
    "filter-block",
    "footer",
)
LOG_KINDS = ("log-header", "log-payload", "manifest-header", "manifest-payload")
KINDS = (*TABLE_KINDS, *LOG_KINDS, "current")


def flip_bit(file: Path, offset: int, bit: int) -> Damage:
    """Flip one bit."""
    data = bytearray(file.read_bytes())
    data[offset] ^= 1 << bit
    file.write_bytes(data)
    return Damage(file, offset, 1, f"flipped bit {bit}")


def flip_random_bit_in(database: Path, kind: str, seed: int) -> Damage:
    """Flip one bit of the places of a kind, each bit as likely as any other; ValueError where there are none."""
    choice = random.Random(seed)
    found = [place for place in places(database, kind) if place.size]
    if not found:
        raise ValueError(f"no {kind} in {database}")
    (place,) = choice.choices(found, [place.size for place in found])
    return flip_bit(place.file, place.offset + choice.randrange(place.size), choice.randrange(8))


def zero(file: Path, offset: int, size: int) -> Damage:
    """Overwrite with zeroes, as a file system that lost a page does."""
    return _replace(file, offset, bytes(size), "zeroed")


def garbage(file: Path, offset: int, size: int, seed: int) -> Damage:
    """Change every byte to another one, each at random."""
    choice = random.Random(seed)
    data = file.read_bytes()[offset : offset + size]
    return _replace(file, offset, bytes(byte ^ choice.randrange(1, 256) for byte in data), "replaced with garbage")


def repeat(file: Path, offset: int, size: int) -> Damage:
    """Write bytes twice, as a copy that was resumed at the wrong place does: all that follows moves."""
    data = file.read_bytes()
    twice = data[offset : offset + size]
    file.write_bytes(data[:offset] + twice + data[offset:])
    return Damage(file, offset, len(twice), "repeated")


def append(file: Path, size: int, seed: int) -> Damage:
    """Add random bytes at the end."""
    data = file.read_bytes()
    file.write_bytes(data + random.Random(seed).randbytes(size))
    return Damage(file, len(data), size, "appended")


def swap_pages(file: Path, first: int, second: int, size: int = 4096) -> Damage:
    """Exchange two pages of ``size`` bytes, given by their numbers."""
    data = file.read_bytes()
    one, other = data[first * size :][:size], data[second * size :][:size]
    if len(one) != size or len(other) != size or one == other:
        raise ValueError(f"pages {first} and {second} of {file.name} cannot be swapped")
    _replace(file, first * size, other, "")
    return _replace(file, second * size, one, f"swapped with the page at {first * size}")


def truncate(file: Path, size: int) -> Damage:
    """Cut the file to ``size`` bytes."""
    data = file.read_bytes()
    file.write_bytes(data[:size])
    return Damage(file, size, len(data) - size, "cut off")


def delete(file: Path) -> Damage:
    """Remove the file."""
    size = file.stat().st_size
    file.unlink()
    return Damage(file, 0, size, "deleted")


def places(database: Path, kind: str) -> list[Place]:
    """Where the parts of one of KINDS lie in the live tables and logs, the current manifest, or CURRENT."""
    current = database / "CURRENT"
    if kind == "current":
        return [Place(current, 0, current.stat().st_size)]
    if kind.startswith("manifest-"):
        return list(_in_log(database / current.read_text(encoding="ascii").strip(), kind.removeprefix("manifest-")))
    if kind.startswith("log-"):
        part = kind.removeprefix("log-")
        return [place for file in manifest_oracle.live_logs(database) for place in _in_log(file, part)]
    return [place for file in manifest_oracle.live_tables(database) for place in _in_table(file, kind)]


def _in_log(file: Path, part: str) -> Iterator[Place]:
    for fragment in fragments(file.read_bytes()):
        if part == "header":
            yield Place(file, fragment.offset, LOG_HEADER_SIZE)
        else:
            yield Place(file, fragment.offset + LOG_HEADER_SIZE, fragment.size)


def _in_table(file: Path, kind: str) -> Iterator[Place]:
    data = file.read_bytes()
    layout = table_layout(data)
    if kind == "footer":
        yield from _in_footer(file, data)
        return
    noun, part = kind.rsplit("-", 1)
    found: dict[str, tuple[Handle | None, ...]] = {
        "data": layout.data,
        "index": (layout.index_block,),
        "metaindex": (layout.metaindex,),
        "filter": (layout.filter,),
    }
    for handle in found[noun]:
        if handle is not None:
            yield _part(file, handle, part)


def _in_footer(file: Path, data: bytes) -> Iterator[Place]:
    """The handles and the magic number; between them stand bytes that mean nothing."""
    start, at = len(data) - FOOTER_SIZE, 0
    for _ in range(4):
        _, at = varint(data[start:], at)
    yield Place(file, start, at)
    yield Place(file, len(data) - len(MAGIC), len(MAGIC))


def _part(file: Path, handle: Handle, part: str) -> Place:
    if part == "trailer":
        return Place(file, handle.offset + handle.size, TRAILER_SIZE)
    return Place(file, handle.offset, handle.size)


def _replace(file: Path, offset: int, new: bytes, what: str) -> Damage:
    data = file.read_bytes()
    file.write_bytes(data[:offset] + new + data[offset + len(new) :])
    return Damage(file, offset, len(new), what)
