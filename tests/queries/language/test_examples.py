"""What docs/queries.md shows is understood, and answered by both databases."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.orm import Session

from app.queries.language.fields import FIELDS
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.tickets.list import list_tickets
from app.visibility import Visibility
from tests.factories import make_ticket

PAGE = (Path(__file__).parents[3] / "docs" / "queries.md").read_text("utf-8")
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPANS = re.findall(r"`([^`\n]+)`", BLOCK.sub("", PAGE))
EXAMPLES = sorted({*BLOCK.findall(PAGE), *(text for text in SPANS if re.search(r"[a-z]:\S", text))})


def test_the_page_names_every_field() -> None:
    assert {name for name in FIELDS if f"`{name}`" not in PAGE} == set()
    assert len(EXAMPLES) > 30


def test_the_examples_of_the_page_are_answered(session: Session) -> None:
    make_ticket(session)
    session.flush()
    for example in EXAMPLES:
        found = list_tickets(session, Visibility.everything(), parse(example), Reader("ann"), 1)
        assert found.page.total in (0, 1), example
