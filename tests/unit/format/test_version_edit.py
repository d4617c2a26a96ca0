"""Version edits taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relevel.errors import CorruptionError
from relevel.format.varint import MAX_UINT64
from relevel.format.version_edit import (
    FileMetadata,
    VersionEdit,
    decode_version_edit,
    encode_version_edit,
    scan_version_edit,
)

KEY = b"key" + b"\1" * 8
FILE = FileMetadata(5, 4096, KEY, KEY)

numbers = st.integers(0, MAX_UINT64)
levels = st.integers(0, 6)
internal_keys = st.binary(min_size=8, max_size=200)
edits = st.builds(
    VersionEdit,
    st.none() | st.text(),
    st.none() | numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.lists(st.tuples(levels, internal_keys), max_size=3).map(tuple),
    st.lists(st.tuples(levels, numbers), max_size=3).map(tuple),
    st.lists(
        st.tuples(levels, st.builds(FileMetadata, numbers, numbers, internal_keys, internal_keys)), max_size=3
    ).map(tuple),
)


@given(edits)
def test_an_edit_comes_back(edit: VersionEdit) -> None:
    """Encoding and decoding agree, strictly and tolerantly."""
    encoded = encode_version_edit(edit)

    assert decode_version_edit(encoded) == edit
    assert scan_version_edit(encoded) == (edit, (), len(encoded))


def test_an_edit_is_written_as_leveldb_writes_it() -> None:
    """Its fields come in LevelDB's order: the previous log number after the log number, deletions before new files."""
    edit = VersionEdit(
        "c", 1, 2, 3, 4, ((5, b"12345678"),), ((6, 7),), ((0, FileMetadata(8, 9, b"abcdefgh", b"stuvwxyz")),)
    )

    assert encode_version_edit(edit) == (
        b"\x01\x01c" b"\x02\x01" b"\x09\x02" b"\x03\x03" b"\x04\x04" b"\x05\x05\x0812345678" b"\x06\x06\x07"
        b"\x07\x00\x08\x09\x08abcdefgh\x08stuvwxyz"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x08", "unknown tag"),
        (b"\x0a\x05", "unknown tag"),
        (b"\x82\x80", "invalid tag"),
        (b"\x01\x05foo", "comparator name"),
        (b"\x02", "log number"),
        (b"\x09\x80", "previous log number"),
        (b"\x03", "next file number"),
        (b"\x04\xff\xff", "last sequence number"),
        (b"\x05\x07\x0812345678", "compaction pointer"),
        (b"\x05\x00\x0912345678", "compaction pointer"),
        (b"\x05\x00\x00", "compaction pointer"),
        (b"\x06\x07\x05", "deleted file"),
        (b"\x06\x00", "deleted file"),
        (b"\x07\x00\x05\x05\x00\x00", "new-file entry"),
        (b"\x07\x07\x05\x05\x0812345678\x0812345678", "new-file entry"),
        (b"\x07\x00\x05\x05\x0812345678\x0912345678", "new-file entry"),
    ],
)
def test_a_malformed_edit_is_refused_in_leveldbs_words(data: bytes, words: str) -> None:
    """What a user finds in LevelDB's log is found here."""
    with pytest.raises(CorruptionError, match=f"^VersionEdit: {words}: "):
        decode_version_edit(data)


def test_what_stands_before_the_damage_is_kept() -> None:
    """The fields in front of a cut one were read, and the size says how far."""
    encoded = encode_version_edit(VersionEdit(log_number=9, new_files=((1, FILE),)))

    scan = scan_version_edit(encoded[:-1])

    assert scan.edit == VersionEdit(log_number=9)
    assert scan.decoded_size == 2
    assert not scan.is_whole
    assert [problem.words for problem in scan.problems] == ["new-file entry"]


@pytest.mark.parametrize("level", [7, 20, 63])
def test_a_level_that_only_goleveldb_has_is_tolerated(level: int) -> None:
    """The file is kept at its level, and the problem is reported."""
    encoded = encode_version_edit(VersionEdit(new_files=((0, FILE),), deleted_files=((0, 4),)))
    encoded = encoded.replace(b"\x06\x00", bytes([6, level])).replace(b"\x07\x00", bytes([7, level]))

    scan = scan_version_edit(encoded)

    assert scan.edit.new_files == ((level, FILE),)
    assert scan.edit.deleted_files == ((level, 4),)
    assert scan.is_whole
    assert [problem.words for problem in scan.problems] == ["deleted file", "new-file entry"]


