"""Measure relevel's export beside what its peers' records become by a short script: records a second, ratios, peak memory.

Every task runs in a process of its own, several rounds, the tasks of a round one after another, so that a slow moment of the
machine falls on all. Printed are the best of the rounds, by the clock and by the processor, and the largest peak of memory.
dfindexeddb takes part where it is installed; it needs minutes for a million records.

    python bench/bench_export.py [--entries N] [--rounds N] [--database DIRECTORY] [--scratch DIRECTORY]
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import database_of, parser_of, run

REFERENCE = "rleveldb -> Parquet"
_ROWS_AT_ONCE = 1 << 16


def relevel_export(database: Path, scratch: Path, suffix: str) -> int:
    """Every version into a file, with relevel."""
    import relevel

    return relevel.export(database, scratch / f"out.{suffix}").row_count


def relevel_sql(database: Path, _scratch: Path) -> int:
    """An aggregate over every version, with relevel."""
    import relevel

    with relevel.sql(
        database, "select state, count(*), avg(octet_length(value)) from history group by state"
    ) as answer:
        return sum(int(row[1]) for row in answer)


def rleveldb_records(database: Path, _scratch: Path) -> int:
    """Look at every record with rleveldb; nothing is written."""
    import rleveldb

    with rleveldb.RawLevelDb(str(database)) as opened:
        return sum(1 for record in opened.iterate_records_raw() if record.value is not None)


def rleveldb_parquet(database: Path, scratch: Path) -> int:
    """Every record into a Parquet file with the same columns, with rleveldb and pyarrow."""
    import rleveldb

    with rleveldb.RawLevelDb(str(database)) as opened:
        rows = (
            (record.seq, str(record.state), record.user_key, record.value, record.origin_file, record.offset)
            for record in opened.iterate_records_raw()
        )
        return _write_parquet(rows, scratch / "out.parquet")


def dfindexeddb_records(database: Path, _scratch: Path) -> int:
    """Look at every record with dfindexeddb; nothing is written."""
    from dfindexeddb.leveldb import record

    return sum(1 for _ in record.FolderReader(database).GetRecords())


def _write_parquet(rows: Iterator[tuple[Any, ...]], path: Path) -> int:
    from itertools import islice

    import pyarrow
    from pyarrow import parquet

    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    form = pyarrow.schema(
        [
            ("sequence", pyarrow.uint64()),
            ("state", text),
            ("key", pyarrow.large_binary()),
            ("value", pyarrow.large_binary()),
            ("file", text),
            ("offset", pyarrow.uint64()),
        ]
    )
    count = 0
    with parquet.ParquetWriter(str(path), form, compression="snappy", use_dictionary=["state", "file"]) as writer:
        while group := list(islice(rows, _ROWS_AT_ONCE)):
            columns = zip(*group, strict=True)
            arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, form.types, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=form))
            count += len(group)
    return count


TASKS: dict[str, Callable[[Path, Path], int]] = {
    REFERENCE: rleveldb_parquet,
    "rleveldb, looked at alone": rleveldb_records,
    "relevel.export -> Parquet": lambda database, scratch: relevel_export(database, scratch, "parquet"),
    "relevel.export -> Arrow": lambda database, scratch: relevel_export(database, scratch, "arrow"),
    "relevel.export -> DuckDB": lambda database, scratch: relevel_export(database, scratch, "duckdb"),
    "relevel.export -> SQLite": lambda database, scratch: relevel_export(database, scratch, "sqlite"),
    "relevel.sql, an aggregate": relevel_sql,
}
if importlib.util.find_spec("dfindexeddb") is not None:
    TASKS["dfindexeddb, looked at alone"] = dfindexeddb_records
IMPORTS = ("relevel.exports.export", "relevel.exports.sql", "rleveldb", "pyarrow.parquet", "duckdb")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one task: seconds by the clock and of the processor, records seen, peak resident memory in bytes."""

    seconds: float
    processor: float
    records: int
    peak_memory: int


def sample(name: str, database: Path, scratch: Path) -> Sample:
    """Run one task once."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        done = run([sys.executable, str(Path(__file__)), "--task", name, str(database), folder])
        seconds, processor, records = json.loads(done.output.splitlines()[-1])
        return Sample(seconds, processor, records, done.peak_memory)


def run_task(name: str, database: Path, scratch: Path) -> None:
    """Run a task in this process, and print what it took. Imports are not counted."""
    for module in IMPORTS:
        importlib.import_module(module)
    begun, used = time.perf_counter(), time.process_time()
    records = TASKS[name](database, scratch)
    print(json.dumps([time.perf_counter() - begun, time.process_time() - used, records]))


def print_results(samples: dict[str, list[Sample]]) -> None:
    """Print the table."""
    reference = min(sample.seconds for sample in samples[REFERENCE])
    print(f"\n{'':30}{'best s':>9}{'CPU s':>8}{'records/s':>12}{'times the peer':>16}{'peak MB':>9}{'records':>11}")
    for name, taken in samples.items():
        seconds, processor = min(one.seconds for one in taken), min(one.processor for one in taken)
        peak, records = max(one.peak_memory for one in taken), taken[0].records
        rate = records / seconds
        ratio = reference / seconds
        print(f"{name:30}{seconds:9.2f}{processor:8.2f}{rate:12.0f}{ratio:16.2f}{peak / 1e6:9.0f}{records:>11}")


def main() -> None:
    """Parse the command line, measure, print."""
    if sys.argv[1:2] == ["--task"]:
        run_task(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    options = parser_of(__doc__).parse_args()
    with database_of(options) as (database, scratch):
        samples: dict[str, list[Sample]] = {name: [] for name in TASKS}
        for _ in range(options.rounds):
            for name, taken in samples.items():
                taken.append(sample(name, database, scratch))
        print_results(samples)


if __name__ == "__main__":
    main()
