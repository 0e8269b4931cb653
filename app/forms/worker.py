"""Forms about workers."""

from __future__ import annotations

from wtforms import HiddenField

from app.errors import Stale
from app.forms.base import BoardForm


class StopForm(BoardForm):
    """Ask a worker to stop: nothing to type, but it may be refused."""


class DeclareDeadForm(BoardForm):
    """Give a worker up: nothing to type, but it may be refused. `run`: the one it was seen to hold,
    which is lost by this."""

    run = HiddenField()

    def require_seen(self, worker_id: str, held: int | None) -> None:
        """Raise `Stale` when the worker no longer holds what the person saw it hold."""
        if (self.run.data or "") != str(held or ""):
            raise Stale(f"{worker_id} has gone on since you opened this form.")
