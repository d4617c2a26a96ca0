"""What a manifest tells of tables that have the same size and ends."""

from __future__ import annotations

from relevel.format.version_edit import FileMetadata, VersionEdit
from relevel.recovery.carving.claims import Claims


def added(level: int, number: int) -> tuple[tuple[int, FileMetadata], ...]:
    """One table, of the size and the ends that all have here."""
    return ((level, FileMetadata(number, 1000, b"a" + bytes(8), b"z" + bytes(8))),)


def test_a_table_is_the_later_one_where_nothing_newer_was_merged_with_it() -> None:
    """5 was the base that level 0 was merged into, as 8; with what is below, 8 became 11, and 20 all there was in level 0."""
    claims = Claims()
    claims.apply(VersionEdit(new_files=(*added(1, 5), *added(2, 4))))
    claims.apply(VersionEdit(new_files=(*added(0, 6), *added(0, 7))))
    claims.apply(VersionEdit(deleted_files=((0, 6), (0, 7), (1, 5)), new_files=added(1, 8)))
    claims.apply(VersionEdit(deleted_files=((1, 8), (2, 4)), new_files=added(2, 11)))
    claims.apply(VersionEdit(new_files=added(0, 20)))
    claims.apply(VersionEdit(deleted_files=((0, 20), (1, 99)), new_files=added(1, 21)))

    assert {older for older in (4, 5, 6, 7, 8) if claims.is_copy(older, 11)} == {8}
    assert claims.is_copy(20, 21)
    assert not claims.is_copy(99, 21)
    assert not claims.is_copy(30, 11)
