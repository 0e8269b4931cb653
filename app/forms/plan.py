"""The rows of the plan editor, which `macros/plan.html` draws: a stage each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wtforms import Field

from app.models.plan import PLAN_MAX

POSITION = re.compile(r"[1-9][0-9]{0,2}")


class PlanField(Field):
    """The stages chosen so far, one value a row; rows may still be blank."""

    data: list[str]

    def process_data(self, value: Sequence[str] | None) -> None:
        """Start from these stages."""
        self.data = list(value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what the rows hold."""
        # One more than a plan may have: the model still sees, and says, that it is too many.
        self.data = [value.strip() for value in valuelist[: PLAN_MAX + 1]]

    @property
    def stages(self) -> list[str]:
        """The rows that name a worker type."""
        return [stage for stage in self.data if stage]

    def arrange(self, action: str, templates: Mapping[str, Sequence[str]], chosen: str) -> None:
        """Do what a button of the plan editor says, for a browser without JavaScript."""
        verb, _, number = action.partition("-")
        at = int(number) - 1 if POSITION.fullmatch(number) else -1
        rows = self.data or [""]
        if verb == "add":
            rows.append("")
        elif verb == "template" and chosen in templates:
            rows = list(templates[chosen])
        elif 0 <= at < len(rows):
            if verb == "remove":
                rows.pop(at)
            elif verb in ("up", "down"):
                to = min(max(at + (1 if verb == "down" else -1), 0), len(rows) - 1)
                rows.insert(to, rows.pop(at))
        self.data = rows
