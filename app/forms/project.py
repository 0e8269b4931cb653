"""Forms about projects."""

from __future__ import annotations

from wtforms import (
    BooleanField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.forms.base import BoardForm, at_most, one_line, required, select_choices
from app.forms.seen import SeenForm, as_stored
from app.models import Project
from app.starter import STARTER_ROLES


class RolesField(SelectMultipleField):
    """Worker types of the starter set, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class NewProjectForm(BoardForm):
    """A project, and the worker types it begins with."""

    repository_name = StringField(
        "Repository name",
        filters=[one_line],
        validators=required(Project.NAME_MAX),
        description="Such as acme/web. It stands in addresses and can't be changed later.",
    )
    path = StringField(
        "Path",
        filters=[one_line],
        validators=required(Project.PATH_MAX),
        description="Where the workers find the repository: a folder or an address to clone.",
    )
    short_description = StringField(
        "Short description",
        filters=[one_line],
        validators=[at_most(Project.SHORT_DESCRIPTION_MAX)],
    )
    ticket_prefix = StringField(
        "Ticket prefix",
        filters=[one_line],
        description="WEB makes WEB-1, WEB-2 … Left empty, it is made from the name: acme/web gives "
        "WEB.",
    )
    starter = BooleanField("Begin with the starter set of worker types", default=True)
    roles = RolesField(
        "Worker types",
        choices=select_choices(*((role.name, role.name) for role in STARTER_ROLES)),
        default=[role.name for role in STARTER_ROLES],
    )

    def validate_roles(self, field: RolesField) -> None:
        """Nothing chosen from the starter set contradicts the tick before it."""
        if self.starter.data and not field.data:
            raise ValidationError("Choose at least one worker type, or begin without the set.")

    @property
    def chosen_roles(self) -> list[str]:
        """Names of the worker types to begin with."""
        return list(self.roles.data or []) if self.starter.data else []


class ProjectSettingsForm(SeenForm):
    """What may change about a project."""

    compared = ("path", "short_description", "rules", "patterns", "max_in_progress")

    path = StringField("Path", filters=[one_line], validators=required(Project.PATH_MAX))
    short_description = StringField(
        "Short description",
        filters=[one_line],
        validators=[at_most(Project.SHORT_DESCRIPTION_MAX)],
    )
    rules = TextAreaField(
        "Rules",
        filters=[as_stored],
        validators=[at_most(Project.GUIDE_MAX)],
        description="What every worker must keep to. Markdown; each worker reads it with its "
        "ticket.",
    )
    patterns = TextAreaField(
        "Patterns",
        filters=[as_stored],
        validators=[at_most(Project.GUIDE_MAX)],
        description="How things are done here: structure, names, examples worth copying. Markdown.",
    )

    max_in_progress = IntegerField(
        "Tickets in progress",
        validators=[
            Optional(),
            NumberRange(1, Project.MAX_IN_PROGRESS_MAX, "A whole number from 1, or nothing."),
        ],
        description="Begun and not closed, at most: no worker begins another one. Empty: no limit.",
    )


class DeleteProjectForm(BoardForm):
    """The name, typed to show that it is meant."""

    confirm = StringField("Type the project's name to delete it")
