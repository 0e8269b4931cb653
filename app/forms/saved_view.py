"""The form for a saved view."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, StringField

from app.forms.base import BoardForm, at_most, one_line, required
from app.models import SavedView


class SavedViewForm(BoardForm):
    """A query under a name, and where it is shown."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(SavedView.NAME_MAX),
        description="Such as My reviews.",
    )
    q = StringField("Query", filters=[one_line], validators=[at_most(SavedView.QUERY_MAX)])
    pinned = BooleanField("In the sidebar", description="With how many tickets it finds.")
    default = BooleanField("My list of tickets begins with it")
    shared = BooleanField("For everyone", description="Leads change it then, and nobody else.")

    @classmethod
    def of(cls, view: SavedView, *, is_default: bool, query: str | None) -> SavedViewForm:
        """The form for changing a view; `query`: another one that it shall have."""
        values: dict[str, Any] = {
            "name": view.name,
            "q": view.query if query is None else query,
            "pinned": view.pinned,
            "default": is_default,
            "shared": view.is_shared,
        }
        return cls(data=values)
