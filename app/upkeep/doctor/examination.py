"""The whole examination, from the settings to the last row."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import reading
from app.settings.board import Settings
from app.upkeep.databases import file_of, is_sqlite, shown
from app.upkeep.doctor import database, full_text, kept, tickets, work
from app.upkeep.doctor.finding import Finding
from app.upkeep.doctor.surroundings import look_around

SIGNS_OF_DAMAGE = ("malformed", "not a database")
BOARD_CHECKS = (*work.CHECKS, *tickets.CHECKS, *kept.CHECKS, *full_text.CHECKS)


def examine(settings: Settings, session: Session, *, fix: bool) -> Iterator[Finding]:
    """Look at everything, and with `fix` repair what can be; the caller commits the repairs."""
    yield from look_around(settings, fix=fix)
    url = make_url(settings.url)
    if is_sqlite(url) and not file_of(url).exists():
        yield Finding.problem("database", f"{shown(url)} isn't there. Run: callboard db upgrade")
        return
    try:
        with reading():
            found = list(database.look_at(session.connection(), url, settings.sqlite_synchronous))
    except DatabaseError as error:
        reason = str(error.orig).strip().splitlines()[0]
        is_damaged = any(sign in reason for sign in SIGNS_OF_DAMAGE)
        cure = f". {database.DAMAGED}" if is_damaged else ""
        yield Finding.problem("database", f"{shown(url)} can't be used: {reason}{cure}")
        return
    if not any(finding.level == "problem" for finding in found):
        found.append(database.check_writing(db.engine))
    yield from found
    if any(finding.level == "problem" for finding in found):
        yield Finding.warning("board", "not looked at before the database is in order")
        return
    yield from _examine_board(session, fix=fix)


def _examine_board(session: Session, *, fix: bool) -> Iterator[Finding]:
    with reading():
        found = [check.look(session) for check in BOARD_CHECKS]
    # Nobody can write to SQLite while rows are looked at that may be repaired.
    if fix and any(
        finding.level == "problem" and check.repair
        for check, finding in zip(BOARD_CHECKS, found, strict=True)
    ):
        found = [check.fix(session) for check in BOARD_CHECKS]
    yield from found
