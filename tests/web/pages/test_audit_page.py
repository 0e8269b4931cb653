"""The audit's page: newest first, filtered by its address, in sentences."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from app import clock
from app.actor import Actor
from app.models import AuditEntry
from app.models.audit import ACTIONS
from app.queries.paging import PAGE_SIZE
from tests.factories import make_project
from tests.pages import words
from tests.statements import counting_queries

ANN, ROOT = Actor.person("ann", "10.0.0.7"), Actor.operator("root")


@pytest.fixture
def admin(sign_in):
    """A browser of an admin named ada."""
    return sign_in("admin", "ada")


def note(board, action, actor=ANN, at=None, **values):
    with board() as session, clock.at(at or clock.now()):
        AuditEntry.record(session, action, actor, **values)


def entries(page):
    return [words(part.partition("</tr>")[0]) for part in page.split('id="entry-')[1:]]


def said(board, admin, action, **values):
    note(board, action, **values)
    return entries(admin.get("/audit").text)[0]


def test_entries_say_who_did_what_when_and_from_where(admin, board):
    told = said(
        board,
        admin,
        "user_role_changed",
        subject="bob",
        before="viewer",
        after="lead",
        at=clock.now().replace(2026, 3, 2, 12, 0, 7),
    )
    assert told.endswith("2026-03-02 12:00:07 UTC ann made bob lead instead of viewer ann 10.0.0.7")


@pytest.mark.parametrize(
    ("action", "values", "sentence"),
    [
        ("signed_in", {"subject": "ann", "method": "oidc"}, "ann signed in by single sign-on"),
        ("sign_in_refused", {"subject": "bob"}, "tried to sign in as bob"),
        ("sign_in_refused", {}, "under a name that nobody has here"),
        ("signed_out", {"subject": "ann"}, "ann signed out at one place"),
        ("signed_out_everywhere", {"subject": "bob", "places": 3}, "signed bob out at 3 places"),
        ("password_changed", {"subject": "ann"}, "ann chose a new password"),
        ("user_created", {"subject": "ann", "role": "viewer"}, "ann joined as viewer"),
        ("user_invited", {"role": "lead"}, "ann invited someone as lead"),
        ("token_created", {"subject": "ci", "scopes": ["read", "plan"]}, "(read, plan) for all"),
        ("project_edited", {"project_id": "a/b", "changed": ["rules"]}, "ann edited a/b: rules"),
        (
            "worker_type_edited",
            {"subject": "review", "project_id": "a/b", "changed": ["lease_seconds"]},
            "edited the worker type review of a/b: lease",
        ),
        (
            "worker_type_edited",
            {"subject": "check", "project_id": "a/b", "before": "review", "after": "check"},
            "renamed the worker type review of a/b to check",
        ),
    ],
)
def test_each_action_is_a_plain_sentence(admin, board, action, values, sentence):
    assert sentence in said(board, admin, action, **values)


def test_an_entry_without_details_is_told_all_the_same(admin, board):
    for action in ACTIONS:
        note(board, action, ROOT)
    told = entries(admin.get("/audit").text)
    assert len(told) >= len(ACTIONS)
    assert not [
        line for line in told if "{" in line or "None instead" in line.partition(" made ")[0]
    ]


def test_what_people_typed_is_shown_as_text(admin, board):
    note(board, "user_invited", subject="<script>alert(1)</script>", role="{who}")
    page = admin.get("/audit").text
    assert "<script>alert" not in page
    assert "as {who}" in page


@pytest.mark.both_databases
def test_filters_stand_in_the_address_and_narrow_together(admin, board):
    with board() as session:
        make_project(session, "acme/api", roles=(), gates=())
    note(board, "project_archived", project_id="acme/api")
    note(board, "project_archived", ROOT, project_id="acme/web")
    note(board, "project_unarchived", project_id="acme/api")

    def found(query):
        return entries(admin.get(f"/audit?{query}").text)

    assert len(found("action=project_archived")) == 2
    assert len(found("action=project_archived&actor=ann")) == 1
    assert len(found("actor=operator+root&project=acme/web")) == 1
    assert len(found("project=acme/api&action=project_unarchived")) == 1
    page = admin.get("/audit?action=token_revoked").text
    assert "No entry fits these filters" in page
    assert 'href="/audit">Clear filters' in page


@pytest.mark.both_databases
def test_since_a_day_begins_at_midnight_where_the_reader_is(sign_in, board):
    with time_machine.travel("2026-03-03 12:00:00+00:00", tick=False):
        admin = sign_in("admin", "ada")
        note(
            board, "project_archived", at=clock.now() - timedelta(hours=14)
        )  # 22:00 the day before
        assert len(entries(admin.get("/audit?since=2026-03-03&action=project_archived").text)) == 0
        admin.post("/account", data={"theme": "system", "time_zone": "Asia/Kolkata"})
        assert len(entries(admin.get("/audit?since=2026-03-03&action=project_archived").text)) == 1


@pytest.mark.parametrize(
    "query",
    ["action=nonsense", "since=soon", "since=2026-13-01", "since=0001-01-01x", "before=x"],
)
def test_what_can_not_be_understood_is_told_and_the_rest_shown(admin, board, query):
    note(board, "project_archived", project_id="acme/web")
    answer = admin.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert "Not understood:" in answer.text
    assert entries(answer.text)


@pytest.mark.both_databases
def test_the_oldest_day_there_is_breaks_nothing(admin):
    assert admin.get("/audit?since=0001-01-01").status_code in (200, 400)
    admin.post("/account", data={"theme": "system", "time_zone": "Asia/Kolkata"})
    assert admin.get("/audit?since=0001-01-01").status_code in (200, 400)


@pytest.mark.both_databases
def test_older_entries_follow_page_by_page_and_none_twice(admin, board, app):
    with board() as session:
        for number in range(PAGE_SIZE + 10):
            AuditEntry.record(session, "user_invited", ROOT, subject=f"guest-{number}", role="lead")
    first = admin.get("/audit?action=user_invited").text
    assert len(entries(first)) == PAGE_SIZE
    assert f"guest-{PAGE_SIZE + 9}" in entries(first)[0]
    older = first.partition('rel="next"')[2].partition('href="')[2].partition('"')[0]
    rest = admin.get(older.replace("&amp;", "&")).text
    assert len(entries(rest)) == 10
    assert "guest-0 " in entries(rest)[-1]
    assert 'rel="next"' not in rest


def test_the_page_costs_the_same_however_long_the_audit_is(admin, board, app):
    counts = []
    for _ in range(2):
        with counting_queries(app) as sent:
            admin.get("/audit")
        counts.append(len([statement for statement in sent if "SELECT" in statement]))
        for number in range(20):
            note(board, "user_invited", subject=f"guest-{number}", role="lead")
    assert counts[0] == counts[1] <= 8


@pytest.mark.both_databases
def test_leads_read_in_the_settings_what_was_changed_about_their_project(client, board):
    with board() as session:
        make_project(session, roles=(), gates=())
    note(board, "project_archived", project_id="acme/other")
    client.post("/projects/acme/web/-/archive")
    page = client.get("/projects/acme/web/-/settings").text
    assert "<b>ann</b> archived" in page
    assert "acme/other" not in page
    assert "/audit?" not in page, "the whole audit is for admins"
