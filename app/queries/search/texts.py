"""The tickets whose texts hold what was typed."""

from __future__ import annotations

import json
import re
from dataclasses import field

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    any_,
    bindparam,
    column,
    func,
    select,
    table,
)
from sqlalchemy.orm import Session

from app.db import full_text
from app.db.rows import rows_of
from app.models import Ticket
from app.queries.search.phrases import phrases_of
from app.values import immutable
from app.visibility import Visibility

IDS_MAX = 1_000
"""Tickets that are found by the beginning of their id; the id itself comes first."""

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LAST = "\N{REPLACEMENT CHARACTER}"
"""Comes after every character that an id can have."""

documents = table(
    full_text.DOCUMENTS, column("project_id"), column("ticket_id"), column("comment_id")
)


@immutable
class TextMatches:
    """The tickets found; `is_cut`: older texts hold the words too, and weren't looked at. Which
    they are makes no difference to statements: they are sent as a value."""

    ticket_ids: list[str] = field(compare=False)
    is_cut: bool = field(compare=False)
    is_sqlite: bool

    def condition(self, name: str) -> ColumnElement[bool]:
        """Whether a ticket is among them, or among others that are sent by this name."""
        # One value for all of them: they may be thousands.
        if self.is_sqlite:
            each = func.json_each(bindparam(name, self.value, Text())).table_valued("value")
            return Ticket.ticket_id.in_(select(each.c.value))
        return Ticket.ticket_id == any_(bindparam(name, self.value, ARRAY(Text)))

    @property
    def value(self) -> str | list[str]:
        """The tickets as statements get them."""
        return json.dumps(self.ticket_ids) if self.is_sqlite else self.ticket_ids


def match_texts(
    session: Session, visibility: Visibility, typed: str, project: str = ""
) -> TextMatches:
    """Tickets with a text, their own or a comment, that holds all the words; and those whose id
    begins like a single word. Only texts that may be seen are looked at, in a project if named."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    phrases = phrases_of(typed)
    if not phrases:
        return TextMatches([], is_cut=False, is_sqlite=is_sqlite)
    found = full_text.find_texts(
        session.connection(), phrases, project or visibility.only, sorted(visibility.hidden)
    )
    ids = dict.fromkeys(ticket_id for ticket_id, _ in found[: full_text.NEWEST_MAX])
    is_cut = len(found) > full_text.NEWEST_MAX
    by_id = ids_beginning(session, visibility, typed, IDS_MAX)
    ids |= dict.fromkeys(by_id)
    is_cut = is_cut or len(by_id) == IDS_MAX
    return TextMatches(list(ids), is_cut=is_cut, is_sqlite=is_sqlite)


def ids_beginning(session: Session, visibility: Visibility, typed: str, most: int) -> list[str]:
    """Ids of tickets that begin with what was typed, in any case; the id itself comes first."""
    beginning = typed.strip().lower()
    if not ID.fullmatch(beginning):
        return []
    id_ = documents.c.ticket_id
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    key = id_.collate("NOCASE") if is_sqlite else func.lower(id_).collate("C")
    found = (
        select(id_)
        .where(documents.c.comment_id.is_(None), key >= beginning, key < beginning + LAST)
        .where(visibility.of(documents.c.project_id))
        .order_by(key)
        .limit(most)
    )
    return list(rows_of(session, found).scalars())


def ticket_named(session: Session, visibility: Visibility, typed: str) -> str | None:
    """The ticket whose id was typed, in whatever case; None when there is none, or when several
    differ in nothing but that."""
    found = ids_beginning(session, visibility, typed, 2)
    same = [ticket_id for ticket_id in found if ticket_id.lower() == typed.strip().lower()]
    if typed.strip() in same:
        return typed.strip()
    return same[0] if len(same) == 1 else None
