"""A new database: tables, an empty log, a manifest and CURRENT, written into a new directory.

Nothing is written where the source is. The new database is built beside its destination and renamed into place when it is whole
and synced; where anything fails, nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from relevel import _kernel
from relevel.errors import InvalidArgumentError
from relevel.files.current import encode_current
from relevel.files.manifest_writer import write_manifest
from relevel.format.comparator import Comparator
from relevel.format.filename import log_name, manifest_name, parse_filename, table_name
from relevel.format.version_edit import FileMetadata, VersionEdit
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.posix import NewDirectory

TARGET_FILE_SIZE: Final = 2 << 20
"""LevelDB's own table size: bytes."""
_ONE_TABLE: Final = 1 << 62
_LEVEL_1_SIZE: Final = 10 << 20
"""What LevelDB lets level 1 hold before it compacts; each deeper level holds ten times as much: bytes."""
_LAST_LEVEL: Final = 6
_KNOWN_FILTERS: Final = (b"leveldb.BuiltinBloomFilter2", b"leveldb.BuiltinBloomFilter")


@dataclass(frozen=True, slots=True)
class TableStyle:
    """How a table is written, so that a new one is like the one it stands for.

    Attributes:
        codec: how blocks are compressed.
        bloom_bits_per_key: size of the filter; 0 for none.
        filter_name: the filter policy's name.
    """

    codec: str = "snappy"
    bloom_bits_per_key: int = 0
    filter_name: bytes = _KNOWN_FILTERS[0]

    @classmethod
    def of(cls, scans: Sequence[_kernel.TableScan]) -> TableStyle:
        """The style that most data blocks of these tables have."""
        counts: dict[str, int] = {}
        for scan in scans:
            for codec, count in scan.codecs.items():
                counts[codec] = counts.get(codec, 0) + count
        compressed = {codec: count for codec, count in counts.items() if codec != "none"}
        preferred = compressed or counts
        codec = max(preferred, key=lambda name: preferred[name]) if preferred else cls().codec
        filters = [scan.filter_name for scan in scans if scan.filter_name in _KNOWN_FILTERS]
        if not filters or filters[0] is None:
            return cls(codec)
        return cls(codec, 10, filters[0])


@dataclass(slots=True)
class Outcome:
    """What was written.

    Attributes:
        tables: the new tables by level.
        entry_count: entries in them.
        byte_count: bytes of them.
        last_sequence: the highest sequence number that the new database knows.
        faults: what the merge met on the way, with the files.
    """

    tables: list[tuple[int, FileMetadata]] = field(default_factory=list)
    entry_count: int = 0
    byte_count: int = 0
    last_sequence: int = 0
    faults: list[tuple[str, _kernel.Fault]] = field(default_factory=list)

    def add(self, level: int, metadata: FileMetadata, entry_count: int, max_sequence: int) -> None:
        """Count one table."""
        self.tables.append((level, metadata))
        self.entry_count += entry_count
        self.byte_count += metadata.file_size
        self.last_sequence = max(self.last_sequence, max_sequence)

    def join(self, part: Outcome) -> None:
        """Count what was written apart."""
        self.tables += part.tables
        self.entry_count += part.entry_count
        self.byte_count += part.byte_count
        self.last_sequence = max(self.last_sequence, part.last_sequence)
        self.faults += part.faults


@dataclass(frozen=True, slots=True)
class Part:
    """Tables that have no numbers yet.

    Attributes:
        tables: their names for now, in order.
        faults: what the merge met on the way, with the files.
    """

    tables: tuple[tuple[str, _kernel.TableMeta], ...]
    faults: tuple[tuple[str, _kernel.Fault], ...]


