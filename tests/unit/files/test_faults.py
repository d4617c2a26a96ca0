"""Faults as findings, and what LevelDB and goleveldb say of them."""

from __future__ import annotations

import json
import pickle

import pytest

from relevel import _kernel
from relevel._kernel import Fault
from relevel.files.faults import finding_of
from relevel.findings import CATALOGUE, KeyRange, Severity, Span


def test_a_finding_has_the_place_the_keys_and_both_checksums() -> None:
    """Everything that the fault knows is in it."""
    fault = Fault("table.block.checksum-mismatch", 8192, 4117, 0xE79FF470, 0xCC68B6BF, b"a", b"m")

    finding = finding_of("000004.ldb", fault)

    assert finding.code == "table.block.checksum-mismatch"
    assert finding.severity is Severity.DAMAGE
    assert finding.span == Span("000004.ldb", 8192, 4117)
    assert finding.keys == KeyRange(b"a", b"m")
    assert finding.message == (
        "000004.ldb: the checksum of a data block does not fit its bytes "
        "(offset 8192, 4117 bytes; stored 0xe79ff470, computed 0xcc68b6bf)"
    )
    assert finding.evidence["expected"] == 0xE79FF470
    assert finding.evidence["got"] == 0xCC68B6BF


def test_a_checksum_that_begins_with_zeroes_keeps_them() -> None:
    """Eight digits in the message; goleveldb prints none in front."""
    finding = finding_of("000004.ldb", Fault("table.index.checksum-mismatch", 1, 2, 0x12, 0x3))

    assert "stored 0x00000012, computed 0x00000003" in finding.message
    assert "want=0x12 got=0x3" in str(finding.evidence["goleveldb"])


@pytest.mark.parametrize(
    ("fault", "leveldb", "goleveldb"),
    [
        (
            Fault("table.block.checksum-mismatch", 0, 4117, 0xE79FF470, 0xCC68B6BF),
            "Corruption: block checksum mismatch: 000004.ldb",
            "leveldb/table: corruption on data-block (pos=0): checksum mismatch, want=0xe79ff470 got=0xcc68b6bf "
            "[file=000004.ldb]",
        ),
        (
            Fault("table.index.checksum-mismatch", 90, 20, 1, 2),
            "Corruption: block checksum mismatch: 000004.ldb",
            "leveldb/table: corruption on index-block (pos=90): checksum mismatch, want=0x1 got=0x2 [file=000004.ldb]",
        ),
        (
            Fault("table.metaindex.checksum-mismatch", 70, 13, 1, 2),
            "Corruption: block checksum mismatch: 000004.ldb",
            "leveldb/table: corruption on meta-block (pos=70): checksum mismatch, want=0x1 got=0x2 [file=000004.ldb]",
        ),
        (
            Fault("table.filter.checksum-mismatch", 60, 10, 1, 2),
            "Corruption: block checksum mismatch: 000004.ldb",
            "leveldb/table: corruption on filter-block (pos=60): checksum mismatch, want=0x1 got=0x2 [file=000004.ldb]",
        ),
        (
            Fault("table.footer.bad-magic", 100, 48),
            "Corruption: not an sstable (bad magic number): 000004.ldb",
            "leveldb/table: corruption on table-footer (pos=100): bad magic number [file=000004.ldb]",
        ),
        (
            Fault("table.too-short", 0, 40),
            "Corruption: file is too short to be an sstable: 000004.ldb",
            "leveldb/table: corruption on table (pos=0): too small [file=000004.ldb]",
        ),
        (Fault("table.block.truncated", 90, 20), "Corruption: truncated block read: 000004.ldb", None),
        (
            Fault("table.block.bad-entry", 90, 20),
            "Corruption: bad entry in block: 000004.ldb",
            "leveldb/table: corruption on data-block (pos=90): entries corrupted [file=000004.ldb]",
        ),
        (Fault("table.gap", 90, 20), None, None),
    ],
)
def test_a_fault_of_a_table_has_the_words_of_the_others(
    fault: Fault, leveldb: str | None, goleveldb: str | None
) -> None:
    """So that a line in a log is matched with the place it is about."""
    evidence = finding_of("000004.ldb", fault).evidence

    assert evidence.get("leveldb") == leveldb
    assert evidence.get("goleveldb") == goleveldb


def test_goleveldb_counts_what_it_drops_to_the_end_of_the_block() -> None:
    """Or of the file, where that comes first."""
    fault = Fault("log.record.checksum-mismatch", 32768 + 100, 50, 1, 2)
    said = "leveldb/journal: block/chunk corrupted: checksum mismatch"

    assert finding_of("000003.log", fault, 1 << 20).evidence["goleveldb"] == f"{said} (32668 bytes) [file=000003.log]"
    assert finding_of("000003.log", fault, 33000).evidence["goleveldb"] == f"{said} (132 bytes) [file=000003.log]"
    assert finding_of("000003.log", fault).evidence["goleveldb"] == f"{said} [file=000003.log]"
    assert finding_of("000003.log", fault).evidence["leveldb"] == "Corruption: checksum mismatch"


def test_goleveldb_looks_for_the_footer_where_the_manifest_says_that_the_table_ends() -> None:
    """A table that was cut has no footer there."""
    cut = Fault("table.footer.bad-magic", 1000, 48)
    short = Fault("table.too-short", 0, 20)
    said = "leveldb/table: corruption on table-footer (pos=4952): bad magic number [file=000004.ldb]"

    assert finding_of("000004.ldb", cut, 5000).evidence["goleveldb"] == said
    assert finding_of("000004.ldb", short, 5000).evidence["goleveldb"] == said


def test_in_a_manifest_a_fault_of_a_log_is_one_of_the_manifest() -> None:
    """A manifest is a log of version edits."""
    fault = Fault("log.tail.torn", 50, 12, 90, 12)

    assert finding_of("000003.log", fault).code == "log.tail.torn"
    assert finding_of("MANIFEST-000002", fault).code == "manifest.tail.torn"
    assert finding_of("MANIFEST-000002", fault).severity is Severity.WARNING


@pytest.mark.parametrize("file", ["000004.ldb", "000003.log", "MANIFEST-000002"])
@pytest.mark.parametrize("values", [(None, None), (1, 2), (None, 2)])
def test_every_fault_of_the_kernel_has_a_finding(file: str, values: tuple[int | None, int | None]) -> None:
    """Whatever it knows; findings can be printed as JSON and sent to another process."""
    for code in _kernel.FAULT_CODES:
        finding = finding_of(file, Fault(code, 7, 0, *values))

        assert finding.code in CATALOGUE
        assert finding.message.startswith(f"{file}: ")
        assert json.loads(json.dumps(finding.evidence)) == finding.evidence
        assert pickle.loads(pickle.dumps(finding)) == finding


def test_a_key_range_with_one_end_is_a_key_range() -> None:
    """The first block of a table has no lower bound; where neither end is known, no keys are named."""
    assert finding_of("f.ldb", Fault("table.gap", 0, 1, upper=b"m")).keys == KeyRange(None, b"m")
    assert finding_of("f.ldb", Fault("table.gap", 0, 1)).keys is None
