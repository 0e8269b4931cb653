"""Plan templates: list, make, read and delete them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.callers import Caller
from app.loading import template_numbered
from app.models import PlanTemplate, Project
from app.operations.operation import operation
from app.operations.projects import TAG
from app.queries.keyset import Order, take_slice
from app.schemas.base import PlanTemplateParam
from app.schemas.plan_templates import (
    PlanTemplateNew,
    PlanTemplatePage,
    PlanTemplateResponse,
    PlanTemplatesQuery,
)

ONE = "/plan-templates/<int:template_id>"
BY_NUMBER = Order("id", (PlanTemplate.id.expression,))


def template_shown(session: Session, template_id: int) -> PlanTemplateResponse:
    return PlanTemplateResponse.model_validate(PlanTemplate.get(session, template_id))


@operation("GET", "/plan-templates", tag=TAG, scope="read")
def list_plan_templates(
    session: Session, caller: Caller, query: PlanTemplatesQuery
) -> PlanTemplatePage:
    """List plan templates."""
    rows = select(*PlanTemplate.__table__.columns).where(
        caller.visibility.of(PlanTemplate.project_id)
    )
    if project := caller.chosen_project(query.project):
        rows = rows.where(PlanTemplate.project_id == project)
    found = take_slice(session, rows, BY_NUMBER, cursor=query.cursor, limit=query.limit)
    return PlanTemplatePage.of(items=found.rows, next=found.next)


@operation("GET", ONE, tag=TAG, scope="read")
def get_plan_template(
    session: Session, caller: Caller, template_id: PlanTemplateParam
) -> PlanTemplateResponse:
    """One plan template."""
    template = template_numbered(session, caller.visibility, template_id)
    return PlanTemplateResponse.model_validate(template)


@operation(
    "POST",
    "/plan-templates",
    tag=TAG,
    scope="plan",
    status=201,
    once=True,
    answer=template_shown,
)
def create_plan_template(session: Session, caller: Caller, body: PlanTemplateNew) -> int:
    """Keep a plan under a name."""
    Project.get(session, caller.require_project(body.project_id))
    return PlanTemplate.create(session, **body.model_dump(), actor=caller.actor).id


@operation("DELETE", ONE, tag=TAG, scope="plan")
def delete_plan_template(session: Session, caller: Caller, template_id: PlanTemplateParam) -> None:
    """Forget a plan template; tickets made from it keep their plans."""
    template_numbered(session, caller.visibility, template_id).delete(caller.actor)
