"""Team members: their names, passwords and roles."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.db import engine
from app.db.base import db
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEntry, User
from app.models import user as people
from app.models.user import LIST_COLUMNS_DEFAULT, ROLES, may
from tests.boards import ON_SQLITE
from tests.processes import FORKING, PATIENCE

ROOT = Actor.operator("root")
GOOD = "four quiet otters sing"


def make_user(session, name="ann", role="member", **values):
    return User.create(session, name=name, role=role, actor=ROOT, **values)


def test_a_name_is_kept_in_small_letters_and_found_however_it_is_written(session):
    ann = make_user(session, " Ann.Lee ")
    assert ann.name == "ann.lee"
    assert User.find(session, " ANN.lee") is ann
    with pytest.raises(NotFound, match="nobody named bob"):
        User.named(session, "bob")


@pytest.mark.parametrize("name", ["", "  ", "a b", "-ann", "ann/lee", "änn", "x" * 65, "a\nb"])
def test_a_name_that_could_be_misread_is_refused(session, name):
    with pytest.raises(Invalid) as refused:
        make_user(session, name)
    assert refused.value.field == "name"


@pytest.mark.parametrize("name", ["Ann", "callboard", "Unknown"])
def test_a_name_is_given_once_and_some_never(session, name):
    make_user(session, "ann")
    with pytest.raises(Conflict, match="is taken"):
        make_user(session, name)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "At least 12"),
        ("x" * 257, "At most 256"),
        ("aaaaaaaaaaaaaaaa", "too easy"),
        ("long.enough.name", "too easy"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(session, password, why):
    with pytest.raises(Invalid, match=why):
        make_user(session, "long.enough.name", password=password)


@ON_SQLITE
def test_a_password_is_kept_as_an_argon2id_hash(session):
    ann = make_user(session, password=GOOD)
    assert ann.password_hash is not None
    assert ann.password_hash.startswith("$argon2id$v=19$m=65536,t=3,")
    assert ann.has_password(GOOD)
    assert not ann.has_password(f"{GOOD} ")


@ON_SQLITE
def test_who_has_no_password_can_not_say_the_right_one(session):
    ann = make_user(session)
    assert not ann.has_password("")
    assert not ann.has_password("the password of nobody")


def test_each_role_may_do_all_that_those_before_it_may():
    assert [[may(role, needed) for needed in ROLES] for role in ROLES] == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


def test_the_only_admin_stays_one(session):
    ann, bob = make_user(session, "ann", "admin"), make_user(session, "bob", "lead")
    assert User.is_only_admin(session, ann.id)
    for change in (lambda: ann.change_role("lead", ROOT), lambda: ann.disable(ROOT)):
        with pytest.raises(Conflict, match="ann is the only admin"):
            change()
    bob.change_role("admin", ROOT)
    assert not User.is_only_admin(session, ann.id)
    ann.change_role("viewer", ROOT)
    assert (ann.role, bob.role) == ("viewer", "admin")


def test_an_admin_who_is_disabled_does_not_count_as_another_one(session):
    ann, bob = make_user(session, "ann", "admin"), make_user(session, "bob", "admin")
    bob.disable(ROOT)
    with pytest.raises(Conflict, match="only admin"):
        ann.disable(ROOT)
    bob.change_role("viewer", ROOT)
    assert bob.role == "viewer"


def test_a_change_is_in_the_audit_and_no_change_is_not(session):
    make_user(session, "ann", "admin")
    bob = make_user(session, "bob")
    bob.change_role("lead", ROOT)
    bob.change_role("lead", ROOT)
    bob.enable(ROOT)
    bob.disable(ROOT)
    bob.disable(ROOT)
    session.flush()
    told = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "bob")).all()
    assert told == ["user_created", "user_role_changed", "user_disabled"]


def test_lists_look_as_someone_chose(session):
    ann = make_user(session)
    ann.arrange_lists(density="compact", size=100, columns=["author", "state", "author"])
    assert (ann.list_density, ann.list_size) == ("compact", 100)
    assert ann.list_columns == ["state", "author"], "in the order of all lists"
    ann.arrange_lists(density="comfortable", size=50, columns=None)
    assert ann.list_columns == ["state", "author"]
    ann.arrange_lists(density="comfortable", size=50, columns=LIST_COLUMNS_DEFAULT)
    assert ann.list_columns == [], "whatever the usual ones become"
    wrong = {"density": "airy"}, {"size": 51}, {"columns": ["colour"]}
    for values in wrong:
        with pytest.raises(Invalid):
            ann.arrange_lists(**{"density": "compact", "size": 50, "columns": None, **values})


def test_a_role_zone_or_theme_that_does_not_exist_is_refused(session):
    ann = make_user(session)
    with pytest.raises(Invalid, match="no role king"):
        ann.change_role("king", ROOT)
    for theme, zone in (("neon", None), ("dark", "Europe/Atlantis")):
        with pytest.raises(Invalid):
            ann.choose(theme=theme, time_zone=zone, display_name=None)
    ann.choose(theme="dark", time_zone="Europe/Paris", display_name=" Ann  Lee ")
    assert (ann.theme, ann.time_zone, ann.display_name) == ("dark", "Europe/Paris", "Ann Lee")


def demote(url: str, name: str, go, answers) -> None:
    """A process of its own, in which someone takes an admin's role away."""
    database = create_engine(url, **engine.engine_options(url))
    engine.prepare(database)
    with Session(database) as session:
        go.wait()
        try:
            User.named(session, name).change_role("member", ROOT)
            session.commit()
            answers.put("done")
        except Conflict:
            answers.put("refused")


def test_two_admins_who_remove_each_other_at_once_leave_one(app):
    with app.app_context():
        for name in ("ann", "bob"):
            make_user(db.session(), name, "admin")
        db.session.commit()
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    go, answers = FORKING.Barrier(2), FORKING.Queue()
    both = [FORKING.Process(target=demote, args=(url, n, go, answers)) for n in ("ann", "bob")]
    for process in both:
        process.start()
    assert sorted(answers.get(timeout=PATIENCE) for _ in both) == ["done", "refused"]
    for process in both:
        process.join(30)


def test_the_password_of_nobody_takes_as_long_to_check_as_one_made_today():
    assert not people._hasher.check_needs_rehash(people._NOBODYS_HASH)
    assert people.is_password_of(people._NOBODYS_HASH, "the password of nobody")
    assert not people.is_password_of(None, "the password of nobody")
