"""Forms about workers."""

from __future__ import annotations

from app.forms.base import BoardForm


class StopForm(BoardForm):
    """Ask a worker to stop: nothing to type, but it may be refused."""


class DeclareDeadForm(BoardForm):
    """Give a worker up: nothing to type, but it may be refused."""
