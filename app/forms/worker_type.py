"""Forms about worker types."""

from __future__ import annotations

from wtforms import Field, IntegerField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.validators import Optional, StopValidation

from app.forms.base import BoardForm, at_most, one_line, required, select_choices
from app.forms.project import RolesField
from app.forms.seen import SeenForm, as_stored
from app.models import WorkerType
from app.starter import STARTER_ROLES

APPROVERS_MAX = 2_000


class Between:
    """Validator of a whole number."""

    def __init__(self, least: int, most: int, message: str) -> None:
        self.least, self.most, self.message = least, most, message

    def __call__(self, form: object, field: Field) -> None:
        """Raise when the number is missing, no number, or out of bounds."""
        field.errors = []  # WTForms' own words for what isn't a number
        if field.data is None or not self.least <= field.data <= self.most:
            raise StopValidation(self.message)


class WorkerTypeForm(SeenForm):
    """A worker type: new, or as it should be from now on."""

    compared = (
        "worker_type",
        "short_description",
        "performed_by",
        "system_prompt",
        "lease_seconds",
        "max_attempts",
        "max_running",
    )

    worker_type = StringField(
        "Name",
        filters=[one_line],
        validators=required(WorkerType.NAME_MAX),
        description="Plans and workers name it: one word such as review.",
    )
    short_description = StringField(
        "Short description",
        filters=[one_line],
        validators=[at_most(WorkerType.SHORT_DESCRIPTION_MAX)],
    )
    performed_by = RadioField(
        "Who performs it",
        choices=select_choices(("agent", "An agent"), ("person", "A person: the stage is a gate")),
        default="agent",
    )
    system_prompt = TextAreaField(
        "System prompt",
        filters=[as_stored],
        validators=[at_most(WorkerType.SYSTEM_PROMPT_MAX)],
        description="What a worker of this type reads before its ticket. Markdown works. "
        "Each change is kept as a version.",
    )
    lease_seconds = IntegerField(
        "Lease in seconds",
        validators=[
            Between(
                WorkerType.LEASE_SECONDS_MIN,
                WorkerType.LEASE_SECONDS_MAX,
                "A whole number from 10 (seconds) to 86400 (a day).",
            )
        ],
        description="A claim without a heartbeat for this long goes back to its queue.",
    )
    max_attempts = IntegerField(
        "Attempts",
        validators=[
            Between(
                WorkerType.MAX_ATTEMPTS_MIN,
                WorkerType.MAX_ATTEMPTS_MAX,
                "A whole number from 1 to 100.",
            )
        ],
        default=WorkerType.MAX_ATTEMPTS_DEFAULT,
        description="After this many failed ones the ticket goes on hold for a person.",
    )
    max_running = IntegerField(
        "Runs at once",
        validators=[
            Optional(),
            Between(1, WorkerType.MAX_RUNNING_MAX, "A whole number from 1, or nothing."),
        ],
        description="Others wait in the queue. Empty: no limit.",
    )
    approvers = StringField(
        "Approvers",
        filters=[one_line],
        validators=[at_most(APPROVERS_MAX)],
        description="Of a gate: names of those who may decide, separated by commas; one of them "
        "is enough. Empty: every team member.",
    )

    @property
    def approver_names(self) -> list[str]:
        """The names that were typed."""
        return (self.approvers.data or "").split(",")


class StarterSetForm(BoardForm):
    """Which worker types of the starter set a project gets."""

    roles = RolesField(
        "Worker types",
        choices=select_choices(*((role.name, role.name) for role in STARTER_ROLES)),
    )

    def validate_roles(self, field: RolesField) -> None:
        """The set is added by ticking something."""
        if not field.data:
            raise ValidationError("Choose at least one worker type of the starter set.")
