"""What LOG tells, in LevelDB's words and in goleveldb's."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevel.recovery.lineage.chronicle import Chronicle, Made, read_chronicle
from relevel.storage.read_only import ReadOnlyDirectory

LEVELDB = """\
2026/11/21-17:05:22.154490 139859326478016 Level-0 table #5: started
2026/11/21-17:05:22.154490 139859326478016 Level-0 table #5: 118437 bytes OK
2026/11/21-17:05:22.155272 139859326478016 Delete type=0 #3
2026/11/21-17:05:22.357593 139859326478016 Level-0 table #7: 120677 bytes OK
2026/11/21-17:05:22.357593 139859326478016 Level-0 table #8: 0 bytes OK
2026/11/21-17:05:22.415127 139859326478016 Compacting 2@0 + 0@1 files
2026/11/21-17:05:22.458641 139859326478016 Generated table #9@0: 10412 keys, 602660 bytes
2026/11/21-17:05:22.458678 139859326478016 Compacted 2@0 + 0@1 files => 602660 bytes
2026/11/21-17:05:22.458994 139859326478016 compacted to: files[ 0 1 0 0 0 0 0 ]
2026/11/21-17:05:22.459058 139859326478016 Delete type=2 #5
2026/11/21-17:05:22.459058 139859326478016 Delete type=2 #7
2026/11/21-17:05:22.491098 139859326478016 Level-0 table #11: 120987 bytes OK
2026/11/21-17:05:22.415127 139859326478016 Compacting 1@0 + 1@1 files
2026/11/21-17:05:22.458641 139859326478016 Generated table #12@0: 10412 keys, 602660 bytes
"""
GOLEVELDB = """\
=============== Nov 21, 2026 (UTC) ===============
17:05:24.373845 version@stat F·[] S·0B[] Sc·[]
17:05:24.398675 memdb@flush created L0@3 N·654 S·39KiB "key..000,v1":"key..571,v654"
17:05:24.398766 version@stat F·[1] S·39KiB[39KiB] Sc·[0.25]
17:05:24.399187 memdb@flush committed F·1 T·14.090016ms
17:05:24.399251 journal@remove removed @1
17:05:24.934445 table@compaction L0·1 -> L1·0 S·47KiB Q·607
17:05:24.938820 table@build created L1@6 N·607 S·47KiB ",v601":"key,v603"
17:05:24.400926 memdb@flush created L0@7 N·658 S·39KiB "key..578,v655":"key..177,v1312"
17:05:24.400956 version@stat F·[2] S·79KiB[79KiB] Sc·[0.50]
17:05:24.938864 version@stat F·[1 1] S·47KiB[0B 47KiB] Sc·[0.00 0.00]
17:05:24.939088 table@compaction committed F-1 S-131B Ke·0 D·0 T·3.611786ms
17:05:24.942537 table@remove removed @3
17:05:24.934445 table@compaction L0·1 -> L1·1 S·47KiB Q·607
17:05:24.938820 table@build created L1@9 N·607 S·47KiB ",v601":"key,v603"
"""


def told(tmp_path: Path, **files: str) -> Chronicle:
    """Read these files; an underscore in a name stands for a dot."""
    for name, text in files.items():
        (tmp_path / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return read_chronicle(ReadOnlyDirectory(tmp_path))


def test_what_leveldb_tells(tmp_path: Path) -> None:
    """A flush counts at once, a compaction's tables when it ends; an empty table is none."""
    found = told(tmp_path, LOG=LEVELDB)

    created: dict[int, Made] = {5: (118437, None), 7: (120677, None), 9: (602660, 10412), 11: (120987, None)}
    assert found == Chronicle(created, {12: (602660, 10412)}, {5, 7}, {3}, table_count=2, flushed={5, 7, 11})


def test_what_goleveldb_tells(tmp_path: Path) -> None:
    """A flush beside a compaction does not make the compaction's tables count."""
    found = told(tmp_path, LOG=GOLEVELDB)

    created: dict[int, Made] = {3: (None, 654), 6: (None, 607), 7: (None, 658)}
    assert found == Chronicle(created, {9: (None, 607)}, {3}, {1}, table_count=2, flushed={3, 7})


