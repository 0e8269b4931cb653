"""The audit: only ever added to, by anyone, by any means."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.actor import Actor
from app.models import AuditEntry
from app.models.audit import ACTIONS
from app.web.pages.audit_phrases import NAMES, SENTENCES


@pytest.fixture
def entry(session):
    actor = Actor.person("ann", "10.0.0.7")
    AuditEntry.record(session, "user_invited", actor, subject="Bob", role="member")
    session.commit()
    return session.scalars(select(AuditEntry)).one()


def test_an_entry_keeps_who_did_what_from_where(entry):
    assert (entry.action, entry.actor, entry.actor_kind) == ("user_invited", "ann", "person")
    assert (entry.address, entry.subject, entry.details) == ("10.0.0.7", "Bob", {"role": "member"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'eve'",
        "UPDATE audit_entries SET id = 7",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE actor = 'ann'",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_entry(session, entry, statement):
    with pytest.raises(DBAPIError, match="the audit is only added to"):
        session.execute(text(statement))
    session.rollback()
    assert session.scalar(select(AuditEntry.actor)) == "ann"


def test_an_entry_can_not_be_replaced_by_another_one(session, entry):
    into, of_eve = "audit_entries (id, action, actor, actor_kind)", "'signed_in', 'eve', 'person'"
    statement = {
        "sqlite": f"INSERT OR REPLACE INTO {into} VALUES ({entry.id}, {of_eve})",
        "postgresql": f"INSERT INTO {into} VALUES ({entry.id}, {of_eve}) "
        "ON CONFLICT (id) DO UPDATE SET actor = 'eve'",
    }[session.get_bind().dialect.name]
    with pytest.raises(DBAPIError, match="the audit is only added to"):
        session.execute(text(statement))
    session.rollback()
    assert session.scalars(select(AuditEntry.actor)).all() == ["ann"]


def test_every_action_has_its_name_and_its_sentence():
    assert set(ACTIONS) == set(NAMES) == set(SENTENCES)
