"""What the page is given when it asks."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from relevel import DB, Decoder
from relevel.decoders.decoding import Decoding
from relevel.format.comparator import Comparator
from relevel.web.explorer import Explorer
from relevel.web.shown import bytes_of
from relevel.web.subject import Subject
from tests.damage.evidence import state_of
from tests.damage.operators import delete, garbage
from tests.fixtures.catalogue import FOLDER
from tests.unit.web.visitor import Visitor, in_url


def looked_at(place: Path) -> tuple[Explorer, Visitor]:
    """A database of which all is known, and somebody who looks at it."""
    explorer = Explorer(place)
    explorer.start()
    explorer.subject.wait()
    return explorer, Visitor(explorer).enter()


def key_of(row: dict[str, dict[str, str]]) -> bytes:
    """The key of a row."""
    return bytes_of(row["key"]["head"])


def test_the_state_says_what_is_known(visitor: Visitor, shop: Path) -> None:
    """Where it lies, from where to where its changes go, how many keys there are."""
    state = visitor.get("/api/state")

    assert (state["path"], state["phase"], state["error"]) == (str(shop), "ready", None)
    assert (state["oldest"], state["newest"], state["key_count"]) == (1, 311, 201)
    assert state["has_changed"] is False


def test_a_row_is_given_by_its_number(visitor: Visitor) -> None:
    """And has the same number at every moment."""
    for sequence in (0, 100, 250, 311):
        (row,) = visitor.get("/api/rows", at=sequence, row=150, limit=1)["rows"]
        assert key_of(row) == b"user/050"


def test_a_row_says_where_its_versions_lie(visitor: Visitor) -> None:
    """Then and now have a file, an offset and a state."""
    (row,) = visitor.get("/api/rows", at=200, start=in_url(b"user/005"), limit=1)["rows"]

    assert row["status"] == "changed"
    assert bytes_of(row["then"]["value"]["head"]) == b'{"name": "user 5"}'
    assert (row["now"]["sequence"], row["now"]["state"], row["now"]["integrity"]) == (206, "live", "intact")
    assert row["now"]["file"].endswith((".log", ".ldb"))


def test_a_list_goes_on_where_it_ended(visitor: Visitor) -> None:
    """Helpings joined are the whole."""
    keys: list[bytes] = []
    start: str | None = None
    while True:
        found = visitor.get("/api/rows", at=200, status="gone", limit=7, **({} if start is None else {"start": start}))
        keys += [key_of(row) for row in found["rows"]]
        start = found["next"]
        if start is None:
            break

    assert keys == [b"order/%03d" % number for number in range(100)]


def test_what_was_then_is_not_told_before_it_is_known(shop: Path) -> None:
    """What is there now is; a row of then would be told from the current files only."""
    explorer = Explorer(shop)
    visitor = Visitor(explorer).enter()

    then, now = visitor.get("/api/rows", at=200), visitor.get("/api/rows")

    assert (then["is_known"], then["rows"], then["next"]) == (False, [], None)
    assert (now["is_known"], len(now["rows"])) == (True, 100)


def test_a_key_has_a_position(visitor: Visitor) -> None:
    """Its own, or that of the first key after it."""
    assert visitor.get("/api/position", key=in_url(b"user/000"))["row"] == 100
    assert visitor.get("/api/position", key=in_url(b"user"))["row"] == 100
    assert visitor.get("/api/position", key=in_url(b"\xff"))["row"] == 201


def test_a_key_has_its_versions(visitor: Visitor) -> None:
    """Newest first, with the level and the standing of their files."""
    found = visitor.get("/api/versions", key=in_url(b"order/007"))

    assert [(version["sequence"], version["type"], version["state"]) for version in found["versions"]] == [
        (218, "delete", "deleted"),
        (15, "put", "deleted"),
    ]
    assert found["versions"][0]["standing"] == "live"


def test_two_values_are_compared(visitor: Visitor) -> None:
    """Word by word; what both have comes once."""
    found = visitor.get("/api/difference", key=in_url(b"user/005"), before=12, after=206)

    pieces = [(piece["kind"], bytes_of(piece["bytes"])) for piece in found["pieces"]]
    assert b"".join(data for kind, data in pieces if kind != "new") == b'{"name": "user 5"}'
    assert b"".join(data for kind, data in pieces if kind != "old") == b'{"name": "somebody else"}'
    assert found["is_whole"] is True


def test_the_timeline_counts_puts_and_deletions(visitor: Visitor) -> None:
    """In as many buckets as were asked for, at most."""
    found = visitor.get("/api/timeline", first=1, last=311, buckets=100)

    assert (sum(found["puts"]), sum(found["deletions"])) == (211, 100)
    assert len(found["puts"]) <= 100


def test_a_mass_deletion_is_found(visitor: Visitor) -> None:
    """With its ends and what its keys begin with."""
    (run,) = visitor.get("/api/runs")

    assert (run["first"], run["last"], run["count"]) == (211, 310, 100)
    assert bytes_of(run["prefix"]["head"]) == b"order/0"


@pytest.mark.parametrize(
    "path",
    [
        "/api/rows?at=x",
        "/api/rows?at=-1",
        "/api/rows?at=99999999999999999999999",
        "/api/rows?start=*",
        "/api/rows?status=nothing",
        "/api/rows?row=1e9",
        "/api/timeline",
        "/api/versions?key=%00",
        "/api/versions?key=" + 40_000 * "A",
        "/api/value?key=YQ&sequence=",
    ],
)
def test_nonsense_is_refused(visitor: Visitor, path: str) -> None:
    """In one line, and without harm."""
    refused = visitor.ask(path)

    assert refused.status_code == 400
    assert isinstance(refused.json["error"] if refused.json else None, str)


def test_what_is_not_there_is_not_found(visitor: Visitor) -> None:
    """A version that does not exist, an address that does not."""
    assert visitor.ask("/api/value", key=in_url(b"user/005"), sequence=7).status_code == 404
    assert visitor.ask("/api/nothing").status_code == 404
    assert visitor.get("/api/versions", key=in_url(b"nobody"))["versions"] == []


def test_script_in_keys_and_values_goes_out_as_base64_only(tmp_path: Path) -> None:
    """No answer holds what a browser could take for markup."""
    place, evil = tmp_path / "db", b"</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    with DB(place, create_if_missing=True) as db:
        db.put(evil, evil)
    explorer, visitor = looked_at(place)

    for path in ("/api/rows", "/api/overview", "/api/runs", f"/api/versions?key={in_url(evil)}"):
        answer = visitor.ask(path)
        assert answer.mimetype == "application/json"
        assert b"<" not in answer.data
    value = visitor.ask("/download/value", key=in_url(evil), sequence=1)
    assert (value.data, value.mimetype) == (evil, "application/octet-stream")
    assert value.headers["Content-Disposition"] == 'attachment; filename="value-1.bin"'
    explorer.stop()


def test_of_a_long_value_a_bounded_head_is_sent(tmp_path: Path) -> None:
    """The rest comes as a download, in chunks."""
    place, value = tmp_path / "db", bytes(range(256)) * (8 << 12)
    with DB(place, create_if_missing=True) as db:
        db.put(b"long", value)
    explorer, visitor = looked_at(place)

    assert len(visitor.ask("/api/rows").data) < 5_000
    assert len(visitor.ask("/api/versions", key=in_url(b"long")).data) < 5_000
    shown = visitor.get("/api/value", key=in_url(b"long"), sequence=1)
    assert (len(bytes_of_any(shown["head"])), shown["size"]) == (64 << 10, len(value))
    download = visitor.ask("/download/value", key=in_url(b"long"), sequence=1)
    assert download.data == value
    assert download.content_length == len(value)
    explorer.stop()


def bytes_of_any(text: str) -> bytes:
    """Base64 of any length."""
    return b"".join(bytes_of(text[at : at + 4096]) for at in range(0, len(text), 4096))


def test_a_long_key_is_cut_where_it_is_shown(tmp_path: Path) -> None:
    """It does not make the answer long, and says how long it is."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"k" * 100_000, b"")
    explorer, visitor = looked_at(place)

    (row,) = visitor.get("/api/rows")["rows"]

    assert row["key"]["size"] == 100_000
    assert len(row["key"]["head"]) < 30_000
    explorer.stop()


