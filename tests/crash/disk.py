"""A disk that may lose power: what was synced is there, of the rest anything may be.

Of a file, what was written since its last sync may be missing, there in part, or there in another order, page by page. Of a
directory, each name that was made, moved or taken away since its last sync may be as before or as after. Nothing else is assumed: a
file that was synced may still have no name, and what a failed sync did not make safe no later one does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, TypeAlias

from tests.crash.recording import Operation

PAGE: Final = 4096
Tree: TypeAlias = dict[str, bytes | None]
"""Contents by path below the root; None for a directory."""


class File:
    """Contents: what is safe, and the operations since, each an offset and bytes, or a size and None."""

    def __init__(self) -> None:
        self.safe = b""
        self.doomed: list[tuple[int, bytes | None]] = []
        self.written: list[tuple[int, bytes | None]] = []

    @property
    def pending(self) -> list[tuple[int, bytes | None]]:
        """What may be there or not."""
        return self.doomed + self.written

    def sync(self) -> None:
        """Make safe what was written since a sync last failed, and the size; what was given up is gone where that lies over it."""
        left: list[tuple[int, bytes | None]] = []
        for operation in self.doomed:
            left = beneath(left, [operation])
            left += [operation] if operation[1] is not None else []
        sizes = [operation for operation in self.doomed if operation[1] is None]
        self.safe = apply(self.safe, sizes + self.written)
        self.doomed, self.written = beneath(left, self.written), []

    def fail_to_sync(self) -> None:
        """The system has given up what was written, and will not try again."""
        self.doomed, self.written = self.pending, []


def beneath(
    below: Sequence[tuple[int, bytes | None]], above: Iterable[tuple[int, bytes | None]]
) -> list[tuple[int, bytes | None]]:
    """What still shows of some writes under other operations."""
    shown = [(offset, data) for offset, data in below if data is not None]
    for start, data in above:
        if data is None:
            shown = [(offset, piece[: start - offset]) for offset, piece in shown if offset < start]
            continue
        end = start + len(data)
        before = [(offset, piece[: max(0, start - offset)]) for offset, piece in shown]
        behind = [(max(offset, end), piece[max(0, end - offset) :]) for offset, piece in shown]
        shown = [(offset, piece) for offset, piece in before + behind if piece]
    return [*shown]


def apply(contents: bytes, operations: Iterable[tuple[int, bytes | None]]) -> bytes:
    """Contents after some writes and truncations."""
    result = bytearray(contents)
    for offset, data in operations:
        if len(result) < offset:
            result.extend(bytes(offset - len(result)))
        if data is None:
            del result[offset:]
        else:
            result[offset : offset + len(data)] = data
    return bytes(result)


Entries: TypeAlias = "dict[str, File | Directory]"
Change: TypeAlias = Callable[[Entries], object]


class Directory:
    """Names: those that are safe, those that the program sees, and the changes between."""

    def __init__(self) -> None:
        self.safe: Entries = {}
        self.seen: Entries = {}
        self.pending: list[Change] = []

    def change(self, change: Change) -> None:
        """Do something to the names."""
        change(self.seen)
        self.pending.append(change)

    def sync(self) -> None:
        """Make everything safe."""
        self.safe, self.pending = dict(self.seen), []


class Disk:
    """What is below one directory, while operations come."""

    def __init__(self, root: str) -> None:
        self.root = Directory()
        self._prefix = PurePosixPath(root)
        self._files: dict[int, File] = {}

    def do(self, operation: Operation) -> None:
        """Let one operation happen."""
        match operation.kind:
            case "c":
                self._files[operation.inode] = File()
                self._set(operation.path, self._files[operation.inode])
            case "w":
                self._files[operation.inode].written.append((operation.offset, operation.data))
            case "t":
                self._files[operation.inode].written.append((operation.offset, None))
            case "s":
                (self._files[operation.inode] if operation.inode else self._directory(operation.path)).sync()
            case "f" if operation.data == b"s" and operation.inode:
                self._files[operation.inode].fail_to_sync()
            case "m":
                self._set(operation.path, Directory())
            case "l":
                self._set(operation.new_path, self._entry(operation.path))
            case "u" | "d":
                parent, name = self._place(operation.path)
                parent.change(lambda entries: entries.pop(name, None))
            case "r" | "x":
                self._move(operation)

    def _move(self, operation: Operation) -> None:
        (parent, name), (new_parent, new_name) = self._place(operation.path), self._place(operation.new_path)
        moved, replaced = self._entry(operation.path), new_parent.seen.get(new_name)

        def leave(entries: Entries) -> None:
            if operation.kind == "x" and replaced is not None:
                entries[name] = replaced
            else:
                entries.pop(name, None)

        def arrive(entries: Entries) -> None:
            entries[new_name] = moved

        if parent is new_parent:  # one step
            parent.change(lambda entries: [step(entries) for step in (leave, arrive)])
        else:
            parent.change(leave)
            new_parent.change(arrive)

    def _set(self, path: str, node: File | Directory) -> None:
        parent, name = self._place(path)
        parent.change(lambda entries: entries.update({name: node}))

    def _place(self, path: str) -> tuple[Directory, str]:
        pure = PurePosixPath(path)
        return self._directory(str(pure.parent)), pure.name

    def _entry(self, path: str) -> File | Directory:
        parent, name = self._place(path)
        return parent.seen[name]

    def _directory(self, path: str) -> Directory:
        found = self.root
        for part in PurePosixPath(path).relative_to(self._prefix).parts:
            inner = found.seen[part]
            assert isinstance(inner, Directory)
            found = inner
        return found


class Loss:
    """What one loss of power leaves of what was not synced: here everything, as when a process is killed."""

    def names(self, directory: Directory) -> Entries:
        """The names of a directory."""
        entries = dict(directory.safe)
        for change in self.changes(directory.pending):
            change(entries)
        return entries

    def changes(self, pending: Sequence[Change]) -> Sequence[Change]:
        """Those changes of names that are there."""
        return pending

    def contents(self, file: File) -> bytes:
        """The contents of a file."""
        return apply(file.safe, file.pending)


class Nothing(Loss):
    """All that was not synced is lost."""

    def changes(self, pending: Sequence[Change]) -> Sequence[Change]:
        """None."""
        return ()

    def contents(self, file: File) -> bytes:
        """What is safe."""
        return file.safe


class Chance(Loss):
    """Each file and each directory its own fate."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def changes(self, pending: Sequence[Change]) -> Sequence[Change]:
        """All, none, the first ones, or any."""
        match self._chance.randrange(4):
            case 0:
                return pending
            case 1:
                return ()
            case 2:
                return pending[: self._chance.randint(0, len(pending))]
            case _:
                return [change for change in pending if self._chance.random() < 0.5]

    def contents(self, file: File) -> bytes:
        """All, what is safe, a first part, some pages, or a first part and zeros."""
        whole = apply(file.safe, file.pending)
        if whole == file.safe:
            return whole
        match self._chance.randrange(6):
            case 0:
                return whole
            case 1:
                return file.safe
            case 2:
                return self._first_part(file, 1)
            case 3:
                return self._first_part(file, PAGE)
            case 4:
                return self._some_pages(file, whole)
            case _:
                return self._zeros_behind(file, whole)

    def _first_part(self, file: File, unit: int) -> bytes:
        """The first operations, and of the next one the bytes up to some multiple of a unit within the file."""
        kept = self._chance.randrange(len(file.pending))
        done = apply(file.safe, file.pending[:kept])
        offset, data = file.pending[kept]
        if data is None:
            return done
        end = (offset + self._chance.randint(0, len(data))) // unit * unit
        return apply(done, [(offset, data[: end - offset])]) if end > offset else done

    def _some_pages(self, file: File, whole: bytes) -> bytes:
        """Pages in any order: the file has its new size, and some pages are as they were, or zeros."""
        before = file.safe[: len(whole)].ljust(len(whole), b"\0")
        pages = range(0, len(whole), PAGE)
        return b"".join((whole if self._chance.random() < 0.5 else before)[page : page + PAGE] for page in pages)

    def _zeros_behind(self, file: File, whole: bytes) -> bytes:
        """The new size, and zeros from some page on that was not safe."""
        if len(whole) <= len(file.safe):
            return whole
        end = self._chance.randrange(len(file.safe), len(whole)) // PAGE * PAGE
        kept = max(end, len(file.safe))
        return whole[:kept].ljust(len(whole), b"\0")


def tree_after(disk: Disk, loss: Loss) -> Tree:
    """What is below the root when the power is back."""
    contents: dict[int, bytes] = {}

    def walk(directory: Directory, path: str) -> Iterator[tuple[str, bytes | None]]:
        for name, node in sorted(loss.names(directory).items()):
            if isinstance(node, Directory):
                yield path + name, None
                yield from walk(node, f"{path}{name}/")
            else:  # one file has the same contents under all its names
                if id(node) not in contents:
                    contents[id(node)] = loss.contents(node)
                yield path + name, contents[id(node)]

    return dict(walk(disk.root, ""))
