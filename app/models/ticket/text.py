"""What a ticket says, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.errors import Conflict
from app.models.comment import Comment
from app.models.event import Event
from app.models.label import TicketLabel
from app.models.mention import Mention, Said
from app.models.ticket.belonging import TicketBelonging
from app.models.ticket.content import Content, EditConflict, checked, difference, merge
from app.models.ticket.description import DescriptionVersion


class TicketText(TicketBelonging):
    """Changing its content, and adding comments."""

    __abstract__ = True

    def edit(
        self, actor: Actor, seen: Mapping[str, str] | None = None, **changes: Unpack[Content]
    ) -> None:
        """Change what is given. `seen`: digests of what was there when the editor began; what only
        others changed since stays. Raises `EditConflict` for what both changed, and `Invalid`."""
        before = self.content()
        wanted, lost = merge(before, checked(changes), seen or {})
        if lost:
            raise EditConflict(self.ticket_id, lost)
        if wanted:
            self._set(wanted)
            self.version += 1
            details = difference(before, wanted)
            if "description" in wanted:
                text = before["description"]
                kept = DescriptionVersion.keep(self.session, self.ticket_id, text, actor)
                details["description"]["version"] = kept
                said = Said(self.ticket_id, self.description, before=text)
                self.tell_mentioned(self.session, self.project_id, [said], actor)
            self.record("ticket_edited", actor, details=details)

    def forget_earlier_texts(self, actor: Actor) -> None:
        """Delete what the description said before: something that nobody shall read."""
        if DescriptionVersion.forget_all(self.session, self.ticket_id):
            self.record("ticket_edited", actor, details={"cause": "texts_deleted"})

    def content(self) -> Content:
        """What `edit` may change."""
        return {
            "title": self.title,
            "description": self.description,
            "priority": self.priority,
            "labels": sorted(TicketLabel.of(self.session, self.ticket_id)),
            "assignee": self.assignee,
            "parent_id": self.parent_id,
        }

    def _set(self, content: Content) -> None:
        # First what may still be refused.
        if "assignee" in content:
            name = content["assignee"]
            self.assignee_id = (
                self.require_assignee(self.session, self.project_id, name) if name else None
            )
        if "parent_id" in content:
            self._move_under(content["parent_id"])
        if "labels" in content:
            TicketLabel.replace(self.session, self.ticket_id, list(content["labels"]))
        self.title = content.get("title", self.title)
        self.description = content.get("description", self.description)
        self.priority = content.get("priority", self.priority)

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
        content = Comment.require_content(content)
        number = Comment.add(
            self.session,
            ticket_id=self.ticket_id,
            content=content,
            author=actor.label,
            worker_id=actor.name if actor.kind == "worker" else None,
            worker_type=self.stage_name(stage_number) if stage_number else None,
            stage_number=stage_number,
            run_id=run_id,
            submission_id=submission_id,
            created_at=self.updated_at,
        )
        said = Said(self.ticket_id, content, number)
        self.tell_mentioned(self.session, self.project_id, [said], actor)
        return number

    @classmethod
    def tell_mentioned(
        cls, session: Session, project_id: str, texts: Sequence[Said], actor: Actor
    ) -> None:
        """Let the people whom others name in texts of a project's tickets find it in their inbox,
        if they can see the project."""
        if names := Mention.names_in(texts) - ({actor.name} if actor.kind == "person" else set()):
            people = cls.people_named(session, project_id, names)
            if people:
                Mention.add_all(session, texts, people, actor.label)

    def edit_comment(self, comment: Comment, content: str, actor: Actor) -> None:
        """Let its author say a comment in other words."""
        before = comment.content
        if comment.revise(content, actor):
            said = Said(self.ticket_id, comment.content, comment.id, before)
            self.tell_mentioned(self.session, self.project_id, [said], actor)
            details = {"cause": "comment_edited", "comment": comment.id}
            self.record("ticket_edited", actor, details=details)

    def withdraw_comment(self, comment: Comment, actor: Actor) -> None:
        """Let its author take a comment back. What was said by a decision stays: it is the reason
        for what happened."""
        told = select(Event.id).where(
            Event.ticket_id == self.ticket_id, Event.comment_id == comment.id
        )
        if comment.is_by(actor) and self.session.scalar(told.limit(1)):
            raise Conflict("This was said by a decision, which it explains. Edit it instead.")
        comment.withdraw(actor)
        Mention.forget(self.session, comment.id)
        details = {"cause": "comment_withdrawn", "comment": comment.id}
        self.record("ticket_edited", actor, details=details)
