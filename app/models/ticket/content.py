"""What a ticket says and people edit: its checks, and how two edits at once come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypedDict, cast

from app.errors import Invalid, Stale
from app.models.label import require_labels
from app.models.ticket.row import PRIORITIES, TicketRow
from app.text import require_line, require_text


class Content(TypedDict, total=False):
    """Some fields of a ticket, or all. `assignee` is a person's name; None: nobody."""

    title: str
    description: str
    priority: int
    labels: Sequence[str]
    assignee: str | None
    parent_id: str | None


FIELDS = tuple(Content.__annotations__)
NAMES = {**{field: field for field in FIELDS}, "parent_id": "parent"}
"""What people and events call them."""


class EditConflict(Stale):
    """Two people changed the same `fields` at once, each to something else."""

    def __init__(self, ticket_id: str, fields: Sequence[str]) -> None:
        names = " and ".join(NAMES[field] for field in fields)
        super().__init__(
            f"{ticket_id} was changed by someone else while you were editing it: {names}.",
            details={"fields": [NAMES[field] for field in fields]},
        )
        self.fields = fields


def checked(content: Content) -> Content:
    """The fields as they are stored; raises `Invalid`."""
    return cast("Content", {name: CHECKS[name](value) for name, value in content.items()})


def digests_of(content: Content) -> dict[str, str]:
    """A short text for each field, which changes with what stands in it."""
    return {name: sha256(repr(value).encode()).hexdigest()[:12] for name, value in content.items()}


def merge(saved: Content, typed: Content, seen: Mapping[str, str]) -> tuple[Content, list[str]]:
    """What an edit changes of what is saved now, and the fields that somebody else changed, too.

    `seen`: the digests of what the editor saw. What is typed as it was seen isn't meant as a
    change, whatever became of it since; a field that they didn't see they change knowingly.
    """
    now, meant = digests_of(saved), digests_of(typed)
    changed = [name for name in typed if meant[name] != now[name] and meant[name] != seen.get(name)]
    lost = [name for name in changed if name in seen and seen[name] != now[name]]
    return _of(typed, changed), lost


def difference(before: Content, after: Content) -> dict[str, Any]:
    """The facts of an edit: which fields changed, from what to what; of a description, how many
    lines came and went."""
    changed = [name for name in FIELDS if name in after]
    short = [name for name in changed if name != "description"]
    facts: dict[str, Any] = {
        "changed": [NAMES[name] for name in changed],
        "from": _told(before, short),
        "to": _told(after, short),
    }
    if "description" in after:
        facts["description"] = _lines_changed(before["description"], after["description"])
    return facts


def _lines_changed(before: str, after: str) -> dict[str, int]:
    """One that only stands elsewhere now neither came nor went."""
    old, new = (Counter(text.split("\n") if text else ()) for text in (before, after))
    return {"added": (new - old).total(), "removed": (old - new).total()}


def _told(content: Content, names: Iterable[str]) -> dict[str, Any]:
    values = {NAMES[name]: value for name, value in _of(content, names).items()}
    if "priority" in values:
        values["priority"] = PRIORITIES[content["priority"]]
    return values


def _of(content: Content, names: Iterable[str]) -> Content:
    values = cast("dict[str, Any]", content)
    return cast("Content", {name: values[name] for name in names})


def _priority(priority: int) -> int:
    if priority not in range(len(PRIORITIES)):
        raise Invalid("Priority is 0 (urgent), 1 (high), 2 (medium) or 3 (low).", "priority")
    return priority


CHECKS: Mapping[str, Any] = {
    "title": lambda title: require_line(title, "title", TicketRow.TITLE_MAX),
    "description": lambda text: require_text(text, "description", TicketRow.DESCRIPTION_MAX),
    "priority": _priority,
    "labels": lambda labels: sorted(require_labels(labels)),
    "assignee": lambda name: (name or "").strip().lower() or None,
    "parent_id": lambda ticket_id: (ticket_id or "").strip() or None,
}
