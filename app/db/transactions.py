"""The two kinds of transactions, each asked for by name.

A transaction that reads takes no lock, and on SQLite it is refused to write. One that writes holds
SQLite's only write lock from its first statement to its end, so it is as short as it can be: what
can be read and checked before, and what is read for the answer, stands outside of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.db.base import BoardSession, db
from app.errors import DomainError


@contextmanager
def reading() -> Iterator[Session]:
    """`with reading() as session:` what is read inside takes no lock. On SQLite it is all of one
    moment; on PostgreSQL each statement sees its own."""
    with _turned(is_reading=True) as session:
        yield session


@contextmanager
def writing(patience: float | None = None) -> Iterator[Session]:
    """`with writing() as session:` one transaction that is committed at its end, or not at all.

    What was read before is read again when it is touched inside. A `DomainError` whose record is to
    be kept is raised on after the commit. `patience`: how many seconds to wait for SQLite's lock.
    """
    with _turned(is_reading=False, patience=patience) as session:
        try:
            yield session
        except DomainError as error:
            if error.keeps_record:
                session.commit()
            raise
        session.commit()


@contextmanager
def past_the_session(session: Session) -> Iterator[Connection]:
    """`with past_the_session(session) as connection:` for statements that change rows without the
    session's bookkeeping, which takes longer than they do. What was changed before is sent first;
    what the session knows is read again afterwards.
    """
    session.flush()
    yield session.connection()
    session.expire_all()


def current() -> BoardSession:
    """The session of this request or command."""
    return cast("BoardSession", db.session())


@contextmanager
def _turned(*, is_reading: bool, patience: float | None = None) -> Iterator[BoardSession]:
    session = current()
    was_reading, before = session.is_reading, session.patience
    session.turn(is_reading=is_reading, patience=patience)
    try:
        yield session
    finally:
        session.turn(is_reading=was_reading, patience=before)
