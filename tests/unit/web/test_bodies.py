"""What a page would never send, and what the system refuses while one is answered."""

from __future__ import annotations

import errno
import os

import pytest

from relevel.web.explorer import Explorer
from relevel.web.guard import TOKEN_HEADER
from tests.refusals import refusing
from tests.unit.web.visitor import HOST, Visitor


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"items":' * 200_000, "nested too deeply"),
        (b"[]", "the body is no object"),
        (b"null", "the body is no object"),
        (b"{", "the body is no JSON"),
        (b"9" * 5000, "the body is no JSON"),
        (b'{"items": "\xff"}', "the body is no JSON"),
        (b"", "the body is no JSON"),
    ],
)
def test_a_body_that_is_no_object_is_refused(visitor: Visitor, body: bytes, told: str) -> None:
    """In one line, with what is wrong; the basket stays as it was."""
    own = {"Host": HOST, "Origin": f"http://{HOST}", TOKEN_HEADER: visitor.guard.page_token}

    refused = visitor.client.post("/api/basket", data=body, content_type="application/json", headers=own)

    assert refused.status_code == 400
    assert refused.json is not None
    assert told in refused.json["error"]
    assert visitor.get("/api/state")["basket"] == []


@pytest.mark.parametrize(
    ("time", "status"),
    [("1970-01-03", 200), ("9998-12-31T23:59:59", 200), ("2026-11-21T00:00:00+99:00", 400), ("\x00", 400), ("١٢", 400)],
)
def test_a_time_is_answered_or_refused(visitor: Visitor, time: str, status: int) -> None:
    """However far it is off; never an error of the server's own."""
    assert visitor.ask("/api/before", time=time).status_code == status


@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59:59"])
def test_a_time_that_ends_the_calendar_is_no_error_of_the_server(visitor: Visitor, time: str) -> None:
    """Whether it can be compared depends on the zone of the machine."""
    assert visitor.ask("/api/before", time=time).status_code in (200, 400)


def test_what_the_system_refuses_is_told(visitor: Visitor, explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's words."""

    monkeypatch.setattr(explorer.subject, "new_reader", refusing())
    explorer.subject._reader = None
    refused = visitor.ask("/api/rows")

    assert refused.status_code == 409
    assert refused.json == {"error": f"the database cannot be read: {os.strerror(errno.EIO)}"}