@pytest.mark.parametrize(
    "lines",
    [
        "2026/11/21-17:05:22.154490 1398 Delete type=2 #9\n2026/11/21-17:05:23.154490 1398 Level-0 table #9: 118437 bytes OK\n",
        "2026/11/21-17:05:22.154490 1398 Delete type=2 #9\n2026/11/21-17:05:23.154490 1398 Generated table #9@0: 4 keys, 6 bytes\n",
        '17:05:24.942537 table@remove removed @9\n17:05:24.398675 memdb@flush created L0@9 N·654 S·39KiB "a,v1":"b,v654"\n',
        '17:05:24.942537 table@remove removed @9\n17:05:24.938820 table@build created L1@9 N·607 S·47KiB ",v601":"key,v603"\n',
    ],
)
def test_a_number_that_is_given_out_again_is_not_removed(lines: str, tmp_path: Path) -> None:
    """What a killed compaction leaves is deleted at the next opening, and the next table has its number."""
    found = told(tmp_path, LOG=lines)

    assert found.removed_tables == set()
    assert found.created.keys() | found.pending.keys() == {9}


def test_the_old_log_comes_first(tmp_path: Path) -> None:
    """What was told before the last opening is known as well."""
    found = told(tmp_path, LOG_old=LEVELDB, LOG="2026/11/21-18:00:00.000000 1 Level-0 table #14: 10 bytes OK\n")

    assert found.created.keys() == {5, 7, 9, 11, 14}
    assert found.table_count == 3


def test_a_flush_that_has_not_ended_is_told(tmp_path: Path) -> None:
    """Until its log is removed there are two."""
    begun = "2026/11/21-18:00:00.000000 1 Level-0 table #14: started\n"
    done = (
        "2026/11/21-18:00:00.000000 1 Level-0 table #14: 10 bytes OK\n2026/11/21-18:00:00.000000 1 Delete type=0 #9\n"
    )

    assert told(tmp_path, LOG=begun).is_flushing
    assert not told(tmp_path, LOG=begun + done).is_flushing
    assert told(tmp_path, LOG="17:05:24.384 memdb@flush N·654 S·63KiB\n").is_flushing


@pytest.mark.parametrize(
    ("before", "given_up"),
    [
        (LEVELDB, "2026/11/21-17:05:22.458641 1 Compaction error: IO error: No space left on device\n"),
        (GOLEVELDB, "17:05:24.938820 table@compaction rollback @9\n"),
        (GOLEVELDB, "17:05:24.938820 table@build exiting\n"),
    ],
)
def test_what_a_compaction_that_failed_has_made_does_not_count(before: str, given_up: str, tmp_path: Path) -> None:
    """Nor does it once the next one ends."""
    ends = "2026/11/21-17:05:23.458994 1 compacted to: files[ 0 2 0 0 0 0 0 ]\n"

    found = told(tmp_path, LOG=before + given_up + ends)

    assert found.pending == {}
    assert found.created.keys().isdisjoint({12, 9} if before is GOLEVELDB else {12})


@pytest.mark.parametrize(
    "line",
    [
        "Delete type=2 #" + "9" * 5000,
        "compacted to: files[ " + "9" * 5000 + " ]",
        "Moved #1 to " * 100_000,
        "\n" * 1_000_000,
    ],
)
def test_hostile_lines_tell_nothing_and_take_no_time(line: str, tmp_path: Path) -> None:
    """Numbers without end, and lines that a pattern could be long about."""
    assert told(tmp_path, LOG=line) == Chronicle()


def test_no_log_tells_nothing(tmp_path: Path) -> None:
    """Nor does one that holds anything else."""
    assert told(tmp_path) == Chronicle()
    assert told(tmp_path, LOG="\x00\xff no words that anybody knows\n") == Chronicle()
