"""The Rust kernel: what is done per byte or per entry.

No policy lives here. The kernel opens only paths it is given, for reading only unless the name says otherwise, never
logs, and never decides about damage: it returns values and faults. Long calls release the interpreter lock.

Words used throughout:

- *source*: a path (``str``), an open ``File``, the bytes themselves, or one of these ``Limited``.
- *block_type*: the byte that follows a block on disk: 0 none, 1 snappy, 2 zstd or zlib (by their first bytes), 4 raw deflate.
- *codec*: ``"none"``, ``"snappy"``, ``"zstd"``, ``"zlib"``, ``"deflate"``.
- *contents*: a block's decoded bytes, entries and restart array, without trailer.
- *handle*: ``(offset, size)`` of a block; the size does not count the 5-byte trailer.
- *comparator*: ``"bytewise"``, ``"reverse-bytewise"``, ``"idb"``, or a callable ``(bytes, bytes) -> int``.

Errors: ``FaultError`` for wrong bytes in strict code, ``OSError`` (with the file name) from the operating system, ``ValueError``
and ``TypeError`` for wrong arguments. What callbacks raise passes through unchanged.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import TypeAlias, TypeVar, final, overload

from typing_extensions import disjoint_base

from relevel._kernel import blocks as blocks
from relevel._kernel.past import LookBack, SequenceCursor, Sequences

Source: TypeAlias = "str | bytes | File | Limited"
Handle: TypeAlias = tuple[int, int]
Comparator: TypeAlias = str | Callable[[bytes, bytes], int]
Row: TypeAlias = tuple[int, str, bytes, bytes | None, str, str, int, str]
"""``(sequence, type, key, value, state, file, offset, integrity)``, the fields of ``relevel.Version`` in order."""

_RowType = TypeVar("_RowType", bound=tuple[object, ...])

FAULT_CODES: tuple[str, ...]
"""Every code a fault can carry. A test holds it against the catalogue in ``relevel.findings``."""

MAX_SEQUENCE: int

@final
class Fault:
    """One thing found wrong with the bytes of one file. Frozen, hashable, picklable."""

    def __new__(
        cls,
        code: str,
        offset: int,
        size: int,
        expected: int | None = None,
        got: int | None = None,
        lower: bytes | None = None,
        upper: bytes | None = None,
    ) -> Fault: ...
    @property
    def code(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def expected(self) -> int | None:
        """What the file says or the format demands; for a checksum, the masked value stored."""
    @property
    def got(self) -> int | None:
        """What was found; for a checksum, the masked value computed."""
    @property
    def lower(self) -> bytes | None:
        """User keys at risk are at or after this one; None where there is no bound or none is known."""
    @property
    def upper(self) -> bytes | None:
        """User keys at risk are at or before this one; None where there is no bound or none is known."""

class FaultError(Exception):
    """Strict code met wrong bytes. ``fault`` says which, and is the only argument."""

    @property
    def fault(self) -> Fault: ...

# --- files ---------------------------------------------------------------------------------------------------------

@final
class Stop:
    """A switch that ends all reads from the files it was given to, in whatever thread: these fail."""

    def __new__(cls) -> Stop: ...
    def set(self) -> None: ...

@final
class File:
    """A file opened once for reading, as a source. It stays readable where it is deleted, and ends where it ended when it was
    opened. Holds a descriptor as long as it, or a cursor or scan that reads from it, lives. Thread-safe."""

    def __new__(cls, path: str, stop: Stop | None = None) -> File: ...
    @property
    def size(self) -> int:
        """Bytes when it was opened."""
    def cut(self, size: int) -> File:
        """The same open file, as if it ended there."""
    def part(self, offset: int, size: int) -> File:
        """A stretch of the same open file, as if that were all of it; ``fileno`` stays that of the whole."""
    def read(self, offset: int, size: int) -> bytes:
        """Bytes from ``offset`` on, fewer than ``size`` at the end only."""
    def fileno(self) -> int:
        """The descriptor, which the file keeps. OSError on systems that have none."""

@final
class Limited:
    """A source of which no block or record of more than ``most`` bytes, stored or decompressed, is to be looked at.

    Whatever reads it tells of these as faults that end in ``.too-large``, and never has them in memory. Of a record of one
    operation the key is told.
    """

    def __new__(cls, source: Source, most: int) -> Limited: ...
    def cut(self, size: int) -> Limited:
        """The same source, as if it ended there. TypeError for bytes."""

def held_file_count() -> int:
    """How many ``File`` descriptors this process holds."""

@final
class AppendedFile:
    """A file that is written at its end: a log or a manifest, for ``sync`` reads records. Thread-safe.

    This and the two functions below raise OSError without a path. A thread that comes back from one of them is let in by the
    short calls of others (``put``, ``get``) at once, not only when Python next takes the interpreter lock from them.
    """

    def __new__(cls, path: str, *, is_new: bool = True) -> AppendedFile:
        """Create it, and a file that exists is an error; or open one that is there."""
    def append(self, data: bytes) -> None:
        """Write all of ``data`` at the end. Where it raises, some may have been written."""
    def sync(self) -> None:
        """Make what was written durable; not its name.

        Of a file that was there, the first one writes again what stood in it, and reads that back: what another process wrote may
        not have been synced, and be gone.

        Raises:
            OSError: the system refuses, or the records that stood there are not sound any more.
        """
    def close(self) -> None:
        """Close it. May be called again; the others raise OSError then."""

def sync_directory(path: str) -> None:
    """Make the names in a directory durable. Not on Windows."""

def remove_file(path: str) -> None:
    """Remove a file."""

def forget_waiting() -> int:
    """In a child process after a fork: no thread is coming back from such a call. Gives how many seemed to be."""

# --- checksums, walking -------------------------------------------------------------------------------------

def crc32c(data: bytes, initial: int = 0) -> int:
    """CRC-32C (Castagnoli) of ``data``, continuing from ``initial``; not masked."""

def mask_crc(crc: int) -> int:
    """The masked form in which LevelDB stores a CRC: rotated right by 15 bits, plus 0xa282ead8."""

def unmask_crc(masked: int) -> int:
    """The CRC whose masked form is ``masked``."""

def walk_table(
    source: Source, start: int = 0, stop: int | None = None
) -> tuple[list[tuple[int, int, int]], list[Fault]]:
    """Find the blocks between two offsets without an index, each by its checksum: ``(offset, size, block_type)``, and the
    holes between them as faults (``table.gap``, and ``table.read-error`` where the system could not read). A block is one
    only if its contents are those of a block or of a filter. Without ``stop``, to the footer or the end. Resynchronises
    after a hole. Bounded work: blocks over 16 MiB are not looked for; linear in the stretch."""

def compare(comparator: Comparator, a: bytes, b: bytes) -> int:
    """Compare two user keys: -1, 0 or 1."""

# --- what scans of tables and logs have in common ------------------------------------------------------------------

@disjoint_base
class FileScan:
    """What reading and verifying one file found. Frozen, picklable; made by ``scan_table`` and ``scan_log``."""

    @property
    def file_size(self) -> int: ...
    @property
    def put_count(self) -> int: ...
    @property
    def deletion_count(self) -> int: ...
    @property
    def key_size(self) -> int:
        """Sum of the sizes of the keys: internal keys of a table, user keys of a log."""
    @property
    def value_size(self) -> int: ...
    @property
    def smallest(self) -> bytes | None:
        """The smallest key that was read, by the comparator: an internal key of a table, a user key of a log."""
    @property
    def largest(self) -> bytes | None: ...
    @property
    def min_sequence(self) -> int | None: ...
    @property
    def max_sequence(self) -> int | None: ...
    @property
    def faults(self) -> list[Fault]: ...

# --- tables --------------------------------------------------------------------------------------------------------

@final
class TableScan(FileScan):
    """What reading and verifying every byte of one table found."""

    def __new__(cls, of_file: tuple[object, ...], own: tuple[object, ...]) -> TableScan:
        """Make a scan again from what its ``__reduce__`` gave; what is in it is only for pickling to know."""
    @property
    def index_handle(self) -> Handle | None:
        """From the footer; None where it is unusable."""
    @property
    def metaindex_handle(self) -> Handle | None: ...
    @property
    def filter_handle(self) -> Handle | None: ...
    @property
    def filter_name(self) -> bytes | None:
        """The metaindex key without its ``filter.`` prefix, known policy or not."""
    @property
    def block_count(self) -> int:
        """Data blocks that the index names."""
    @property
    def intact_block_count(self) -> int: ...
    @property
    def codecs(self) -> dict[str, int]:
        """Data blocks by codec."""
    def blocks(self) -> list[tuple[int, int, str, str, int]]:
        """Every block found, in file order: ``(offset, size, kind, codec, entry_count)`` where kind is ``data``, ``index``,
        ``metaindex`` or ``filter`` and codec is ``""`` where the block is damaged. The size excludes the trailer."""

def scan_table(
    source: Source,
    comparator: Comparator = "bytewise",
    *,
    blocks: Sequence[Handle] | None = None,
    index: bytes | None = None,
    check_filter: bool = True,
) -> TableScan:
    """Read and verify every block of a table. Never raises on content.

    Verified: footer, every block trailer, decompression, entries, restart arrays, key order inside and between blocks, the
    index against the blocks, the filter against the keys (a key it denies is a fault), and that the blocks cover the file.
    ``blocks`` replaces the index (as walked); ``index`` replaces the index block's contents (as healed).
    """

@final
class TableBuilder:
    """Writes one new table, byte for byte as LevelDB would. Creates ``path``; refuses one that exists."""

    def __new__(
        cls,
        path: str,
        comparator: Comparator = "bytewise",
        *,
        codec: str = "snappy",
        block_size: int = 4096,
        restart_interval: int = 16,
        bloom_bits_per_key: int = 0,
        filter_name: bytes = b"leveldb.BuiltinBloomFilter2",
        shorten_index_keys: bool = True,
    ) -> TableBuilder: ...
    def add(self, internal_key: bytes, value: bytes) -> None:
        """Add an entry; keys must ascend, else ValueError."""
    @property
    def file_size(self) -> int:
        """Bytes written so far."""
    def finish(self, sync: bool = True) -> TableMeta: ...

@final
class TableMeta:
    """One finished table."""

    @property
    def path(self) -> str: ...
    @property
    def file_size(self) -> int: ...
    @property
    def entry_count(self) -> int: ...
    @property
    def smallest(self) -> bytes: ...
    @property
    def largest(self) -> bytes: ...
    @property
    def min_sequence(self) -> int: ...
    @property
    def max_sequence(self) -> int: ...

# --- logs ----------------------------------------------------------------------------------------------------------

@final
class LogReader:
    """The records of a log or manifest, in file order, tolerant: faults are reported and reading goes on.

    After a bad record the reader resynchronises at the next valid header inside the 32 KiB block. A torn tail (a record
    that the end of the file cuts) is the fault ``log.tail.torn``; a tail of zeroes is no fault.
    """

    def __new__(cls, source: Source) -> LogReader: ...
    def read(self, count: int) -> list[tuple[int, int, bytes]]:
        """Up to ``count`` records, ``(offset, end_offset, payload)``; an empty list at the end."""
    @property
    def faults(self) -> list[Fault]:
        """All faults met so far."""
    @property
    def file_size(self) -> int: ...
    @property
    def zero_tail_size(self) -> int:
        """How many zero bytes end the file (a preallocated log); known at the end."""

@final
class LogScan(FileScan):
    """What reading and verifying every record of one log of write batches found."""

    def __new__(cls, of_file: tuple[object, ...], own: tuple[object, ...]) -> LogScan:
        """Make a scan again from what its ``__reduce__`` gave; what is in it is only for pickling to know."""
    @property
    def zero_tail_size(self) -> int: ...
    @property
    def record_count(self) -> int: ...
    @property
    def batch_count(self) -> int:
        """Records that are whole write batches."""

def scan_log(source: Source, comparator: Comparator = "bytewise") -> LogScan:
    """Read and verify every record and batch of a log. Never raises on content.

    Besides the faults of LogReader: records that are not whole batches, and sequence numbers that go back or leave a gap
    between batches (``log.sequence.gap``: expected, got).
    """

def encode_log_record(payload: bytes, block_offset: int) -> bytes:
    """The physical records of one payload, for a writer that stands ``block_offset`` bytes into a 32 KiB block."""

# --- many sources in one order -------------------------------------------------------------------------------------

@final
class TableInput:
    """One table as an input of a cursor. Opened when first needed.

    ``standing`` is ``"current"`` (counts for what is live), ``"superseded"`` (a manifest says it was replaced) or
    ``"unproven"``. ``blocks`` replaces the index where that is unusable; ``smallest`` and ``largest`` are internal keys that
    bound it (required inside a LevelInput).
    """

    def __new__(
        cls,
        source: Source,
        name: str,
        standing: str = "current",
        *,
        blocks: Sequence[Handle] | None = None,
        smallest: bytes | None = None,
        largest: bytes | None = None,
    ) -> TableInput: ...

@final
class LogInput:
    """One log as an input of a cursor; sorted in memory, in runs spilled to ``temp_dir`` past ``memory_limit`` bytes."""

    def __new__(
        cls, source: Source, name: str, standing: str = "current", *, temp_dir: str, memory_limit: int = 67108864
    ) -> LogInput: ...

@final
class LevelInput:
    """Tables whose key ranges are disjoint and ascend: read one after another, one open at a time."""

    def __new__(cls, tables: Sequence[TableInput]) -> LevelInput: ...

Input: TypeAlias = TableInput | LogInput | LevelInput
Repair: TypeAlias = Callable[[str, Fault, bytes], bytes | None]
"""``(file, fault, stored_with_trailer) -> contents or None``: called for a block that cannot be used as it is."""

def shared_versions(inputs: Sequence[Input], comparator: Comparator = "bytewise") -> list[tuple[str, str, int]]:
    """How many versions, equal in user key and sequence number, two inputs share and none between them has: names, count.

    Reads everything. Blocks that are damaged are passed over.
    """

@final
class Cursor:
    """The versions of many inputs merged in internal key order. Not thread-safe; one reader.

    ``mode`` says what comes out, for user keys in ``[start, stop)``:

    - ``"versions"``: every version once (the same internal key and value in several inputs is one version; the current input's
      row is shown). Its state is ``live`` (the newest current version, a put), ``deleted`` (a deletion, or a put whose next newer
      version is one), ``shadowed`` (the next newer version is a put) or ``unknown`` (a put that only superseded inputs hold and
      nothing newer is of its key, or only unproven inputs hold it, or its internal key appears with two different values).
    - ``"visible"``: for each key the newest version at or below ``sequence``, if it is a put. At or above the newest sequence in
      the current inputs, current inputs only count; below it all do. ``newest_sequence`` is that newest one, or a lower one from
      which on current inputs tell all; else the newest is looked for, which may read all current inputs.
    - ``"deleted"``: for each key that is not visible now, its newest put, with the state that it has among ``"versions"``:
      ``deleted`` or ``unknown``.
    - ``"undelete"``: for each key the visible put, or else, where the key is looked back at, as ``"deleted"``.
    - ``"rewind"``: for each key that is looked back at as ``"visible"`` at ``sequence``; for the others as of now.

    ``from_sequence`` and ``to_sequence`` (inclusive) and ``deletions_only`` select among the rows of ``"versions"`` after their
    states are known; ``look_back`` among those of ``"deleted"``.
    ``repair`` is asked for the contents of damaged blocks; entries that come from it have integrity ``unverified``.

    Entries that come after larger ones, because their table or level is out of order, are the fault ``merge.out-of-order``
    (once for each block): ``unknown`` among ``"versions"``, passed over by the other modes. Give such tables block by block,
    or such a level table by table, and everything is in order. After an exception the cursor cannot be read any more.
    """

    def __new__(
        cls,
        inputs: Sequence[Input],
        comparator: Comparator = "bytewise",
        *,
        mode: str = "visible",
        start: bytes | None = None,
        stop: bytes | None = None,
        sequence: int | None = None,
        newest_sequence: int | None = None,
        look_back: LookBack | None = None,
        from_sequence: int = 0,
        to_sequence: int | None = None,
        deletions_only: bool = False,
        repair: Repair | None = None,
    ) -> Cursor: ...
    @overload
    def read(self, count: int, row_type: None = None) -> list[Row]:
        """Up to ``count`` rows; an empty list at the end."""
    @overload
    def read(self, count: int, row_type: type[_RowType]) -> list[_RowType]:
        """Rows as instances of a class derived from tuple, made without its ``__new__``."""
    def read_pairs(self, count: int) -> list[tuple[bytes, bytes]]:
        """Like ``read``, but ``(key, value)`` only, which is faster."""
    def take_faults(self) -> list[tuple[str, Fault]]:
        """The faults met since the last call, with their files."""
    def by_sequence(self, temp_dir: str, memory_limit: int = 67108864) -> SequenceCursor:
        """Consume a cursor that has not been read from, and give its rows in sequence order (ties: file, then offset), by an
        external merge sort in ``temp_dir``."""
    def count_by_file(
        self,
        ranges: Sequence[tuple[bytes | None, bytes | None, Mapping[str, tuple[int, Set[bytes], Set[int]]]]],
    ) -> list[list[tuple[str, bool, int]]]:
        """Consume a cursor that has not been read from, and give how many versions of each file lie in each range of user keys,
        both ends included. Of a file that is named beside a range those are counted apart that lie at the offset or behind it, have
        one of the keys, or lie at one of the offsets: name, whether these, count."""
    def sequences(self, memory_limit: int = 134217728) -> Sequences:
        """Consume a cursor that has not been read from, and give the sequence numbers of its rows. Past ``memory_limit`` bytes,
        which takes a thousand million numbers with gaps everywhere, the lowest are forgotten and count as missing."""
    def write_tables(
        self,
        next_path: Callable[[], str],
        *,
        target_file_size: int = 2097152,
        codec: str = "snappy",
        block_size: int = 4096,
        restart_interval: int = 16,
        bloom_bits_per_key: int = 0,
        filter_name: bytes = b"leveldb.BuiltinBloomFilter2",
        shorten_index_keys: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> list[TableMeta]:
        """Consume a cursor that has not been read from into new, synced tables of about ``target_file_size`` bytes; all
        versions of a user key go to one table. ``next_path`` names each; ``progress`` is told entries written, now and then,
        and may raise to stop. Of several values for one internal key the first is written; the others are the fault
        ``merge.conflict``. After an exception the tables written so far, the last unfinished, are left to the caller."""
    @property
    def written_states(self) -> dict[str, int]:
        """How many versions ``write_tables`` has written, by state."""
