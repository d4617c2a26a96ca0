"""What is measured, relevel's and its peers': each task does its work once and says how many entries it saw.

``python bench/tasks.py NAME DATABASE SCRATCH`` runs one task in a process of its own and prints seconds and
entries as JSON. Imports are not counted. SCRATCH is an empty folder that the task may write to; tasks that
write to their database are given a copy.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to measure.

    Attributes:
        run: given the database and a scratch folder; does the work and gives the number of entries.
        modifies: whether it writes to the database it is given, and so must be given a copy.
    """

    run: Callable[[Path, Path], int]
    modifies: bool = False


def check(database: Path, _scratch: Path) -> int:
    """Verify every file with relevel."""
    import relevel

    report = relevel.check(database)
    if report.findings:
        raise SystemExit(f"relevel.check found {report.findings[0]}")
    return report.put_count + report.deletion_count


def check_in_one_thread(database: Path, _scratch: Path) -> int:
    """Verify every file with relevel, one after another."""
    from concurrent.futures import ThreadPoolExecutor

    import relevel

    with ThreadPoolExecutor(1) as executor:
        report = relevel.check(database, executor=executor)
    return report.put_count + report.deletion_count


def dump_all(database: Path, _scratch: Path) -> int:
    """Look at every version with relevel, in key order."""
    import relevel

    count = 0
    for version in relevel.dump(database, all_versions=True):
        if version.key and version.state:
            count += 1
    return count


def dump_live(database: Path, _scratch: Path) -> int:
    """Look at every live entry with relevel, in key order."""
    import relevel

    return sum(1 for version in relevel.dump(database) if version.key)


def timeline(database: Path, _scratch: Path) -> int:
    """Look at every version with relevel, in the order in which they were written."""
    import relevel

    return sum(1 for version in relevel.History(database).timeline() if version.key)


def look_back(database: Path, _scratch: Path) -> int:
    """Look at every entry with relevel as of the middle of the history."""
    import relevel

    past = relevel.History(database)
    return sum(1 for version in past.at((past.newest or 0) // 2).rows() if version.key)


def look_back_backward(database: Path, _scratch: Path) -> int:
    """The same, the last key first."""
    import relevel

    past = relevel.History(database)
    return sum(1 for version in past.at((past.newest or 0) // 2).rows(reverse=True) if version.key)


def horizon(database: Path, _scratch: Path) -> int:
    """Find out with relevel how far back the past is complete."""
    import relevel

    relevel.History(database).horizon()
    return 0


def rescue(database: Path, scratch: Path) -> int:
    """Rescue everything into a new database with relevel."""
    import relevel

    relevel.rescue(database, scratch / "rescued")
    return 0


def rleveldb_records(database: Path, _scratch: Path) -> int:
    """Look at every version with rleveldb, in the order of the files."""
    import rleveldb

    count = 0
    with rleveldb.RawLevelDb(str(database)) as opened:
        for record in opened.iterate_records_raw():
            if record.user_key and record.state is not None:
                count += 1
    return count


def plyvel_iterate(database: Path, _scratch: Path) -> int:
    """Look at every live entry with LevelDB, checksums verified, in key order."""
    import plyvel

    with plyvel.DB(str(database)) as opened, opened.iterator(verify_checksums=True) as entries:
        return sum(1 for key, _ in entries if key)


def plyvel_copy(database: Path, scratch: Path) -> int:
    """Copy every live entry into a new database with LevelDB, in batches."""
    import plyvel

    count = 0
    with (
        plyvel.DB(str(database)) as source,
        plyvel.DB(str(scratch / "copy"), create_if_missing=True) as copy,
        source.iterator(verify_checksums=True) as entries,
    ):
        batch = copy.write_batch()
        for key, value in entries:
            batch.put(key, value)
            count += 1
            if count % BATCH_SIZE == 0:
                batch.write()
                batch = copy.write_batch()
        batch.write()
    return count


def plyvel_repair(database: Path, _scratch: Path) -> int:
    """Repair in place with LevelDB."""
    import plyvel

    plyvel.repair_db(str(database), paranoid_checks=True)
    return 0


TASKS = {
    "relevel.check": Task(check),
    "relevel.check, one thread": Task(check_in_one_thread),
    "relevel.dump(all_versions=True)": Task(dump_all),
    "relevel.dump": Task(dump_live),
    "relevel.History.timeline": Task(timeline),
    "relevel.History.at": Task(look_back),
    "relevel.History.at, backward": Task(look_back_backward),
    "relevel.History.horizon": Task(horizon),
    "relevel.rescue": Task(rescue),
    "rleveldb records": Task(rleveldb_records),
    "plyvel iterator": Task(plyvel_iterate, modifies=True),
    "plyvel copy loop": Task(plyvel_copy, modifies=True),
    "plyvel.repair_db": Task(plyvel_repair, modifies=True),
}


def main() -> None:
    """Run the task that the command line names."""
    name, database, scratch = sys.argv[1:]
    task = TASKS[name]
    for module in ("plyvel", "rleveldb", "relevel"):
        if module in name:
            imported = __import__(module)
            for public in getattr(imported, "__all__", ()):
                getattr(imported, public)  # relevel imports what is behind a name when it is first used
    start = time.perf_counter()
    entries = task.run(Path(database), Path(scratch))
    print(json.dumps({"seconds": time.perf_counter() - start, "entries": entries}))


if __name__ == "__main__":
    main()
