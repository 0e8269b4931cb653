"""Addresses that need more than Flask's own converters."""

from __future__ import annotations

from werkzeug.routing import BaseConverter


class ProjectConverter(BaseConverter):
    """A project's name in an address: `acme/web`. `-` alone ends it: /projects/acme/web/-/board."""

    part_isolating = False
    weight = 200
    regex = r"(?!(?:-|\.\.?)(?:/|$))[A-Za-z0-9._-]+(?:/(?!(?:-|\.\.?)(?:/|$))[A-Za-z0-9._-]+)*"
