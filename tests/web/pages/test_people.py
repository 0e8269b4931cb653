"""The team, for admins: who is here, what they may do, and the links that let others in."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.models import AuditEntry, Identity, Invitation, User
from tests.pages import between, words
from tests.statements import counting_queries

ROOT = Actor.operator("root")


@pytest.fixture
def admin(sign_in):
    """A browser of an admin named ada."""
    return sign_in("admin", "ada")


@pytest.fixture
def bob(admin, board):
    """The number of a member named Bob."""
    with board() as session:
        user = User.create(
            session, name="bob", role="member", display_name="Bob <Bauer>", actor=ROOT
        )
        return user.id


def row_of(page, number):
    return words(between(page, f'id="person-{number}"', "</tr>"))


def role_of(board, name="bob"):
    with board() as session:
        return User.named(session, name).role


@pytest.mark.both_databases
def test_the_list_tells_who_is_here_and_how_they_come_in(admin, sign_in, board, bob):
    sign_in("lead", "zoe")
    with board() as session:
        user = User.get(session, bob)
        account = {"issuer": "https://id.example", "subject": "7", "label": "bob"}
        Identity.link(session, user, **account, actor=ROOT)
        user.disable(ROOT)
    page = admin.get("/people").text
    assert row_of(page, bob).startswith("bob disabled Bob <Bauer> member single sign-on")
    assert row_of(page, bob).endswith("never")
    order = [page.index(f">{name}</a>") for name in ("ada", "zoe", "bob")]
    assert order == sorted(order), "who is disabled comes last"


def test_the_list_costs_the_same_however_many_are_here(admin, sign_in, app):
    counts = []
    for _ in range(2):
        with counting_queries(app) as sent:
            admin.get("/people")
        counts.append(len([statement for statement in sent if "SELECT" in statement]))
        for _ in range(5):
            sign_in("member")
    assert counts[0] == counts[1] <= 7


def test_a_role_is_changed_from_the_next_request_on(admin, sign_in, board, bob):
    his = sign_in("member", "bob")
    assert his.get("/projects/new").status_code == 403
    answer = admin.post(f"/people/{bob}/role", data={"role": "lead"})
    assert (answer.status_code, answer.location) == (303, f"/people/{bob}")
    assert "bob is lead now." in admin.get(answer.location).text
    assert his.get("/projects/new").status_code == 200


def test_an_unknown_role_is_refused_with_the_choice_again(admin, board, bob):
    answer = admin.post(f"/people/{bob}/role", data={"role": "king"})
    assert answer.status_code == 422
    assert role_of(board) == "member"


@pytest.mark.both_databases
def test_the_only_admin_can_be_neither_demoted_nor_disabled_and_the_page_says_so(admin, board):
    with board() as session:
        ada = User.named(session, "ada").id
    page = admin.get(f"/people/{ada}").text
    assert "The only admin can&#39;t be disabled" in page or "only admin can't be disabled" in page
    assert f"/people/{ada}/disable" not in page
    demoted = admin.post(f"/people/{ada}/role", data={"role": "viewer"})
    assert demoted.status_code == 409
    assert "ada is the only admin; make another one first." in demoted.text
    assert admin.post(f"/people/{ada}/disable").status_code == 409
    assert role_of(board, "ada") == "admin"


def test_someone_who_is_disabled_is_out_at_once_and_comes_back_only_by_signing_in(
    admin, sign_in, bob
):
    his = sign_in("member", "bob")
    admin.post(f"/people/{bob}/disable")
    assert his.get("/tickets").status_code == 303
    page = admin.get(f"/people/{bob}").text
    assert f"/people/{bob}/enable" in page
    assert f"/people/{bob}/reset-link" not in page
    admin.post(f"/people/{bob}/enable")
    assert his.get("/tickets").status_code == 303
    assert sign_in("member", "bob").get("/tickets").status_code == 200


@pytest.mark.both_databases
def test_someone_is_signed_out_everywhere_by_an_admin(admin, sign_in, bob, board):
    places = [sign_in("member", "bob") for _ in range(2)]
    admin.post(f"/people/{bob}/sign-out")
    assert [place.get("/").status_code for place in places] == [303, 303]
    assert "ada</b> signed <b>bob</b> out at 2 places" in admin.get("/audit").text


def test_a_reset_link_is_shown_once_and_works(admin, stranger, bob):
    shown = admin.post(f"/people/{bob}/reset-link")
    assert shown.status_code == 200
    link = between(shown.text, 'value="http://localhost', '"')
    assert link.startswith("/reset/")
    assert link not in admin.get(f"/people/{bob}").text
    assert "For <b>bob</b>" in stranger.get(link).text


@pytest.mark.both_databases
def test_an_invitation_is_shown_once_listed_and_used_up(admin, stranger, board):
    made = admin.post("/people/invite", data={"role": "viewer", "note": "Carla <3"})
    link = between(made.text, 'value="http://localhost', '"')
    assert link.startswith("/join/")
    page = admin.get("/people").text
    assert "For <b>Carla &lt;3</b>, as viewer" in page
    assert link not in page
    stranger.post(link, data={"name": "carla", "password": "four quiet otters sing"})
    assert role_of(board, "carla") == "viewer"
    assert "Carla &lt;3" not in admin.get("/people").text


def test_an_invitation_that_is_taken_back_leads_nowhere(admin, stranger, board):
    made = admin.post("/people/invite", data={"role": "admin", "note": ""})
    link = between(made.text, 'value="http://localhost', '"')
    number = between(admin.get("/people").text, "/people/invitations/", "/revoke")
    assert admin.post(f"/people/invitations/{number}/revoke").status_code == 303
    assert stranger.get(link).status_code == 404
    with board() as session:
        actions = select(AuditEntry.action).order_by(AuditEntry.id.desc())
        assert session.scalars(actions).first() == "invitation_revoked"


def test_an_invitation_with_a_wrong_role_or_a_note_too_long_is_none(admin, board):
    for data in ({"role": "king", "note": ""}, {"role": "viewer", "note": "x" * 101}):
        assert admin.post("/people/invite", data=data).status_code == 422
    with board() as session:
        assert Invitation.pending(session) == []


def test_links_bear_the_address_that_the_operator_named(new_database, make_app, tmp_path):
    from tests.conftest import client_of

    app = make_app(new_database("sqlite"), public_url="https://board.example.org/crew/")
    made = client_of(app, "admin").post("/people/invite", data={"role": "viewer", "note": ""})
    assert 'value="https://board.example.org/crew/join/' in made.text


@pytest.mark.parametrize("address", ["/people/999", "/people/invitations/999/revoke"])
def test_what_does_not_exist_is_missing(admin, address):
    answer = admin.post(address) if "revoke" in address else admin.get(address)
    assert answer.status_code == 404


@pytest.mark.parametrize("verb", ["disable", "enable", "sign-out", "reset-link", "role"])
def test_nothing_can_be_done_to_nobody(admin, verb):
    assert admin.post(f"/people/999/{verb}", data={"role": "viewer"}).status_code == 404


@pytest.mark.both_databases
def test_a_person_s_page_tells_what_they_did(admin, board, bob):
    admin.post(f"/people/{bob}/role", data={"role": "viewer"})
    with board() as session:
        ada = User.named(session, "ada").id
    assert "ada</b> made <b>bob</b> viewer instead of member" in admin.get(f"/people/{ada}").text
    assert "Nothing that the audit keeps" in admin.get(f"/people/{bob}").text
