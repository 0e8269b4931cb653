"""What people type to sign in, and about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import Final
from zoneinfo import available_timezones

from wtforms import HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # not yet in its stubs

from app.forms.base import BoardForm, at_most, one_line, required, select_choices
from app.models import User
from app.models.user import THEMES, Theme

NEXT_MAX = 2_000
THEME_TEXTS: Final[Mapping[Theme, str]] = {
    "system": "As the system",
    "light": "Light",
    "dark": "Dark",
}
PASSWORD_HELP = f"At least {User.PASSWORD_MIN} characters; a few words do well."

REGIONS = {
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
}
"""Parts of the world that time zones are named after; other names are old aliases."""

ZoneChoices = dict[str, list[SelectChoice]]


class SignInForm(BoardForm):
    """Name and password, and where to go then."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(User.NAME_MAX),
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        "Password",
        validators=required(User.PASSWORD_MAX),
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField(validators=[at_most(NEXT_MAX)])


class JoinForm(BoardForm):
    """A new team member."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(User.NAME_MAX),
        description="You sign in with it, and it stands beside all that you do here.",
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    display_name = StringField(
        "Full name",
        filters=[one_line],
        validators=[at_most(User.DISPLAY_NAME_MAX)],
        description="If you like.",
        render_kw={"autocomplete": "name"},
    )
    password = PasswordField(
        "Password",
        validators=required(User.PASSWORD_MAX),
        description=PASSWORD_HELP,
        render_kw={"autocomplete": "new-password"},
    )


class NewPasswordForm(BoardForm):
    """Another password for someone who came by a link."""

    password = PasswordField(
        "New password",
        validators=required(User.PASSWORD_MAX),
        description=PASSWORD_HELP,
        render_kw={"autocomplete": "new-password"},
    )


class PasswordForm(BoardForm):
    """Another password for someone who is here. `old` is taken out for who has none."""

    old = PasswordField(
        "Your password now",
        validators=required(User.PASSWORD_MAX),
        render_kw={"autocomplete": "current-password"},
    )
    password = PasswordField(
        "New password",
        validators=required(User.PASSWORD_MAX),
        description=PASSWORD_HELP,
        id="new-password",
        render_kw={"autocomplete": "new-password"},
    )


class AccountForm(BoardForm):
    """How someone is called in full, and how the board looks to them."""

    display_name = StringField(
        "Full name",
        filters=[one_line],
        validators=[at_most(User.DISPLAY_NAME_MAX)],
        render_kw={"autocomplete": "name"},
    )
    time_zone = SelectField(
        "Time zone",
        coerce=lambda value: value or "",
        description="For exact times, and for what counts as today.",
    )
    theme = RadioField(
        "Theme",
        choices=select_choices(*((theme, THEME_TEXTS[theme]) for theme in THEMES)),
        default="system",
    )


def zone_choices(current: str | None) -> ZoneChoices:
    """Time zones by part of the world, and the one that was chosen before, whatever its name."""
    zones = _zones()
    others = [("", "As the browser"), ("UTC", "UTC")]
    if current and current != "UTC" and current.partition("/")[0] not in REGIONS:
        others.append((current, current))
    return {"Not by place": select_choices(*others), **zones}


@cache
def _zones() -> ZoneChoices:
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in REGIONS)
    return {
        region: [SelectChoice(name, _place(name)) for name in group]
        for region, group in groupby(names, lambda name: name.partition("/")[0])
    }


def _place(name: str) -> str:
    """America/Argentina/Buenos_Aires as people read it."""
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")
