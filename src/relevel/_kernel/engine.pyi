"""The hot path of a living database: what is done once per ``put``, ``get``, ``next``, or per entry of a compaction.

No policy lives here. Which files there are, when a memtable is written out, what is compacted and what is deleted is
Python's to say (``relevel.engine``). Classes that are not final are bases: the public classes derive from them, so that a
``get`` costs no Python frame. Everything is safe to use from many threads unless it says otherwise; long work releases the
interpreter lock, short work keeps it where nothing blocks.

Words: *table* is a handle of one table file; *run* is a list of tables whose key ranges ascend and are disjoint; *view* is
what reads see: the memtable, the immutable memtables newest first, level 0, and one run a level below. A view stays whole
while a reader has it; its files must stay too (``Store.pinned_tables``).

Errors of content and of the system are made by the ``make_error`` given to the store, and raised. A closed store raises
``RuntimeError`` with the message given to ``close``, or given to the reader.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, final

from typing_extensions import Buffer, Self, disjoint_base

from relevel._kernel import Comparator, Fault, File, TableMeta

MakeError: TypeAlias = Callable[[str, Fault | OSError | None], BaseException]
"""``(path, what) -> exception`` to raise; None is a write for which no sequence number is left, and has no path."""

@final
class Table:
    """One table file of a version. Opened when first read; shared by all views that have it."""

    def __new__(
        cls, number: int, path: str, file_size: int, smallest: bytes, largest: bytes, file: File | None = None
    ) -> Table:
        """With ``file`` its bytes are read from there, whatever becomes of the path, which errors name."""
    @property
    def number(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def file_size(self) -> int: ...
    @property
    def smallest(self) -> bytes:
        """Internal key."""
    @property
    def largest(self) -> bytes:
        """Internal key."""

@final
class Memtable:
    """Entries in memory in internal key order."""

    def __new__(cls, comparator: Comparator = "bytewise") -> Memtable: ...
    @property
    def size(self) -> int:
        """Bytes of memory, about."""
    @property
    def entry_count(self) -> int: ...
    def write_table(
        self,
        path: str,
        *,
        codec: str = "snappy",
        block_size: int = 4096,
        restart_interval: int = 16,
        bloom_bits_per_key: int = 0,
        shorten_index_keys: bool = True,
    ) -> TableMeta:
        """Write all entries, every version, to a new, synced table. ValueError where there are none."""

@final
class LogReplay:
    """The batches of one log, into memtables, in file order. Checksums are always verified. Not thread-safe."""

    def __new__(
        cls,
        path: str,
        file: File | None = None,
        *,
        newest: int,
        due: int | None,
        stop_at_fault: bool,
    ) -> LogReplay:
        """Of the file at ``path``, or of ``file`` as it was held. With ``stop_at_fault`` nothing behind the first fault is applied;
        else faults are passed over. Sequence numbers out of line (``log.sequence.gap``, ``log.sequence.back``) are told and stop
        nothing. A log that begins after ``due`` (None: not known) has the fault ``log.sequence.lost``, and is applied where faults
        are passed over. A batch that is not newer than ``newest`` has the fault ``log.sequence.old``, and is not.
        A batch is applied whole or not at all."""
    def fill(self, memtable: Memtable, limit: int) -> bool:
        """Apply batches until the memtable has ``limit`` bytes; false at the end of the log, or at the fault."""
    @property
    def faults(self) -> list[Fault]:
        """Met so far; ``log.tail.torn`` for a record cut by the end of the file."""
    @property
    def batch_count(self) -> int:
        """Applied so far."""
    @property
    def max_sequence(self) -> int:
        """Of the operations applied; 0 where there are none."""
    @property
    def end_offset(self) -> int:
        """Where the last batch applied ends; 0 where there is none."""
    @property
    def file_size(self) -> int: ...

@disjoint_base
class Batch:
    """Operations to be written at once. Keys get ``prefix`` in front. Not thread-safe. Refuses all once ``store`` is closed."""

    def __new__(cls, prefix: bytes = b"", store: Store | None = None) -> Self: ...
    def put(self, key: bytes, value: Buffer) -> None:
        """Add a put. ``key`` is exactly ``bytes``; ``value`` any contiguous buffer; else TypeError. ValueError where they are
        too large for a table: nearly 2 GiB together."""
    def delete(self, key: bytes) -> None: ...
    def clear(self) -> None: ...
    def append(self, source: Batch) -> None:
        """Add the operations of another batch, their keys as they are."""
    def approximate_size(self) -> int:
        """Bytes of the batch as the log will hold it."""
    def __len__(self) -> int:
        """How many operations."""

@final
class Store:
    """Memtable and log, block cache, open tables, and the present view of one open database."""

    def __new__(
        cls,
        comparator: Comparator,
        make_error: MakeError,
        *,
        write_buffer_size: int,
        block_cache_size: int,
        max_open_tables: int,
        verify_checksums: bool = True,
    ) -> Store:
        """A store without a log (which cannot be written to) and with an empty view. ``verify_checksums`` is for reads that
        do not say; compactions always verify."""
    # --- the whole
    def close(self, message: str) -> None:
        """Every later call on it and on what was made from it raises ``RuntimeError(message)``. Waits for calls under way,
        ends iterators, closes log and tables, forgets the cache. A second call changes nothing."""
    def refuse_within_comparator(self) -> None:
        """Raise RuntimeError where the calling thread is in a comparator, if this store asks one: for what would wait."""
    def is_within_comparator(self) -> bool:
        """Whether the calling thread is in a comparator of any store."""
    def disown(self, message: str) -> None:
        """In a child process after a fork: as ``close``, but waits for nothing, and neither writes nor closes anything."""
    @property
    def closed(self) -> bool: ...
    @property
    def last_sequence(self) -> int: ...
    @last_sequence.setter
    def last_sequence(self, sequence: int) -> None: ...
    # --- writing
    def start_log(
        self, path: str, memtable: Memtable | None = None, *, append: bool = False, earlier: Sequence[str] = ()
    ) -> None:
        """Write to a new log (which must not exist), or with ``append`` behind the end of one; go on in ``memtable``. The logs
        ``earlier``, oldest first, are synced together with it until ``install`` is given no immutables. What another process
        wrote is written again before it is first synced: a sync that had failed then is not forgotten."""
    def rotate(self, path: str) -> Memtable:
        """Begin a new log and an empty memtable; the old one becomes the newest immutable of the view, and is returned. The
        old log is synced first if any of it was written with ``sync``; else it is kept open, and synced together with the new
        one, until ``install`` is given no immutables. Atomic: after an error all is as before; but after a sync that failed
        every later write is refused."""
    def on_full(self, hook: Callable[[], None] | None) -> None:
        """Call ``hook`` in the writing thread, with no lock held, before a write that meets a memtable of
        ``write_buffer_size`` or more, or attention wanted. What it raises the write raises."""
    def want_attention(self, wanted: bool) -> None:
        """Whether every write is to call the hook first."""
    def write(self, batch: Batch, sync: bool = False) -> None:
        """Write a batch: log, then memtable. The batch stays as it is. Writers of many threads are put together (group
        commit); with ``sync`` the log (and its directory, where the log is new) is fsync'd before this returns. Where the log
        cannot be written, nothing of the batch is kept and the log is cut back to where it was; where that fails or fsync
        fails, all later writes raise the same."""
    @property
    def memtable(self) -> Memtable:
        """The one written to."""
    @property
    def log_size(self) -> int:
        """Bytes of the present log."""
    def sync_log(self) -> None:
        """fsync what was written to the log so far."""
    # --- reading
    def install(self, levels: Sequence[Sequence[Table]], immutables: Sequence[Memtable]) -> None:
        """Replace the tables and immutable memtables of the view. ``levels[0]`` in any order: level 0 is searched by sequence
        number. The others are runs: ValueError where one is not in order. ``immutables`` newest first."""
    def pinned_tables(self) -> set[int]:
        """File numbers of all tables in the present view and in older ones that readers still have."""
    def on_seek_charge(self, hook: Callable[[int], None] | None) -> None:
        """Call ``hook`` with the number of a table that was searched in vain as often as a compaction of it would cost:
        max(100, file_size / 16384) times; once per table. From the reading thread, with no lock held. Exceptions are ignored."""
    def approximate_offset(self, table: Table, user_key: bytes) -> int:
        """Where in the table the data of ``user_key`` begins or would, in bytes, from its index."""
    def cache_usage(self) -> int:
        """Bytes in the block cache."""
    def forget_table(self, number: int) -> None:
        """Close a table whose file is about to be deleted, and drop its blocks from the cache."""
    # --- compaction
    def compact(
        self,
        runs: Sequence[Sequence[Table]],
        next_path: Callable[[], str],
        *,
        smallest_snapshot: int,
        deeper: Sequence[Sequence[Table]],
        grandparents: Sequence[Table] = (),
        grandparent_limit: int = 20971520,
        target_file_size: int = 2097152,
        codec: str = "snappy",
        block_size: int = 4096,
        restart_interval: int = 16,
        bloom_bits_per_key: int = 0,
        shorten_index_keys: bool = True,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[TableMeta]:
        """Merge runs into new, synced tables, without the interpreter lock.

        A version is left out if a newer one of its user key is at or below ``smallest_snapshot``. A deletion at or below
        it is left out if no run of ``deeper`` (the levels below the output) has a table whose range holds its user key.
        A table is cut between user keys only, at ``target_file_size`` or where it would overlap more than
        ``grandparent_limit`` bytes of ``grandparents``. ``next_path`` is called for each table; ``should_stop`` is asked
        about every 100,000 entries or 16 MB; where it says so InterruptedError is raised. Any fault of content ends the work with
        an error: nothing is dropped or passed over. After an exception the tables made so far are left to the caller, who
        named them.
        """

@disjoint_base
class Reader:
    """Looks up keys in a store: the present, or with ``sequence`` a snapshot. Keys get ``prefix`` in front."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Takes what the derived class takes and ignores it; ``attach`` must follow before use."""
    def attach(
        self, store: Store, *, prefix: bytes = b"", sequence: int | None = None, closed_message: str | None = None
    ) -> None:
        """Bind to a store. ``closed_message`` replaces the store's own."""
    def detach(self) -> None:
        """Let go of the store; every later call raises RuntimeError with the ``closed_message``."""
    def get(
        self, key: bytes, default: Any = None, *, verify_checksums: bool | None = None, fill_cache: bool | None = True
    ) -> Any:
        """The value of ``key``, or ``default``. ``key`` is exactly ``bytes`` and flags are bools or None, else TypeError."""
    def get_many(self, keys: Iterable[bytes], default: Any = None) -> list[Any]:
        """The values of many keys, in their order, all as of one moment. Threads that call it read beside each other."""

