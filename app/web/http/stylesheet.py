"""The stylesheet: the files of `static/css`, joined in their order, so that a page loads one."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for

from app.web.auth.access import ANYONE, page

SHEETS = (
    *("tokens", "base", "layout", "sidebar", "page-head", "buttons", "forms", "cards", "tables"),
    *("pills", "rail", "timeline", "figures", "dashboard", "attention", "filters", "menus"),
    *("dialogs", "toasts", "empty", "diff", "comparison", "markdown", "highlight", "board"),
    *("ticket-page", "tabs", "plan-editor", "pager", "error-page", "live", "outside", "people"),
    *("keys", "print"),
)
"""`tokens` declares the order of the layers; within a layer a later file wins."""


def register(app: Flask) -> None:
    """Serve the stylesheet, and give templates its address: `stylesheet_url()`."""
    folder = Path(app.static_folder or "static") / "css"
    # Once a process: outside debug a deployed file never changes under it.
    joined = _join if app.debug else cache(_join)

    def stylesheet_url() -> str:
        return url_for("stylesheet", v=joined(folder)[1])

    @page(role=ANYONE)
    def show() -> Response:
        text, version = joined(folder)
        response = Response(text, mimetype="text/css")
        response.set_etag(version)
        # While a new release starts, an old process may be asked for the new version.
        if request.args.get("v") == version:
            response.cache_control.public = True
            response.cache_control.max_age = app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        else:
            response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    app.add_url_rule("/callboard.css", "stylesheet", show)
    app.jinja_env.globals["stylesheet_url"] = stylesheet_url


def _join(folder: Path) -> tuple[str, str]:
    """The text, and the hash that stands in its address."""
    text = "\n".join((folder / f"{name}.css").read_text("utf-8") for name in SHEETS)
    return text, hashlib.sha256(text.encode()).hexdigest()[:10]
