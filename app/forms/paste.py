"""A list that is pasted to create many tickets: one line a ticket, indentation makes parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Regexp

from app.actor import Actor
from app.errors import DomainError, Invalid, InvalidEntries
from app.forms.base import OnceMixin, required
from app.forms.plan import PlanField
from app.forms.ticket import READ, AssigneeForm, LabelsForm, PriorityForm
from app.models import Project, Ticket
from app.models.label import require_labels
from app.pipeline.planning import TICKETS_MAX, Draft, create_tickets
from app.text import require_line
from app.values import immutable

TEXT_MAX = 300_000
"""Characters of the whole list."""
TAB = 4
SHARED = ("execution_plan", "assignee")
"""What all tickets of a list have in common, and a board may refuse."""
MARK = re.compile(r"(?:[-*+]|[0-9]{1,4}[.)])(?:\s+|\Z)")
BOX = re.compile(r"\[([ xX])\](?:\s+|\Z)")


@immutable
class Line:
    """A line that becomes a ticket. `parent`: the number of the line that it is a part of."""

    number: int
    title: str
    depth: int
    parent: int | None

    @property
    def key(self) -> str:
        """What others call it in the same request."""
        return f"line-{self.number}"


@immutable
class PastedList:
    """What a list says: tickets, numbers of the lines that are ticked off already, and what is
    wrong, by the number of its line."""

    lines: list[Line] = field(default_factory=list)
    ticked: list[int] = field(default_factory=list)
    mistakes: list[tuple[int, str]] = field(default_factory=list)


def read_list(text: str) -> PastedList:
    """The list as it was typed: `-`, `*`, `1.` and `- [ ]` may stand before a line.

    What stands under a line that is ticked off belongs to what that one would have been a part of.
    """
    found = PastedList()
    above: list[tuple[int, Line | None]] = []
    for number, typed in enumerate(text.splitlines(), 1):
        title, is_ticked = _without_marks(typed)
        if not title:
            continue
        indent = len(typed.expandtabs(TAB)) - len(typed.expandtabs(TAB).lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        whole = next((line for _, line in reversed(above) if line is not None), None)
        if is_ticked:
            found.ticked.append(number)
            above.append((indent, None))
            continue
        line = Line(number, title, whole.depth + 1 if whole else 0, whole.number if whole else None)
        above.append((indent, line))
        try:
            require_line(title, "title", Ticket.TITLE_MAX)
        except Invalid as error:
            found.mistakes.append((number, error.message))
        found.lines.append(line)
    return found


def _without_marks(typed: str) -> tuple[str, bool]:
    """The words of a line, and whether it is ticked off."""
    text = typed.strip()
    if mark := MARK.match(text):
        text = text[mark.end() :]
    box = BOX.match(text)
    return (text[box.end() :] if box else text), bool(box and box[1] != " ")


class PasteForm(OnceMixin, PriorityForm, LabelsForm, AssigneeForm):
    """The list, and what all its tickets have in common. `step`: it was looked at, and is meant."""

    text = TextAreaField(
        "List",
        validators=required(TEXT_MAX),
        description="One line a ticket. What is indented is a part of the line above it. "
        "- [ ], *, and 1. may stand before a line; what is ticked off, - [x], is left out.",
    )
    execution_plan = PlanField("Execution plan", name="plan")
    step = HiddenField(validators=[Regexp(r"(create)?\Z")])

    @property
    def is_looked_at(self) -> bool:
        """Whether the person has seen what will be made."""
        return bool(self.step.data == "create")

    def pasted(self) -> PastedList:
        """What the list says, if it can be made into tickets. Raises `Invalid`; each mistake is
        told with its line."""
        require_labels(READ["labels"](self.labels.data))
        if not self.execution_plan.stages:
            raise Invalid("Choose at least one worker type.", "execution_plan")
        found = read_list(self.text.data or "")
        if found.mistakes:
            raise InvalidEntries(
                "Some lines can't be tickets.", [(f"{n}", why) for n, why in found.mistakes]
            )
        if not found.lines:
            raise Invalid("No line of this list is left to do.", "text")
        if len(found.lines) > TICKETS_MAX:
            raise Invalid(
                f"At most {TICKETS_MAX:,} tickets at once; these are {len(found.lines):,}.", "text"
            )
        return found

    def create(
        self, session: Session, project_id: str, pasted: PastedList, actor: Actor
    ) -> Sequence[str]:
        """Make all tickets, and give their ids; the same form sent twice makes none again."""
        Project.lock(session, project_id)
        sent_before = exists().where(
            Ticket.submission_id == self.submission_id.data, Ticket.project_id == project_id
        )
        if self.submission_id.data and session.scalar(select(sent_before)):
            return []
        try:
            made = create_tickets(session, project_id, self._drafts(pasted), actor)
        except InvalidEntries as error:
            raise _at_lines(error, pasted) from None
        made[0].submission_id = self.submission_id.data or None
        return [ticket.ticket_id for ticket in made]

    def _drafts(self, pasted: PastedList) -> list[Draft]:
        keys = {line.number: line.key for line in pasted.lines}
        shared: Mapping[str, Any] = {
            name: READ[name](self[name].data) for name in ("priority", "labels", "assignee")
        }
        return [
            Draft(
                key=line.key,
                title=line.title,
                execution_plan=self.execution_plan.stages,
                parent=keys[line.parent] if line.parent is not None else None,
                **shared,
            )
            for line in pasted.lines
        ]

    def refuse(self, error: DomainError) -> None:
        """Mistakes of lines stand at the list, each with the number of its line."""
        if not isinstance(error, InvalidEntries):
            super().refuse(error)
            return
        for number, why in error.problems:
            super().refuse(Invalid(f"Line {number}: {why}", "text"))


def _at_lines(error: InvalidEntries, pasted: PastedList) -> DomainError:
    """The same, with lines instead of places; what is wrong with all is told once."""
    places = [
        (re.match(r"tickets\[([0-9]+)\]\.(\w+)", place), why) for place, why in error.problems
    ]
    of_all = [(why, place[2]) for place, why in places if place and place[2] in SHARED]
    if of_all:
        return Invalid(*of_all[0])
    lines = [(str(pasted.lines[int(place[1])].number), why) for place, why in places if place]
    return InvalidEntries(error.message, lines)