class Writer(Reader):
    """A reader that writes too."""

    def put(self, key: bytes, value: Buffer, *, sync: bool | None = False) -> None: ...
    def delete(self, key: bytes, *, sync: bool | None = False) -> None: ...

@disjoint_base
class EntryIterator:
    """The live entries of a key range, both ways, as of one sequence number.

    It stands in a gap between entries: ``next`` gives the entry behind the gap and moves the gap past it, ``prev`` the one
    before; so ``prev`` after ``next`` gives the same entry again. Reverse iterators exchange the two. At the end of the range
    StopIteration, and the gap stays. An error of content is raised, always, where the entry would have come; the gap stays.
    One thread at a time.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    def attach(
        self,
        store: Store,
        *,
        sequence: int | None = None,
        lower: bytes | None = None,
        upper: bytes | None = None,
        include_lower: bool = True,
        include_upper: bool = False,
        reverse: bool = False,
        prefix_size: int = 0,
        include_key: bool = True,
        include_value: bool = True,
        verify_checksums: bool | None = None,
        fill_cache: bool = True,
        closed_message: str | None = None,
    ) -> None:
        """Bind to a store, at the start of the range (with ``reverse``, at its end). The view and, without ``sequence``, the
        last sequence number are taken now. ``prefix_size`` bytes are cut off the keys given out; bounds are whole keys.
        Entries come as ``(key, value)``, ``key`` or ``value``; with neither, None."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    def prev(self) -> Any: ...
    def seek(self, target: bytes) -> None:
        """Move the gap to just before the first entry at or after the whole key ``target``, kept inside the range."""
    def seek_to_start(self) -> None: ...
    def seek_to_stop(self) -> None: ...
    def detach(self) -> None:
        """Let go of view and store; every later call but this raises RuntimeError."""

@disjoint_base
class RawEntryIterator:
    """Stands on an entry of the whole store or on none, as LevelDB's own iterator. Errors are raised. One thread at a time."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    def attach(
        self,
        store: Store,
        *,
        sequence: int | None = None,
        verify_checksums: bool | None = None,
        fill_cache: bool = True,
        closed_message: str | None = None,
    ) -> None: ...
    def valid(self) -> bool: ...
    def seek_to_first(self) -> None: ...
    def seek_to_last(self) -> None: ...
    def seek(self, target: bytes) -> None: ...
    def next(self) -> None:
        """Go on; nothing where not valid."""
    def prev(self) -> None: ...
    def entry(self) -> tuple[bytes, bytes] | None:
        """The entry stood on; None where not valid."""
    def detach(self) -> None: ...

def swap_comparing(is_comparing: bool) -> bool:
    """Note whether the calling thread is in a comparator, for comparisons that Python makes; gives what was noted before."""
