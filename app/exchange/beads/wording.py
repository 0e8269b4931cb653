"""The words of a record as the board takes them: cut to its limits, with a visible note."""

from __future__ import annotations

from app.exchange.beads.record import Record, Said
from app.exchange.beads.tally import Tally
from app.models import Comment, Ticket
from app.models.label import LABEL_MAX, LABELS_MAX
from app.models.worker import Worker

ELLIPSIS = "…"
NAME_MAX = Worker.ID_MAX
"""Characters of a name that `author`, `actor` and `created_by` columns get."""

PLAIN_STATUSES = ("open", "closed")
"""Statuses that the board shows itself; any other becomes a label too."""


def title(record: Record, tally: Tally) -> str:
    """The title in one line."""
    return one_line(
        record.title, Ticket.TITLE_MAX, "titles cut (in full in the description)", tally
    )


def description(record: Record, tally: Tally) -> str:
    """The description, with a headed section for all else that has no column of its own."""
    whole_title = " ".join(record.title.split())
    sections = {
        "": record.description,
        "Full title": whole_title if len(whole_title) > Ticket.TITLE_MAX else "",
        "Design": record.design,
        "Acceptance criteria": record.acceptance_criteria,
        "Notes": record.notes,
        "External reference": record.external_ref,
        "Further labels": "\n".join(f"- {label}" for label in _wanted_labels(record)[LABELS_MAX:]),
    }
    parts = [
        f"## {heading}\n\n{text.strip()}" if heading else text.strip()
        for heading, text in sections.items()
        if text.strip()
    ]
    return _long_text("\n\n".join(parts), Ticket.DESCRIPTION_MAX, "descriptions cut", tally)


def labels(record: Record, tally: Tally) -> list[str]:
    """The type, status and assignee where they say something, and the record's own labels.

    Those beyond the limit are listed in the description instead.
    """
    wanted = _wanted_labels(record)
    tally.changed["labels listed in the description"] += max(len(wanted) - LABELS_MAX, 0)
    kept = [one_line(label, LABEL_MAX, "labels cut", tally) for label in wanted[:LABELS_MAX]]
    return list(dict.fromkeys(kept))


def comment(said: Said, tally: Tally) -> str:
    """The text of a comment."""
    return _long_text(said.text, Comment.CONTENT_MAX, "comments cut", tally)


def reason(text: str, tally: Tally) -> str:
    """Why a ticket was closed."""
    return _long_text(text, Ticket.REASON_MAX, "close reasons cut", tally)


def name(text: str, tally: Tally) -> str | None:
    """Whoever wrote something."""
    return one_line(text, NAME_MAX, "names cut", tally) or None


def one_line(text: str, longest: int, what: str, tally: Tally) -> str:
    """The text in one line; cut with an ellipsis, and counted as `what`, if it is too long."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    tally.changed[what] += 1
    return line[: longest - len(ELLIPSIS)].rstrip() + ELLIPSIS


def _long_text(text: str, longest: int, what: str, tally: Tally) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) <= longest:
        return text
    tally.changed[what] += 1
    note = f"\n\n*Cut by the import: the text had {len(text):,} characters.*"
    return text[: longest - len(note)].rstrip() + note


def _wanted_labels(record: Record) -> list[str]:
    """All labels, each once, the most telling first. A comma would end a label on the pages."""
    wanted = [record.issue_type]
    if record.status not in PLAIN_STATUSES:
        wanted.append(f"status:{record.status}")
    if record.assignee.strip():
        wanted.append(f"assignee:{record.assignee}")
    if record.ephemeral:
        wanted.append("ephemeral")
    cleaned = (" ".join(label.replace(",", " ").split()) for label in wanted + record.labels)
    return list(dict.fromkeys(label for label in cleaned if label))
