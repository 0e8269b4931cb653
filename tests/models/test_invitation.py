"""Links that let someone in once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app import clock
from app.actor import Actor
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEntry, Invitation, User
from app.models.invitation import LIFETIMES

pytestmark = pytest.mark.usefixtures("cheap_hashes")

ROOT = Actor.operator("root")
GOOD = "four quiet otters sing"


def make_user(session, name="ann", role="member"):
    return User.create(session, name=name, role=role, actor=ROOT)


def join(session, secret, name="bob", password=None):
    link = Invitation.open(session, secret, "setup", "invitation")
    return link.join(name=name, password=password, address="10.0.0.7")


def test_the_setup_link_makes_one_admin_and_then_no_more(session):
    secret = Invitation.for_setup(session, ROOT)
    assert join(session, secret).role == "admin"
    with pytest.raises(NotFound):
        join(session, secret, "carl")
    with pytest.raises(Conflict, match="set up already"):
        Invitation.for_setup(session, ROOT)


def test_a_new_setup_link_replaces_the_one_before(session):
    first, second = Invitation.for_setup(session, ROOT), Invitation.for_setup(session, ROOT)
    with pytest.raises(NotFound):
        join(session, first)
    assert join(session, second).role == "admin"


def test_no_setup_link_works_when_someone_was_made_otherwise(session):
    secret = Invitation.for_setup(session, ROOT)
    make_user(session)
    with pytest.raises(NotFound):
        join(session, secret)


def test_an_invitation_lets_one_person_in_with_its_role(session):
    secret = Invitation.to_join(session, role="viewer", note=" Bob  from ops ", actor=ROOT)
    assert [(link.note, link.role) for link in Invitation.pending(session)] == [
        ("Bob from ops", "viewer")
    ]
    bob = join(session, secret, password=GOOD)
    assert (bob.role, bob.has_password(GOOD)) == ("viewer", True)
    assert Invitation.pending(session) == []
    with pytest.raises(NotFound, match="was used, taken back, or is too old"):
        join(session, secret, "carl")


@pytest.mark.parametrize(
    ("values", "refusal"),
    [({"name": "ann"}, Conflict), ({"name": "a b"}, Invalid), ({"password": "short"}, Invalid)],
)
def test_a_refused_try_to_join_leaves_the_link_good(session, values, refusal):
    make_user(session, "ann")
    secret = Invitation.to_join(session, role="member", note=None, actor=ROOT)
    session.commit()
    with pytest.raises(refusal):
        join(session, secret, **values)
    session.rollback()
    assert join(session, secret).name == "bob"


def test_a_link_that_was_taken_back_or_is_too_old_leads_nowhere(session):
    back = Invitation.to_join(session, role="member", note=None, actor=ROOT)
    Invitation.pending(session)[0].revoke(ROOT)
    old = Invitation.to_join(session, role="member", note=None, actor=ROOT)
    with time_machine.travel(clock.now() + LIFETIMES["invitation"] + timedelta(seconds=1)):
        assert Invitation.pending(session) == []
        for secret in (back, old, "guess", ""):
            with pytest.raises(NotFound):
                join(session, secret)


def test_a_link_for_one_purpose_serves_no_other(session):
    ann = make_user(session)
    reset = Invitation.to_reset(session, ann, ROOT)
    invitation = Invitation.to_join(session, role="member", note=None, actor=ROOT)
    with pytest.raises(NotFound):
        join(session, reset)
    with pytest.raises(NotFound):
        Invitation.open(session, invitation, "reset")


def test_a_reset_link_gives_its_person_a_new_password_once(session):
    ann = make_user(session)
    secret = Invitation.to_reset(session, ann, ROOT)
    link = Invitation.open(session, secret, "reset")
    assert link.reset_password(GOOD, "10.0.0.7") is ann
    assert ann.has_password(GOOD)
    with pytest.raises(NotFound):
        Invitation.open(session, secret, "reset")


def test_only_the_newest_reset_link_works_and_none_for_who_is_disabled(session):
    make_user(session, "root", "admin")
    ann = make_user(session)
    first, second = (Invitation.to_reset(session, ann, ROOT) for _ in range(2))
    with pytest.raises(NotFound):
        Invitation.open(session, first, "reset")
    ann.disable(ROOT)
    with pytest.raises(NotFound):
        Invitation.open(session, second, "reset")
    with pytest.raises(Conflict, match="ann is disabled"):
        Invitation.to_reset(session, ann, ROOT)


def test_no_secret_is_kept_anywhere(session):
    secret = Invitation.to_join(session, role="member", note="Bob", actor=ROOT)
    link = session.scalars(select(Invitation)).one()
    entry = session.scalars(select(AuditEntry)).one()
    kept = {**vars(link), **vars(entry)}
    assert secret not in str(kept)
    assert link.token_hash != secret
