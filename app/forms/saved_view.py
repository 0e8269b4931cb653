"""The form for a saved view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import BooleanField, RadioField, SelectField, StringField

from app.forms.base import BoardForm, ChecksField, at_most, one_line, required, select_choices
from app.models import SavedView
from app.models.saved_view import LANES, LAYOUTS
from app.models.user import LIST_COLUMNS

ASKED = {"q": "query", "layout": "layout", "lanes": "lanes"}
"""Fields that a page may fill with what it shows, and the view's own values for them."""


class SavedViewForm(BoardForm):
    """A query under a name, how what it finds is shown, and where the view stands."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(SavedView.NAME_MAX),
        description="Such as My reviews.",
    )
    q = StringField("Query", filters=[one_line], validators=[at_most(SavedView.QUERY_MAX)])
    layout = RadioField(
        "Opens as",
        choices=select_choices(*((layout, f"A {layout}") for layout in LAYOUTS)),
        default="list",
    )
    lanes = SelectField(
        "Lanes of the board",
        choices=select_choices(("", "None"), *((one, f"By {one}") for one in LANES)),
        default="",
    )
    columns = ChecksField(
        "Columns of the list",
        choices=select_choices(*((name, name.capitalize()) for name in LIST_COLUMNS)),
        description="None ticked: those that each reader chose for their lists.",
    )
    pinned = BooleanField("In the sidebar", description="With how many tickets it finds.")
    default = BooleanField("My list of tickets begins with it")
    shared = BooleanField("For everyone", description="Leads change it then, and nobody else.")

    @classmethod
    def of(cls, view: SavedView, *, is_default: bool, shown: Mapping[str, str]) -> SavedViewForm:
        """The form for changing a view; `shown`: what else of `ASKED` it shall have."""
        values: dict[str, Any] = {
            "name": view.name,
            **{name: shown.get(name, getattr(view, own)) for name, own in ASKED.items()},
            "columns": view.columns,
            "pinned": view.pinned,
            "default": is_default,
            "shared": view.is_shared,
        }
        return cls(data=values)
