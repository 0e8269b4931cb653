"""Styles and scripts, joined so that a page loads one file of each, and compressed beforehand."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, request, url_for

from app.web.auth.access import ANYONE, page

SHEETS = (
    *("tokens", "base", "layout", "sidebar", "page-head", "buttons", "forms", "cards", "tables"),
    *("pills", "rail", "timeline", "figures", "dashboard", "attention", "filters", "menus"),
    *("query", "dialogs", "toasts", "empty", "diff", "comparison", "markdown", "highlight"),
    *("board", "ticket-page", "tabs", "plan-editor", "pager", "error-page", "live", "outside"),
    *("people", "keys", "search", "palette", "statistics", "print"),
)
"""`tokens` declares the order of the layers; within a layer a later file wins."""

LIBRARIES = (
    "vendor/htmx.org-2.0.11/htmx.min.js",
    "vendor/idiomorph-0.7.4/idiomorph-ext.min.js",
    "vendor/tinykeys-4.0.0/tinykeys.umd.js",
)
SCRIPTS = (
    *("times", "tasks", "live", "dialogs", "menus", "forms", "filters", "completion", "select"),
    *("keys", "palette", "waiting"),
)

BUNDLES = {
    "callboard.css": tuple(f"css/{name}.css" for name in SHEETS),
    "callboard.js": (*LIBRARIES, *(f"js/{name}.js" for name in SCRIPTS)),
    # Only where something is put in order.
    "board.js": ("vendor/sortablejs-1.15.7/Sortable.min.js", "js/board.js"),
    "importing.js": ("js/importing.js",),
    "plan.js": ("vendor/sortablejs-1.15.7/Sortable.min.js", "js/plan.js"),
}
"""The files of `static` that each is made of, in their order."""


@dataclass(frozen=True)
class Bundle:
    """One joined file, and the hash that stands in its address."""

    text: bytes
    compressed: bytes
    version: str


def register(app: Flask) -> None:
    """Serve the bundles, and give templates their addresses: `bundle_url("callboard.css")`."""
    folder = Path(app.static_folder or "static")

    def join(name: str) -> Bundle:
        return _join(folder, name)

    # Once a process: outside debug a deployed file never changes under it.
    joined = join if app.debug else cache(join)

    def bundle_url(name: str) -> str:
        return url_for("bundle", bundle=name, v=joined(name).version)

    @page(role=ANYONE)
    def show(bundle: str) -> Response:
        if bundle not in BUNDLES:
            abort(404)
        return _answer(joined(bundle), bundle, app.config["SEND_FILE_MAX_AGE_DEFAULT"])

    app.add_url_rule("/bundles/<bundle>", "bundle", show)
    app.jinja_env.globals["bundle_url"] = bundle_url


def _answer(bundle: Bundle, name: str, max_age: int) -> Response:
    is_compressed = bool(request.accept_encodings["gzip"])
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    response = Response(bundle.compressed if is_compressed else bundle.text, mimetype=kind)
    response.headers["Vary"] = "Accept-Encoding"
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    # What is compressed is another answer.
    response.set_etag(f"{bundle.version}-gzip" if is_compressed else bundle.version)
    # While a new release starts, an old process may be asked for the new version.
    if request.args.get("v") == bundle.version:
        response.cache_control.public = True
        response.cache_control.max_age = max_age
    else:
        response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def _join(folder: Path, name: str) -> Bundle:
    text = "\n".join(_parts(folder, name)).encode()
    # Without the time of day, every process makes the same bytes.
    compressed = gzip.compress(text, mtime=0)
    return Bundle(text, compressed, hashlib.sha256(text).hexdigest()[:10])


def _parts(folder: Path, name: str) -> Iterator[str]:
    for path in BUNDLES[name]:
        text = (folder / path).read_text("utf-8")
        # Each script of ours keeps its names to itself; a library is made to give them to all.
        yield f'(() => {{\n"use strict";\n{text}}})();' if path.startswith("js/") else text
