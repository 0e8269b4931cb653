"""How lists of tickets look: how dense they are, how long a page is, and their columns."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, SelectField, StringField

from app.forms.base import BoardForm, ChecksField, select_choices
from app.models.user import DENSITIES, LIST_COLUMNS, LIST_SIZES

MINE, THE_VIEWS, NONE = "mine", "view", "none"
"""Whose columns they become that are chosen; or nobody's."""


class ListDisplayForm(BoardForm):
    """What someone chooses for their lists. `view`: the one that is shown; `back`: what the address
    of the list asked for."""

    density = RadioField(
        "Rows", choices=select_choices(*((one, one.capitalize()) for one in DENSITIES))
    )
    size = SelectField(
        "Tickets on a page",
        choices=select_choices(*((str(size), str(size)) for size in LIST_SIZES)),
    )
    columns = ChecksField(
        "Columns", choices=select_choices(*((name, name.capitalize()) for name in LIST_COLUMNS))
    )
    keep = SelectField(choices=select_choices(*((one, one) for one in (MINE, THE_VIEWS, NONE))))
    view = StringField()
    back = HiddenField()
