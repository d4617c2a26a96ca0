"""--report: what a command found, as an HTML page beside what it prints."""

from __future__ import annotations

from pathlib import Path

from relevel.errors import StorageError
from relevel.format.filename import FileKind, parse_filename
from relevel.recovery.check import CheckReport
from relevel.recovery.in_place import InPlaceReport
from relevel.recovery.rescue import RescueReport
from relevel.storage.new_file import refuse_place, write_new_file
from relevel.storage.read_only import FileFingerprint, ReadOnlyDirectory


class Page:
    """A page to be written; nothing is done where none is wanted.

    The source's files are hashed when it is made and when it is written, so that the page shows that they are as they were.
    """

    def __init__(self, path: Path | None, source: Path) -> None:
        """Refuse a place where it could not be written, and hash the source.

        Raises:
            RelevelError: it cannot be written there, or the source is no directory.
        """
        self._path = path
        self._before: tuple[FileFingerprint, ...] = ()
        if path is not None:
            refuse_place(path, source)
            self._before = _fingerprint(source)

    @property
    def is_wanted(self) -> bool:
        """Whether there is to be one."""
        return self._path is not None

    def write(self, report: CheckReport | RescueReport | InPlaceReport, source: Path) -> None:
        """Write the page.

        Args:
            report: what it shows.
            source: where the source is now.

        Raises:
            StorageError: it cannot be written; what was rescued is whole.
        """
        if self._path is None:
            return
        from relevel.report.html.page import render  # noqa: PLC0415  (Jinja is needed here only)

        page = render(report, before=self._before, after=_fingerprint(source))
        try:
            write_new_file(self._path, page.encode("utf-8"))
        except StorageError as error:
            raise StorageError(f"{error}: the report is lost; a destination that was to be written is whole") from error


def _fingerprint(source: Path) -> tuple[FileFingerprint, ...]:
    """Hash a database's files; none where there is no database: what reads it says so better."""
    if not source.is_dir():
        return ()
    directory = ReadOnlyDirectory(source)
    if all(parse_filename(entry.name).kind is FileKind.STRANGER for entry in directory.entries()):
        return ()
    return directory.fingerprint()