def test_a_damaged_database_can_be_looked_at(tmp_path: Path) -> None:
    """What is damaged is shown as such, and the rest is there."""
    node = Path(shutil.copytree(FOLDER / "demo" / "db", tmp_path / "node"))
    table = max(node.glob("*.ldb"), key=lambda path: path.stat().st_size)
    garbage(table, 0, 5000, seed=1)
    explorer, visitor = looked_at(node)

    overview = visitor.get("/api/overview")

    assert visitor.get("/api/state")["worst"] == "damage"
    hurt = next(file for file in overview["files"] if file["name"] == table.name)
    assert {look for _, _, look in hurt["strip"]} & {"lost", "salvaged"}
    assert sum(size for _, size, _ in hurt["strip"]) == hurt["size"]
    assert overview["findings"][0]["severity"] == "damage"
    assert len(visitor.get("/api/rows", limit=50)["rows"]) == 50
    explorer.stop()


def test_a_database_without_manifest_can_be_looked_at(tmp_path: Path) -> None:
    """That nothing proves what counts is said."""
    node = Path(shutil.copytree(FOLDER / "demo" / "db", tmp_path / "node"))
    for path in [*node.glob("MANIFEST-*"), node / "CURRENT"]:
        delete(path)
    explorer, visitor = looked_at(node)

    assert visitor.get("/api/state")["proof"] != "manifest"
    assert visitor.get("/api/rows", limit=5)["rows"]
    explorer.stop()


