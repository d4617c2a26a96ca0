"""The version edit: one change of the set of live tables, a record of the manifest.

Source: google/leveldb, db/version_edit.cc.

::

    1 comparator: name                     5 compaction pointer: level, internal key
    2 log number                           6 deleted file: level, file number
    3 next file number                     7 new file: level, file number, file size, smallest and largest internal key
    4 last sequence number                 9 previous log number        (8 is no longer used)

Each field is its tag (varint32) and its values: levels are varint32, numbers and sizes varint64, names and keys bytes
with their size in front. Fields come in any order. A deletion names a file *at a level*: moving a table down a level
deletes it from one and adds it to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from relevel.errors import CorruptionError
from relevel.format.internal_key import TRAILER_SIZE
from relevel.format.varint import (
    decode_length_prefixed,
    decode_varint,
    decode_varint32,
    encode_length_prefixed,
    encode_varint,
)

LEVEL_COUNT: Final = 7
"""How many levels LevelDB has; goleveldb has no bound. Part of the file format."""
MOST_LEVELS: Final = 64
"""Levels past this are taken for damage even by ``scan_version_edit``: no disk holds that many."""


_COMPARATOR: Final = 1
_LOG_NUMBER: Final = 2
_NEXT_FILE_NUMBER: Final = 3
_LAST_SEQUENCE: Final = 4
_COMPACT_POINTER: Final = 5
_DELETED_FILE: Final = 6
_NEW_FILE: Final = 7
_PREVIOUS_LOG_NUMBER: Final = 9
_NUMBERS: Final = frozenset({_LOG_NUMBER, _NEXT_FILE_NUMBER, _LAST_SEQUENCE, _PREVIOUS_LOG_NUMBER})
_WORDS: Final = {
    _COMPARATOR: "comparator name",
    _LOG_NUMBER: "log number",
    _NEXT_FILE_NUMBER: "next file number",
    _LAST_SEQUENCE: "last sequence number",
    _COMPACT_POINTER: "compaction pointer",
    _DELETED_FILE: "deleted file",
    _NEW_FILE: "new-file entry",
    _PREVIOUS_LOG_NUMBER: "previous log number",
}
"""What LevelDB calls a field that it cannot decode."""
_UNKNOWN_TAG: Final = "unknown tag"
_CUT_OFF: Final = "more bytes are announced than follow"

_make: Final = tuple.__new__  # named tuples without their handling of keywords: manifests may have millions of edits


class FileMetadata(NamedTuple):
    """What a manifest says of a table.

    Attributes:
        number: its file number.
        file_size: bytes.
        smallest: its smallest internal key.
        largest: its largest internal key.
    """

    number: int
    file_size: int
    smallest: bytes
    largest: bytes


class VersionEdit(NamedTuple):
    """One change. None and empty are "not in this edit".

    Attributes:
        comparator: name of the order of the user keys; bytes that are not UTF-8 as surrogate escapes.
        log_number: logs with this number or a higher one count.
        previous_log_number: one older log that counts too; 0 is none.
        next_file_number: no file has this number yet.
        last_sequence: the newest sequence number in the tables.
        compact_pointers: where the next compaction of a level begins: ``(level, internal key)``.
        deleted_files: ``(level, number)``.
        new_files: ``(level, metadata)``.
    """

    comparator: str | None = None
    log_number: int | None = None
    previous_log_number: int | None = None
    next_file_number: int | None = None
    last_sequence: int | None = None
    compact_pointers: tuple[tuple[int, bytes], ...] = ()
    deleted_files: tuple[tuple[int, int], ...] = ()
    new_files: tuple[tuple[int, FileMetadata], ...] = ()


class EditProblem(NamedTuple):
    """One place of an edit that LevelDB would not accept.

    Attributes:
        offset: bytes from the start of the edit.
        words: LevelDB's own, such as ``unknown tag``.
        detail: what is there instead.
        is_tolerated: whether reading went on behind it.
    """

    offset: int
    words: str
    detail: str
    is_tolerated: bool

    def __str__(self) -> str:
        return f"VersionEdit: {self.words}: {self.detail} at byte {self.offset} of the edit"


class VersionEditScan(NamedTuple):
    """What could be decoded of an edit, and what could not.

    Attributes:
        edit: the fields that were decoded.
        problems: what is wrong, in order of offset.
        decoded_size: bytes from the start that the edit is made from.
    """

    edit: VersionEdit
    problems: tuple[EditProblem, ...]
    decoded_size: int

    @property
    def is_whole(self) -> bool:
        """Whether every byte was decoded, tolerated problems or not."""
        return all(problem.is_tolerated for problem in self.problems)


def encode_version_edit(edit: VersionEdit) -> bytes:
    """Encode an edit as LevelDB would, fields in its order.

    Raises:
        ValueError: a number is out of range, a level is not LevelDB's, or a key has no trailer.
    """
    parts = []
    if edit.comparator is not None:
        parts += [b"\x01", encode_length_prefixed(edit.comparator.encode("utf-8", "surrogateescape"))]
    for tag, number in (
        (b"\x02", edit.log_number),
        (b"\x09", edit.previous_log_number),
        (b"\x03", edit.next_file_number),
        (b"\x04", edit.last_sequence),
    ):
        if number is not None:
            parts += [tag, encode_varint(number)]
    for level, key in edit.compact_pointers:
        parts += [b"\x05", _encode_level(level), _encode_key(key)]
    for level, number in edit.deleted_files:
        parts += [b"\x06", _encode_level(level), encode_varint(number)]
    for level, file in edit.new_files:
        parts += [b"\x07", _encode_level(level), encode_varint(file.number), encode_varint(file.file_size)]
        parts += [_encode_key(file.smallest), _encode_key(file.largest)]
    return b"".join(parts)


def _encode_level(level: int) -> bytes:
    if not 0 <= level < LEVEL_COUNT:
        raise ValueError(f"{level} is not a level: LevelDB has {LEVEL_COUNT}, counted from 0")
    return encode_varint(level)


def _encode_key(key: bytes) -> bytes:
    if len(key) < TRAILER_SIZE:
        raise ValueError(f"{key!r} is not an internal key")
    return encode_length_prefixed(key)


def decode_version_edit(data: bytes) -> VersionEdit:
    """Decode an edit as strictly as LevelDB does.

    Raises:
        CorruptionError: ``VersionEdit: `` and LevelDB's words.
    """
    scan = scan_version_edit(data)
    if scan.problems:
        raise CorruptionError(str(scan.problems[0]))
    return scan.edit


def scan_version_edit(data: bytes) -> VersionEditScan:
    """Decode as much of an edit as can be. Never raises on content.

    Tolerated, as goleveldb does: levels past LevelDB's last, keys without a trailer, and unknown tags, as long as all
    that follows one can be decoded. Where it cannot, the unknown tag and all behind it count as not decoded.
    """
    scan = _scan(data)
    if scan.problems and not scan.is_whole:
        unknown = next((problem for problem in scan.problems if problem.words == _UNKNOWN_TAG), None)
        if unknown is not None:  # what follows it makes no sense as fields, so none of it is believed
            scan = _scan(data[: unknown.offset])
            scan = scan._replace(problems=(*scan.problems, unknown._replace(is_tolerated=False)))
    return scan


def _scan(data: bytes) -> VersionEditScan:
    # One loop and no call for a field of its own: manifests may have millions of edits.
    offset = field_offset = 0
    size = len(data)
    comparator = None
    numbers: dict[int, int] = {}
    compact_pointers: list[tuple[int, bytes]] = []
    deleted_files: list[tuple[int, int]] = []
    new_files: list[tuple[int, FileMetadata]] = []
    problems: list[EditProblem] = []
    try:
        while offset < size:
            field_offset = offset
            tag = data[offset]
            if tag == _NEW_FILE:
                level, offset = decode_varint(data, offset + 1)
                number, offset = decode_varint(data, offset)
                file_size, offset = decode_varint(data, offset)
                key_size, offset = decode_varint(data, offset)
                smallest = data[offset : offset + key_size]
                key_size, offset = decode_varint(data, offset + key_size)
                largest = data[offset : offset + key_size]
                offset += key_size
                if offset > size:
                    raise CorruptionError(_CUT_OFF)
                if level >= LEVEL_COUNT or len(smallest) < TRAILER_SIZE or len(largest) < TRAILER_SIZE:
                    problems += _doubts(field_offset, tag, level, smallest, largest)
                new_files.append((level, _make(FileMetadata, (number, file_size, smallest, largest))))
            elif tag in _NUMBERS:
                numbers[tag], offset = decode_varint(data, offset + 1)
            elif tag == _DELETED_FILE:
                level, offset = decode_varint(data, offset + 1)
                number, offset = decode_varint(data, offset)
                if level >= LEVEL_COUNT:
                    problems += _doubts(field_offset, tag, level)
                deleted_files.append((level, number))
            elif tag == _COMPACT_POINTER:
                pointer, offset = _read_compact_pointer(data, offset, problems)
                compact_pointers.append(pointer)
            elif tag == _COMPARATOR:
                name, offset = decode_length_prefixed(data, offset + 1)
                comparator = name.decode("utf-8", "surrogateescape")
            else:
                offset = _pass_unknown_tag(data, offset, problems)
        field_offset = offset
    except CorruptionError as error:
        words = _WORDS.get(data[field_offset], "invalid tag")
        problems.append(EditProblem(field_offset, words, str(error), is_tolerated=False))
    number_of = numbers.get
    edit = (
        comparator,
        number_of(_LOG_NUMBER),
        number_of(_PREVIOUS_LOG_NUMBER),
        number_of(_NEXT_FILE_NUMBER),
        number_of(_LAST_SEQUENCE),
        tuple(compact_pointers),
        tuple(deleted_files),
        tuple(new_files),
    )
    return _make(VersionEditScan, (_make(VersionEdit, edit), tuple(problems), field_offset))


def _read_compact_pointer(data: bytes, offset: int, problems: list[EditProblem]) -> tuple[tuple[int, bytes], int]:
    level, key_offset = decode_varint(data, offset + 1)
    key, end = decode_length_prefixed(data, key_offset)
    problems += _doubts(offset, _COMPACT_POINTER, level, key)
    return (level, key), end


def _doubts(offset: int, tag: int, level: int, *keys: bytes) -> Iterator[EditProblem]:
    """What LevelDB would not accept of a level and keys.

    Raises:
        CorruptionError: the level is beyond belief.
    """
    if level >= MOST_LEVELS:
        raise CorruptionError(f"level {level}")
    if level >= LEVEL_COUNT:
        yield EditProblem(offset, _WORDS[tag], f"level {level}, which only goleveldb accepts", is_tolerated=True)
    for key in keys:
        if len(key) < TRAILER_SIZE:
            yield EditProblem(offset, _WORDS[tag], f"an internal key of {len(key)} bytes", is_tolerated=True)


def _pass_unknown_tag(data: bytes, offset: int, problems: list[EditProblem]) -> int:
    tag, end = decode_varint32(data, offset)
    if tag in _WORDS:
        raise CorruptionError(f"tag {tag} in more bytes than it needs")
    problems.append(EditProblem(offset, _UNKNOWN_TAG, f"tag {tag}", is_tolerated=True))
    return end