class NewDatabase:
    """Writes tables into a new directory and ends with manifest and CURRENT.

    What writes tables gives an ``Outcome`` and counts nothing, so that threads may write at the same time; ``finish`` is given all
    of them together.
    """

    def __init__(self, target: NewDirectory, comparator: Comparator, next_number: int) -> None:
        if not comparator.name:
            raise InvalidArgumentError(
                "the new database needs the comparator's name, and no manifest has it: "
                "give --comparator NAME=module:function with the name that its program has, or NAME alone where relevel knows that"
            )
        self._target = target
        self._comparator = comparator
        self._next_number = next_number

    def carry(self, table: TableSurvey, source: str | _kernel.File) -> Outcome:
        """Copy an intact table."""
        scan = table.scan
        assert scan is not None and scan.smallest is not None and scan.largest is not None
        number = table.file.number or 0
        is_named_so = parse_filename(table.file.name).number == number
        self._target.copy(source, table.file.name if is_named_so else table_name(number))
        metadata = FileMetadata(number, scan.file_size, scan.smallest, scan.largest)
        outcome = Outcome()
        outcome.add(table.file.level or 0, metadata, scan.put_count + scan.deletion_count, scan.max_sequence or 0)
        return outcome

    def write(
        self,
        cursor: _kernel.Cursor,
        level: int,
        style: TableStyle,
        *,
        number: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        """Write what a cursor gives: one table under ``number``, or tables of LevelDB's size under new numbers."""
        numbers: list[int] = []

        def next_path() -> str:
            numbers.append(number if number is not None else self.new_number())
            return self._target.path(table_name(numbers[-1]))

        size = _ONE_TABLE if number is not None else TARGET_FILE_SIZE
        metas = self._write(cursor, next_path, size, style, progress)
        outcome = Outcome(faults=cursor.take_faults())
        for written, meta in zip(numbers, metas, strict=True):
            _add(outcome, level, written, meta)
        return outcome

    def write_part(
        self, cursor: _kernel.Cursor, part: int, style: TableStyle, *, progress: Callable[[int], None] | None = None
    ) -> Part:
        """Write what a cursor gives as tables of LevelDB's size that have no numbers yet, beside other parts."""
        names: list[str] = []

        def next_path() -> str:
            names.append(f"{part}-{len(names)}.part")
            return self._target.path(names[-1])

        metas = self._write(cursor, next_path, TARGET_FILE_SIZE, style, progress)
        return Part(tuple(zip(names, metas, strict=True)), tuple(cursor.take_faults()))

    def take_in(self, part: Part, level: int) -> Outcome:
        """Give the tables of a part their numbers."""
        outcome = Outcome(faults=list(part.faults))
        for name, meta in part.tables:
            number = self.new_number()
            self._target.rename(name, table_name(number))
            _add(outcome, level, number, meta)
        return outcome

    def _write(
        self,
        cursor: _kernel.Cursor,
        next_path: Callable[[], str],
        file_size: int,
        style: TableStyle,
        progress: Callable[[int], None] | None,
    ) -> list[_kernel.TableMeta]:
        try:
            return cursor.write_tables(
                next_path,
                target_file_size=file_size,
                codec=style.codec,
                bloom_bits_per_key=style.bloom_bits_per_key,
                filter_name=style.filter_name,
                shorten_index_keys=self._comparator.kernel == "bytewise",
                progress=progress,
            )
        except _kernel.FaultError as error:
            raise self._contradiction(error) from error

    def write_entries(self, entries: Iterable[tuple[bytes, bytes]], level: int, style: TableStyle) -> Outcome:
        """Write entries that are in order, internal keys and values, as tables of LevelDB's size under new numbers.

        Raises:
            InvalidArgumentError: they are not, so the comparator contradicts itself.
        """
        outcome, builder, number = Outcome(), None, 0
        for key, value in entries:
            if builder is None:
                number = self.new_number()
                builder = self._builder(number, style)
            try:
                builder.add(key, value)
            except ValueError as error:
                raise self._contradiction(error) from error
            if builder.file_size >= TARGET_FILE_SIZE:
                _add(outcome, level, number, builder.finish())
                builder = None
        if builder is not None:
            _add(outcome, level, number, builder.finish())
        return outcome

    def _builder(self, number: int, style: TableStyle) -> _kernel.TableBuilder:
        return _kernel.TableBuilder(
            self._target.path(table_name(number)),
            self._comparator.kernel,
            codec=style.codec,
            bloom_bits_per_key=style.bloom_bits_per_key,
            filter_name=style.filter_name,
            shorten_index_keys=self._comparator.kernel == "bytewise",
        )

    def finish(self, outcome: Outcome, last_sequence: int) -> Outcome:
        """Write the log, the manifest and CURRENT; then the database is whole."""
        outcome.last_sequence = max(outcome.last_sequence, last_sequence)
        log_number, manifest_number = self.new_number(), self.new_number()
        self._target.write(log_name(log_number), b"")
        edit = VersionEdit(
            comparator=self._comparator.name,
            log_number=log_number,
            previous_log_number=0,
            next_file_number=self._next_number,
            last_sequence=outcome.last_sequence,
            new_files=tuple(outcome.tables),
        )
        write_manifest(self._target.path(manifest_name(manifest_number)), edit)
        self._target.write("CURRENT", encode_current(manifest_number))
        return outcome

    def _contradiction(self, error: Exception) -> InvalidArgumentError:
        """Entries that were put in order are in none: only the comparator can be the reason."""
        return InvalidArgumentError(f"the comparator {self._comparator.name!r} contradicts itself: {error}")

    def new_number(self) -> int:
        """Take the next file number."""
        self._next_number += 1
        return self._next_number - 1


def _add(outcome: Outcome, level: int, number: int, meta: _kernel.TableMeta) -> None:
    metadata = FileMetadata(number, meta.file_size, meta.smallest, meta.largest)
    outcome.add(level, metadata, meta.entry_count, meta.max_sequence)


def level_for(byte_count: int) -> int:
    """The first level that holds this many bytes without asking to be compacted."""
    level, room = 1, _LEVEL_1_SIZE
    while byte_count > room and level < _LAST_LEVEL:
        level, room = level + 1, room * 10
    return level
