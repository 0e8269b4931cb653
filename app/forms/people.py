"""What admins and leads type about others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from wtforms import RadioField, SelectField, StringField
from wtforms.validators import InputRequired

from app.forms.base import BoardForm, at_most, one_line, select_choices
from app.models import Invitation
from app.models.user import ROLES, Role

ROLE_TEXTS: Final[Mapping[Role, str]] = {
    "viewer": "Viewer: reads everything",
    "member": "Member: works with tickets, and steps in",
    "lead": "Lead: also projects, worker types and plans",
    "admin": "Admin: also people, tokens and the audit",
}
ROLE_CHOICES = [(role, ROLE_TEXTS[role]) for role in ROLES]


class RoleForm(BoardForm):
    """What someone may do from now on."""

    role = RadioField("Role", choices=select_choices(*ROLE_CHOICES))


class InviteForm(BoardForm):
    """A link with which someone joins."""

    note = StringField(
        "For whom",
        filters=[one_line],
        validators=[at_most(Invitation.NOTE_MAX)],
        description="So that you know later whose link it was. They choose their name themselves.",
        render_kw={"autocomplete": "off"},
    )
    role = RadioField("Role", choices=select_choices(*ROLE_CHOICES), default="member")


class AddMemberForm(BoardForm):
    """One of the people who aren't members yet."""

    user_id = SelectField("Person", validators=[InputRequired("Choose someone.")])

    def offer(self, people: Iterable[tuple[int, str]]) -> None:
        """Let these be chosen from."""
        chosen = ((str(user_id), name) for user_id, name in people)
        self.user_id.choices = select_choices(("", "Choose…"), *chosen)
