"""`callboard token create`, `list`, `revoke`."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app import clock
from app.models import ApiToken
from tests.factories import make_project


def test_a_new_token_is_printed_once_and_alone_on_standard_output(run, board, client):
    made = run("token", "create", "crew", "--scope", "work")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert re.fullmatch(r"cb_[0-9A-Za-z]{43}", secret)
    assert "isn't shown again" in made.stderr
    answer = client.get("/api/v1/token", headers={"Authorization": f"Bearer {secret}"})
    told = answer.json
    assert told.pop("last_used_at") is not None
    assert told == {
        "name": "crew",
        "scopes": ["read", "work"],
        "project_id": None,
        "expires_at": None,
    }
    assert secret not in run("token", "list").output


def test_a_token_may_be_for_one_project_and_for_a_time(run, board):
    with board() as session:
        make_project(session)
    made = run(
        *("token", "create", "crew", "--scope", "work", "--scope", "plan"),
        *("--project", "acme/web", "--expires", "90d"),
    )
    assert made.exit_code == 0, made.output
    assert "work, plan in acme/web, until" in made.stderr
    with board() as session:
        token = session.scalar(select(ApiToken))
        assert token is not None
        assert token.project_id == "acme/web"
        assert token.expires_at is not None
        rest = token.expires_at - clock.now()
        assert timedelta(days=89, hours=23) < rest <= timedelta(days=90)


@pytest.mark.parametrize(
    ("args", "exit_code", "why"),
    [
        (("crew",), 2, "--scope"),
        (("crew", "--scope", "everything"), 2, "everything"),
        (("crew", "--scope", "work", "--expires", "soon"), 2, "12h, 90d or 4w"),
        (("crew", "--scope", "work", "--expires", "0d"), 1, "up to ten years"),
        (("crew", "--scope", "work", "--project", "no/such"), 1, "no project no/such"),
        (("a b", "--scope", "work"), 1, "name: Only letters"),
    ],
)
def test_a_wrong_token_is_one_clear_line(run, args, exit_code, why):
    refused = run("token", "create", *args)
    assert refused.exit_code == exit_code
    assert why in refused.stderr
    assert refused.stdout == ""


def test_a_name_is_free_again_when_its_token_is_revoked(run):
    first = run("token", "create", "crew", "--scope", "work").stdout
    again = run("token", "create", "crew", "--scope", "work")
    assert again.exit_code == 1
    assert "already a token crew; revoke it first" in again.stderr
    assert run("token", "revoke", "crew").stdout == "The token crew is revoked.\n"
    assert run("token", "revoke", "crew").exit_code == 1
    assert run("token", "create", "crew", "--scope", "work").stdout != first


def test_the_list_tells_what_each_is_and_when_it_was_used(run, board, client):
    assert "no tokens" in run("token", "list").stdout
    secret = run("token", "create", "crew", "--scope", "work", "--expires", "1h").stdout.strip()
    run("token", "create", "old", "--scope", "admin")
    run("token", "revoke", "old")
    client.get("/api/v1/token", headers={"Authorization": f"Bearer {secret}"})
    lines = run("token", "list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "BEGINS", "SCOPES", "PROJECT", "LAST", "USED", "STATE"]
    assert len(lines) == 2
    assert f"crew  {secret[:10]}…  work    all" in lines[1]
    assert "never" not in lines[1]
    assert "until" in lines[1]
    assert "revoked" in run("token", "list", "--all").stdout
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert "expired" in run("token", "list").stdout
