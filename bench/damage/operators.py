"""Damage: what disks, memory, file systems and people do. Each operator changes a copy and says which bytes it hurt."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from damage.histories import History
from relevel import _kernel
from relevel.format.filename import FileKind
from relevel.recovery.inventory.directory import open_directory

PAGE = 4096
TRAILER = 5
FOOTER = 48

Hurt = list[tuple[str, int, int]]
"""File, first byte and the byte after the last."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file. ``size`` counts a block's trailer."""

    file: str
    offset: int
    size: int


class Patient:
    """A copy of a database that is to be hurt."""

    def __init__(self, history: History, path: Path, chance: random.Random) -> None:
        self.history = history
        self.path = path
        self.chance = chance
        directory = open_directory(path)
        self.tables = [file.name for file in directory.current_tables()]
        self.logs = [file.name for file in directory.current_logs() if file.size]
        self.manifest = (path / "CURRENT").read_text().strip()
        self.all_tables = [file.name for file in directory.of_kind(FileKind.TABLE)]

    def blocks(self, kind: str) -> list[Place]:
        """All blocks of one kind in the live tables."""
        return [
            Place(name, offset, size + TRAILER)
            for name in self.tables
            for offset, size, found, _, _ in _kernel.scan_table(str(self.path / name)).blocks()
            if found == kind
        ]

    def pick(self, places: Sequence[Place]) -> Place:
        """One place, each byte as likely as any other."""
        if not places:
            raise LookupError("there is no such place in this variant")
        return self.chance.choices(places, [place.size for place in places])[0]

    def whole(self, names: Sequence[str]) -> list[Place]:
        """Files as places."""
        return [Place(name, 0, (self.path / name).stat().st_size) for name in names]

    def change(self, file: str, offset: int, new: bytes) -> Hurt:
        """Overwrite bytes."""
        path = self.path / file
        data = path.read_bytes()
        new = new[: len(data) - offset]
        path.write_bytes(data[:offset] + new + data[offset + len(new) :])
        return [(file, offset, offset + len(new))]

    def cut(self, names: Sequence[str]) -> Hurt:
        """Cut one of some files anywhere."""
        place = self.pick(self.whole(names))
        size = self.chance.randrange(place.size)
        path = self.path / place.file
        path.write_bytes(path.read_bytes()[:size])
        return [(place.file, size, place.size)]

    def flip(self, place: Place, *bits: int) -> Hurt:
        """Flip bits of a place, counted from its first one."""
        path = self.path / place.file
        data = bytearray(path.read_bytes())
        for bit in bits:
            data[place.offset + bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        return [(place.file, place.offset + bit // 8, place.offset + bit // 8 + 1) for bit in bits]

    def flip_one(self, places: Sequence[Place]) -> Hurt:
        """Flip one bit anywhere in places."""
        place = self.pick(places)
        return self.flip(place, self.chance.randrange(place.size * 8))


def data_bit(patient: Patient) -> Hurt:
    """One bit of a data block or its trailer."""
    return patient.flip_one(patient.blocks("data"))


def data_burst(patient: Patient, length: int) -> Hurt:
    """Some bits within ``length`` neighbouring ones, the first and the last of them for certain."""
    place = patient.pick(patient.blocks("data"))
    start = patient.chance.randrange((place.size - TRAILER) * 8 - length)
    inner = [bit for bit in range(1, length - 1) if patient.chance.random() < 0.5]
    return patient.flip(place, *(start + bit for bit in (0, *inner, length - 1)))


def trailer_bit(patient: Patient) -> Hurt:
    """One bit of a data block's trailer."""
    blocks = patient.blocks("data")
    return patient.flip_one([Place(each.file, each.offset + each.size - TRAILER, TRAILER) for each in blocks])


def footer_bit(patient: Patient) -> Hurt:
    """One bit of a footer."""
    return patient.flip_one([Place(each.file, each.size - FOOTER, FOOTER) for each in patient.whole(patient.tables)])


def two_bits(patient: Patient) -> Hurt:
    """Two bits anywhere in one data block."""
    place = patient.pick(patient.blocks("data"))
    return patient.flip(place, *patient.chance.sample(range(place.size * 8), 2))


def scattered_bits(patient: Patient) -> Hurt:
    """Twenty bits, each in another block of data."""
    blocks = patient.chance.sample(patient.blocks("data"), 20)
    return [hurt for place in blocks for hurt in patient.flip(place, patient.chance.randrange(place.size * 8))]


def zero(patient: Patient, size: int) -> Hurt:
    """A stretch of a live table lost, where pages of a disk begin."""
    place = patient.pick(patient.whole(patient.tables))
    return patient.change(place.file, patient.chance.randrange(max(1, place.size // size)) * size, bytes(size))


def garbage(patient: Patient, size: int) -> Hurt:
    """A stretch of a live table overwritten with noise."""
    place = patient.pick(patient.whole(patient.tables))
    start = patient.chance.randrange(max(1, place.size - size))
    return patient.change(place.file, start, patient.chance.randbytes(size))


def swap_pages(patient: Patient) -> Hurt:
    """Two pages of one table in each other's place."""
    place = patient.pick([each for each in patient.whole(patient.tables) if each.size > 3 * PAGE])
    one, other = patient.chance.sample(range(place.size // PAGE), 2)
    data = (patient.path / place.file).read_bytes()
    first = patient.change(place.file, one * PAGE, data[other * PAGE :][:PAGE])
    return first + patient.change(place.file, other * PAGE, data[one * PAGE :][:PAGE])


def truncate(patient: Patient) -> Hurt:
    """A live table cut anywhere."""
    return patient.cut(patient.tables)


def zero_table(patient: Patient) -> Hurt:
    """A live table that reads as zeroes."""
    place = patient.pick(patient.whole(patient.tables))
    return patient.change(place.file, 0, bytes(place.size))


def delete_table(patient: Patient) -> Hurt:
    """A live table gone."""
    place = patient.pick(patient.whole(patient.tables))
    (patient.path / place.file).unlink()
    return [(place.file, 0, place.size)]


def remove(*patterns: str) -> Callable[[Patient], Hurt]:
    """Files gone that hold no entries."""

    def work(patient: Patient) -> Hurt:
        for pattern in patterns:
            for path in patient.path.glob(pattern):
                path.unlink()
        return []

    return work


def overwrite(*patterns: str) -> Callable[[Patient], Hurt]:
    """Files turned to garbage that hold no entries."""

    def work(patient: Patient) -> Hurt:
        for pattern in patterns:
            for path in patient.path.glob(pattern):
                path.write_bytes(patient.chance.randbytes(path.stat().st_size))
        return []

    return work


def obsolete_back(patient: Patient) -> Hurt:
    """All that was replaced is there again, and no manifest says so."""
    found = list(patient.history.obsolete.iterdir())
    if not found and len(patient.all_tables) == len(patient.tables):
        raise LookupError("nothing obsolete was caught")
    for path in found:
        shutil.copy(path, patient.path / path.name)
    return remove("MANIFEST-*", "CURRENT")(patient)


def some_obsolete_back(patient: Patient) -> Hurt:
    """Of what was replaced half is there again, and of the obsolete files in the database half are gone; no manifest says which."""
    obsolete_back(patient)
    live = {*patient.tables, *patient.logs}
    for path in sorted(patient.path.iterdir()):
        if path.suffix in (".ldb", ".log") and path.name not in live and patient.chance.random() < 0.5:
            path.unlink()
    return []


def log_cut(patient: Patient) -> Hurt:
    """The log cut anywhere."""
    return patient.cut(patient.logs)


def log_zero_tail(patient: Patient) -> Hurt:
    """The log zero from somewhere on."""
    place = patient.pick(patient.whole(patient.logs))
    start = patient.chance.randrange(place.size)
    return patient.change(place.file, start, bytes(place.size - start))


def log_zero_middle(patient: Patient) -> Hurt:
    """A sector of the log zero."""
    place = patient.pick(patient.whole(patient.logs))
    return patient.change(place.file, patient.chance.randrange(place.size // 512) * 512, bytes(512))


OPERATORS: dict[str, Callable[[Patient], Hurt]] = {
    "data bit": data_bit,
    "data burst of 8": lambda patient: data_burst(patient, 8),
    "data burst of 16": lambda patient: data_burst(patient, 16),
    "trailer bit": trailer_bit,
    "index bit": lambda patient: patient.flip_one(patient.blocks("index")),
    "metaindex bit": lambda patient: patient.flip_one(patient.blocks("metaindex")),
    "filter bit": lambda patient: patient.flip_one(patient.blocks("filter")),
    "footer bit": footer_bit,
    "manifest bit": lambda patient: patient.flip_one(patient.whole([patient.manifest])),
    "log bit": lambda patient: patient.flip_one(patient.whole(patient.logs)),
    "two bits in a block": two_bits,
    "twenty bits": scattered_bits,
    "zero 512": lambda patient: zero(patient, 512),
    "zero 4096": lambda patient: zero(patient, PAGE),
    "garbage 512": lambda patient: garbage(patient, 512),
    "pages swapped": swap_pages,
    "table cut": truncate,
    "table zeroed": zero_table,
    "table gone": delete_table,
    "manifest gone": remove("MANIFEST-*"),
    "manifest garbage": overwrite("MANIFEST-*"),
    "CURRENT gone": remove("CURRENT"),
    "CURRENT garbage": overwrite("CURRENT"),
    "all metadata gone": remove("CURRENT", "MANIFEST-*", "LOG*", "LOCK"),
    "obsolete back": obsolete_back,
    "some obsolete back": some_obsolete_back,
    "log cut": log_cut,
    "log zero tail": log_zero_tail,
    "log zero 512": log_zero_middle,
}
