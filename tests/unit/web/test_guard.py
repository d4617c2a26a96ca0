"""Who may look at the page: nobody but the page itself, opened by its address."""

from __future__ import annotations

import pytest

from relevel.web.explorer import Explorer
from relevel.web.guard import TOKEN_HEADER
from tests.unit.web.visitor import HOST, Visitor

PATHS = (
    "/",
    "/assets/main.js",
    "/api/token",
    "/api/state",
    "/api/overview",
    "/api/rows",
    "/api/versions?key=YQ",
    "/download/value?key=YQ&sequence=1",
    "/download/patch.jsonl",
)


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_given_without_the_token(explorer: Explorer, path: str) -> None:
    """Every address is refused to who has not opened the page's own."""
    refused = Visitor(explorer).ask(path)

    assert refused.status_code == 403
    assert b"relevel: open the address" in refused.data


@pytest.mark.parametrize("token", ["", "x", "0" * 43, "\N{SNOWMAN}"])
def test_a_wrong_token_is_refused(explorer: Explorer, token: str) -> None:
    """A token that is not the one sets no cookie."""
    refused = Visitor(explorer).ask("/", token=token)

    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers


def test_the_token_of_the_address_opens_nothing_but_the_page(explorer: Explorer) -> None:
    """It is exchanged for a cookie, and the address that stays in the browser has no token."""
    visitor = Visitor(explorer)

    opened = visitor.ask("/", token=visitor.guard.address_token)

    assert (opened.status_code, opened.headers["Location"]) == (303, "/")
    assert "HttpOnly" in opened.headers["Set-Cookie"]
    assert "SameSite=Strict" in opened.headers["Set-Cookie"]
    assert Visitor(explorer).ask("/api/state", token=visitor.guard.address_token).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "0.0.0.0:8765", ""])
def test_a_foreign_host_is_refused(visitor: Visitor, host: str) -> None:
    """A name that was made to point here is not answered, cookie or not."""
    assert visitor.ask("/api/state", headers={"Host": host}).status_code == 403
    assert visitor.ask("/", headers={"Host": host}, token=visitor.guard.address_token).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": f"https://{HOST}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    """Another page's request is refused though the browser sends the cookie with it."""
    assert visitor.ask("/api/state", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/api/basket", "/api/restore", "/api/reload"])
def test_doing_something_needs_the_token_of_the_page(visitor: Visitor, path: str) -> None:
    """The cookie alone restores nothing."""
    own = {"Host": HOST, "Origin": f"http://{HOST}"}

    assert visitor.send(path, {}, headers=own).status_code == 403
    assert visitor.send(path, {}, headers={**own, TOKEN_HEADER: visitor.guard.address_token}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/assets/main.js", "/api/state", "/nowhere", "/download/patch.jsonl"])
def test_every_answer_carries_the_policy(visitor: Visitor, path: str) -> None:
    """Nothing inline, nothing from elsewhere, in no frame, under no other type, for no other origin."""
    headers = visitor.ask(path).headers
    policy = headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert not [name for name in dict(headers) if name.lower().startswith("access-control")]


def test_a_refusal_carries_the_policy(explorer: Explorer) -> None:
    """Those who are refused get it too."""
    assert "default-src 'none'" in Visitor(explorer).ask("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "..%5capp.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "main.js%00.html",
        ".",
    ],
)
def test_a_path_leads_out_of_nowhere(visitor: Visitor, name: str) -> None:
    """Only the files of the page are served, by their names."""
    found = visitor.ask(f"/assets/{name}")

    assert found.status_code in (308, 404)
    assert b"import" not in found.data


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(visitor: Visitor, method: str) -> None:
    """There is nothing that they do; no preflight is answered."""
    assert visitor.client.open("/api/state", method=method, headers={"Host": HOST}).status_code in (403, 405)
