"""Editing a ticket and its plan; edits that lose a race show both versions."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.actor import Actor
from app.models import PlanTemplate, Project, Ticket, User
from tests.conftest import OpenSession
from tests.factories import ANN, PROJECT, make_project, make_ticket, make_worker, run_stage
from tests.pages import between, error_at, parsed, words
from tests.web.pages.test_tickets_new import rows

BOB = Actor.person("bob")


def typed(seen: str, **values: Any) -> dict[str, Any]:
    return {
        "title": "Mine",
        "description": "My text",
        "priority": "0",
        "labels": "b, a",
        "assignee": "",
        "parent_id": "",
        "seen": seen,
        **values,
    }


def opened(client: FlaskClient, ticket_id: str) -> str:
    """What the form remembers of the ticket as it is now."""
    return hidden(client.get(f"/tickets/{ticket_id}/edit").text, "seen")


def edit_as_bob(board: OpenSession, ticket_id: str, **values: Any) -> None:
    with board() as session:
        session.get_one(Ticket, ticket_id).edit(BOB, **(values or {"title": "Bob's"}))


def hidden(page: str, name: str) -> str:
    return between(between(page, f'name="{name}"', ">"), 'value="', '"')


def test_the_form_shows_what_is_saved(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session, title="A", description="<b>", labels=["y", "x"]).ticket_id
    page = client.get(f"/tickets/{ticket_id}/edit")
    assert page.status_code == 200
    assert 'value="A"' in page.text
    assert "&lt;b&gt;" in page.text
    assert 'value="x, y"' in page.text


def test_an_edit_is_saved(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    answer = client.post(f"/tickets/{ticket_id}/edit", data=typed(opened(client, ticket_id)))
    assert answer.status_code == 303
    with board() as session:
        ticket = session.get_one(Ticket, ticket_id)
        assert (ticket.title, ticket.priority, ticket.version) == ("Mine", 0, 2)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "x" * 201}, "title"),
        ({"priority": ""}, "priority"),
        ({"labels": "x" * 65}, "labels"),
    ],
)
def test_a_refused_edit_keeps_what_was_typed(
    client: FlaskClient, board: OpenSession, values: dict[str, Any], field: str
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, title="Saved").ticket_id
    page = client.post(
        f"/tickets/{ticket_id}/edit", data=typed(opened(client, ticket_id), **values)
    )
    assert page.status_code == 422
    assert error_at(page.text, field)
    assert "My text" in page.text
    with board() as session:
        assert session.get_one(Ticket, ticket_id).title == "Saved"


def test_edits_of_different_fields_come_together(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session, title="T", description="Old").ticket_id
    seen = opened(client, ticket_id)
    edit_as_bob(board, ticket_id, title="Bob's", labels=["c"])
    unchanged = {"title": "T", "priority": "2", "labels": ""}
    answer = client.post(f"/tickets/{ticket_id}/edit", data=typed(seen, **unchanged))
    assert answer.status_code == 303
    with board() as session:
        content = session.get_one(Ticket, ticket_id).content()
        assert (content["title"], content["description"]) == ("Bob's", "My text")
        assert content["labels"] == ["c"]


def test_an_edit_that_lost_the_race_shows_both_and_may_win_knowingly(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, labels=["old"]).ticket_id
    seen = opened(client, ticket_id)
    edit_as_bob(board, ticket_id, title="Bob's", labels=["c"])
    address = f"/tickets/{ticket_id}/edit"
    page = client.post(address, data=typed(seen, labels="old"))
    assert page.status_code == 409
    assert "bob was faster" in page.text
    compared = between(page.text, 'class="compare', "</form>")
    assert "Bob&#39;s" in compared
    assert "Mine" in compared
    assert "Description</span>" not in compared, "nobody else changed it"
    assert 'value="Mine"' in page.text
    assert "My text" in page.text
    assert 'value="c"' in page.text, "labels that weren't touched are the other's"
    with board() as session:
        assert session.get_one(Ticket, ticket_id).title == "Bob's"
    again = typed(hidden(page.text, "seen"), labels="c")
    assert client.post(address, data=again).status_code == 303
    with board() as session:
        content = session.get_one(Ticket, ticket_id).content()
        assert (content["title"], content["labels"]) == ("Mine", ["c"])


def test_a_second_race_is_told_again(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    seen, address = opened(client, ticket_id), f"/tickets/{ticket_id}/edit"
    edit_as_bob(board, ticket_id)
    page = client.post(address, data=typed(seen))
    edit_as_bob(board, ticket_id, title="Bob's again")
    again = client.post(address, data=typed(hidden(page.text, "seen")))
    assert again.status_code == 409


@pytest.mark.parametrize("seen", ["", "x", "title: :a title:b:c", "9" * 400])
def test_a_form_that_remembers_nonsense_changes_what_was_typed_or_nothing(
    client: FlaskClient, board: OpenSession, seen: str
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    answer = client.post(f"/tickets/{ticket_id}/edit", data=typed(seen))
    assert answer.status_code in (303, 409)


def make_bob(board: OpenSession) -> None:
    with board() as session:
        User.create(session, name="bob", role="member", actor=ANN, display_name="Bob B.")


CHANGED = {
    "title": ({"title": "Other"}, "Other"),
    "priority": ({"priority": "0"}, "urgent"),
    "labels": ({"labels": "ui, bug"}, "/tickets?label=ui"),
    "assignee": ({"assignee": "bob"}, "Bob B."),
    "parent": ({"parent_id": "WEB-1"}, 'href="/tickets/WEB-1"'),
}


@pytest.mark.parametrize("field", CHANGED)
def test_one_field_is_changed_without_javascript(
    client: FlaskClient, board: OpenSession, field: str
) -> None:
    make_bob(board)
    with board() as session:
        make_ticket(session)
        ticket_id = make_ticket(session, description="Kept").ticket_id
    sent, shown = CHANGED[field]
    address = f"/tickets/{ticket_id}/{field}"
    assert f'href="{address}"' in client.get(f"/tickets/{ticket_id}").text
    page = client.get(address)
    assert page.status_code == 200
    answer = client.post(address, data={**sent, "seen": hidden(page.text, "seen")})
    assert answer.status_code == 303
    page = client.get(f"/tickets/{ticket_id}")
    assert shown in page.text
    assert "Kept" in page.text


def test_on_the_page_itself_a_change_comes_back_as_its_regions(
    client: FlaskClient, board: OpenSession
) -> None:
    make_bob(board)
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    address, htmx = f"/tickets/{ticket_id}/assignee", {"HX-Request": "true"}
    form = client.get(address, headers=htmx).text
    assert form.lstrip().startswith("<form")
    assert "Bob B." in form
    sent = {"assignee": "bob", "seen": hidden(form, "seen")}
    answer = client.post(address, data=sent, headers=htmx)
    assert answer.status_code == 200
    assert answer.headers["HX-Retarget"] == "#ticket-story"
    assert answer.headers["HX-Trigger"] == "saved"
    assert 'id="ticket-facts"' in answer.text
    assert "Bob B." in answer.text


def test_one_field_that_was_changed_meanwhile_shows_both(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    address = f"/tickets/{ticket_id}/title"
    seen = hidden(client.get(address).text, "seen")
    edit_as_bob(board, ticket_id)
    for headers in ({}, {"HX-Request": "true"}):
        page = client.post(address, data={"title": "Mine", "seen": seen}, headers=headers)
        assert page.status_code == 409
        assert "bob was faster" in page.text
        assert "Bob&#39;s" in page.text


@pytest.mark.parametrize(
    ("field", "sent", "words"),
    [
        ("assignee", {"assignee": "stranger"}, "nobody named stranger"),
        ("parent", {"parent_id": "WEB-9"}, "no ticket WEB-9"),
        ("title", {"title": " "}, "can&#39;t be empty"),
    ],
)
def test_a_refused_change_says_why(
    client: FlaskClient, board: OpenSession, field: str, sent: dict[str, str], words: str
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    page = client.post(f"/tickets/{ticket_id}/{field}", data=sent)
    assert page.status_code == 422
    assert words in page.text


def test_the_plan_page_locks_what_is_done_or_running(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session, plan=["implementation", "review", "approval"])
        run_stage(session, ticket).complete()
        run_stage(session, ticket)
        ticket_id = ticket.ticket_id
    page = client.get(f"/tickets/{ticket_id}/plan").text
    assert page.count("is-locked") == 2
    assert ">running<" in page
    assert rows(page) == ["approval"]
    assert hidden(page, "locked") == "2"


def test_the_stages_to_come_are_changed(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).complete()
        ticket_id = ticket.ticket_id
    data = {"plan": ["review", "approval", ""], "locked": "1", "version": "1"}
    assert client.post(f"/tickets/{ticket_id}/plan", data=data).status_code == 303
    with board() as session:
        plan = session.get_one(Ticket, ticket_id).execution_plan
        assert plan == ["implementation", "review", "approval"]


def test_the_plan_is_arranged_without_javascript(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
        template = PlanTemplate.create(
            session, actor=ANN, project_id=PROJECT, name="T", plan=["review", "review", "review"]
        )
        number = str(template.id)
    form = {"plan": ["implementation", "review"], "locked": "0", "version": "1"}
    address = f"/tickets/{ticket_id}/plan"
    page = client.post(address, data={**form, "plan_action": "down-1"})
    assert (page.status_code, rows(page.text)) == (200, ["review", "implementation"])
    page = client.post(address, data={**form, "plan_action": "template", "plan_template": number})
    assert rows(page.text) == ["review", "review", "review"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [([], "at least one stage"), (["magic"], "no worker type magic")],
)
def test_a_bad_plan_is_refused_and_kept(
    client: FlaskClient, board: OpenSession, plan: list[str], words: str
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    data = {"plan": plan, "locked": "0", "version": "1"}
    page = client.post(f"/tickets/{ticket_id}/plan", data=data)
    assert page.status_code == 422
    assert words in error_at(page.text, "plan")
    assert rows(page.text) == (plan or [""])


def test_a_plan_that_would_leave_nothing_is_refused(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).complete()
        ticket_id = ticket.ticket_id
    data = {"plan": [""], "locked": "1", "version": "1"}
    page = client.post(f"/tickets/{ticket_id}/plan", data=data)
    assert page.status_code == 409
    assert "close the ticket instead" in error_at(page.text, "plan")


def test_a_plan_that_lost_the_race_shows_both(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket.amend_plan(["implementation", "approval"], BOB)
        ticket_id = ticket.ticket_id
    data = {"plan": ["implementation", "review", "review"], "locked": "0", "version": "1"}
    page = client.post(f"/tickets/{ticket_id}/plan", data=data)
    assert page.status_code == 409
    assert "bob was faster" in page.text
    assert "implementation → approval" in page.text
    assert rows(page.text) == ["implementation", "review", "review"]
    data["version"] = hidden(page.text, "version")
    assert client.post(f"/tickets/{ticket_id}/plan", data=data).status_code == 303


def test_a_stage_that_was_done_meanwhile_stays_done(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).complete()
        ticket_id = ticket.ticket_id
    # The page was read before the first stage was done.
    address = f"/tickets/{ticket_id}/plan"
    changed = {"plan": ["review", "review"], "locked": "0", "version": "1"}
    page = client.post(address, data=changed)
    assert page.status_code == 409
    assert "stay as they are" in error_at(page.text, "plan")
    kept = {"plan": ["implementation", "review", "approval"], "locked": "0", "version": "1"}
    assert client.post(address, data=kept).status_code == 303


def test_a_closed_ticket_has_no_plan_to_change(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket.stop(ANN)
        ticket_id = ticket.ticket_id
    assert client.get(f"/tickets/{ticket_id}/plan").status_code == 409


def test_a_task_of_the_description_is_ticked_and_what_others_wrote_meanwhile_is_not_lost(
    client, board
):
    with board() as session:
        make_ticket(session, ticket_id="WEB-9", description="- [ ] card\n- [ ] debit")
    page = parsed(client.get("/tickets/WEB-9").text)
    seen = page.select_one("#task-form [name=seen]")["value"]
    sent = {"number": "2", "is_done": "yes", "seen": seen}
    assert client.post("/tickets/WEB-9/task", data=sent).status_code == 303
    with board() as session:
        assert Ticket.get(session, "WEB-9").description == "- [ ] card\n- [x] debit"
    # The same tick again changes nothing; another one is of a text that is gone.
    assert client.post("/tickets/WEB-9/task", data=sent).status_code == 303
    stale = client.post("/tickets/WEB-9/task", data={**sent, "number": "1"})
    assert stale.status_code == 409
    assert client.post("/tickets/WEB-9/task", data={**sent, "number": "7"}).status_code == 409
    assert client.post("/tickets/WEB-9/task", data={"number": "x"}).status_code == 422
    with board() as session:
        assert Ticket.get(session, "WEB-9").description == "- [ ] card\n- [x] debit"


def test_tickets_are_found_by_what_is_remembered_of_them(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, title="Checkout <b>step</b>", description="Addresses.")
        make_ticket(session, title="Other", description="After the checkout steps.").stop(ANN)
        make_ticket(session, title="Checkout", project="acme/api")
        make_ticket(session, title="Checkout", project="acme/hidden")
        Project.lock(session, "acme/hidden").limit_to_members(ANN)

    def found(project: str, **typed: str) -> list[tuple[str, str]]:
        asked = {"project": project, **typed}
        page = client.get("/tickets/-/choices", query_string=asked).text
        return [(str(it["value"]), it.text) for it in parsed(page).select("option")]

    first = ("WEB-1", "Checkout <b>step</b> (ready)")
    second = ("WEB-2", "Other (stopped)")
    assert found("acme/web", other_id="checkout ste") == [first, second]
    assert found("acme/web", parent_id="web-") == [first, second]
    assert found("acme/web", other_id="addr") == [first]
    assert [ticket for ticket, _ in found("acme/api", other_id="check")] == ["API-1"]
    for project in ("acme/hidden", "no/such", ""):
        assert found(project, other_id="check") == []
    for typed in ("", " ", "\x00", '"', "*", "x" * 2_000):
        assert found("acme/web", other_id=typed) == []
    page = client.get("/tickets/WEB-1/dependencies").text
    assert 'hx-get="/tickets/-/choices?project=acme/web"' in page


def test_a_ticket_moves_into_another_project(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)
        make_project(session, "acme/api")
        make_project(session, "acme/docs", roles=["writing"])
        Project.lock(session, "acme/docs").archive(ANN)
        make_ticket(session, project="acme/hidden")
        Project.lock(session, "acme/hidden").limit_to_members(ANN)
    assert "Move to another project" in client.get("/tickets/WEB-1").text
    address = "/tickets/WEB-1/project"
    options = parsed(client.get(address).text).select("select[name=project_id] option")
    assert [option["value"] for option in options] == ["acme/api"]
    for wrong in ("", "acme/hidden", "acme/web", "no/such"):
        assert client.post(address, data={"project_id": wrong}).status_code == 422

    answer = client.post(address, data={"project_id": "acme/api"})

    assert answer.location == "/tickets/WEB-1"
    page = client.get("/tickets/WEB-1").text
    assert "project “acme/web” → “acme/api”" in page
    assert "into another project" not in page
    assert "moved WEB-1 into another project" in words(client.get("/events?show=all").text)
    with board() as session:
        run_stage(
            session, session.get_one(Ticket, "WEB-1"), make_worker(session, project="acme/api")
        )
    assert "Move to another project" not in client.get("/tickets/WEB-1").text
    refused = client.post(address, data={"project_id": "acme/web"})
    assert refused.status_code == 409
    assert "WEB-1 was worked on: it stays in acme/api." in refused.text
