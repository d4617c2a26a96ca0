"""How a database is opened and kept. Names and meanings are plyvel's where plyvel has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from relevel.errors import InvalidArgumentError
from relevel.format.comparator import Comparator

LOG_RECOVERY: Final = ("point_in_time", "strict", "skip_damaged")
CODECS: Final = ("snappy", "zstd", "zlib", "deflate")
"""Compressions that can be asked for; None is none. LevelDB knows snappy and, since 1.23, zstd; Mojang's zlib and deflate."""

_KIB: Final = 1 << 10
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_BLOOM_FILTER_BITS: Final = 10
_EQUAL_ONLY_TO_ITSELF: Final = ("bytewise", "reverse-bytewise")
"""Orders in which no two keys are equal that differ."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options that have been checked. Sizes are bytes; they are clipped to LevelDB's limits.

    Attributes:
        create_if_missing: make the database where there is none.
        error_if_exists: refuse a database that is there.
        read_only: write nothing and take no lock; logs are replayed in memory.
        log_recovery: what a damaged log means at opening. ``"point_in_time"``: everything before the damage counts and
            nothing behind it, unless the next log begins where tables and earlier logs end, so that the state is one that
            once was; ``"strict"``: the database is not opened; ``"skip_damaged"``: everything readable counts, as in
            LevelDB. A record cut by the end of the last log, as a crash leaves it, is no damage.
        reuse_logs: go on in the last log, where it is whole, instead of writing its entries to a table.
        write_buffer_size: of a memtable, after which it becomes a table.
        max_open_files: tables kept open.
        lru_cache_size: of the cache of blocks.
        block_size: of the uncompressed entries of a data block, about.
        block_restart_interval: entries between two restart points.
        max_file_size: of a table, about.
        compression: codec of new tables; None is none.
        bloom_filter_bits: per key; 0 is no filter. None is ten, and none in an order in which different keys may be equal: a
            filter, which knows their bytes only, would deny one of them.
        verify_checksums: whether reads verify every block that they read from a file, unless they say otherwise.
        comparator: the order of the user keys; None takes the one that the database names.
        level0_compaction_trigger: tables of level 0 at which they are compacted.
        level0_slowdown: tables of level 0 at which each write waits a millisecond.
        level0_stop: tables of level 0 at which writes wait for a compaction.
        deepest_flush_level: where a memtable may go that overlaps nothing.
    """

    create_if_missing: bool = False
    error_if_exists: bool = False
    read_only: bool = False
    log_recovery: str = "point_in_time"
    reuse_logs: bool = False
    write_buffer_size: int = 16 * _MIB
    max_open_files: int = 1000
    lru_cache_size: int = 32 * _MIB
    block_size: int = 4 * _KIB
    block_restart_interval: int = 16
    max_file_size: int = 8 * _MIB
    compression: str | None = "snappy"
    bloom_filter_bits: int | None = None
    verify_checksums: bool = True
    comparator: Comparator | None = None
    level0_compaction_trigger: int = 4
    level0_slowdown: int = 12
    level0_stop: int = 20
    deepest_flush_level: int = 2

    @property
    def level1_size(self) -> int:
        """Bytes of level 1; every deeper one may hold ten times as much. Not less than level 0 brings at once."""
        return max(10 * _MIB, self.level0_compaction_trigger * self.write_buffer_size)

    def table_style(self, comparator: Comparator) -> dict[str, Any]:
        """How the kernel is to write tables of keys in this order."""
        usual_bits = _BLOOM_FILTER_BITS if comparator.kernel in _EQUAL_ONLY_TO_ITSELF else 0
        return {
            "codec": self.compression or "none",
            "block_size": self.block_size,
            "restart_interval": self.block_restart_interval,
            "bloom_bits_per_key": usual_bits if self.bloom_filter_bits is None else self.bloom_filter_bits,
            "shorten_index_keys": comparator.kernel == "bytewise",
        }


def make_options(
    *,
    comparator: Callable[[bytes, bytes], int] | None = None,
    comparator_name: bytes | str | None = None,
    compression: str | None = "snappy",
    paranoid_checks: bool | None = None,
    log_recovery: str | None = None,
    **others: Any,
) -> Options:
    """Check options as they come from a caller.

    Args:
        comparator: a function of two user keys; with its name.
        comparator_name: the name that the database has for it.
        compression: a codec.
        paranoid_checks: plyvel's name for ``log_recovery="strict"``.
        log_recovery: how damaged logs are taken.
        others: the rest of ``Options``; None stands for the default.

    Raises:
        TypeError: an option is of the wrong type.
        InvalidArgumentError: its value makes no sense.
    """
    if compression is not None and compression not in CODECS:
        raise InvalidArgumentError(
            f"'compression' must be None or one of {', '.join(map(repr, CODECS))}, not {compression!r}"
        )
    strict = _checked("paranoid_checks", paranoid_checks, bool)
    recovery = log_recovery or ("strict" if strict else "point_in_time")
    if recovery not in LOG_RECOVERY:
        raise InvalidArgumentError(
            f"'log_recovery' must be one of {', '.join(map(repr, LOG_RECOVERY))}, not {recovery!r}"
        )
    known = {
        name: _checked(name, value, bool if isinstance(getattr(_DEFAULTS, name), bool) else int)
        for name, value in others.items()
        if value is not None
    }
    for name, (smallest, largest) in _LIMITS.items():
        if name in known:
            known[name] = min(max(known[name], smallest), largest)
    return Options(
        compression=compression,
        log_recovery=recovery,
        comparator=_comparator(comparator, comparator_name),
        **known,
    )


_DEFAULTS: Final = Options()
_LIMITS: Final = {
    "write_buffer_size": (64 * _KIB, _GIB),
    "max_open_files": (64, 1 << 20),
    "lru_cache_size": (0, 1 << 50),
    "block_size": (_KIB, 4 * _MIB),
    "block_restart_interval": (1, 1 << 16),
    "max_file_size": (_MIB, _GIB),
    "bloom_filter_bits": (0, 1000),
}


def _checked(name: str, value: Any, kind: type[Any]) -> Any:
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"'{name}' must be {'a bool' if kind is bool else 'an integer'}, not {type(value).__name__}")
    if kind is int and value < 0:
        raise InvalidArgumentError(f"'{name}' must not be negative: {value}")
    return value


def _comparator(function: Callable[[bytes, bytes], int] | None, name: bytes | str | None) -> Comparator | None:
    if (function is None) != (name is None):
        raise InvalidArgumentError("'comparator' and 'comparator_name' must be specified together")
    if function is None or name is None:
        return None
    if not callable(function):
        raise TypeError("custom comparator object must be callable")
    if not isinstance(name, bytes | str):
        raise TypeError("'comparator_name' must be a byte string or a unicode string")
    return Comparator(name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"), function)
