"""Who may see a project: leads and admins decide it on its pages."""

import pytest
from sqlalchemy import select

from app.models import AuditEntry, Project, ProjectMember, User
from tests.factories import ANN, make_project
from tests.pages import error_at, words

MEMBERS = "/projects/acme/web/-/members"


@pytest.fixture(autouse=True)
def project(board):
    with board() as session:
        make_project(session)


def number_of(board, name):
    with board() as session:
        return User.named(session, name).id


def member_names(board):
    with board() as session:
        joined = select(User.name).join(ProjectMember, ProjectMember.user_id == User.id)
        return session.scalars(joined.order_by(User.name)).all()


def is_limited(board):
    with board() as session:
        return session.get_one(Project, "acme/web").members_only


def test_the_settings_say_who_sees_the_project_and_lead_to_its_members(client):
    page = client.get("/projects/acme/web/-/settings").text
    assert "Everyone on this board." in page
    assert f'href="{MEMBERS}"' in page


def test_limiting_a_project_makes_whoever_does_it_a_member(client, board):
    assert client.post(f"{MEMBERS}/limit").status_code == 303

    assert is_limited(board)
    assert member_names(board) == ["ann"]
    page = client.get(MEMBERS)
    assert page.status_code == 200
    assert "Only the members below and admins know of this project" in page.text
    assert "added by ann" in words(page.text)


def test_a_limited_project_wears_a_badge_on_its_pages_and_in_the_list(client):
    pages = ("/projects", "/projects/acme/web", "/projects/acme/web/-/worker-types")
    for page in pages:
        assert "members only" not in client.get(page).text
    client.post(f"{MEMBERS}/limit")
    for page in pages:
        assert '<span class="pill idle">members only</span>' in client.get(page).text


def test_someone_is_added_and_sees_the_project_at_once(client, sign_in, board):
    bea = sign_in("viewer", "bea")
    client.post(f"{MEMBERS}/limit")
    assert bea.get("/projects/acme/web").status_code == 404

    added = client.post(MEMBERS, data={"user_id": number_of(board, "bea")}, follow_redirects=True)

    assert "bea is a member of acme/web." in words(added.text)
    assert bea.get("/projects/acme/web").status_code == 200


def test_those_who_can_be_added_are_people_who_can_sign_in_and_are_not_members(
    client, sign_in, board
):
    for name in ("bea", "cal", "dan"):
        sign_in("viewer", name)
    with board() as session:
        User.named(session, "dan").disable(ANN)
    client.post(MEMBERS, data={"user_id": number_of(board, "bea")})

    page = client.get(MEMBERS).text
    offered = {name for name in ("ann", "bea", "cal", "dan") if f">{name}</option>" in page}
    assert offered == {"ann", "cal"}
    refused = client.post(MEMBERS, data={"user_id": number_of(board, "dan")})
    assert refused.status_code == 422
    assert "Not a valid choice" in error_at(refused.text, "user_id")


@pytest.mark.parametrize("typed", ["", "0", "x", "987654321987654321987654321"])
def test_nobody_is_added_by_a_number_that_nobody_has(client, board, typed):
    answer = client.post(MEMBERS, data={"user_id": typed})
    assert answer.status_code == 422
    assert error_at(answer.text, "user_id")
    assert member_names(board) == []


def test_removing_someone_is_asked_first_and_takes_their_visibility(client, sign_in, board):
    bea = sign_in("lead", "bea")
    number = number_of(board, "bea")
    client.post(f"{MEMBERS}/limit")
    client.post(MEMBERS, data={"user_id": number})
    question = client.get(f"{MEMBERS}/{number}/remove")
    assert "acme/web isn't there any more for bea" in words(question.text)
    assert member_names(board) == ["ann", "bea"]

    answer = client.post(f"{MEMBERS}/{number}/remove")

    assert answer.location == MEMBERS
    assert member_names(board) == ["ann"]
    assert bea.get("/projects/acme/web").status_code == 404


def test_a_lead_who_removes_themselves_is_told_before_that_they_lock_themselves_out(client, board):
    number = number_of(board, "ann")
    client.post(f"{MEMBERS}/limit")
    question = client.get(f"{MEMBERS}/{number}/remove").text
    assert "You will no longer see this project." in question

    answer = client.post(f"{MEMBERS}/{number}/remove", follow_redirects=True)

    assert answer.request.path == "/projects"
    assert "ann is no longer a member of acme/web." in words(answer.text)
    assert client.get("/projects/acme/web").status_code == 404


def test_admins_lose_nothing_when_they_are_removed_and_are_told_so(sign_in, board):
    admin = sign_in("admin", "ada")
    admin.post(f"{MEMBERS}/limit")
    page = f"{MEMBERS}/{number_of(board, 'ada')}/remove"
    assert "Admins see every project" in admin.get(page).text
    assert admin.post(page).location == MEMBERS
    assert admin.get(MEMBERS).status_code == 200


def test_removing_from_a_project_that_everyone_sees_locks_nobody_out(client, board):
    number = number_of(board, "ann")
    client.post(MEMBERS, data={"user_id": number})
    assert "Everyone on this board sees" in client.get(f"{MEMBERS}/{number}/remove").text
    assert client.post(f"{MEMBERS}/{number}/remove").location == MEMBERS


def test_a_project_is_opened_again_and_keeps_its_list(client, board):
    client.post(f"{MEMBERS}/limit")
    assert client.post(f"{MEMBERS}/open").location == MEMBERS
    assert not is_limited(board)
    assert member_names(board) == ["ann"]


def test_all_of_it_is_written_into_the_audit(client, sign_in, board):
    sign_in("viewer", "bea")
    number = number_of(board, "bea")
    client.post(f"{MEMBERS}/limit")
    client.post(MEMBERS, data={"user_id": number})
    client.post(f"{MEMBERS}/{number}/remove")
    client.post(f"{MEMBERS}/open")
    with board() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.actor, AuditEntry.subject)
            .where(AuditEntry.project_id == "acme/web")
            .order_by(AuditEntry.id)
        )
        told = [tuple(row) for row in rows if row.action.startswith(("member_", "project_"))]
    assert told[1:] == [
        ("project_limited", "ann", None),
        ("member_added", "ann", "ann"),
        ("member_added", "ann", "bea"),
        ("member_removed", "ann", "bea"),
        ("project_opened", "ann", None),
    ]


def test_someone_who_is_not_there_can_not_be_removed(client):
    assert client.get(f"{MEMBERS}/987654321/remove").status_code == 404
    assert client.post(f"{MEMBERS}/987654321/remove").status_code == 404
