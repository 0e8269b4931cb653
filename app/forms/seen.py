"""Forms that know what they were drawn from, so that nobody changes what they never saw."""

from __future__ import annotations

from typing import Any, ClassVar

from wtforms import HiddenField

from app.errors import Stale
from app.forms.base import BoardForm
from app.models import PlanTemplate, Project, WorkerType

SeenRow = Project | WorkerType | PlanTemplate


class SeenForm(BoardForm):
    """A form for changing a row. `seen` names the state in which the person saw the row."""

    compared: ClassVar[tuple[str, ...]] = ()
    """Fields that are shown side by side when someone else was faster."""

    seen = HiddenField()
    is_stale = False

    def require_seen(self, row: SeenRow) -> None:
        """Raise `Stale` when the row was changed after the form was drawn. The same form sent once
        more means it: what was typed goes over what is saved."""
        if self.seen.data != as_seen(row):
            self.seen.data = as_seen(row)
            self.is_stale = True
            raise Stale("Someone else saved this while you were editing it; nothing is lost.")

    def against(self, row: SeenRow) -> list[tuple[str, Any, Any]]:
        """For each field its label, what is saved, and what was typed."""
        return [
            (self[name].label.text, getattr(row, name) or "", self[name].data or "")
            for name in self.compared
        ]


class DeclareDeadForm(BoardForm):
    """Give a worker up: nothing to type, but it may be refused. `run`: the one it was seen to hold,
    which is lost by this."""

    run = HiddenField()

    def require_seen(self, worker_id: str, held: int | None) -> None:
        """Raise `Stale` when the worker no longer holds what the person saw it hold."""
        if (self.run.data or "") != str(held or ""):
            raise Stale(f"{worker_id} has gone on since you opened this form.")


def as_seen(row: SeenRow) -> str:
    """What `seen` holds on a fresh form."""
    return row.updated_at.isoformat()


def as_stored(value: str | None) -> str:
    """Filter: a longer text as the models keep it, so that both sides compare equal."""
    return (value or "").replace("\r\n", "\n").replace("\r", "\n").strip()
