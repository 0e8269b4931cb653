"""One action on many tickets: each by its own rules, all in one transaction.

A ticket whose rules refuse stays as it was, and is told with the reason; the others are changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.db.rows import rows_of
from app.errors import DomainError, Invalid
from app.models import Project, Ticket, User
from app.pipeline.actions import Action, Subject
from app.queries.language.compiling import parameters, text_matches
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.language.statements import found_tickets
from app.queries.tickets.list_row import labels_of
from app.values import immutable
from app.visibility import Visibility

ACT_MAX = 1_000
"""Tickets of one request: more would keep other writers waiting for too long."""

Refusal = tuple[str, str]
"""A ticket's id, and why nothing was done to it."""
Steps = list[tuple[Action, list[str]]]
"""Actions, each with the tickets it is for, in order."""


@immutable
class Outcome:
    """What was done, or could be, in the order in which the tickets were named.

    `unchanged`: those that were as they shall be already. `undo`: what takes it back again.
    """

    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    undo: Steps = field(default_factory=list)


def matching_tickets(
    session: Session, visibility: Visibility, query: Query, reader: Reader
) -> list[str]:
    """All tickets that a query finds, by their ids; those that aren't closed, unless it says itself
    which are wanted. Raises `Invalid` when they are too many."""
    wanted = query.or_open()
    matches = text_matches(wanted, session, visibility)
    if matches is not None and matches.is_cut:
        raise Invalid("These words stand in too many texts to look at all; add others.", "q")
    found = found_tickets(visibility, wanted, matches).order_by(Ticket.ticket_id)
    rows = rows_of(session, found.limit(ACT_MAX + 1), **parameters(wanted, reader))
    ids = list(rows.scalars())
    if len(ids) > ACT_MAX:
        raise Invalid(f"More than {ACT_MAX:,} tickets match; narrow the query.", "q")
    return ids


def foresee(
    session: Session, visibility: Visibility, ids: Iterable[str], action: Action
) -> Outcome:
    """What the action would do now; nothing is changed, and nothing held."""
    found = Outcome()
    subjects = _subjects(session, visibility, named := list(dict.fromkeys(ids)), is_held=False)
    for ticket_id in named:
        try:
            subject = _subject(subjects, ticket_id)
            _require_visible(visibility, action)
            if action.is_done(subject):
                found.unchanged.append(ticket_id)
                continue
            action.require_possible(subject)
            found.done.append(ticket_id)
        except DomainError as error:
            found.refused.append((ticket_id, error.message))
    return found


def act_on_many(
    session: Session, visibility: Visibility, ids: Iterable[str], action: Action, actor: Actor
) -> Outcome:
    """Do it to each of the tickets, in their order. Those that the actor can't see are missing, in
    the very same words."""
    found = Outcome()
    undo: dict[Action, list[str]] = {}
    named = list(dict.fromkeys(ids))
    if action.holds_project:
        _hold_projects(session, named, action.project_named)
    subjects = _subjects(session, visibility, named, is_held=True)
    for ticket_id in reversed(named) if action.is_last_first else named:
        try:
            subject = _subject(subjects, ticket_id)
            _require_visible(visibility, action)
            if action.is_done(subject):
                found.unchanged.append(ticket_id)
                continue
            back = action.taken_back_by(subject)
            # A verb may have changed something before it refuses.
            with session.begin_nested():
                action.carry_out(subject, actor)
        except DomainError as error:
            found.refused.append((ticket_id, error.message))
            continue
        found.done.append(ticket_id)
        for step in back:
            undo.setdefault(step, []).append(ticket_id)
    found.undo.extend(undo.items())
    if action.is_last_first:
        for told in (found.done, found.unchanged, found.refused):
            told.reverse()
    return found


def _hold_projects(session: Session, ids: Sequence[str], other: str | None) -> None:
    """Hold those of the tickets and another one, in one order, before the tickets."""
    of_tickets = select(Ticket.project_id).where(Ticket.ticket_id.in_(ids))
    session.execute(
        select(Project.repository_name)
        .where(or_(Project.repository_name.in_(of_tickets), Project.repository_name == other))
        .order_by(Project.repository_name)
        .with_for_update(key_share=True)
    )


def _require_visible(visibility: Visibility, action: Action) -> None:
    if name := action.project_named:
        visibility.require(name, Project.MISSING.format(name))


def _subjects(
    session: Session, visibility: Visibility, ids: Sequence[str], *, is_held: bool
) -> Mapping[str, Subject]:
    """The tickets as they are now. Held ones are locked in one order, whoever names them."""
    chosen = (
        select(Ticket)
        .where(Ticket.ticket_id.in_(ids), visibility.of(Ticket.project_id))
        .order_by(Ticket.ticket_id)
        .execution_options(populate_existing=True)
    )
    tickets = session.scalars(chosen.with_for_update(key_share=True) if is_held else chosen).all()
    labels = labels_of(session, [ticket.ticket_id for ticket in tickets])
    people = {ticket.assignee_id for ticket in tickets} - {None}
    named = select(User.id, User.name).where(User.id.in_(people))
    names: dict[int | None, str] = dict(session.execute(named).all()) if people else {}
    return {
        ticket.ticket_id: Subject(
            ticket, tuple(labels.get(ticket.ticket_id, ())), names.get(ticket.assignee_id)
        )
        for ticket in tickets
    }


def _subject(subjects: Mapping[str, Subject], ticket_id: str) -> Subject:
    if ticket_id not in subjects:
        raise Invalid(Ticket.MISSING.format(ticket_id))
    return subjects[ticket_id]
