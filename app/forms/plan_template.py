"""The form for a plan template."""

from __future__ import annotations

from wtforms import StringField

from app.forms.base import BoardForm, one_line, required
from app.forms.plan import PlanField
from app.models import PlanTemplate


class PlanTemplateForm(BoardForm):
    """A name and a plan."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(PlanTemplate.NAME_MAX),
        description="Such as Bug fix.",
    )
    execution_plan = PlanField("Execution plan", name="plan")
