"""The form that marks events as dealt with."""

from __future__ import annotations

from typing import Any

from wtforms import Field, StringField
from wtforms.validators import Length

from app.forms.base import BoardForm, at_most
from app.models import Event
from app.queries.paging import PAGE_SIZE

LONGEST_ID = 18
"""Digits; more is no event's number on any database."""


class EventIdsField(Field):
    """The numbers of the picked events."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not all(text.isascii() and text.isdigit() for text in valuelist):
            raise ValueError("Pick events from the list.")
        self.data = [int(text) for text in valuelist if len(text) <= LONGEST_ID]


class ProcessForm(BoardForm):
    """One event or many, and what was done about them."""

    event = EventIdsField(
        "Events",
        id="events",
        default=list,
        validators=[
            Length(min=1, message="Pick at least one event first."),
            Length(max=PAGE_SIZE, message=f"At most {PAGE_SIZE} events at once."),
        ],
    )
    note = StringField("Note", validators=[at_most(Event.SUMMARY_MAX)])
