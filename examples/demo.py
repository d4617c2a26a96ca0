"""The main job, on a copy of a real database: damage it, check, rescue, look back, undelete.

``make demo`` runs this. The database was written by plyvel (LevelDB 1.22): a node's blocks and accounts, and at its end
somebody deleted the accounts. The copy is damaged here in three ways that users meet: one flipped bit, a block overwritten
with zeroes, and a table that an antivirus took away.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PRISTINE: Final = ROOT / "tests" / "fixtures" / "demo" / "db"


def main() -> int:
    """Run the demonstration in a fresh folder ``demo`` of the current directory."""
    place = Path("demo")
    if place.exists():
        shutil.rmtree(place)
    place.mkdir()
    node = place / "node"
    shutil.copytree(PRISTINE, node)
    say(f"A node's database, {sum(1 for _ in node.glob('*.ldb'))} tables. Three misfortunes befall it:")
    for misfortune in damage(node):
        say(f"  - {misfortune}")
    run("check", node)
    run("rescue", node, place / "rescued")
    run("history", node, "--deleted", "--format", "text", "--prefix", "account/", lines=3)
    say("\nThe same database before the misfortunes, with only the deletions to undo:")
    shutil.copytree(PRISTINE, place / "node-before")
    run("undelete", place / "node-before", place / "accounts-back", "--deleted", "--prefix", "account/")
    run("scan", place / "accounts-back", "--prefix", "account/", lines=3)
    run("check", place / "rescued")
    say(f"\nAll of it is in {place}/ to look at. The node's database itself was not touched.")
    return 0


def damage(node: Path) -> list[str]:
    """Damage the copy: the same bytes each time."""
    tables = sorted(node.glob("*.ldb"), key=lambda path: -path.stat().st_size)
    flipped, zeroed, taken = tables[0], tables[1], tables[2]
    data = bytearray(flipped.read_bytes())
    data[len(data) // 3] ^= 0x10
    flipped.write_bytes(data)
    data = bytearray(zeroed.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 512] = bytes(512)
    zeroed.write_bytes(data)
    taken.unlink()
    return [
        f"one bit flips in {flipped.name}",
        f"512 bytes of {zeroed.name} turn to zeroes",
        f"{taken.name} is gone",
    ]


def run(*arguments: object, lines: int | None = None) -> None:
    """Run a relevel command as a user would and show what it prints, or its first lines."""
    words = [str(argument) for argument in arguments]
    say(f"\n$ relevel {shlex.join(words)}" + (f" | head -{lines}" if lines else ""))
    done = subprocess.run(
        [sys.executable, "-m", "relevel", *words],
        check=False,
        capture_output=True,
        text=True,
        errors="backslashreplace",
    )
    printed = done.stdout.splitlines()
    say("\n".join(printed[:lines]))
    if lines is None:
        say(f"(exit code {done.returncode})")
    if done.returncode > 1:
        raise SystemExit(done.stderr)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
