"""Bugs to be planted, each in one place, and the harness that has to find it."""

from __future__ import annotations

from typing import Final, NamedTuple

POWER: Final = ("-m", "tests.crash.power", "--states", "1500", "--each", "8", "--jobs", "1")
MUCH_POWER: Final = ("-m", "tests.crash.power", "--states", "9000", "--each", "24", "--jobs", "1")
"""For what only one state in a thousand shows."""
FAULTS: Final = ("-m", "tests.crash.faults", "--step", "3", "--jobs", "1")
EVERY_BYTE: Final = ("-m", "tests.damage.every_byte", "--jobs", "1", "--database", "plyvel-small")
LIVES: Final = ("-m", "tests.model.test_same_history", "--lives", "8", "--steps", "300")
PYTEST: Final = ("-m", "pytest", "-x", "-q", "-n", "1", "-p", "no:cacheprovider")


class Mutation(NamedTuple):
    """One bug.

    Attributes:
        name: what goes wrong.
        file: within the project.
        sound: text that is there once.
        broken: what takes its place.
        harness: arguments of Python that must fail then, and do not fail without.
    """

    name: str
    file: str
    sound: str
    broken: str
    harness: tuple[str, ...]


_ENGINE: Final = "rust/kernel/src/engine"

MUTATIONS: Final = (
    Mutation(
        "an edit of the manifest is not synced",
        "src/relevel/files/manifest_writer.py",
        "        self._log.append(encode_version_edit(edit))\n        self._log.sync()\n",
        "        self._log.append(encode_version_edit(edit))\n",
        (*POWER, "--workload", "compactions"),
    ),
    Mutation(
        "CURRENT is renamed and the directory not synced",
        "src/relevel/storage/living.py",
        "            Path(self.path(by)).replace(self.path(name))\n            self.sync()\n",
        "            Path(self.path(by)).replace(self.path(name))\n",
        (*POWER, "--workload", "reopenings"),
    ),
    Mutation(
        "a new log's name is not synced with it",
        f"{_ENGINE}/write/file.rs",
        "        if self.is_name_doubtful {\n            sync_directory_of(&self.path)?;\n",
        "        if self.is_name_doubtful {\n",
        (*POWER, "--workload", "syncs"),
    ),
    Mutation(
        "sync does nothing",
        f"{_ENGINE}/write/file.rs",
        "    fn sync(&mut self) -> io::Result<()> {\n        self.sync_data()\n",
        "    fn sync(&mut self) -> io::Result<()> {\n        Ok(())\n",
        (*POWER, "--workload", "syncs"),
    ),
    Mutation(
        "a sync leaves out the log before",
        f"{_ENGINE}/write/mod.rs",
        "            if sync {\n                sync_all(old)?;\n",
        "            if sync {\n                let _ = &old;\n",
        (*POWER, "--workload", "compactions", "--workload", "reopenings", "--each", "20", "--states", "8000"),
    ),
    Mutation(
        "a table is not synced",
        "rust/kernel/src/table/file.rs",
        "file.sync_all().map_err(|error| at_path(error, &path))?;",
        "let _ = (&file, &path, at_path);",
        (*POWER, "--workload", "puts"),
    ),
    Mutation(
        "a table that a compaction makes is not synced",
        f"{_ENGINE}/syncing.rs",
        "        file.sync_all().map_err(|error| at_path(error, &path))?;\n",
        "        let _ = (&file, &path, at_path);\n",
        (*POWER, "--workload", "compactions"),
    ),
    Mutation(
        "a log is applied over a hole",
        f"{_ENGINE}/replay.rs",
        "        faults.extend(misplacement.filter(|_| !is_explained));\n",
        "        let _ = (misplacement, is_explained);\n",
        (*POWER, "--workload", "puts", "--each", "12"),
    ),
    Mutation(
        "goleveldb is believed to have let go of any log",
        "src/relevel/files/outdated.py",
        "    return first <= newest + 1\n",
        "    return True\n",
        (*PYTEST, "tests/engine/test_goleveldbs_logs.py"),
    ),
    Mutation(
        "any program is believed to have let go of a log",
        "src/relevel/files/outdated.py",
        " or not manifest.complete or not manifest.is_goleveldbs:\n",
        " or not manifest.complete:\n",
        (*PYTEST, "tests/engine/test_goleveldbs_logs.py"),
    ),
    Mutation(
        "a log goes on behind one of which something is lost",
        "src/relevel/engine/replay.py",
        "        return first is not None and self._newest < first <= self._due(following)\n",
        "        return True\n",
        (*PYTEST, "tests/engine/test_logs_in_turn.py"),
    ),
    Mutation(
        "records of a log are believed without their checksum",
        "rust/kernel/src/log/blocks.rs",
        "        if computed != header.checksum {\n            return self.mismatch(header, computed);",
        "        if computed != header.checksum && false {\n            return self.mismatch(header, computed);",
        (*POWER, "--workload", "puts"),
    ),
    Mutation(
        "half of a batch is applied when a log is replayed",
        f"{_ENGINE}/replay.rs",
        "            memtable.insert(draft);\n            self.batch_count += 1;\n",
        "            if self.batch_count % 16 != 15 {\n                memtable.insert(draft);\n            }\n"
        "            self.batch_count += 1;\n",
        (*POWER, "--workload", "syncs"),
    ),
    Mutation(
        "a sync that failed is forgotten",
        f"{_ENGINE}/write/mod.rs",
        "                if log.take_back().is_err() || is_written {\n",
        "                if log.take_back().is_err() && is_written {\n",
        (*FAULTS, "--workload", "retries", "--kind", "error", "--step", "1"),
    ),
    Mutation(
        "a sync that failed before the database was opened is forgotten",
        f"{_ENGINE}/write/file.rs",
        "        self.doubtful.settle(|size| self.file.write_again(size))?;\n",
        "",
        (*FAULTS, "--workload", "retries", "--kind", "error", "--step", "1"),
    ),
    Mutation(
        "names that the process before did not sync are not synced",
        f"{_ENGINE}/write/file.rs",
        "is_name_doubtful: true, ..Self::new(file, path, size)",
        "..Self::new(file, path, size)",
        (*FAULTS, "--workload", "retries", "--kind", "error", "--step", "1"),
    ),
    Mutation(
        "an edit of a manifest whose sync failed is forgotten by who goes on in it",
        "rust/binding/src/file_work.rs",
        "            doubtful.settle(|size| write_again(file, size))?;\n",
        "            let _ = (doubtful, write_again);\n",
        (*FAULTS, "--workload", "retries", "--kind", "error", "--step", "1"),
    ),
    Mutation(
        "an error in the background is kept from the writer",
        "src/relevel/engine/core.py",
        "            self._error = self._error or error\n",
        "            self._error = None\n",
        (*FAULTS, "--workload", "compactions", "--kind", "full"),
    ),
    Mutation(
        "a copy is not synced before it has its name",
        "src/relevel/storage/posix.py",
        "            os.fsync(descriptor)\n        return copied\n",
        "        return copied\n",
        (*POWER, "--workload", "checkpoints", "--each", "2", "--states", "1"),
    ),
    Mutation(
        "blocks of tables are believed without their checksum",
        "rust/kernel/src/table/reader.rs",
        "    if got != expected {\n",
        "    if got != expected && got == expected {\n",
        (*PYTEST, "tests/damage/test_every_byte.py", "tests/damage/test_flipped_bits.py"),
    ),
    Mutation(
        "the engine believes blocks without their checksum",
        "src/relevel/engine/options.py",
        "    verify_checksums: bool = True\n",
        "    verify_checksums: bool = False\n",
        (*EVERY_BYTE, "--file", "00000", "--step", "11"),
    ),
    Mutation(
        "the engine refuses a database with one hurt block",
        "src/relevel/engine/assessment.py",
        "    tables = _find_tables(files)\n",
        "    tables = _find_tables(files)\n"
        "    if not __import__('relevel').check(directory.path('')).is_clean:\n"
        "        raise CorruptionError('something is hurt')\n",
        (*EVERY_BYTE, "--file", "00000", "--step", "97"),
    ),
    Mutation(
        "what may be older than something lost is not told",
        "src/relevel/recovery/rebuild/stale.py",
        "loss, count in found if count]",
        "loss, count in found if count > 1000]",
        (*EVERY_BYTE, "--file", "00000", "--step", "11"),
    ),
    Mutation(
        "a record whose size was hurt is taken for one that the end of the log cuts",
        "rust/kernel/src/log/torn.rs",
        "        Extent::Over => return None,\n",
        "        Extent::Over | Extent::Ends(_) => return None,\n",
        (*EVERY_BYTE, "--file", "000008.log"),
    ),
    Mutation(
        "level 0 is searched by file number",
        f"{_ENGINE}/get.rs",
        "                if newest.as_ref().is_none_or(|newest| newest.trailer < found.trailer) {\n",
        "                if newest.is_none() {\n",
        (*PYTEST, "tests/engine/test_level_0.py"),
    ),
    Mutation(
        "a compaction drops what a snapshot still sees",
        f"{_ENGINE}/compact.rs",
        "        self.is_hidden = trailer >> 8 <= self.compaction.smallest_snapshot;\n",
        "        self.is_hidden = true;\n",
        (*PYTEST, "tests/engine/test_snapshot.py", "tests/model/test_same_history.py"),
    ),
    Mutation(
        "a compaction drops deletions that deeper levels need",
        f"{_ENGINE}/compact.rs",
        "Some(!(is_deletion && self.is_hidden && !self.may_be_deeper(user_key)))",
        "let _ = self.may_be_deeper(user_key);\n        Some(!(is_deletion && self.is_hidden))",
        (*PYTEST, "tests/model/test_same_history.py", "tests/model/test_dropped_deletions.py"),
    ),
    Mutation(
        "a second opening drops the lock that LevelDB has in this process",
        "src/relevel/files/lock.py",
        "            self._refuse_second()\n",
        "",
        (*PYTEST, "tests/interop/test_engine_interop.py", "-k", "leaves_leveldb_its_lock"),
    ),
    Mutation(
        "what only a lock of LevelDB holds is opened",
        "src/relevel/files/lock.py",
        "            fcntl.fcntl(self._descriptor, _F_OFD_SETLK, _whole_file_lock())\n",
        "            pass\n",
        (*PYTEST, "tests/interop/test_locks.py"),
    ),
    Mutation(
        "what only a lock of goleveldb holds is opened",
        "src/relevel/files/lock.py",
        "        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        (*PYTEST, "tests/interop/test_locks.py"),
    ),
    Mutation(
        "of several ways to heal a block the first is taken",
        "src/relevel/recovery/heal/checksum.py",
        "            return proved[0] if len(proved) == 1 else None\n",
        "            return proved[0]\n",
        (*PYTEST, "tests/unit/recovery/test_believe.py"),
    ),
    Mutation(
        "a healing that nothing proves is believed",
        "src/relevel/recovery/heal/checksum.py",
        "        proved = [each for each in same if proves(each)]\n",
        "        proved = list(same)\n",
        (*PYTEST, "tests/unit/recovery/test_believe.py"),
    ),
    Mutation(
        "what a compaction has replaced counts as live",
        "src/relevel/recovery/inventory/standing.py",
        "            return Standing.SUPERSEDED\n        return Standing.ORPHAN if",
        "            return Standing.LIVE\n        return Standing.ORPHAN if",
        (*PYTEST, "tests/unit/recovery/test_directory.py", "tests/model/test_dropped_deletions.py"),
    ),
    Mutation(
        "a rescue that lost something calls itself complete",
        "src/relevel/recovery/rescue.py",
        "        return not self.losses\n",
        "        return True\n",
        (*PYTEST, "tests/damage/test_scattered.py", "tests/damage/test_strays.py"),
    ),
    Mutation(
        "a snapshot is not kept from compactions",
        "src/relevel/engine/core.py",
        "            self._snapshots.hold(sequence)\n",
        "",
        (*PYTEST, "tests/crowd", "tests/model/test_same_history.py"),
    ),
    Mutation(
        "a search of a level for tables to merge stops one short",
        "src/relevel/engine/version.py",
        "bisect.bisect_right(tables, last, key=lambda table: table.first)",
        "bisect.bisect_left(tables, last, key=lambda table: table.first)",
        LIVES,
    ),
    Mutation(
        "a search of a level for tables to merge begins one late",
        "src/relevel/engine/version.py",
        "bisect.bisect_left(tables, first, key=lambda table: table.last)",
        "bisect.bisect_right(tables, first, key=lambda table: table.last)",
        LIVES,
    ),
    Mutation(
        "a compaction takes more of its level than of the next",
        "src/relevel/engine/compaction.py",
        "        if len(same) == len(lower):\n            return more, same\n",
        "        return more, lower\n",
        LIVES,
    ),
    Mutation(
        "a memtable goes below level 0 while tables are merged",
        "src/relevel/engine/flusher.py",
        "        if core.compactor.is_at_work:\n            return 0\n",
        "",
        (*PYTEST, "tests/engine/test_level_0.py"),
    ),
    Mutation(
        "the log of what opening left in memory counts no more",
        "src/relevel/engine/opening.py",
        "oldest_log = log_number if immutable is None else immutable.logs[0]\n",
        "oldest_log = log_number\n",
        (*POWER, "--workload", "reopenings"),
    ),
    Mutation(
        "a log goes before the edit that names its table",
        "src/relevel/engine/flusher.py",
        "            core.apply(edit, flushed=True)\n",
        "            core.obsolete.add(map(log_name, immutable.logs))\n            core.apply(edit, flushed=True)\n",
        (*POWER, "--workload", "puts"),
    ),
    Mutation(
        "a new manifest's name is not synced before CURRENT has it",
        "src/relevel/engine/version_set.py",
        "            directory.sync()\n            self.manifest_number = number",
        "            self.manifest_number = number",
        (*MUCH_POWER, "--workload", "reopenings"),
    ),
    Mutation(
        "a manifest that CURRENT does not name is gone on in",
        "src/relevel/engine/opening.py",
        "return may_stay and is_named and",
        "return may_stay and",
        (*PYTEST, "tests/engine/test_goleveldbs_logs.py"),
    ),
    Mutation(
        "goleveldb's first manifest is taken for all of it",
        "src/relevel/files/outdated.py",
        "_FIRST_OF_GOLEVELDB: Final = 0\n",
        "_FIRST_OF_GOLEVELDB: Final = -1\n",
        (*PYTEST, "tests/engine/test_goleveldbs_logs.py"),
    ),
    Mutation(
        "a log that is cut is taken to have had what is older than its first change",
        "src/relevel/files/outdated.py",
        "span.first <= newest and (",
        "span.first and (",
        (*PYTEST, "tests/engine/test_goleveldbs_logs.py"),
    ),
    Mutation(
        "a log that counts is passed over in opening where its name has no zeroes in front",
        "src/relevel/engine/assessment.py",
        "    _refuse_misnamed(directory, manifest, files)\n",
        "",
        (*PYTEST, "tests/damage/test_in_the_wild.py"),
    ),
    Mutation(
        "a carved table that may be an older one has the number that counts",
        "src/relevel/recovery/carving/claims.py",
        "        return self._replaced_at.get(",
        "        return True or self._replaced_at.get(",
        (*PYTEST, "tests/damage/test_carve.py"),
    ),
    Mutation(
        "what may be an older table is believed under a replaced number",
        "src/relevel/recovery/rebuild/stale.py",
        "is_apart or self.is_of_stray or self.taken_for is not None",
        "is_apart or self.is_of_stray",
        (*PYTEST, "tests/damage/test_stand_ins.py"),
    ),
    Mutation(
        "a copy leaves out the log of a memtable that becomes a table",
        "src/relevel/engine/checkpoint.py",
        "for log in core.live_logs()\n",
        "for log in core.live_logs()[-1:]\n",
        (*PYTEST, "tests/crowd"),
    ),
    Mutation(
        "damage before a torn end is taken for the torn record",
        "rust/kernel/src/log/torn.rs",
        "            if may_begin_batch(rest, place_of(end), &sequences) {\n",
        "            return None;\n            if may_begin_batch(rest, place_of(end), &sequences) {\n",
        (*PYTEST, "tests/engine/test_log_recovery.py"),
    ),
    Mutation(
        "a log in the value of a record that was cut is taken for more of the log",
        "rust/kernel/src/log/torn.rs",
        "        Extent::Over => return None,\n",
        "        Extent::Over => {}\n",
        (*PYTEST, "tests/engine/test_log_recovery.py"),
    ),
    Mutation(
        "a log in the value of a record that is hurt is taken for more of the log",
        "rust/kernel/src/log/batches.rs",
        "            if is_doubtful && !continues(record, self.due, self.lost_from) {\n",
        "            if is_doubtful && !continues(record, None, self.lost_from) {\n",
        (*PYTEST, "tests/damage/test_foreign.py"),
    ),
    Mutation(
        "how much of a copied file was written is not looked at",
        "src/relevel/storage/copying.py",
        "        while rest:\n            rest = rest[os.write(target, rest) :]\n",
        "        os.write(target, rest)\n",
        ("-m", "tests.crash.faults", "--step", "3", "--jobs", "1", "--workload", "checkpoints", "--kind", "part"),
    ),
    Mutation(
        "the exchange of a rescue in place is not synced",
        "src/relevel/recovery/replacement.py",
        "            sync_directory(self._place.parent)\n            return self._kept\n",
        "            return self._kept\n",
        (*POWER, "--workload", "rescues"),
    ),
    Mutation(
        "what a rescue in place takes along is not synced",
        "src/relevel/recovery/strangers.py",
        "        copy_contents(str(path), descriptor)\n        os.fsync(descriptor)\n",
        "        copy_contents(str(path), descriptor)\n",
        (*POWER, "--workload", "rescues"),
    ),
    Mutation(
        "older versions behind a lost block count as certain",
        "src/relevel/recovery/rebuild/stale.py",
        "return version.offset >= offset or version.key in keys or",
        "return version.offset >= offset or",
        (*PYTEST, "tests/damage/test_uncertain.py"),
    ),
    Mutation(
        "what only the merge of a rescue comes upon is no loss",
        "src/relevel/recovery/rescue.py",
        "losses=(*plan.losses, *(finding for finding in met if finding.is_loss)),",
        "losses=plan.losses,",
        (*PYTEST, "tests/damage/test_uncertain.py"),
    ),
    Mutation(
        "pages are put back over blocks in good order",
        "src/relevel/recovery/heal/pages.py",
        "if page not in in_place]",
        "if page not in in_place or in_place]",
        (*PYTEST, "tests/unit/recovery/test_heal_pages.py"),
    ),
    Mutation(
        "the past goes on over a number that a log has lost",
        "src/relevel/recovery/past/horizon.py",
        "        lost = self._lost_in_logs\n        if lost is not None:",
        "        lost = None\n        if lost is not None:",
        (*PYTEST, "tests/damage/test_rarely.py"),
    ),
    Mutation(
        "a table that is not the one that LOG tells of proves that nothing is missing",
        "src/relevel/recovery/lineage/completeness.py",
        "        or not all(_is_as_told(table, chronicle) for table in traced.live)\n",
        "",
        (*PYTEST, "tests/damage/test_rarely.py"),
    ),
    Mutation(
        "an old table in a newer one's place is read",
        f"{_ENGINE}/table.rs",
        "            open.verify_ends(&self.smallest, &self.largest)?;\n",
        "            let _ = open;\n",
        (*PYTEST, "tests/damage/test_out_of_place.py"),
    ),
    Mutation(
        "a backup over newer tables is opened",
        "src/relevel/engine/assessment.py",
        "    reason = why_surely_outdated(directory, manifest, names)\n    if reason is not None:\n",
        "    reason = why_surely_outdated(directory, manifest, names)\n    if not reason and reason:\n",
        (*PYTEST, "tests/damage/test_out_of_place.py"),
    ),
    Mutation(
        "a table that lacks what was written last before the next one proves that nothing is missing",
        "src/relevel/recovery/lineage/completeness.py",
        "        or not _follow_one_another(traced, chronicle)\n",
        "",
        (*PYTEST, "tests/damage/test_rarely.py"),
    ),
    Mutation(
        "blocks of a table in a value are taken for those of the table around it",
        "src/relevel/recovery/survey/walk.py",
        "    own = set(without_nested(storage, name, found, may_be_cut=may_be_cut))\n",
        "    own = set(found)\n",
        (*PYTEST, "tests/damage/test_nested.py"),
    ),
    Mutation(
        "an older table with a bit flipped in its index is taken for the newer one",
        "src/relevel/recovery/survey/identity.py",
        "        return _has_another_size(file, claimed, access) or not _are_ends(claimed, ends)\n",
        "        return False\n",
        (*PYTEST, "tests/damage/test_replaced.py"),
    ),
)
