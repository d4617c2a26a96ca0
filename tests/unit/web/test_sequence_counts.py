"""Counts by sequence number."""

from __future__ import annotations

from relevel.web.sequence_counts import SequenceCounts


def test_every_change_is_counted_once() -> None:
    """However many buckets are asked for, their sum is what was added."""
    counts = SequenceCounts(1, 1000)
    for sequence in range(1, 1001):
        counts.add(sequence, is_put=sequence % 3 > 0)

    for most in (1, 7, 100, 1000, 5000):
        found = counts.histogram(1, 1000, most)
        assert len(found.puts) <= most
        assert (sum(found.puts), sum(found.deletions)) == (667, 333)


def test_a_range_is_cut_out() -> None:
    """Only what lies in it is counted, and it says where it begins."""
    counts = SequenceCounts(1, 1000)
    for sequence in range(1, 1001):
        counts.add(sequence, is_put=True)

    found = counts.histogram(501, 510, 5)

    assert (found.first, found.width, found.puts) == (501, 2, (2, 2, 2, 2, 2))


def test_a_wide_range_is_counted_in_bounded_memory() -> None:
    """One number far away makes counters wide, not many."""
    counts = SequenceCounts(1, (1 << 56) - 1)
    counts.add(1, is_put=True)
    counts.add((1 << 56) - 1, is_put=False)

    found = counts.histogram(0, 1 << 60, 1000)

    assert (sum(found.puts), sum(found.deletions)) == (1, 1)
    assert len(counts.puts) <= 1 << 20


def test_what_lies_outside_counts_at_the_ends() -> None:
    """A version that was not told of beforehand is not lost."""
    counts = SequenceCounts(10, 20)
    counts.add(5, is_put=True)
    counts.add(25, is_put=True)

    assert counts.histogram(10, 20, 11).puts == (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
