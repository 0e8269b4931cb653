"""The form that adds someone to a project."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import SelectField
from wtforms.validators import InputRequired

from app.forms.base import BoardForm, select_choices


class AddMemberForm(BoardForm):
    """One of the people who aren't members yet."""

    user_id = SelectField("Person", validators=[InputRequired("Choose someone.")])

    def offer(self, people: Iterable[tuple[int, str]]) -> None:
        """Let these be chosen from."""
        chosen = ((str(user_id), name) for user_id, name in people)
        self.user_id.choices = select_choices(("", "Choose…"), *chosen)
