"""Importing a Beads file by form: looked at first, then as a whole or not at all."""

from __future__ import annotations

import base64
import gzip
import json
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.forms import importing
from app.models import AuditEntry, Comment, Project, Ticket, WorkerType
from tests.conftest import OpenSession, SignIn
from tests.exchange.conftest import SMALL_FILE, blocked_by, record
from tests.factories import ANN, make_project, make_ticket
from tests.pages import error_at, parsed, words

PLAN = ["implementation", "review"]


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def packed(content: bytes) -> str:
    """As the page's script packs a file."""
    return base64.b64encode(gzip.compress(content)).decode()


def lines(*records: dict[str, Any] | str) -> str:
    return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in records)


def send(client: FlaskClient, **fields: Any):
    """Send the form: to acme/web unless another is named."""
    return client.post("/import", data={"project": "acme/web", "plan": PLAN, **fields})


def go_on(client: FlaskClient, page: str, **also: str):
    """Press the button of a preview."""
    form = parsed(page).select_one('form[action="/import"]')
    assert form
    fields: dict[str, Any] = {}
    for each in form.select("input[name], textarea[name]"):
        text = each.get_text().removeprefix("\n") if each.name == "textarea" else each["value"]
        fields.setdefault(str(each["name"]), []).append(text)
    return client.post("/import", data={**fields, **also})


def heading(page: str) -> str:
    found = parsed(page).select_one("h1")
    assert found
    return words(str(found))


def tickets(board: OpenSession) -> list[str]:
    with board() as session:
        return list(session.scalars(select(Ticket.ticket_id).order_by(Ticket.ticket_id)))


def test_a_file_is_looked_at_and_then_imported(client: FlaskClient, board: OpenSession) -> None:
    content = SMALL_FILE.read_bytes()
    looked_at = send(client, packed=packed(content), file_name="issues.jsonl")
    assert looked_at.status_code == 200
    assert tickets(board) == [], "nothing is kept of a look"
    made = heading(looked_at.text).removeprefix("Import ").removesuffix(" tickets")
    assert "from issues.jsonl into acme/web" in words(looked_at.text)
    shown = parsed(looked_at.text).select('ol[aria-label="Tickets to be made"] > li')
    assert len(shown) == int(made)

    done = go_on(client, looked_at.text)
    assert heading(done.text) == f"{made} tickets are imported"
    assert len(tickets(board)) == int(made)
    assert {words(str(each)).split()[1] for each in shown} == set(tickets(board))
    with board() as session:
        assert session.scalar(select(func.count()).select_from(Comment))
        assert session.scalars(select(Ticket.execution_plan)).first() == PLAN

    again = send(client, packed=packed(content))
    assert heading(again.text) == "Nothing to import"
    assert parsed(again.text).find("button", string="Import") is None
    assert heading(go_on(client, again.text).text) == "Nothing was imported"
    assert len(tickets(board)) == int(made)


def test_lines_are_pasted_without_a_script_and_what_is_wrong_is_told_by_line(
    client: FlaskClient, board: OpenSession
) -> None:
    text = lines(
        record("web-1", status="closed"),
        "<b>no JSON",
        record("web-2", **blocked_by("web-1")),
        {"id": "web-3"},
        record("web-4", status="odd"),
    )
    looked_at = send(client, text=text)
    said = words(looked_at.text)
    assert heading(looked_at.text) == "Import 3 tickets"
    assert "2 lines can’t be read, and are left out" in said
    assert "Line 2: isn't JSON: Expecting value at column 1" in said
    assert "Line 4: title is missing" in said
    assert "Line 5: unknown status “odd”" in said

    done = go_on(client, looked_at.text)
    assert "Line 2: isn't JSON" in words(done.text)
    assert tickets(board) == ["web-1", "web-2", "web-4"]


