"""The rows of the plan editor, which `macros/plan.html` draws: a stage each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from wtforms import Field

from app.models.plan import PLAN_MAX

NO_TEMPLATES: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
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

    def is_rearranged(
        self, sent: Mapping[str, str], templates: Mapping[str, Sequence[str]] = NO_TEMPLATES
    ) -> bool:
        """Whether a button of the plan editor was pressed, for a browser without JavaScript. Then
        it is done, and the form is to be shown again."""
        if action := sent.get("plan_action"):
            self._arrange(action, templates, sent.get("plan_template", ""))
        return bool(action)

    def _arrange(self, action: str, templates: Mapping[str, Sequence[str]], chosen: str) -> None:
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
