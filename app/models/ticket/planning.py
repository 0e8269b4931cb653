"""The plan of a ticket that is there already."""

from __future__ import annotations

from collections.abc import Sequence

from app.actor import Actor
from app.errors import Conflict, Stale
from app.models.plan import require_plan
from app.models.ticket.row import TicketRow


class TicketPlanning(TicketRow):
    """Changing the stages that are still to come."""

    __abstract__ = True

    def amend_plan(
        self, execution_plan: Sequence[str], actor: Actor, version: int | None = None
    ) -> None:
        """Change the stages that are not yet done, nor running. With a `version` that is no longer
        the ticket's: `Stale`."""
        self.require_not_closed()
        if version not in (None, self.version):
            raise Stale(f"{self.ticket_id} was changed by someone else while you were planning.")
        plan = self.require_amendable(execution_plan)
        if plan == self.execution_plan:
            return
        if self.current_stage != plan[self.completed_stages]:
            self.failed_attempts = 0
        before = self.execution_plan
        self.execution_plan = plan
        self.version += 1
        self.record("ticket_plan_changed", actor, details={"from_plan": before, "to_plan": plan})

    def require_amendable(self, execution_plan: Sequence[str]) -> list[str]:
        """The plan as it is stored, if the ticket can have it. Raises `Conflict`, `Invalid`."""
        self.require_not_closed()
        plan = require_plan(self.session, self.project_id, execution_plan)
        if plan == self.execution_plan:
            return plan
        fixed = self.fixed_stages
        if plan[:fixed] != self.execution_plan[:fixed]:
            raise Conflict(
                f"The first {fixed} of the plan's stages are done or running and stay as they are: "
                f"{', '.join(self.execution_plan[:fixed])}.",
                "execution_plan",
            )
        if len(plan) <= self.completed_stages:
            raise Conflict(
                "Nothing would be left to do; close the ticket instead.", "execution_plan"
            )
        return plan

    def _require_roles(self) -> None:
        """The stages still to come must have worker types; some may be gone since it was closed."""
        left = self.execution_plan[min(self.completed_stages, len(self.execution_plan) - 1) :]
        require_plan(self.session, self.project_id, left)
