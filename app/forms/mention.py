"""The form that says that one has seen where one is named."""

from __future__ import annotations

from typing import Any

from wtforms import Field

from app.forms.base import BoardForm
from app.forms.event import LONGEST_ID


class MentionIdsField(Field):
    """Numbers of mentions; none: all that there are."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not all(text.isascii() and text.isdigit() for text in valuelist):
            raise ValueError("Choose from the inbox.")
        self.data = [int(text) for text in valuelist if len(text) <= LONGEST_ID]


class DismissForm(BoardForm):
    """Mentions that need no more attention."""

    mention = MentionIdsField("Mentions", default=list)
