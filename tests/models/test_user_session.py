"""Where people are signed in: each place can be ended from anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from app import clock, pipeline
from app.actor import Actor
from app.models import AuditEntry, Invitation, User, UserSession
from app.queries.visibility import person_with
from app.secret import hash_of

pytestmark = pytest.mark.usefixtures("cheap_hashes")

ROOT = Actor.operator("root")


@pytest.fixture
def ann(session):
    User.create(session, name="root", role="admin", actor=ROOT)
    return User.create(session, name="ann", role="admin", actor=ROOT)


def begin(session, user):
    secret = UserSession.begin(
        session, user, method="password", address="10.0.0.7", user_agent="x" * 500
    )
    session.flush()
    return secret


def name_with(session, secret):
    found = person_with(session, secret)
    return found[0].name if found else None


def test_a_secret_finds_its_person_and_only_its_hash_is_kept(session, ann):
    secret = begin(session, ann)
    assert name_with(session, secret) == "ann"
    assert name_with(session, secret[:-1]) is None
    place = session.scalar(select(UserSession))
    assert place is not None
    assert place.token_hash == hash_of(secret)
    assert place.user_agent == "x" * UserSession.AGENT_MAX


@pytest.mark.parametrize(
    ("idle_for", "used_on_the_way", "is_in"),
    [
        (UserSession.IDLE - timedelta(minutes=1), False, True),
        (UserSession.IDLE, False, False),
        (UserSession.LIFETIME - timedelta(minutes=1), True, True),
        (UserSession.LIFETIME, True, False),
    ],
)
def test_a_session_ends_when_it_is_unused_for_long_and_at_last_anyway(
    session, ann, idle_for, used_on_the_way, is_in
):
    with time_machine.travel("2026-03-02 12:00:00+00:00", tick=False) as now:
        secret = begin(session, ann)
        place = session.scalar(select(UserSession))
        assert place is not None
        end = clock.now() + idle_for
        while used_on_the_way and clock.now() + UserSession.IDLE <= end:
            now.shift(timedelta(days=6))
            UserSession.note_use(session, place.id)
        now.move_to(end)
        assert (name_with(session, secret) == "ann") is is_in
        session.expire_all()
        assert len(UserSession.of_user(session, ann.id)) == is_in


def test_its_use_is_noted_now_and_then_and_with_it_when_its_person_was_seen(session, ann):
    with time_machine.travel("2026-03-02 12:00:00+00:00", tick=False) as now:
        begin(session, ann)
        place = session.scalar(select(UserSession))
        assert place is not None
        began, changed = clock.now(), ann.updated_at
        now.shift(UserSession.SEEN_NOTED_EVERY - timedelta(seconds=1))
        assert session.scalar(select(UserSession.is_use_to_note())) is False
        UserSession.note_use(session, place.id)
        session.expire_all()
        assert place.last_seen_at == ann.last_seen_at == began
        now.shift(timedelta(seconds=1))
        assert session.scalar(select(UserSession.is_use_to_note())) is True
        UserSession.note_use(session, place.id)
        session.expire_all()
        assert place.last_seen_at == ann.last_seen_at == clock.now()
        assert ann.updated_at == changed, "being seen is no change of the person"


def test_one_place_ends_and_the_others_stay(session, ann):
    here, there = begin(session, ann), begin(session, ann)
    bob = User.create(session, name="bob", role="member", actor=ROOT)
    place = session.scalar(select(UserSession).where(UserSession.token_hash == hash_of(there)))
    assert place is not None
    assert not UserSession.end(session, bob, place.id, ROOT), "it isn't his"
    assert UserSession.end(session, ann, place.id, ROOT)
    assert not UserSession.end(session, ann, place.id, ROOT), "it was over"
    assert name_with(session, here) == "ann"
    assert name_with(session, there) is None


def test_a_new_password_signs_out_all_others_and_ends_links_for_another_one(session, ann):
    here, there = begin(session, ann), begin(session, ann)
    link = Invitation.to_reset(session, ann, ROOT)
    keep = session.scalar(select(UserSession.id).where(UserSession.token_hash == hash_of(here)))
    assert pipeline.change_password(session, ann, "four quiet otters", ROOT, keep=keep) == 1
    assert name_with(session, here) == "ann"
    assert name_with(session, there) is None
    assert not session.scalars(select(Invitation)).one().is_good, link


def test_someone_who_is_disabled_is_out_and_stays_out_when_enabled_again(session, ann):
    secret = begin(session, ann)
    pipeline.disable_person(session, ann, ROOT)
    assert name_with(session, secret) is None
    ann.enable(ROOT)
    session.flush()
    assert name_with(session, secret) is None
    assert session.scalar(select(func.count(UserSession.id))) == 0
    told = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "ann")).all()
    assert told[1:] == ["user_disabled", "signed_out_everywhere", "user_enabled"]
