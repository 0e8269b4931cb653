"""What admins type about tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput, ListWidget

from app.forms.base import BoardForm, one_line, required, select_choices
from app.models import ApiToken
from app.models.api_token import SCOPES

SCOPE_TEXTS = {
    "read": "read: see tickets, projects and events",
    "work": "work: take stages and report, as workers do",
    "plan": "plan: create and change tickets, as coordinators do",
    "admin": "admin: all of it, in every project",
    "metrics": "metrics: fetch /metrics, as monitoring does",
}

LIFETIMES = {"30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}


class TokenForm(BoardForm):
    """A key for a program."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(ApiToken.NAME_MAX),
        description="Whose key it is, such as ci or night-crew. It stands beside all that is done "
        "with it.",
        render_kw={"autocomplete": "off"},
    )
    scopes = SelectMultipleField(
        "What it allows",
        choices=select_choices(*((scope, SCOPE_TEXTS[scope]) for scope in SCOPES)),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description="Each but metrics allows to read, too.",
    )
    project_id = SelectField(
        "Project",
        coerce=lambda value: value or "",
        description="With one chosen, it sees nothing else. A limited one needs a token for it.",
    )
    expires = SelectField(
        "Ends",
        choices=select_choices(
            ("30", "after 30 days"),
            ("90", "after 90 days"),
            ("365", "after a year"),
            ("", "never, unless it is revoked"),
        ),
        default="90",
    )

    def offer(self, projects: Sequence[str]) -> None:
        """Let a project be chosen."""
        pairs = [("", "All that are open to everyone"), *((name, name) for name in projects)]
        self.project_id.choices = select_choices(*pairs)

    def offer_only(self, *scopes: str) -> None:
        """Let only these scopes be chosen."""
        self.scopes.choices = select_choices(*((scope, SCOPE_TEXTS[scope]) for scope in scopes))

    @property
    def lifetime(self) -> timedelta | None:
        """How long it lives; None: until it is revoked."""
        return LIFETIMES.get(self.expires.data or "")
