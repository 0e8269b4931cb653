"""Fills in the sentences of the table, as HTML with links or as plain text.

Whatever stands in an event is escaped and cut to a length: rows may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape

from app.events.descriptions import describe, facts
from app.events.event import Event

SYSTEM = "callboard"
"""What the `actor` of an event says when Callboard itself did it."""

TEXT_MAX = 300
"""Characters of one name or value."""

NAMES_MAX = 50
"""Names in one list."""

Text = str | Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Sentences as text. `within_ticket`: they stand where everybody knows which ticket it is.
    `names_actor`: false where the name of who did it stands before the sentence."""

    within_ticket: bool = False
    names_actor: bool = True

    def fill(self, template: str, values: Mapping[str, Text]) -> Text:
        """The template with its values."""
        return template.format_map(values)

    def strong(self, text: str) -> Text:
        """A name that stands out."""
        return text

    def key(self, kind: str, key: str) -> Text:
        """An id; `kind` is the folder of its page."""
        del kind
        return key

    def other(self, ticket_id: str) -> Text:
        """The id of another ticket than the event is about."""
        return ticket_id

    def description(self, ticket_id: str, version: int) -> Text:
        """A description that was edited; `version`: what it said until then."""
        del ticket_id, version
        return "description"


@dataclass(frozen=True, slots=True, kw_only=True)
class Html(Plain):
    """Sentences as HTML, whose ids lead to the pages below `root` that are there to be seen."""

    root: str = ""
    links: frozenset[str] = frozenset()
    draw_other: Callable[[str], Markup | None] | None = None
    """How another ticket is shown, if there is one to be seen."""

    def fill(self, template: str, values: Mapping[str, Text]) -> Markup:
        return Markup(template).format_map(values)  # noqa: S704 - templates are the table's own

    def strong(self, text: str) -> Markup:
        return Markup("<b>{}</b>").format(text)

    def key(self, kind: str, key: str) -> Markup:
        if kind not in self.links:
            return Markup('<span class="id">{}</span>').format(key)
        named = Markup("") if kind == "projects" else Markup(' class="id"')
        return Markup('<a{} href="{}/{}/{}">{}</a>').format(named, self.root, kind, key, key)

    def other(self, ticket_id: str) -> Markup:
        drawn = self.draw_other(ticket_id) if self.draw_other else None
        return drawn or escape(ticket_id)

    def description(self, ticket_id: str, version: int) -> Text:
        if "tickets" not in self.links:
            return "description"
        address = f"{self.root}/tickets/{ticket_id}/description/history?edit={version}"
        return Markup('<a class="link" href="{}">description</a>').format(address)


PLAIN = Plain()

Word = Callable[[Event, Plain], Text]
"""How one thing of an event is said."""


def name(event: Event) -> str:
    """What filters and pills call it."""
    description = describe(event)
    return _chosen(description.names, event) or description.name


def sentence(event: Event, wording: Plain = PLAIN) -> Text:
    """What happened, and because of what, without what somebody wrote (`reason`)."""
    description = describe(event)
    template = _chosen(description.sentences, event) or description.sentence
    if because := _chosen(description.causes, event):
        template = f"{template}: {because}"
    return wording.fill(template, _Words(event, wording)).strip()


def explanation(event: Event) -> str:
    """The cause and what somebody wrote, as text."""
    description = describe(event)
    because = _chosen(description.causes, event)
    told = str(PLAIN.fill(because, _Words(event, PLAIN)))
    return description.before_reason.join(part for part in (told, event.reason) if part)


def _chosen(templates: Any, event: Event) -> str:
    there = facts(event) if templates else ()
    return next((template for fact, template in templates.items() if fact in there), "")


class _Words(dict[str, Text]):
    """What sentences may say of an event; each is found out when a sentence says it."""

    def __init__(self, event: Event, wording: Plain) -> None:
        self.event, self.wording = event, wording

    def __missing__(self, name: str) -> Text:
        if name in COPIED:
            return _text(self.event.details.get(name))
        return WORDS[name](self.event, self.wording)


LAST = {
    "no_heartbeat": "; the last sent no heartbeat",
    "declared_dead": "; the last was declared dead",
}
"""How the last of several attempts failed, if nobody wrote it."""

COPIED = (
    "beads_status",
    "claimed_by",
    "open_blockers",
    "open_blockers_before",
    "report",
    "run_outcome",
)


def _who(event: Event, wording: Plain) -> Text:
    if not wording.names_actor:
        return ""
    if event.actor and event.actor == event.worker_id:
        return _worker(event, wording)
    return "Callboard" if event.actor == SYSTEM else wording.strong(_text(event.actor) or "Someone")


def _worker(event: Event, wording: Plain) -> Text:
    return wording.key("workers", event.worker_id) if event.worker_id else "a worker"


