"""What may stand where someone types: fields, then their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import User, Worker
from app.queries.choices import label_names, project_names, worker_type_names
from app.queries.language.fields import FIELDS
from app.queries.language.query import Value
from app.queries.search.texts import ids_beginning
from app.values import immutable
from app.visibility import Visibility

SUGGESTIONS_MAX = 20

# The term that ends at the cursor. A quote that is open goes on over spaces.
TERM = re.compile(
    r'(?:^|(?<=\s))-?(?:(?P<field>[A-Za-z_]+):(?P<before>(?:(?:"[^"]*"|[^\s",]+),)*))?'
    r'(?P<begun>"[^"]*|[^\s",]*)$'
)


@immutable
class Suggestion:
    """`text` may stand from `start` to `end` of what was typed."""

    text: str
    start: int
    end: int
    help_line: str = ""


def complete(typed: str, cursor: int, session: Session, visibility: Visibility) -> list[Suggestion]:
    """What the word before the cursor may become, of what may be seen."""
    cursor = min(max(cursor, 0), len(typed))
    found = TERM.search(typed[:cursor])
    if found is None or "\0" in typed:
        return []
    begun = found["begun"]
    start = found.start("begun")
    if found["field"] is None:
        return [
            Suggestion(f"{name}:", start, cursor, field.help_line)
            for name, field in FIELDS.items()
            if name.startswith(begun.lower()) and not begun.startswith('"')
        ][:SUGGESTIONS_MAX]
    field = FIELDS.get(found["field"].lower())
    if field is None:
        return []
    begun = begun.removeprefix('"')
    words = [word for word in field.words if word.startswith(begun.lower())]
    names = NAMES[field.completes](session, visibility, begun) if field.completes else []
    texts = [*words, *(_written(name) for name in names)]
    return [Suggestion(text, start, cursor) for text in dict.fromkeys(texts)][:SUGGESTIONS_MAX]


def _written(name: str) -> str:
    value = Value.of(name)
    return str(value if not value.special else Value(name, is_quoted=True))


def _projects(session: Session, visibility: Visibility, begun: str) -> list[str]:
    return _best(project_names(session, visibility), begun)


def _stages(session: Session, visibility: Visibility, begun: str) -> list[str]:
    return _best(worker_type_names(session, visibility), begun)


def _labels(session: Session, visibility: Visibility, begun: str) -> list[str]:
    return _best(label_names(session, visibility), begun)


def _best(names: Sequence[str], begun: str) -> list[str]:
    """Those that begin like it, then those that hold it."""
    begun = begun.lower()
    holding = [name for name in names if begun in name.lower()]
    return sorted(holding, key=lambda name: not name.lower().startswith(begun))


def _ids(session: Session, visibility: Visibility, begun: str) -> list[str]:
    return ids_beginning(session, visibility, begun, SUGGESTIONS_MAX)


def _workers(session: Session, visibility: Visibility, begun: str) -> list[str]:
    """The last ones that were heard of."""
    some = select(Worker.worker_id).where(visibility.of(Worker.project_id))
    newest = some.where(Worker.worker_id.startswith(begun, autoescape=True))
    ordered = newest.order_by(Worker.last_activity.desc(), Worker.worker_id)
    return list(session.scalars(ordered.limit(SUGGESTIONS_MAX)))


def _people(session: Session, visibility: Visibility, begun: str) -> list[str]:
    """Whoever may sign in; a token of one project learns of nobody."""
    if visibility.only is not None:
        return []
    some = select(User.name).where(User.disabled_at.is_(None))
    named = some.where(User.name.startswith(begun, autoescape=True)).order_by(User.name)
    return list(session.scalars(named.limit(SUGGESTIONS_MAX)))


NAMES: Mapping[str, Callable[[Session, Visibility, str], list[str]]] = {
    "projects": _projects,
    "stages": _stages,
    "labels": _labels,
    "ids": _ids,
    "workers": _workers,
    "people": _people,
}
