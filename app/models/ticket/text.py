"""What a ticket says, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app import clock
from app.actor import Actor
from app.errors import Invalid, Stale
from app.models.comment import Comment
from app.models.label import TicketLabel, require_labels
from app.models.ticket.row import PRIORITIES, TicketRow
from app.text import require_line, require_text


class TicketText(TicketRow):
    """Title, description, priority, labels and comments."""

    __abstract__ = True

    def edit(
        self,
        *,
        title: str,
        description: str,
        priority: int,
        labels: Sequence[str],
        version: int,
        actor: Actor,
    ) -> None:
        """Change what the ticket says. Raises `Stale` when `version` is no longer the ticket's."""
        if version != self.version:
            raise Stale(f"{self.ticket_id} was changed by someone else while you were editing it.")
        before = self._content()
        self._set_text(title, description, priority)
        TicketLabel.replace(self.session, self.ticket_id, require_labels(labels))
        self.version += 1
        self.record("ticket_edited", actor, details=_difference(before, self._content()))

    def _content(self) -> dict[str, Any]:
        """What `edit` may change."""
        return {
            "title": self.title,
            "description": self.description,
            "priority": PRIORITIES[self.priority],
            "labels": TicketLabel.of(self.session, self.ticket_id),
        }

    def say(
        self,
        content: str,
        actor: Actor,
        *,
        run_id: int | None = None,
        stage_number: int | None = None,
        submission_id: str | None = None,
    ) -> int:
        """Add a comment, whose number is returned; one said at a stage names the stage and its
        worker type."""
        self.updated_at = clock.now()
        return Comment.add(
            self.session,
            ticket_id=self.ticket_id,
            content=Comment.require_content(content),
            author=actor.label,
            worker_id=actor.name if actor.kind == "worker" else None,
            worker_type=self.stage_name(stage_number) if stage_number else None,
            stage_number=stage_number,
            run_id=run_id,
            submission_id=submission_id,
            created_at=self.updated_at,
        )

    def _set_text(self, title: str, description: str, priority: int) -> None:
        self.title = require_line(title, "title", self.TITLE_MAX)
        self.description = require_text(description, "description", self.DESCRIPTION_MAX)
        if priority not in range(len(PRIORITIES)):
            raise Invalid("Priority is 0 (urgent), 1 (high), 2 (medium) or 3 (low).", "priority")
        self.priority = priority


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Which fields changed, from what to what; a description is too long to be kept twice."""
    changed = [name for name in before if before[name] != after[name]]
    short = [name for name in changed if name != "description"]
    return {
        "changed": changed,
        "from": {name: before[name] for name in short},
        "to": {name: after[name] for name in short},
    }