def _ticket(event: Event, wording: Plain) -> Text:
    return wording.key("tickets", event.ticket_id) if event.ticket_id else "a ticket"


def _with_ticket(template: str) -> Word:
    """The ticket behind a preposition, or nothing where everybody knows which it is."""

    def say(event: Event, wording: Plain) -> Text:
        if wording.within_ticket:
            return ""
        return wording.fill(template, {"ticket": _ticket(event, wording)})

    return say


def _project(event: Event, wording: Plain) -> Text:
    return wording.key("projects", event.project_id) if event.project_id else "a project"


def _stage(event: Event, wording: Plain) -> Text:
    return wording.strong(event.stage) if event.stage else "a stage"


def _back_to(event: Event, _: Plain) -> Text:
    stage = _text(event.details.get("to_stage"))
    return f" to stage {stage}" if stage else ""


def _attempts(event: Event, _: Plain) -> Text:
    failed, most = event.details.get("failed_attempts"), event.details.get("max_attempts")
    # Someone may have allowed fewer attempts since the last one began.
    return f"{_text(failed)} of {_text(most)}" if failed == most else _text(failed)


def _freed(event: Event, _: Plain) -> Text:
    ticket_id = _text(event.details.get("freed_ticket_id"))
    return f"; {ticket_id} went back to its queue" if ticket_id else ""


def _changes(event: Event, wording: Plain) -> Text:
    changed, before, after = (event.details.get(key) for key in ("changed", "from", "to"))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return _names(changed)

    def say(field: str) -> Text:
        if field == "description":
            return _description(event, wording)
        is_told = field in before and field in after
        return f"{field} {_content(before[field])} → {_content(after[field])}" if is_told else field

    return _said(_texts(changed), say, wording)


def _description(event: Event, wording: Plain) -> Text:
    """That it changed, how much, and the way to what it said before."""
    known = event.details.get("description")
    facts = known if isinstance(known, dict) else {}
    version, added, removed = (
        value if type(value := facts.get(key)) is int else 0
        for key in ("version", "added", "removed")
    )
    if not version:
        return "description"
    counts = ((added, "added"), (removed, "removed"))
    lines = ", ".join(f"{number} {word}" for number, word in counts if number) or "moved"
    name = wording.description(event.ticket_id or "", version)
    return wording.fill("{name} (lines: {lines})", {"name": name, "lines": lines})


WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "who": _who,
        "ticket": lambda event, words: "it" if words.within_ticket else _ticket(event, words),
        "the_ticket": (
            lambda event, words: "the ticket" if words.within_ticket else _ticket(event, words)
        ),
        "_ticket": _with_ticket(" {ticket}"),
        "of_ticket": _with_ticket(" of {ticket}"),
        "on_ticket": _with_ticket(" on {ticket}"),
        "worker": _worker,
        "stage": _stage,
        "project": _project,
        "run": lambda event, _: str(event.run_id or "?"),
        "without_comment": lambda event, _: "" if event.comment_id else ", without a comment",
        "to_stage": lambda event, words: words.strong(_text(event.details.get("to_worker_type"))),
        "back_to": _back_to,
        "attempts": _attempts,
        "last": lambda event, _: LAST.get(_text(event.details.get("cause")), ""),
        "from_plan": lambda event, _: _names(event.details.get("from_plan")),
        "to_plan": lambda event, _: _names(event.details.get("to_plan")),
        "blocked_by": lambda event, words: _others(event.details.get("blocked_by"), words),
        "related": lambda event, words: _others(event.details.get("related"), words),
        "other": lambda event, words: words.other(_text(event.details.get("other"))),
        "freed": _freed,
        "changes": _changes,
    }
)
"""What stands in braces in the sentences of the table, besides what is `COPIED`."""


def _content(value: object) -> str:
    if isinstance(value, list):
        return _names(value) or "none"
    return "none" if value is None else f"“{_text(value)}”"


def _others(value: object, wording: Plain) -> Text:
    """Other tickets, by their ids."""
    return _said(_texts(value), wording.other, wording)


def _said(names: Sequence[str], say: Callable[[str], Text], wording: Plain) -> Text:
    """A list of names, each in words of its own, which may be HTML."""
    said = {f"t{place}": say(each) for place, each in enumerate(names[:NAMES_MAX])}
    return wording.fill(_listed([*(f"{{{name}}}" for name in said), *names[NAMES_MAX:]]), said)


def _names(value: object) -> str:
    return _listed(_texts(value))


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - NAMES_MAX} more" if len(found) > NAMES_MAX else ""
    return ", ".join(found[:NAMES_MAX]) + more


def _texts(value: object) -> Sequence[str]:
    return [_text(each) for each in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = " ".join(str(value)[: TEXT_MAX + 1].split())
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"