@pytest.mark.parametrize("level", [b"\x40", b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01"])
def test_a_level_beyond_belief_is_damage(level: bytes) -> None:
    """No list of levels is made as long as a damaged number says."""
    scan = scan_version_edit(b"\x06" + level + b"\x05")

    assert scan.edit == VersionEdit()
    assert not scan.is_whole


def test_a_file_without_keys_is_tolerated() -> None:
    """LevelDB's own repair writes such entries for tables without entries, and then refuses to open them."""
    scan = scan_version_edit(b"\x07\x00\x05\x09\x00\x00\x02\x06")

    assert scan.edit == VersionEdit(log_number=6, new_files=((0, FileMetadata(5, 9, b"", b"")),))
    assert scan.is_whole


def test_an_unknown_tag_is_passed_where_the_rest_makes_sense() -> None:
    """As goleveldb does; the problem names the tag."""
    scan = scan_version_edit(b"\x02\x05\x0a\x03\x06")

    assert scan.edit == VersionEdit(log_number=5, next_file_number=6)
    assert scan.is_whole
    assert "tag 10" in str(scan.problems[0])


def test_nothing_behind_an_unknown_tag_is_believed_where_the_rest_makes_no_sense() -> None:
    """What would have been read as fields was the unknown tag's value."""
    scan = scan_version_edit(b"\x02\x05" b"\x0a" b"\x03\x06" b"\x02")  # fmt: skip

    assert scan.edit == VersionEdit(log_number=5)
    assert scan.decoded_size == 2
    assert not scan.is_whole
    assert [problem.words for problem in scan.problems] == ["unknown tag"]


def test_a_tag_in_more_bytes_than_it_needs_is_no_tag() -> None:
    """LevelDB takes it for the number it is; nobody writes it so, and what is behind it is not believed."""
    scan = scan_version_edit(b"\x02\x05" b"\x83\x00" b"\x06")  # fmt: skip

    assert scan.edit == VersionEdit(log_number=5)
    assert (scan.is_whole, scan.decoded_size) == (False, 2)
    assert "tag 3 in more bytes than it needs" in str(scan.problems[0])


def test_the_last_of_two_numbers_counts() -> None:
    """As in LevelDB."""
    assert decode_version_edit(b"\x02\x05\x02\x06").log_number == 6


def test_a_comparator_name_that_is_no_text_comes_back() -> None:
    """Its bytes are kept as surrogate escapes."""
    edit = decode_version_edit(b"\x01\x02\xff\xfe")

    assert encode_version_edit(edit) == b"\x01\x02\xff\xfe"


@pytest.mark.parametrize(
    "edit",
    [
        VersionEdit(log_number=-1),
        VersionEdit(last_sequence=MAX_UINT64 + 1),
        VersionEdit(deleted_files=((7, 1),)),
        VersionEdit(new_files=((0, FILE._replace(smallest=b"short")),)),
        VersionEdit(compact_pointers=((-1, KEY),)),
    ],
)
def test_an_edit_that_leveldb_would_refuse_is_not_encoded(edit: VersionEdit) -> None:
    """Numbers, levels and keys are checked before they are written."""
    with pytest.raises(ValueError, match="is not"):
        encode_version_edit(edit)


@given(st.binary())
@example(b"\x0a" * 3000)
@example(b"\x0a" * 3000 + b"\x02")
def test_any_bytes_are_scanned(data: bytes) -> None:
    """No bytes make it raise, and where there is no problem the strict decoder agrees."""
    scan = scan_version_edit(data)

    assert 0 <= scan.decoded_size <= len(data)
    assert scan.is_whole is (scan.decoded_size == len(data))
    assert scan.problems or decode_version_edit(data) == scan.edit


@given(edits, st.data())
def test_a_cut_edit_is_never_taken_for_a_whole_one_with_other_fields(edit: VersionEdit, data: st.DataObject) -> None:
    """Whatever is decoded of a prefix is part of the edit."""
    encoded = encode_version_edit(edit)
    cut = data.draw(st.integers(0, len(encoded)))

    scan = scan_version_edit(encoded[:cut])

    assert scan.edit.new_files == edit.new_files[: len(scan.edit.new_files)]
    assert scan.edit.deleted_files == edit.deleted_files[: len(scan.edit.deleted_files)]
    assert scan.decoded_size <= cut
