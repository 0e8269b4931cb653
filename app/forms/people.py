"""What admins type about others."""

from __future__ import annotations

from wtforms import RadioField, StringField

from app.forms.base import BoardForm, at_most, one_line, select_choices
from app.models import Invitation

ROLE_CHOICES = (
    ("viewer", "Viewer: reads everything"),
    ("member", "Member: works with tickets, and steps in"),
    ("lead", "Lead: also projects, worker types and plans"),
    ("admin", "Admin: also people, tokens and the audit"),
)


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
