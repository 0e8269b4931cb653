"""The form about the person at the page."""

from __future__ import annotations

from wtforms import RadioField, StringField

from app.forms.base import BoardForm, at_most, one_line, select_choices

NAME_MAX = 80


class AccountForm(BoardForm):
    """Name and theme."""

    name = StringField(
        "Your name",
        filters=[one_line],
        validators=[at_most(NAME_MAX)],
        description="Stands beside what you write and decide on this board.",
    )
    theme = RadioField(
        "Theme",
        choices=select_choices(("system", "As the system"), ("light", "Light"), ("dark", "Dark")),
        default="system",
    )
