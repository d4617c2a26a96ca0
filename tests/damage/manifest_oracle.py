"""What the manifest that CURRENT names says, in plain Python: the other half of the oracle."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.damage.oracle import OracleError, Version, file_versions, records, varint, varstring


@dataclass(slots=True)
class State:
    """The version that the last edit of a manifest leaves."""

    comparator: bytes = b""
    log_number: int = 0
    last_sequence: int = 0
    levels: dict[int, int] = field(default_factory=dict)
    """The level of each live table, by file number."""


def read_state(database: Path) -> State:
    """Apply the edits of the current manifest of ``database`` in order."""
    state = State()
    name = (database / "CURRENT").read_text(encoding="ascii")
    if not name.endswith("\n"):
        raise OracleError("CURRENT does not end with a newline")
    for record in records((database / name[:-1]).read_bytes()):
        _apply(state, record.payload)
    return state


def live_tables(database: Path) -> list[Path]:
    """The tables that the current version names, by file number."""
    numbers = sorted(read_state(database).levels)
    names = {int(path.stem): path for path in database.iterdir() if path.suffix in (".ldb", ".sst")}
    return [names[number] for number in numbers]


def live_logs(database: Path) -> list[Path]:
    """The logs that LevelDB would replay, by file number."""
    least = read_state(database).log_number
    return sorted((path for path in database.glob("*.log") if int(path.stem) >= least), key=lambda path: int(path.stem))


def current_versions(database: Path) -> list[Version]:
    """Every version that the live tables and logs hold, oldest first."""
    files = [*live_tables(database), *live_logs(database)]
    return sorted({version for path in files for version in file_versions(path)}, key=lambda version: version.sequence)


def visible(database: Path) -> dict[bytes, bytes]:
    """What is live in ``database``."""
    newest = {version.key: version.value for version in current_versions(database)}
    return {key: value for key, value in newest.items() if value is not None}


def _apply(state: State, edit: bytes) -> None:
    at = 0
    while at < len(edit):
        tag, at = varint(edit, at)
        if tag == 1:
            state.comparator, at = varstring(edit, at)
        elif tag in (2, 3, 4, 9):
            number, at = varint(edit, at)
            state.log_number = number if tag == 2 else state.log_number
            state.last_sequence = number if tag == 4 else state.last_sequence
        elif tag == 5:
            _, at = varint(edit, at)
            _, at = varstring(edit, at)
        elif tag == 6:
            level, at = varint(edit, at)
            number, at = varint(edit, at)
            if state.levels.get(number) == level:
                del state.levels[number]
        elif tag == 7:
            level, at = varint(edit, at)
            number, at = varint(edit, at)
            state.levels[number] = level
            _, at = varint(edit, at)
            _, at = varstring(edit, at)
            _, at = varstring(edit, at)
        else:
            raise OracleError(f"unknown tag {tag} in a version edit")
