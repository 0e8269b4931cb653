"""Plan templates: plans that a project uses again and again."""

from __future__ import annotations

from sqlalchemy import select

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import template_numbered
from app.models import PlanTemplate, Project
from app.queries.keyset import Order, take_slice
from app.schemas.plan_templates import (
    PlanTemplateNew,
    PlanTemplatePage,
    PlanTemplateResponse,
    PlanTemplatesQuery,
)

TAG = "Projects and worker types"

BY_NUMBER = Order("id", (PlanTemplate.id.expression,))


@operation("GET", "/plan-templates", tag=TAG, scope="read")
def list_plan_templates(caller: Caller, query: PlanTemplatesQuery) -> PlanTemplatePage:
    """List plan templates."""
    rows = select(*PlanTemplate.__table__.columns).where(
        caller.visibility.of(PlanTemplate.project_id)
    )
    if project := caller.chosen_project(query.project):
        rows = rows.where(PlanTemplate.project_id == project)
    found = take_slice(db.session(), rows, BY_NUMBER, cursor=query.cursor, limit=query.limit)
    return PlanTemplatePage.of(items=found.rows, next=found.next)


@operation("POST", "/plan-templates", tag=TAG, scope="plan", status=201, once=True)
def create_plan_template(caller: Caller, body: PlanTemplateNew) -> PlanTemplateResponse:
    """Keep a plan under a name."""
    Project.get(db.session(), caller.require_project(body.project_id))
    template = PlanTemplate.create(db.session(), **body.model_dump(), actor=caller.actor)
    return PlanTemplateResponse.model_validate(template)


@operation("GET", "/plan-templates/<int:template_id>", tag=TAG, scope="read")
def get_plan_template(caller: Caller, template_id: int) -> PlanTemplateResponse:
    """One plan template."""
    return PlanTemplateResponse.model_validate(
        template_numbered(db.session(), caller.visibility, template_id)
    )


@operation("DELETE", "/plan-templates/<int:template_id>", tag=TAG, scope="plan")
def delete_plan_template(caller: Caller, template_id: int) -> None:
    """Forget a plan template; tickets made from it keep their plans."""
    template_numbered(db.session(), caller.visibility, template_id).delete(caller.actor)
