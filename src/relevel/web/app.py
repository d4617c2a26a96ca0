"""The application: addresses to what the explorer gives. Every request passes the guard first."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as AnyResponse

from relevel.errors import InvalidArgumentError, KeyNotFoundError, RelevelError
from relevel.web import shown
from relevel.web.beside import Status, Wanted
from relevel.web.explorer import Explorer
from relevel.web.guard import HEADERS, TOKEN_HEADER, Guard

_LONGEST_BODY: Final = 16 << 20
_LONGEST_TIME: Final = 40
_CHUNK: Final = 64 << 10
_TYPES: Final = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
_ASSETS: Final = resources.files("relevel.web") / "assets"


def make_app(explorer: Explorer, guard: Guard) -> Flask:
    """Make the application.

    Args:
        explorer: what it shows.
        guard: who may look.
    """
    app = Flask("relevel.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_BODY
    _guard(app, guard)
    _page(app, guard)
    _looking(app, explorer)
    _keys(app, explorer)
    _basket(app, explorer)
    return app


def _guard(app: Flask, guard: Guard) -> None:
    @app.before_request
    def refuse() -> AnyResponse | None:
        headers = request.headers
        who = {"host": headers.get("Host"), "origin": headers.get("Origin"), "site": headers.get("Sec-Fetch-Site")}
        token = request.args.get("token")
        if request.path == "/" and request.method == "GET" and token is not None:
            reason = guard.foreign(**{**who, "site": None})  # a link in another program leads here from another site
            if reason is None and guard.admits(token):
                return _admitted(guard)
        reason = guard.refusal(
            method=request.method,
            cookie=request.cookies.get(guard.cookie_name),
            header=headers.get(TOKEN_HEADER),
            **who,
        )
        return None if reason is None else Response(f"relevel: {reason}\n", 403, mimetype="text/plain")

    @app.after_request
    def dress(response: AnyResponse) -> AnyResponse:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(RelevelError)
    def refused(error: RelevelError) -> tuple[Response, int]:
        status = {InvalidArgumentError: 400, KeyNotFoundError: 404}.get(type(error), 409)
        return jsonify(error=str(error.args[0]) if error.args else str(error)), status

    @app.errorhandler(OSError)
    def unreadable(error: OSError) -> tuple[Response, int]:
        return jsonify(error=f"the database cannot be read: {error.strerror or error}"), 409

    @app.errorhandler(HTTPException)
    def wrong(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description or error.name), error.code or 500


def _admitted(guard: Guard) -> AnyResponse:
    """Open the page once more, without the token in its address."""
    response = redirect("/", 303)
    response.set_cookie(guard.cookie_name, guard.cookie, httponly=True, samesite="Strict", path="/")
    return response


def _page(app: Flask, guard: Guard) -> None:
    names = {item.name for item in _ASSETS.iterdir() if item.is_file()}

    @app.get("/")
    def page() -> Response:
        return _asset("index.html")

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        if name not in names:
            return Response("relevel: there is no such file\n", 404, mimetype="text/plain")
        return _asset(name)

    @app.get("/api/token")
    def token() -> Response:
        return jsonify(token=guard.page_token)


def _asset(name: str) -> Response:
    kind = _TYPES[name[name.rindex(".") :]]
    return Response((_ASSETS / name).read_bytes(), content_type=f"{kind}; charset=utf-8")


def _looking(app: Flask, explorer: Explorer) -> None:
    @app.get("/api/state")
    def state() -> Response:
        return jsonify(explorer.state())

    @app.get("/api/overview")
    def overview() -> Response:
        return jsonify(explorer.overview())

    @app.get("/api/timeline")
    def timeline() -> Response:
        return jsonify(explorer.timeline(_number("first"), _number("last"), _number("buckets", 1000)))

    @app.get("/api/runs")
    def runs() -> Response:
        return jsonify(explorer.deletion_runs())

    @app.get("/api/when")
    def when() -> Response:
        return jsonify(explorer.when(_number("sequence")))

    @app.get("/api/before")
    def before() -> Response:
        return jsonify(explorer.before(request.args.get("time", "")[:_LONGEST_TIME]))

    @app.post("/api/reload")
    def reload() -> Response:
        explorer.reload()
        return jsonify(explorer.state())


def _keys(app: Flask, explorer: Explorer) -> None:
    @app.get("/api/rows")
    def rows() -> Response:
        start = request.args.get("start")
        found = explorer.rows(
            _number("at", -1) if "at" in request.args else None,
            _wanted(),
            None if start is None else shown.bytes_of(start),
            _number("row", 0),
            _number("limit", 100),
        )
        return jsonify(found)

    @app.get("/api/position")
    def position() -> Response:
        return jsonify(explorer.position(_key()))

    @app.get("/api/versions")
    def versions() -> Response:
        return jsonify(explorer.versions(_key()))

    @app.get("/api/value")
    def value() -> Response:
        return jsonify(explorer.shown_value(_key(), _number("sequence")))

    @app.get("/api/difference")
    def difference() -> Response:
        return jsonify(explorer.difference(_key(), _number("before"), _number("after")))

    @app.get("/download/value")
    def download() -> Response:
        sequence = _number("sequence")
        found = explorer.value(_key(), sequence)
        response = _attachment(_chunks(found), f"value-{sequence}.bin", "application/octet-stream")
        response.content_length = len(found)
        return response


def _basket(app: Flask, explorer: Explorer) -> None:
    @app.post("/api/basket")
    def fill() -> Response:
        explorer.fill_basket(_body().get("items"))
        return jsonify(explorer.state())

    @app.get("/download/patch.jsonl")
    def patch() -> Response:
        return _attachment((line.encode("ascii") for line in explorer.patch()), "patch.jsonl", "application/jsonl")

    @app.post("/api/restore")
    def restore() -> Response:
        explorer.restore(with_rest=_body().get("with_rest") is True)
        return jsonify(explorer.state())


def _body() -> dict[str, Any]:
    try:
        found = request.get_json()
    except RecursionError as error:
        raise InvalidArgumentError("the body is nested too deeply") from error
    except BadRequest as error:
        raise InvalidArgumentError("the body is no JSON") from error
    if not isinstance(found, dict):
        raise InvalidArgumentError("the body is no object")
    return found


def _wanted() -> Wanted:
    try:
        statuses = frozenset(Status(status) for status in request.args.getlist("status"))
    except ValueError as error:
        raise InvalidArgumentError(str(error)) from error
    prefix, contains = (shown.bytes_of(request.args.get(name, "")) for name in ("prefix", "contains"))
    return Wanted(prefix, contains, statuses)


def _key() -> bytes:
    return shown.bytes_of(request.args.get("key", ""))


def _number(name: str, default: int | None = None) -> int:
    text = request.args.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20:
        raise InvalidArgumentError(f"{name} is a number")
    return int(text)


def _chunks(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    return (bytes(view[at : at + _CHUNK]) for at in range(0, len(data), _CHUNK))


def _attachment(body: Iterator[bytes], name: str, kind: str) -> Response:
    return Response(body, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