def test_a_database_that_changes_is_shown_as_it_was_until_it_is_looked_at_again(tmp_path: Path) -> None:
    """The page is told, and a reload shows what is new."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"old", b"1")
    explorer, visitor = looked_at(place)
    with DB(place) as db:
        db.put(b"new", b"2")
        db.compact_range()

    assert explorer.subject.has_changed()
    assert [key_of(row) for row in visitor.get("/api/rows")["rows"]] == [b"old"]

    assert visitor.send("/api/reload", {}).status_code == 200
    explorer.subject.wait()
    assert [key_of(row) for row in visitor.get("/api/rows")["rows"]] == [b"new", b"old"]
    assert visitor.get("/api/state")["generation"] == 2
    explorer.stop()


def test_two_that_look_again_at_once_take_turns(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every database that was looked at is let go of, and no thread goes on learning about one that is not shown."""
    made: list[Subject] = []
    both = threading.Barrier(2)

    class Slow(Subject):
        """A subject that two who do not take turns would both end."""

        def __init__(self, path: Path, comparator: Comparator | None, decoder: str, limit: int | None) -> None:
            super().__init__(path, comparator, decoder, limit)
            made.append(self)

        def stop(self) -> None:
            """Wait a moment for another one who ends it."""
            with suppress(threading.BrokenBarrierError):
                both.wait(0.3)
            super().stop()

    monkeypatch.setattr("relevel.web.explorer.Subject", Slow)
    explorer = Explorer(shop)
    explorer.start()

    threads = [threading.Thread(target=explorer.reload) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    explorer.stop()

    assert explorer.state()["generation"] == 3
    assert [subject.is_stopped for subject in made] == [True, True, True]


def test_nobody_looks_again_after_the_end(shop: Path) -> None:
    """What comes in while the page is ended is refused, and starts nothing."""
    explorer, visitor = looked_at(shop)
    explorer.stop()

    refused = visitor.send("/api/reload", {})

    assert refused.status_code == 400
    assert visitor.get("/api/state")["generation"] == 1


def test_a_database_that_goes_away_is_told_of(tmp_path: Path) -> None:
    """Looking again at nothing is an error in one line; what was seen stays."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"key", b"value")
    explorer, visitor = looked_at(place)
    shutil.rmtree(place)

    refused = visitor.send("/api/reload", {})

    assert refused.status_code == 409
    assert refused.json is not None
    assert str(place) in refused.json["error"]
    assert visitor.get("/api/state")["has_changed"] is True
    assert visitor.get("/api/rows")["rows"]
    explorer.stop()


def test_a_moment_has_an_estimate_of_its_time(visitor: Visitor) -> None:
    """Between which times, and what speaks for it; a time leads to a number."""
    found = visitor.get("/api/when", sequence=200)

    assert found["not_before"] or found["not_after"]
    assert found["evidence"]
    assert visitor.get("/api/before", time="2999-01-01 00:00")["sequence"] == 311
    assert visitor.get("/api/before", time="1999-01-01 00:00")["sequence"] == 0
    assert visitor.ask("/api/before", time="yesterday").status_code == 400


class Raising(Decoder):
    """A decoder that fails in every way."""

    def key(self, key: bytes) -> object:
        """Fail."""
        raise ZeroDivisionError("no \u202e key")

    def value(self, key: bytes, value: bytes) -> object:
        """Fail without a word."""
        raise KeyError


def test_a_decoder_that_raises_is_told_of(visitor: Visitor, explorer: Explorer) -> None:
    """The key and the value are shown raw, with the reason."""
    explorer.subject.decoding = Decoding("raising", Raising(), Raising())

    (row,) = visitor.get("/api/rows", start=in_url(b"zebra"), limit=1)["rows"]
    value = visitor.get("/api/value", key=in_url(b"zebra"), sequence=311)

    assert (key_of(row), row["decoded"]) == (b"zebra", None)
    assert (bytes_of(value["head"]), value["decoded"]) == (b"put last", None)
    assert "KeyError" in value["undecoded"]
    assert "\u202e" not in value["undecoded"]


class AlwaysInTurn(Decoder):
    """A decoder that sees whether another thread could read, and so decode, at the same time."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.free_count = self.call_count = 0

    def key(self, key: bytes) -> object:
        """Look whether the turn is free."""
        self.call_count += 1
        other = threading.Thread(target=self._read, daemon=True)
        other.start()
        other.join(0.05)
        self.free_count += not other.is_alive()
        return None

    def value(self, key: bytes, value: bytes) -> object:
        """As for a key."""
        return self.key(key)

    def _read(self) -> None:
        with self._subject.reading():
            pass


def test_a_decoder_is_used_by_one_thread_at_a_time(visitor: Visitor, explorer: Explorer) -> None:
    """For rows, versions and values, it is called by whoever has the turn at reading."""
    decoder = AlwaysInTurn(explorer.subject)
    explorer.subject.decoding = Decoding("in turn", decoder, decoder)

    visitor.get("/api/rows", start=in_url(b"zebra"), limit=1)
    visitor.get("/api/versions", key=in_url(b"zebra"))
    visitor.get("/api/value", key=in_url(b"zebra"), sequence=311)

    assert decoder.call_count >= 3
    assert decoder.free_count == 0


def test_looking_changes_nothing(shop: Path) -> None:
    """Not a byte, not a time."""
    before = state_of(shop)
    explorer, visitor = looked_at(shop)

    for path in ("/api/rows", "/api/overview", "/api/runs", f"/api/versions?key={in_url(b'zebra')}"):
        visitor.ask(path)
    explorer.stop()

    assert state_of(shop) == before
