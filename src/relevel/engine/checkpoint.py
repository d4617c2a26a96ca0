"""Checkpoints: a copy of an open database at one moment, with hard links for the tables, which never change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from relevel.files.current import encode_current
from relevel.files.manifest_writer import write_manifest
from relevel.format.filename import log_name, manifest_name
from relevel.format.version_edit import VersionEdit
from relevel.storage.failure import refusals
from relevel.storage.posix import NewDirectory

if TYPE_CHECKING:
    from relevel.engine.core import Core


def make_checkpoint(core: Core, destination: str) -> None:
    """Copy a database that is open. Reads and writes go on; files that become obsolete meanwhile stay until it is done.

    Raises:
        RuntimeError: the database is being closed.
        DestinationExistsError: something is at the destination.
        StorageError: the file system refuses; nothing is left of the copy.
    """
    stop = Event()
    try:
        core.do_apart("checkpoint", lambda: _make(core, destination, stop))
    except BaseException:
        stop.set()  # nobody waits for it any more
        raise


def _make(core: Core, destination: str, stop: Event) -> None:
    with NewDirectory(destination, source=core.path) as new, _moment(core) as moment:
        for source in moment.tables:
            _go_on(core, stop)
            new.link(source, Path(source).name)
        for source, size in moment.logs:
            _go_on(core, stop)
            new.copy(source, Path(source).name, size)
        number = moment.manifest_number
        with refusals("cannot write", destination):
            write_manifest(new.path(manifest_name(number)), moment.state)
        new.write("CURRENT", encode_current(number))
        _go_on(core, stop)
        new.publish()


def _go_on(core: Core, stop: Event) -> None:
    """Raise where it is not worth going on."""
    if core.closing:
        core.raise_error()
    if stop.is_set():
        raise InterruptedError


@dataclass(frozen=True, slots=True)
class _Moment:
    """What a database was at one moment.

    Attributes:
        tables: paths of the tables.
        logs: paths of the logs, and how many bytes of each count; None for all.
        state: what a manifest of it holds.
        manifest_number: a number for that.
    """

    tables: tuple[str, ...]
    logs: tuple[tuple[str, int | None], ...]
    state: VersionEdit
    manifest_number: int


@contextmanager
def _moment(core: Core) -> Iterator[_Moment]:
    """The present moment; its files stay for the block."""
    with core.lock:
        moment = _look(core)
        core.obsolete.keep()
    try:
        yield moment
    finally:
        with core.lock:
            core.obsolete.let_go()


def _look(core: Core) -> _Moment:
    versions = core.versions
    state = versions.whole_state()
    number = versions.new_file_number()
    return _Moment(
        tables=tuple(versions.table_path(table.number) for _, table in versions.current.tables()),
        logs=tuple(
            (versions.path(log_name(log)), core.store.log_size if log == core.log_number else None)
            for log in core.live_logs()
        ),
        state=state._replace(next_file_number=number + 1),
        manifest_number=number,
    )
