"""Views that people keep, share, order and begin with."""

import pytest

from app.errors import Conflict, Forbidden, Invalid
from app.models import DefaultView, SavedView, User
from tests.factories import ANN


@pytest.fixture
def people(session):
    roles = {"mia": "member", "bob": "member", "lea": "lead"}
    return {name: User.create(session, name=name, role=roles[name], actor=ANN) for name in roles}


def make_view(session, user, name="Mine", **values):
    return SavedView.create(session, user, name=name, **{"query": "is:ready", **values})


def names(session, user):
    return [view.name for view in SavedView.of(session, user)]


def test_a_view_is_its_owners_alone(session, people):
    mia, bob = people["mia"], people["bob"]
    shown = {"columns": ["state", "stage", "state"], "layout": "board", "lanes": "priority"}
    view = make_view(session, mia, **shown, pinned=True)

    assert (view.query, view.columns, view.layout, view.lanes, view.pinned) == (
        "is:ready",
        ["stage", "state"],
        "board",
        "priority",
        True,
    )
    assert names(session, mia) == ["Mine"]
    assert names(session, bob) == []
    for change in (
        lambda: view.rename(bob, "x"),
        lambda: view.delete(bob),
        lambda: view.make_default(bob),
    ):
        with pytest.raises(Forbidden, match="somebody else's"):
            change()


def test_names_are_taken_once_by_each(session, people):
    make_view(session, people["mia"])
    other = make_view(session, people["mia"], "Other")
    make_view(session, people["bob"])

    with pytest.raises(Conflict, match="already a view “Mine”"):
        make_view(session, people["mia"], " Mine ")
    with pytest.raises(Conflict):
        other.rename(people["mia"], "Mine")
    other.rename(people["mia"], "Another")
    assert other.name == "Another"


def test_leads_share_views_and_change_them(session, people):
    mia, lea = people["mia"], people["lea"]
    view = make_view(session, lea, "All hands")
    with pytest.raises(Forbidden, match="Only leads share"):
        make_view(session, mia).share(mia)

    view.share(lea)
    session.flush()

    assert view.is_shared
    assert names(session, mia) == ["Mine", "All hands"]
    with pytest.raises(Forbidden, match="Only leads change"):
        view.rename(mia, "x")
    again = make_view(session, lea, "All hands")
    with pytest.raises(Conflict):
        again.share(lea)


def test_views_are_put_in_order(session, people):
    mia = people["mia"]
    a, b, c = (make_view(session, mia, name) for name in "abc")
    assert names(session, mia) == ["a", "b", "c"]

    SavedView.reorder(session, mia, [c.id, a.id, 999], shared=False)
    session.flush()

    assert names(session, mia) == ["c", "a", b.name]
    with pytest.raises(Forbidden):
        SavedView.reorder(session, mia, [], shared=True)


def test_a_list_begins_with_the_default_view_until_that_is_gone(session, people):
    mia = people["mia"]
    one, other = make_view(session, mia, "a"), make_view(session, mia, "b")
    one.make_default(mia)
    other.make_default(mia)
    session.flush()
    assert DefaultView.of_user(session, mia.id) is other

    DefaultView.clear(session, mia.id)
    session.flush()
    assert DefaultView.of_user(session, mia.id) is None

    one.make_default(mia)
    session.commit()
    one.delete(mia)
    session.commit()
    assert DefaultView.of_user(session, mia.id) is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"layout": "heap"}, "layout"),
        ({"query": "x" * 1_001}, "query"),
        ({"columns": ["colour"]}, "columns"),
        ({"lanes": "label"}, "lanes"),
        ({"name": " "}, "name"),
    ],
)
def test_a_view_that_makes_no_sense_is_refused(session, people, values, field):
    with pytest.raises(Invalid) as refusal:
        make_view(session, people["mia"], **values)

    assert refusal.value.field == field
