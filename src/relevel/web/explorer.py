"""The explorer: what the page asks for, as values; no HTTP here.

One subject at a time: looking again at a directory that has changed makes a new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final

from relevel.decoders.choice import AUTO
from relevel.errors import InvalidArgumentError, KeyNotFoundError
from relevel.exports.patch import patch_lines
from relevel.findings import Severity
from relevel.format.comparator import Comparator
from relevel.recovery.past.difference import Change
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version
from relevel.web import shown
from relevel.web.basket import Basket, chosen, parse_basket
from relevel.web.beside import Helping, KeyRow, Wanted, help_rows, position_of
from relevel.web.difference import difference
from relevel.web.job import Job
from relevel.web.overview import overview, ranks
from relevel.web.restore import restore
from relevel.web.subject import Phase, Subject
from relevel.web.unseen_needed import Wish, refuse_unseen, unseen_json, whys_refused

_MOST_ROWS: Final = 500
_MOST_BUCKETS: Final = 4000
_MOST_VERSIONS: Final = 1000
_MOST_RUNS: Final = 200


class Explorer:
    """What one page works with. Safe for threads: what takes the place of the subject, or ends it, takes turns."""

    def __init__(
        self,
        path: Path,
        comparator: Comparator | None = None,
        target: Path | None = None,
        decoder: str = AUTO,
        block_limit: int | None = None,
    ) -> None:
        """Open a database for looking at.

        Args:
            path: the database's directory.
            comparator: the order of the keys, where the manifest does not name a known one.
            target: where a new database may be written; nowhere where it is None.
            decoder: what keys and values are decoded with, by name.
            block_limit: bytes of a block or record up to which it is looked at; by the number of files if not given.

        Raises:
            NotADatabaseError, StorageError: there is nothing to read.
        """
        self._path = path
        self._open: Callable[[], Subject] = partial(Subject, path, comparator, decoder, block_limit)
        self.target = target
        self.subject = self._open()
        self.basket: Basket = ()
        self._generation = 1
        self._overview: dict[str, Any] | None = None
        self._refusals: tuple[object, dict[str, str | None]] | None = None
        self._job = Job()
        self._turn = threading.Lock()
        self._is_stopped = False

    def start(self) -> None:
        """Begin to learn, in the background."""
        self.subject.start()

    def stop(self) -> None:
        """End all work in the background; nothing half-made is left."""
        with self._turn:
            self._is_stopped = True
            self._job.stop()
            self.subject.stop()

    def wait(self) -> None:
        """Wait until no work is under way."""
        self._job.wait()
        self.subject.wait()

    def reload(self) -> None:
        """Look again at the directory as it is now. The basket stays.

        Raises:
            NotADatabaseError, StorageError: there is nothing to read any more.
            InvalidArgumentError: a new database is being written from what is looked at, or all work was ended.
        """
        with self._turn:
            if self._is_stopped:
                raise InvalidArgumentError("the page was ended")
            if self._job.is_running:
                raise InvalidArgumentError("a new database is being written: look again when it is done")
            fresh = self._open()
            self.subject.stop()
            self.subject, self._overview = fresh, None
            self._generation += 1
            fresh.start()

    def state(self) -> dict[str, Any]:
        """What is known so far, and what is going on."""
        subject = self.subject
        done, total = subject.progress
        return {
            "path": str(self._path),
            "generation": self._generation,
            "phase": str(subject.phase),
            "progress": {"done": done, "total": total},
            "error": subject.error,
            "has_changed": subject.has_changed(),
            "comparator": subject.comparator.name,
            "decoder": None if subject.decoding is None else subject.decoding.name,
            "guess": None if subject.decoding is None else subject.decoding.guess,
            "proof": str(subject.directory.proof),
            "oldest": subject.oldest,
            "newest": subject.newest,
            "key_count": None if subject.keys is None else subject.keys.count,
            "worst": str(max((finding.severity for finding in subject.findings), default=Severity.NOTE)),
            "finding_count": sum(1 for finding in subject.findings if finding.severity > Severity.NOTE),
            "unseen": unseen_json(subject.unseen, subject.block_limit, self._path),
            "refused": self._refused(subject),
            "horizon": None if subject.horizon is None else asdict(subject.horizon),
            "target": None if self.target is None else str(self.target),
            "job": self._job.as_json(),
            "basket": [item.as_json() for item in self.basket],
        }

    def _refused(self, subject: Subject) -> dict[str, str | None]:
        """Why what is in the basket cannot be had from here: looked at anew where anything has changed."""
        about = (subject, subject.phase, self.basket)
        if self._refusals is None or self._refusals[0] != about:
            self._refusals = about, whys_refused(self.basket, subject.unseen, subject.runs or (), self._path)
        return self._refusals[1]

    def overview(self) -> dict[str, Any] | None:
        """Files, levels and damage, and between which rows a file's keys lie; None until every file has been read once."""
        subject = self.subject
        if subject.survey is None:
            return None
        if self._overview is None:
            self._overview = overview(subject.survey)
        return {**self._overview, "ranks": None if subject.keys is None else ranks(subject.survey, subject.keys)}

    def timeline(self, first: int, last: int, buckets: int) -> dict[str, Any] | None:
        """Counts of changes; None until they are known."""
        counts = self.subject.counts
        return None if counts is None else asdict(counts.histogram(first, last, min(max(buckets, 1), _MOST_BUCKETS)))

    def deletion_runs(self) -> list[dict[str, Any]] | None:
        """The mass deletions, the largest first; None until they are known."""
        runs = self.subject.runs
        return None if runs is None else [shown.run_json(run) for run in runs[:_MOST_RUNS]]

    def rows(self, sequence: int | None, wanted: Wanted, start: bytes | None, row: int, limit: int) -> dict[str, Any]:
        """Rows from a key on, or from a row by its number.

        Of a sequence number there are none until it is known what of the past counts: what was there then would be wrong.
        """
        subject, skip = self.subject, row
        if sequence is not None and subject.phase is not Phase.READY:
            return shown.helping_json(Helping(), is_known=False)
        if start is None and row and subject.keys is not None:
            start, skip, _ = subject.keys.place(row)

        def show(row: KeyRow) -> dict[str, Any]:
            return shown.row_json(row, subject.decoding, in_doubt=subject.unseen.may_hold(row.key))

        with subject.reading() as reader:
            limit, point = min(max(limit, 1), _MOST_ROWS), subject.point(sequence)
            return shown.helping_json(help_rows(reader, point, wanted, show=show, start=start, skip=skip, limit=limit))

    def position(self, key: bytes) -> dict[str, Any]:
        """The row of a key, or of the first key after it."""
        subject = self.subject
        if subject.keys is None:
            raise InvalidArgumentError("the keys are still being counted")
        place = subject.keys.before(key, subject.comparator)
        with subject.reading() as reader:
            count = position_of(reader, subject.comparator, key, place.key, subject.keys.stride + 1)
        return {"row": place.row + count}

    def versions(self, key: bytes) -> dict[str, Any]:
        """Every version of one key, newest first; the first thousand."""
        subject = self.subject
        with subject.reading() as reader:
            found = [shown.version_json(version) for version in islice(_of_key(reader, key), _MOST_VERSIONS + 1)]
            tables = reader.directory.by_name
            decoded = None if subject.decoding is None else shown.decoded_key(subject.decoding, key)
        for version in found:
            file = tables.get(version["file"])
            version["level"], version["standing"] = (None, "") if file is None else (file.level, str(file.standing))
        return {
            "key": shown.key_json(key),
            "decoded": decoded,
            "versions": found[:_MOST_VERSIONS],
            "more": len(found) > _MOST_VERSIONS,
        }

    def shown_value(self, key: bytes, sequence: int) -> dict[str, Any]:
        """The head of a value, and what it decodes to, or why it does not.

        Raises:
            KeyNotFoundError: as ``value``.
        """
        subject, value = self.subject, self.value(key, sequence)
        with subject.reading():
            decoded = shown.decoded_value(subject.decoding, key, value)
        return {**shown.head_of(value, shown.VALUE_HEAD), **decoded}

    def when(self, sequence: int) -> dict[str, Any]:
        """When a change was made: an estimate.

        Raises:
            InvalidArgumentError: the database is still being read.
        """
        with self.subject.looking_back() as past:
            return shown.moment_json(past.when(sequence))

    def before(self, time: str) -> dict[str, Any]:
        """Which change was the last before a time, in the words of ISO 8601: an estimate.

        Raises:
            InvalidArgumentError: it is no time, or the database is still being read.
        """
        try:
            wanted = datetime.fromisoformat(time)
        except ValueError as error:
            raise InvalidArgumentError(f"no time as YYYY-MM-DD HH:MM: {error}") from error
        with self.subject.looking_back() as past:
            found = past.before(wanted)
        return {
            "sequence": found.sequence,
            "earliest": found.earliest,
            "latest": found.latest,
            "evidence": found.evidence,
        }

    def value(self, key: bytes, sequence: int) -> bytes:
        """The value of one version.

        Raises:
            KeyNotFoundError: there is none of this sequence number.
        """
        with self.subject.reading() as reader:
            for version in _of_key(reader, key):
                if version.sequence == sequence and version.value is not None:
                    return version.value
        raise KeyNotFoundError(f"there is no value of this key with the sequence number {sequence}")

    def difference(self, key: bytes, before: int, after: int) -> dict[str, Any]:
        """How two values of a key differ, piece by piece.

        Raises:
            KeyNotFoundError: as ``value``.
        """
        found = difference(self.value(key, before), self.value(key, after))
        pieces = [{"kind": str(piece.kind), "bytes": shown.text_of(piece.data)} for piece in found.pieces]
        return {"pieces": pieces, "is_whole": found.is_whole}

    def fill_basket(self, items: object) -> None:
        """Put other items into the basket in place of those that are in it.

        Raises:
            InvalidArgumentError: they make no sense.
        """
        self.basket = parse_basket(items)

    def patch(self) -> Iterator[str]:
        """What the basket chooses, as lines that ``relevel load`` takes.

        Raises:
            InvalidArgumentError: the database is still being read, or what is wanted may be in what is not looked at.
        """
        subject, basket = self.subject, self.basket
        _refuse_unread(subject)
        refuse_unseen(Wish(basket, with_rest=False), subject.unseen, subject.runs or (), self._path)
        versions = chosen(subject.new_reader().rows("versions", past=True), basket, subject.point, with_rest=False)
        return patch_lines((Change(version.key, None, version) for version in versions), "escaped")

    def restore(self, *, with_rest: bool) -> None:
        """Begin to write the basket into the new database.

        Raises:
            InvalidArgumentError: no target was named, the basket is empty, the database is still being read, what is wanted may
                be in what is not looked at, or it is being written already.
        """
        with self._turn:
            subject, basket, target = self.subject, self.basket, self.target
            if target is None:
                raise InvalidArgumentError("no target was named: start the page with --restore-to DIR")
            if not basket:
                raise InvalidArgumentError("the basket is empty")
            _refuse_unread(subject)
            refuse_unseen(Wish(basket, with_rest=with_rest), subject.unseen, subject.runs or (), self._path)
            self._job.start(
                lambda progress: restore(
                    subject.new_reader(),
                    basket,
                    target,
                    point_at=subject.point,
                    horizon_of=subject.horizon_of,
                    newest=subject.newest,
                    unseen=subject.unseen,
                    with_rest=with_rest,
                    progress=progress,
                )
            )


def _refuse_unread(subject: Subject) -> None:
    """Go no further before it is known what of the past counts."""
    if subject.phase is not Phase.READY:
        raise InvalidArgumentError("the database is still being read")


def _of_key(reader: Reader, key: bytes) -> Iterator[Version]:
    """The versions of one key, newest first."""
    return takewhile(lambda version: version.key == key, reader.rows("versions", past=True, start=key))
