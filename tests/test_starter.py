"""The starter set: worker types and plans that a new project can begin with."""

from __future__ import annotations

from importlib.resources import files

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.models import PlanTemplate, PromptVersion, WorkerType
from app.starter import STARTER_PLANS, STARTER_ROLES, add_starter_set, starter_role
from tests.factories import PROJECT, make_project

ANN = Actor.person("ann")


def templates(session):
    return set(session.scalars(select(PlanTemplate.name)))


@pytest.mark.parametrize("role", STARTER_ROLES, ids=lambda role: role.name)
def test_each_role_has_a_prompt_that_says_what_to_read_and_how_to_end(role):
    lines = role.system_prompt.splitlines()

    assert 15 <= len(lines) <= 40
    assert len(role.system_prompt) <= WorkerType.SYSTEM_PROMPT_MAX
    assert len(role.short_description) <= WorkerType.SHORT_DESCRIPTION_MAX
    headings = [line for line in lines if line.startswith("## ")]
    assert len(headings) >= 3
    assert "**Complete**" in role.system_prompt


def test_every_file_of_the_set_is_a_role():
    found = {f.name for f in files("app.starter").iterdir() if f.name.endswith(".md")}

    assert found == {f"{role.name}.md" for role in STARTER_ROLES}


def test_every_plan_names_roles_of_the_set():
    names = {role.name for role in STARTER_ROLES}

    assert all(names.issuperset(plan) for plan in STARTER_PLANS.values())


def test_only_the_approval_is_a_persons():
    assert [role.name for role in STARTER_ROLES if role.performed_by == "person"] == ["approval"]


def test_a_project_gets_all_of_it(session):
    make_project(session, roles=(), gates=())

    added = add_starter_set(session, PROJECT, ANN, lease_seconds=900)

    assert added.roles == tuple(role.name for role in STARTER_ROLES)
    assert templates(session) == set(STARTER_PLANS)
    approval = WorkerType.named(session, PROJECT, "approval")
    assert approval.is_gate
    assert approval.lease_seconds == 900
    assert session.scalars(select(PromptVersion.created_by).distinct()).all() == ["ann"]


def test_what_a_project_has_is_left_as_it_is(session):
    make_project(session, roles=("review",), gates=())

    added = add_starter_set(session, PROJECT, ANN)

    assert "review" not in added.roles
    assert WorkerType.named(session, PROJECT, "review").system_prompt == "You do review."


def test_twice_adds_nothing(session):
    make_project(session, roles=(), gates=())
    add_starter_set(session, PROJECT, ANN)

    added = add_starter_set(session, PROJECT, ANN)

    assert (added.roles, added.templates) == ((), ())


def test_a_choice_brings_the_plans_that_it_is_enough_for(session):
    make_project(session, roles=("implementation",), gates=())

    added = add_starter_set(session, PROJECT, ANN, ["review", "unheard-of"])

    assert added.roles == ("review",)
    assert added.templates == ("Small change",)


def test_a_role_is_found_by_name():
    assert starter_role("testing").name == "testing"
    assert starter_role("cooking") is None
