"""What can be done to many tickets at once: each action is a verb of a ticket with what it takes.

A new one is a class here, and its place in `ACTIONS`: programs and pages read from it what they ask
for. What may and may not be done stays with the ticket's own verbs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from app.actor import Actor
from app.models import Ticket
from app.models.label import require_labels
from app.values import immutable


@immutable
class Subject:
    """A ticket that something is done to, with what stands in other tables."""

    ticket: Ticket
    labels: tuple[str, ...]
    assignee: str | None


@immutable
class Action(ABC):
    """Something to do to a ticket. Equal ones do the same: tickets can be grouped by them."""

    name: ClassVar[str]
    is_last_first: ClassVar[bool] = False
    """Whether the tickets are taken from the last to the first, so that their order stays."""
    holds_project: ClassVar[bool] = False
    """Whether its verb wants the ticket's project held before the ticket."""

    @property
    def project_named(self) -> str | None:
        """The project that it names; whoever asks for it must see that one."""
        return None

    def is_done(self, _subject: Subject, /) -> bool:
        """Whether the ticket is as it shall be already."""
        return False

    @abstractmethod
    def require_possible(self, subject: Subject) -> None:
        """Raise the `DomainError` that the verb would raise."""

    @abstractmethod
    def carry_out(self, subject: Subject, actor: Actor) -> None:
        """Do it; raises `DomainError`."""

    def taken_back_by(self, _subject: Subject, /) -> tuple[Action, ...]:
        """What, done in this order afterwards, would bring back what is there now."""
        return ()


@immutable
class Hold(Action):
    """Put on hold."""

    name = "hold"
    reason: str = ""

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_open()

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.hold(actor, self.reason)

    def taken_back_by(self, _subject: Subject) -> tuple[Action, ...]:
        return (Resume(),)


@immutable
class Resume(Action):
    """Let work go on; what is said is a comment on each."""

    name = "resume"
    reason: str = ""

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_on_hold()

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.resume(actor, self.reason)

    def taken_back_by(self, _subject: Subject) -> tuple[Action, ...]:
        return (Hold(),)


@immutable
class Retry(Action):
    """End the pause after a failed attempt."""

    name = "retry"

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_resting()

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.retry_now(actor)


@immutable
class Stop(Action):
    """Close unfinished."""

    name = "stop"
    reason: str = ""

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_not_closed()

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.stop(actor, self.reason)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (Reopen(), Hold()) if subject.ticket.state == "on_hold" else (Reopen(),)


@immutable
class Reopen(Action):
    """Open again; what is said is a comment on each."""

    name = "reopen"
    reason: str = ""

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_reopenable()

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.reopen(actor, self.reason)


@immutable
class MoveToTop(Action):
    """Be taken before all others of the queue and priority; several stay in their order."""

    name = "move_to_top"
    is_last_first = True
    holds_project = True

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_in_queue()

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.move_in_queue("top", actor)


@immutable
class SetPriority(Action):
    """Another priority."""

    name = "priority"
    priority: int

    def is_done(self, subject: Subject) -> bool:
        return subject.ticket.priority == self.priority

    def require_possible(self, subject: Subject) -> None:
        """Every ticket may have every priority."""

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.edit(actor, priority=self.priority)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (SetPriority(subject.ticket.priority),)


@immutable
class AddLabels(Action):
    """More labels, beside those there are."""

    name = "add_labels"
    labels: tuple[str, ...]

    def is_done(self, subject: Subject) -> bool:
        return not self._missing(subject)

    def require_possible(self, subject: Subject) -> None:
        require_labels([*subject.labels, *self.labels])

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.edit(actor, labels=[*subject.labels, *self.labels])

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (RemoveLabels(self._missing(subject)),)

    def _missing(self, subject: Subject) -> tuple[str, ...]:
        return tuple(label for label in self.labels if label not in subject.labels)


@immutable
class RemoveLabels(Action):
    """Without some labels."""

    name = "remove_labels"
    labels: tuple[str, ...]

    def is_done(self, subject: Subject) -> bool:
        return not self._there(subject)

    def require_possible(self, subject: Subject) -> None:
        """Every ticket may be without labels."""

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        kept = [label for label in subject.labels if label not in self.labels]
        subject.ticket.edit(actor, labels=kept)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (AddLabels(self._there(subject)),)

    def _there(self, subject: Subject) -> tuple[str, ...]:
        return tuple(label for label in self.labels if label in subject.labels)


@immutable
class SetAssignee(Action):
    """Someone looks after it, by the name they sign in with; None: nobody."""

    name = "assignee"
    assignee: str | None

    def is_done(self, subject: Subject) -> bool:
        return subject.assignee == self.assignee

    def require_possible(self, subject: Subject) -> None:
        if self.assignee is not None:
            ticket = subject.ticket
            ticket.require_assignee(ticket.session, ticket.project_id, self.assignee)

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.edit(actor, assignee=self.assignee)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (SetAssignee(subject.assignee),)


@immutable
class SetParent(Action):
    """Be a part of a ticket, or of none."""

    name = "parent"
    holds_project = True
    parent_id: str | None

    def is_done(self, subject: Subject) -> bool:
        return subject.ticket.parent_id == self.parent_id

    def require_possible(self, subject: Subject) -> None:
        if self.parent_id is not None:
            subject.ticket.require_movable_under(self.parent_id)

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.edit(actor, parent_id=self.parent_id)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (SetParent(subject.ticket.parent_id),)


@immutable
class SetPlan(Action):
    """Another plan, whose beginning is what is done or running."""

    name = "plan"
    execution_plan: tuple[str, ...]

    def is_done(self, subject: Subject) -> bool:
        ticket = subject.ticket
        return ticket.state != "closed" and tuple(ticket.execution_plan) == self.execution_plan

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_amendable(self.execution_plan)

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.amend_plan(self.execution_plan, actor)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (SetPlan(tuple(subject.ticket.execution_plan)),)


@immutable
class MoveToProject(Action):
    """Be a ticket of another project."""

    name = "project"
    holds_project = True
    project_id: str

    @property
    def project_named(self) -> str:
        return self.project_id

    def is_done(self, subject: Subject) -> bool:
        return subject.ticket.project_id == self.project_id

    def require_possible(self, subject: Subject) -> None:
        subject.ticket.require_movable_to(self.project_id)

    def carry_out(self, subject: Subject, actor: Actor) -> None:
        subject.ticket.move_to_project(self.project_id, actor)

    def taken_back_by(self, subject: Subject) -> tuple[Action, ...]:
        return (MoveToProject(subject.ticket.project_id),)


ACTIONS: Mapping[str, type[Action]] = MappingProxyType(
    {
        action.name: action
        for action in (
            Hold,
            Resume,
            Retry,
            Stop,
            Reopen,
            MoveToTop,
            SetPriority,
            AddLabels,
            RemoveLabels,
            SetAssignee,
            SetParent,
            SetPlan,
            MoveToProject,
        )
    }
)
"""All of them by name, in the order in which they are offered."""
