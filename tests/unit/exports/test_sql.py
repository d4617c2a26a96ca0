"""sql: questions to a history."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

import relevel
from relevel.extras import interruptible
from tests.fixtures.catalogue import BY_NAME

pytest.importorskip("pyarrow")
pytest.importorskip("duckdb")
DEMO = BY_NAME["demo"].database


def ask(source: Path, question: str, decode: str | None = None) -> list[tuple[object, ...]]:
    """The rows of an answer."""
    with relevel.sql(source, question, decode=decode) as answer:
        return list(answer)


def test_the_history_is_a_table() -> None:
    """Counted by state, it is what the dump has."""
    found = ask(DEMO, "select state, type, count(*) from history group by all")

    states = Counter((row.state, row.type) for row in relevel.dump(DEMO, all_versions=True))
    assert {row[:2]: row[2] for row in found} == dict(states)


def test_live_rows_are_those_that_a_read_gives() -> None:
    """Keys and values as bytes."""
    found = ask(DEMO, "select key, value from live order by key")

    assert found == list(relevel.scan(DEMO))


def test_a_table_may_be_named_twice() -> None:
    """Each time it is read anew."""
    question = "select count(*) from history a join live b using (key)"
    live = {key for key, _ in relevel.scan(DEMO)}

    ((count,),) = ask(DEMO, question)

    assert count == sum(row.key in live for row in relevel.dump(DEMO, all_versions=True))


def test_decoded_columns_are_there_where_they_are_asked_for() -> None:
    """And the answer says what auto chose."""
    with relevel.sql(DEMO, "select count(decoded_key) from live", decode="auto") as answer:
        ((count,),) = answer

    assert count == len(list(relevel.scan(DEMO)))
    assert answer.decoder
    assert answer.guess


def test_text_is_null_for_what_is_not_utf8(tmp_path: Path) -> None:
    """Whatever the bytes."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"good", b"")
        db.put(b"bad\xff", b"")

    assert sorted(ask(tmp_path / "db", "select key, text(key) from live")) == [(b"bad\xff", None), (b"good", "good")]


def test_damage_is_told(tmp_path: Path) -> None:
    """By the answer, and in the table of findings, which is what check finds."""
    place = tmp_path / "damaged"
    shutil.copytree(DEMO, place)
    table = place / "000005.ldb"
    data = bytearray(table.read_bytes())
    data[60000:60512] = bytes(512)
    table.write_bytes(data)

    with relevel.sql(place, "select count(*) from history") as answer:
        ((count,),) = answer
        findings = answer.findings

    assert count == len(list(relevel.dump(place, all_versions=True)))
    assert "table.block.checksum-mismatch" in {finding.code for finding in findings}
    codes = [code for (code,) in ask(place, "select code from findings")]
    assert codes == [finding.code for finding in relevel.check(place).findings]


def test_an_empty_database_has_empty_tables(tmp_path: Path) -> None:
    """And no findings."""
    relevel.DB(tmp_path / "db", create_if_missing=True).close()

    assert ask(tmp_path / "db", "select * from history") == []
    assert ask(tmp_path / "db", "select count(*) from findings") == [(0,)]


@pytest.mark.parametrize(
    "question",
    [
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "copy history to '{folder}/out.csv'",
        "export database '{folder}/out'",
        "attach '{folder}/out.duckdb'",
        "install httpfs",
        "load '{file}'",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "select * from secret",
        "select nonsense",
        "not sql",
    ],
)
def test_a_question_can_do_nothing_but_ask(question: str, tmp_path: Path) -> None:
    """It opens no file, changes no setting, and sees no variable of Python."""
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    secret = {"a": [1]}

    with pytest.raises((relevel.InvalidArgumentError, relevel.StorageError)):
        ask(DEMO, question.format(file=file, folder=tmp_path))

    assert list(tmp_path.iterdir()) == [file]
    assert secret


def test_an_interruption_is_one() -> None:
    """DuckDB makes an error of its own of it."""
    with pytest.raises(KeyboardInterrupt), interruptible():
        raise RuntimeError("Query interrupted")
    with pytest.raises(RuntimeError, match="else"), interruptible():
        raise RuntimeError("something else")


def test_a_question_that_fails_after_it_has_enough_rows_tells_its_own_mistake() -> None:
    """Not that a table was given up."""
    with pytest.raises(relevel.InvalidArgumentError, match="Conversion"):
        ask(BY_NAME["demo"].database, "select cast(text(key) as int) from (select key from history limit 3)")


def test_what_is_raised_while_a_table_is_read_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not wrapped in DuckDB's words."""

    def outrun(directory: object) -> None:
        raise relevel.DatabaseInUseError("it moves")

    monkeypatch.setattr("relevel.recovery.read.reader.refuse_outrun", outrun)

    with pytest.raises(relevel.DatabaseInUseError, match="it moves"):
        ask(DEMO, "select count(*) from history")
