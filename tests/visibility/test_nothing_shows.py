"""A project that someone may not see changes nothing that they read, wherever they look."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.api.conftest import Program
from tests.conftest import OpenSession, SignIn
from tests.mcp.conftest import Agent
from tests.visibility.conftest import OTHER
from tests.visibility.readings import (
    Readings,
    api,
    differing,
    holding,
    lists,
    mcp,
    pages,
    regions,
    told,
)
from tests.visibility.rows import HIDDEN, MARK, OPEN, Rows, furnish_hidden

Read = Callable[[], Readings]

on_postgresql = pytest.mark.parametrize(
    "migrated_app", ["postgresql"], indirect=True, scope="session"
)
Program_ = Callable[..., Program]
Agent_ = Callable[..., Agent]

WITHOUT_PROJECTS = (
    "/account",
    "/sign-in",
    "/setup",
    "/join",
    "/reset",
    "/healthz",
    "/readyz",
    "/static",
    "/bundles",
    "/search",  # without words
    "/comments/",  # one changes one's own only
    "/board/cards",  # those that follow, where none do
    "/views",
    "/tickets/-/suggestions",  # without words
    "/tickets/-/choices",
    "/tickets/-/people",
    "/people",
    "/tokens",
    "/projects/new",
    f"/projects/{HIDDEN}/-/members/404",
    "/statistics/flow.csv",  # numbers
    "/inbox/waiting",
    "/connect",  # its region tells of workers, and none came for the one it begins with
    f"/projects/{HIDDEN}/-/statistics/flow.csv",
    "/tickets?page=2",  # there are too few tickets for a second page
)
"""Pages that tell of no project, beside their frame."""

TELL_NOTHING = {
    "show_token {}",
    "get_dependencies {}",
    "list_events {'after': 'latest'}",
    "list_tickets {'limit': 2}",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
}
"""What programs may ask and get nothing of a project, or nothing of this one."""


def read_before_and_after(app: Flask, board: OpenSession, read: Read) -> tuple[Readings, Readings]:
    """What is read before a hidden project is there, and with it."""
    before = read()
    with board() as session:
        furnish_hidden(session)
    # What was drawn before would be shown again, and tell nothing.
    app.extensions["callboard.regions"].clear()
    return before, read()


def test_pages_are_the_same_with_a_project_that_one_may_not_see(
    app: Flask, board: OpenSession, sign_in: SignIn, rows: Rows
) -> None:
    client = sign_in("lead")
    before, after = read_before_and_after(app, board, lambda: pages(app, client, rows.parts))
    assert holding(MARK, after) == set()
    assert differing(before, after) == []


@on_postgresql
def test_lists_are_the_same_with_a_project_that_one_may_not_see(
    app: Flask, board: OpenSession, sign_in: SignIn, rows: Rows
) -> None:
    client = sign_in("lead")
    before, after = read_before_and_after(app, board, lambda: lists(app, client, rows.parts))
    assert holding(MARK, after) == set()
    assert differing(before, after) == []


@pytest.mark.both_databases
def test_a_board_on_which_one_may_see_nothing_is_a_new_board(
    app: Flask, board: OpenSession, sign_in: SignIn
) -> None:
    client = sign_in("lead")
    everywhere = ("/", "/projects", "/tickets", "/tickets/new", "/workers", "/inbox")
    before, after = read_before_and_after(
        app, board, lambda: {url: told(client.get(url)) for url in everywhere}
    )
    assert "Create a project" in before["/"]
    assert differing(before, after) == []


@pytest.mark.parametrize(
    ("migrated_app", "scopes", "project"),
    [
        ("sqlite", ("read", "work", "plan"), None),
        ("sqlite", ("admin",), OPEN),
        ("postgresql", ("read", "work", "plan"), None),
    ],
    indirect=["migrated_app"],
    scope="session",
)
def test_programs_are_told_the_same(
    app: Flask,
    board: OpenSession,
    program: Program_,
    agent: Agent_,
    rows: Rows,
    scopes: tuple[str, ...],
    project: str | None,
) -> None:
    caller, crew = program(*scopes, project=project), agent(*scopes, project=project)
    before, after = read_before_and_after(
        app, board, lambda: {**api(caller, rows.parts), **mcp(crew, rows.parts)}
    )
    assert holding(MARK, after) == set()
    assert differing(before, after) == []


@pytest.mark.both_databases
@pytest.mark.parametrize("project", [OPEN, OTHER])
def test_monitoring_of_one_project_counts_that_one_only(
    app: Flask, board: OpenSession, program: Program_, rows: Rows, project: str
) -> None:
    caller = program("metrics", project=project)
    before, after = read_before_and_after(app, board, lambda: figures(caller))
    assert holding(MARK, after) == set()
    assert differing(before, after) == []


def figures(program: Program) -> Readings:
    """What monitoring reads of the board; the figures about requests count the reading itself."""
    headers = {"Authorization": f"Bearer {program.secret}"}
    text = told(program.client.get("/metrics", headers=headers))
    about = ("queue", "claims", "stage", "workers", "leases")
    starts = tuple(f"callboard_{word}" for word in about)
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(starts))
    assert "callboard_claims_total" in found
    return found


@pytest.mark.parametrize("role", ["lead", "admin"])
def test_whoever_may_see_the_project_reads_of_it_on_every_page(
    app: Flask,
    sign_in: SignIn,
    let_in: Callable[[str, str], None],
    both: tuple[Rows, Rows],
    role: str,
) -> None:
    """Else the tests above would look in the wrong places. An admin filters as a lead does."""
    _, hidden = both
    client = sign_in(role, "lea")
    let_in("lea", HIDDEN)
    seen = regions(app, client, hidden.parts, filtered=role == "lead")
    # Without a filter that address leads to the inbox.
    silent = seen.keys() - holding(MARK, seen) - {"/events"}
    of_admins = ("/audit", "/metrics") if role == "lead" else ()
    assert {url for url in silent if not url.startswith(WITHOUT_PROJECTS + of_admins)} == set()


@pytest.mark.parametrize(("scopes", "project"), [(("admin",), None), (("plan", "work"), HIDDEN)])
def test_programs_that_may_see_the_project_are_told_of_it(
    program: Program_,
    agent: Agent_,
    both: tuple[Rows, Rows],
    scopes: tuple[str, ...],
    project: str | None,
) -> None:
    _, hidden = both
    caller, crew = program(*scopes, project=project), agent(*scopes, project=project)
    seen = {**api(caller, hidden.parts), **mcp(crew, hidden.parts)}
    archived = {"list_projects {'archived': True}"} if project else set()
    assert seen.keys() - holding(MARK, seen) <= TELL_NOTHING | archived
