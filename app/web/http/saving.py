"""From a form to a verb: how a page changes something, and what it says then.

A view reads and validates; `save` carries out one verb in one transaction; what is shown next is
read after its commit. A button without fields needs no form: `with writing() as session:` and
`done` are enough, because its refusal is a page of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import flash, redirect, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.db.transactions import writing
from app.errors import Conflict, DomainError, NotFound
from app.forms.base import BoardForm

Made = TypeVar("Made")

AT_ONCE = (
    "Someone else saved the same at the same moment. Look whether it is there already, or send it "
    "again."
)


def save(form: BoardForm, change: Callable[[Session], Made]) -> Made | None:
    """Carry out what was sent, and give what `change` returns of it. None: nothing was sent, or it
    was refused. Then the form says why, holds what was typed, and is to be shown."""

    def commit() -> Made:
        with writing() as session:
            return change(session)

    return attempt(form, commit)


def attempt(form: BoardForm, act: Callable[[], Made]) -> Made | None:
    """The same for what opens its transactions itself."""
    if not form.validate_on_submit():
        return None
    try:
        return act()
    except NotFound:
        raise  # what the form is about is gone: it can't be shown again
    except DomainError as error:
        form.refuse(error)
    except IntegrityError:
        # Two passed the verb's own check at the same moment; the database let one of them in.
        form.refuse(Conflict(AT_ONCE))
    return None


def done(message: str, endpoint: str, **values: Any) -> Response:
    """Go to a page, which says what was done."""
    flash(message, "success")
    return redirect(url_for(endpoint, **values), 303)
