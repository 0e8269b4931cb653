"""The names that are offered while somebody types `@` in a text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.actor import Actor
from app.models import Project, User
from tests.conftest import OpenSession, SignIn
from tests.factories import make_project
from tests.pages import parsed

LEAD = Actor.person("ann")
Offered = Callable[..., list[tuple[str, str, str]]]


@pytest.fixture(autouse=True)
def people(board: OpenSession, sign_in: SignIn) -> None:
    with board() as session:
        make_project(session)
        for name, full_name in (("bob", "Anders Berg"), ("andy", None), ("zoe", "Zoë Ånd")):
            user = User.create(session, name=name, role="member", actor=LEAD)
            user.display_name = full_name
        User.create(session, name="andrea", role="member", actor=LEAD).disable(LEAD)


@pytest.fixture
def offered(sign_in: SignIn) -> Offered:
    client = sign_in("member", "mia")

    def ask(typed: str, at: str = "", project: str = "acme/web") -> list[tuple[str, str, str]]:
        asked = {"q": typed, "at": at, "project": project}
        page = client.get("/tickets/-/people", query_string=asked).text
        options = parsed(page).select('li[role="option"]')
        return [(str(e["data-text"]), str(e["data-start"]), e.get_text()) for e in options]

    return ask


def test_people_are_found_by_how_they_sign_in_and_how_they_are_called(offered: Offered) -> None:
    assert offered("@an") == [("@andy", "0", "@andy"), ("@bob", "0", "@bobAnders Berg")]
    assert offered("(@AND") == [("@andy", "1", "@andy"), ("@bob", "1", "@bobAnders Berg")]
    assert [text for text, *_ in offered("@ån")] == ["@zoe"]
    assert [text for text, *_ in offered("@")] == ["@andy", "@bob", "@mia", "@zoe"]
    assert offered("@andy") == [], "there is nothing more to it"


def test_what_is_no_name_finds_nobody(offered: Offered, client: FlaskClient) -> None:
    for typed in ("an", "", "me@an", "a/@an", "@an ", "@an)", "@@an", "@%", "@\0"):
        assert offered(typed) == [], typed
    assert offered("@an", at="1") != []
    assert offered("@an", at="-3") == []
    assert offered("@an", at="no number") != []
    assert client.get("/tickets/-/people").status_code == 200


def test_only_people_who_see_the_project_are_offered(
    offered: Offered, board: OpenSession, sign_in: SignIn
) -> None:
    with board() as session:
        project = Project.lock(session, "acme/web")
        project.add_member(User.named(session, "andy"), LEAD)
        project.limit_to_members(LEAD)
    assert offered("@b") == []
    assert offered("@and") == [], "whoever can't see the project learns nothing of its members"
    assert offered("@and", project="no/such") == []
    andy = sign_in("member", "andy")
    page = andy.get("/tickets/-/people", query_string={"q": "@", "project": "acme/web"})
    assert [e["data-text"] for e in parsed(page.text).select("li")] == ["@andy"]


def test_a_viewer_writes_nothing_and_is_offered_nobody(sign_in: SignIn) -> None:
    assert sign_in("viewer").get("/tickets/-/people?project=acme/web&q=@an").status_code == 403
