"""Addresses that need more than Flask's own converters."""

from __future__ import annotations

from werkzeug.routing import BaseConverter, IntegerConverter


class ProjectConverter(BaseConverter):
    """A project's name in an address: `acme/web`. `-` alone ends it: /projects/acme/web/-/board."""

    part_isolating = False
    weight = 200
    regex = r"(?!(?:-|\.\.?)(?:/|$))[A-Za-z0-9._-]+(?:/(?!(?:-|\.\.?)(?:/|$))[A-Za-z0-9._-]+)*"


class RowNumberConverter(IntegerConverter):
    """A row's number: one that no database could hold isn't found, as any other that is none."""

    # Eighteen digits are below 2^63. A limit that is checked only after the match would answer
    # "method not allowed" where one address has several methods.
    regex = r"\d{1,18}"
