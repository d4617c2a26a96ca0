"""Checkpoints: a copy of an open database at one moment, with hard links for the tables, which never change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from relevel.files.current import encode_current
from relevel.files.manifest_writer import write_manifest
from relevel.format.filename import log_name, manifest_name
from relevel.storage.failure import storage_error
from relevel.storage.posix import NewDirectory

if TYPE_CHECKING:
    from relevel.engine.core import Core


def make_checkpoint(core: Core, destination: str) -> None:
    """Copy a database that is open. Reads go on; writes go on until their memtable is full, or level 0 is.

    The database's lock is held throughout: where the file system cannot link, as long as copying the tables takes.

    Raises:
        DestinationExistsError: something is at the destination.
        StorageError: the file system refuses; nothing is left of the copy.
    """
    core.store.refuse_within_comparator()
    with core.lock, NewDirectory(destination, source=core.path) as new:
        log_size = core.store.log_size
        for _, table in core.versions.current.tables():
            source = core.versions.table_path(table.number)
            new.link(source, Path(source).name)
        for number in core.live_logs():
            is_present = number == core.log_number
            new.copy(core.versions.path(log_name(number)), log_name(number), log_size if is_present else None)
        state = core.versions.whole_state()
        number = core.versions.new_file_number()
        try:
            write_manifest(new.path(manifest_name(number)), state._replace(next_file_number=number + 1))
        except OSError as error:
            raise storage_error("cannot write", destination, error) from error
        new.write("CURRENT", encode_current(number))
        new.publish()
