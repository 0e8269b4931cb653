"""What each event says: one table of descriptions, read as HTML or as plain text.

It knows neither the database nor a request, so that whatever has the facts of an event (a row, or
what the API answered) can say it in the same words.
"""

from app.events.descriptions import DESCRIPTIONS, Description, describe
from app.events.event import Event, EventFacts
from app.events.wording import SYSTEM, Html, Plain, explanation, name, sentence

__all__ = [
    "DESCRIPTIONS",
    "SYSTEM",
    "Description",
    "Event",
    "EventFacts",
    "Html",
    "Plain",
    "describe",
    "explanation",
    "name",
    "sentence",
]