def test_a_new_project_is_made_by_whoever_imports(client: FlaskClient, board: OpenSession) -> None:
    asked = client.get("/import").text
    assert {each["value"] for each in parsed(asked).select("#project option")} == {"acme/web", ""}
    into = {"project": "", "repository_name": "acme/books", "plan": ["design", "mine"]}
    looked_at = send(client, text=lines(record("b-1")), **into)
    assert "The project acme/books is made, with the worker types design, mine." in words(
        looked_at.text
    )
    with board() as session:
        assert session.get(Project, "acme/books") is None

    go_on(client, looked_at.text)
    with board() as session:
        assert session.get_one(Ticket, "b-1").execution_plan == ["design", "mine"]
        made = session.scalars(select(WorkerType).filter_by(project_id="acme/books")).all()
        assert [each.worker_type for each in made] == ["design", "mine"]
        assert made[0].system_prompt, "the starter set has this one"
        actors = select(AuditEntry.actor).where(AuditEntry.subject.like("%acme/books%"))
        assert set(session.scalars(actors)) <= {"ann"}


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({}, "file", "Choose a file, or paste its lines."),
        ({"packed": "%%"}, "file", "The file didn't arrive whole; choose it again."),
        ({"packed": packed(b"{}" * 900)[:-8]}, "file", "The file didn't arrive whole"),
        ({"packed": packed(b"x" * 5_000_001)}, "file", "At most 5 MB at once."),
        ({"text": "{}", "plan": ""}, "plan", "Choose at least one worker type."),
        ({"text": "{}", "project": ""}, "repository_name", "A project needs a name"),
        (
            {"text": "{}", "project": "", "repository_name": "acme/web"},
            "repository_name",
            "The name acme/web is taken; choose another.",
        ),
    ],
)
def test_a_refusal_keeps_what_was_sent(
    client: FlaskClient, board: OpenSession, fields: dict[str, str], field: str, said: str
) -> None:
    answer = send(client, **fields, step="import")
    assert answer.status_code in (409, 422)
    assert said in unescape(error_at(answer.text, field))
    page = parsed(answer.text)
    assert page.select_one('textarea[name="text"]').get_text().strip() == fields.get("text", "")
    assert tickets(board) == []


def test_a_file_stays_in_the_page_while_the_rest_is_put_right(
    client: FlaskClient, board: OpenSession
) -> None:
    content = packed(lines(record("b-1")).encode())
    refused = send(client, packed=content, file_name="<my>.jsonl", plan="")
    assert "<my>.jsonl is kept." in words(refused.text)
    kept = parsed(refused.text).select_one('input[name="packed"]')["value"]
    assert kept == content
    looked_at = send(client, packed=kept, file_name="<my>.jsonl")
    back = go_on(client, looked_at.text, back="1")
    assert "<my>.jsonl is kept." in words(back.text)
    other = send(client, packed=kept, plan_action="project", project="")
    assert parsed(other.text).select_one('input[name="packed"]')["value"] == content
    assert tickets(board) == []


def test_a_form_takes_so_many_records_and_no_more(
    client: FlaskClient, board: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.pages.importing.PARTS_MAX", 2)
    said = {"comments": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}
    for what, some in (
        ("records", [record("b-1"), record("b-2"), record("b-3")]),
        ("links", [record("b-1", **blocked_by("b-2", "b-3", "b-4"))]),
        ("comments", [record("b-1", **said)]),
    ):
        refused = send(client, text=lines(*some), step="import")
        assert f"At most 2 {what} at once; these are 3." in error_at(refused.text, "text")
    assert tickets(board) == []
    assert "at most 5 MB with 2 records" in words(client.get("/import").text)
    assert importing.FILE_MAX == 5_000_000


def test_nothing_goes_into_a_project_that_one_doesnt_see(
    client: FlaskClient, board: OpenSession, sign_in: SignIn
) -> None:
    with board() as session:
        make_project(session, "acme/secret")
        Project.lock(session, "acme/secret").limit_to_members(ANN)
    text = lines(record("b-1"))
    assert "acme/secret" not in client.get("/import").text
    assert send(client, text=text, project="acme/secret", step="import").status_code == 404
    taken = send(client, text=text, project="", repository_name="acme/secret", step="import")
    assert "The name acme/secret is taken; choose another." in taken.text
    assert sign_in("member").get("/import").status_code == 403
    assert tickets(board) == []


def test_a_failure_in_the_midst_imports_nothing(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        Project.lock(session, "acme/web").archive(ANN)
    assert send(client, text=lines(record("b-1")), step="import").status_code == 404
    with board() as session:
        make_ticket(session, project="acme/api", ticket_id="b-1")
    looked_at = send(client, text=lines(record("b-1")), project="acme/api")
    assert heading(looked_at.text) == "Import 1 ticket"
    assert tickets(board) == ["b-1"], "an id that is taken gets a number of the project"


def test_pages_lead_to_it(client: FlaskClient) -> None:
    assert 'href="/import?project=acme/web"' in client.get("/projects/acme/web/-/settings").text
