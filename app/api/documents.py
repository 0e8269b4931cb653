"""The API's own description: for programs at /api/v1/openapi.json, for people at /api/docs."""

from __future__ import annotations

from flask import Response, jsonify, render_template

from app.api.docs import page
from app.api.openapi import document
from app.api.operation import VERSION, blueprint


@blueprint.get(f"{VERSION}/openapi.json")
def openapi() -> Response:
    """The document; it needs no token, since it tells nothing of the board."""
    return jsonify(document())


@blueprint.get("/docs")
def show_docs() -> str:
    """The same as a page, in the board's own look."""
    return render_template("api/docs.html", api=page())
