"""Accounts elsewhere: whose they are here, how newcomers are called, when one may be taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.actor import Actor
from app.errors import Conflict
from app.models import AuditEntry, Identity, Invitation, User
from app.pipeline import Account, clean_name, welcome, welcome_invited
from app.pipeline.newcomers import display_name_of

pytestmark = pytest.mark.usefixtures("cheap_hashes")

ROOT = Actor.person("root")
ISSUER = "https://id.example.org"
PASSWORD = "a few good words"


def make_user(session, name="ann", password=None):
    return User.create(session, name=name, role="member", actor=ROOT, password=password)


def link(session, user, subject, issuer=ISSUER):
    Identity.link(session, user, issuer=issuer, subject=subject, label=subject, actor=ROOT)
    session.flush()


def test_issuer_and_subject_together_name_someone(session):
    ann, bea = make_user(session), make_user(session, "bea")
    link(session, ann, "1")
    link(session, bea, "1", issuer="https://other.example")

    assert Identity.user_of(session, ISSUER, "1") is ann
    assert Identity.user_of(session, "https://other.example", "1") is bea
    assert Identity.user_of(session, ISSUER, "2") is None


def test_an_account_of_someone_else_can_t_be_linked_and_one_s_own_twice_is_one(session):
    ann, bea = make_user(session), make_user(session, "bea")
    link(session, ann, "1")
    link(session, ann, "1")

    with pytest.raises(Conflict, match="belongs to someone else"):
        link(session, bea, "1")
    assert len(Identity.of_user(session, ann.id)) == 1


def test_the_database_itself_knows_an_account_once(session):
    ann, bea = make_user(session), make_user(session, "bea")
    session.add(Identity(user_id=ann.id, issuer=ISSUER, subject="1"))
    session.flush()

    session.add(Identity(user_id=bea.id, issuer=ISSUER, subject="1"))
    with pytest.raises(IntegrityError):
        session.flush()


def test_the_last_way_in_can_t_be_taken_away(session):
    ann = make_user(session)
    link(session, ann, "1")
    (only,) = Identity.of_user(session, ann.id)

    with pytest.raises(Conflict, match="Set a password first"):
        Identity.unlink(session, ann, only.id, ROOT)

    ann.set_password(PASSWORD, ROOT)
    Identity.unlink(session, ann, only.id, ROOT)
    assert Identity.of_user(session, ann.id) == []


def test_linking_and_unlinking_are_in_the_audit(session):
    ann = make_user(session, password=PASSWORD)
    link(session, ann, "1")
    Identity.unlink(session, ann, Identity.of_user(session, ann.id)[0].id, ROOT)
    session.flush()

    told = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert told == ["user_created", "identity_linked", "identity_unlinked"]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (["ann"], "ann"),
        (["Ann"], "ann"),
        (["Zoë  Müller"], "zoe-muller"),
        (["李", "li"], "li"),
        (["李"], "person"),
        ([], "person"),
        (["../<script>"], "script"),
        (["callboard"], "callboard-2"),
        (["root"], "root-2"),
        (["x" * 70], "x" * 64),
    ],
)
def test_a_newcomer_gets_a_name_that_can_be_one_and_is_free(session, told, name):
    make_user(session, "root")

    user = welcome(session, Account(ISSUER, "1", names=told), "member", None)

    assert user.name == name
    assert Identity.user_of(session, ISSUER, "1") is user


def test_numbers_make_long_names_unique_and_no_longer(session):
    for number in range(3):
        welcome(session, Account(ISSUER, str(number), names=["y" * 64]), "member", None)

    names = session.scalars(select(User.name).order_by(User.id)).all()
    assert names == ["y" * 64, "y" * 62 + "-2", "y" * 62 + "-3"]


@given(st.text(max_size=100))
def test_whatever_a_provider_says_is_cleaned_to_a_name_or_to_nothing(text):
    name = clean_name(text)

    assert len(name) <= User.NAME_MAX
    assert clean_name(name) == name
    assert not name or name[0].isalnum()


@given(st.text(max_size=300))
def test_a_name_in_full_is_one_line_without_control_characters(text):
    shown = display_name_of(Account(ISSUER, "1", display_name=text))

    assert shown is None or (shown.isprintable() and 0 < len(shown) <= User.DISPLAY_NAME_MAX)


def test_an_invitation_says_the_role_and_is_used_up(session):
    secret = Invitation.to_join(session, role="lead", note=None, actor=ROOT)
    invitation = Invitation.open(session, secret, "invitation")

    user = welcome_invited(session, invitation, Account(ISSUER, "1", names=["ann"]), None)

    assert (user.name, user.role, user.password_hash) == ("ann", "lead", None)
    assert invitation.used_by == "ann"
    assert not invitation.is_good
