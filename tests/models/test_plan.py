"""Execution plans and their templates."""

import pytest
from sqlalchemy import select

from app.errors import Conflict, Invalid, NotFound
from app.models import PlanTemplate
from app.models.plan import PLAN_MAX, require_plan
from tests.factories import ANN, GATE, PROJECT, make_project, make_ticket


def template(session, name="usual", plan=("implementation", "review")):
    return PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name=name, plan=plan)


def test_a_plan_may_name_one_worker_type_twice(session):
    make_project(session)
    plan = ["implementation", "review", "implementation", GATE]

    assert require_plan(session, PROJECT, plan) == plan


def test_blank_entries_of_a_plan_are_left_out(session):
    make_project(session)

    assert require_plan(session, PROJECT, [" review ", "", "  "]) == ["review"]


@pytest.mark.parametrize("plan", [[], [""], [" ", ""]])
def test_an_empty_plan_is_refused(session, plan):
    make_project(session)

    with pytest.raises(Invalid, match="at least one stage") as refusal:
        require_plan(session, PROJECT, plan)

    assert refusal.value.field == "execution_plan"


def test_an_unknown_worker_type_is_named_with_those_that_exist(session):
    make_project(session)

    with pytest.raises(Invalid) as refusal:
        require_plan(session, PROJECT, ["review", "cooking", "cooking"])

    assert str(refusal.value) == (
        "acme/web has no worker type cooking. It has approval, implementation, review."
    )


def test_a_project_without_worker_types_says_so(session):
    make_project(session, roles=[], gates=[])

    with pytest.raises(Invalid, match="Add its worker types first"):
        require_plan(session, PROJECT, ["review"])


def test_a_worker_type_of_another_project_is_unknown_here(session):
    make_project(session)
    make_project(session, "acme/other", roles=["cooking"])

    with pytest.raises(Invalid, match="no worker type cooking"):
        require_plan(session, PROJECT, ["cooking"])


def test_a_plan_has_at_most_fifty_stages(session):
    make_project(session)
    assert len(require_plan(session, PROJECT, ["review"] * PLAN_MAX)) == PLAN_MAX

    with pytest.raises(Invalid, match="at most 50 stages; this has 51"):
        require_plan(session, PROJECT, ["review"] * (PLAN_MAX + 1))


def test_a_template_keeps_a_plan_under_a_name(session):
    make_project(session)
    made = template(session, "  short   one ", ["review"])

    found = PlanTemplate.get(session, made.id)

    assert (found.name, found.plan) == ("short one", ["review"])


def test_a_template_is_checked_like_a_ticket(session):
    make_project(session)

    with pytest.raises(Invalid, match="no worker type cooking"):
        template(session, plan=["cooking"])
    with pytest.raises(Invalid) as refusal:
        template(session, name=" ")
    assert refusal.value.field == "name"


def test_a_template_name_is_free_once_a_project(session):
    make_project(session)
    template(session)

    with pytest.raises(Conflict, match="already has a plan template") as refusal:
        template(session)

    assert refusal.value.field == "name"


def test_deleting_a_template_leaves_the_tickets_their_plans(session):
    ticket = make_ticket(session)
    template(session).delete(ANN)
    session.flush()

    assert session.scalars(select(PlanTemplate)).all() == []
    assert ticket.execution_plan == ["implementation", "review"]


def test_an_unknown_template_is_not_found(session):
    with pytest.raises(NotFound):
        PlanTemplate.get(session, 4711)
