"""Editing what a ticket says: all of it, or one field. Edits of different fields merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Self, cast

from wtforms import HiddenField
from wtforms.validators import AnyOf

from app.actor import Actor
from app.errors import DomainError
from app.forms.base import BoardForm
from app.forms.ticket import (
    COUNTED,
    READ,
    WRITTEN,
    AssigneeForm,
    DescriptionForm,
    LabelsForm,
    ParentForm,
    PriorityForm,
    TitleForm,
)
from app.models import Ticket
from app.models.ticket.content import Content, EditConflict, checked, digests_of


class ContentForm(BoardForm):
    """Other content for as many fields as the form has. `seen` holds digests of what stood there
    when it was opened."""

    seen = HiddenField()
    lost: Sequence[str] = ()
    """The fields that somebody else changed, too."""

    @classmethod
    def of(cls, content: Content) -> Self:
        """The form as the ticket is now."""
        values = cast("Mapping[str, Any]", content)
        written = {name: write(values[name]) for name, write in WRITTEN.items()}
        form = cls(data=written)
        if not form.is_submitted():
            form.seen.data = form._seen_now(content)
        return form

    @property
    def changes(self) -> Content:
        """What was typed, as `Ticket.edit` takes it."""
        typed = {name: read(self[name].data) for name, read in READ.items() if name in self}
        return cast("Content", typed)

    def edit(self, ticket: Ticket, actor: Actor) -> None:
        """Save it. Raises `EditConflict`, `Invalid`."""
        ticket.edit(actor, self._seen, **self.changes)

    def refuse(self, error: DomainError) -> None:
        super().refuse(error)
        self.lost = error.fields if isinstance(error, EditConflict) else ()

    def take(self, content: Content) -> None:
        """After a conflict: what the person left alone becomes what is saved now, and what they
        typed may be saved over it."""
        seen, meant = self._seen, digests_of(checked(self.changes))
        values = cast("Mapping[str, Any]", content)
        for name, digest in meant.items():
            if seen.get(name) == digest:
                self[name].data = WRITTEN[name](values[name])
        self.seen.data = self._seen_now(content)

    @property
    def _seen(self) -> dict[str, str]:
        pairs = (pair.partition(":") for pair in (self.seen.data or "").split())
        return {name: digest for name, _, digest in pairs}

    def _seen_now(self, content: Content) -> str:
        digests = digests_of(content)
        return " ".join(f"{name}:{digests[name]}" for name in READ if name in self)


class EditTicketForm(
    ContentForm, TitleForm, DescriptionForm, PriorityForm, LabelsForm, AssigneeForm, ParentForm
):
    """All of it."""


class ChangeForm(ContentForm):
    """One field, changed on the ticket's page."""

    field: ClassVar[str]
    heading: ClassVar[str]


class ChangeTitleForm(ChangeForm, TitleForm):
    """Another title."""

    field, heading = "title", "Change the title"


class ChangePriorityForm(ChangeForm, PriorityForm):
    """Another priority."""

    field, heading = "priority", "Change the priority"


class ChangeLabelsForm(ChangeForm, LabelsForm):
    """Other labels."""

    field, heading = "labels", "Change the labels"


class ChangeAssigneeForm(ChangeForm, AssigneeForm):
    """Somebody else who looks after it."""

    field, heading = "assignee", "Assign"


class ChangeParentForm(ChangeForm, ParentForm):
    """A part of another ticket."""

    field, heading = "parent_id", "Change what it is part of"


class TaskForm(BoardForm):
    """One task of the description: done, or open again. `seen` is a digest of the text in which it
    has that number."""

    number = HiddenField(validators=COUNTED)
    is_done = HiddenField(validators=[AnyOf(["yes", "no"])])
    seen = HiddenField()

    @classmethod
    def of(cls, description: str) -> Self:
        """The form for a description as it is shown."""
        return cls(formdata=None, data={"seen": _digest(description)})

    def edit(self, ticket: Ticket, description: str, actor: Actor) -> None:
        """Save the description with the task changed. Raises `EditConflict`."""
        ticket.edit(actor, {"description": self.seen.data or ""}, description=description)


def _digest(description: str) -> str:
    return digests_of({"description": description})["description"]


CHANGES: Mapping[str, type[ChangeForm]] = MappingProxyType(
    {
        "title": ChangeTitleForm,
        "priority": ChangePriorityForm,
        "labels": ChangeLabelsForm,
        "assignee": ChangeAssigneeForm,
        "parent": ChangeParentForm,
    }
)
"""Each by its part of the address."""
