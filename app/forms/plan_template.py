"""The form for a plan template."""

from __future__ import annotations

from typing import Self

from wtforms import StringField

from app.forms.base import one_line, required
from app.forms.plan import PlanField
from app.forms.seen import SeenForm, as_seen
from app.models import PlanTemplate


class PlanTemplateForm(SeenForm):
    """A name and a plan."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=required(PlanTemplate.NAME_MAX),
        description="Such as Bug fix.",
    )
    execution_plan = PlanField("Execution plan", name="plan")

    @classmethod
    def of(cls, template: PlanTemplate) -> Self:
        """The form for changing a template."""
        values = {"name": template.name, "execution_plan": template.plan}
        return cls(data={**values, "seen": as_seen(template)})

    def rows_against(self, template: PlanTemplate) -> list[tuple[str, str, str]]:
        """What is saved, beside what was typed."""
        saved, typed = " → ".join(template.plan), " → ".join(self.execution_plan.stages)
        return [("Name", template.name, self.name.data or ""), ("Execution plan", saved, typed)]
