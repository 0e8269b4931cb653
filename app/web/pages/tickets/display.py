"""How a list of tickets looks: what its reader chose, and what a view brings along."""

from __future__ import annotations

from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlencode

from flask import redirect, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.transactions import writing
from app.errors import Invalid
from app.forms.list_display import MINE, THE_VIEWS, ListDisplayForm
from app.models import SavedView, User
from app.models.user import LIST_COLUMNS_DEFAULT
from app.web.auth.access import page
from app.web.auth.identity import require_person
from app.web.pages.saved_views import visible_view
from app.web.pages.tickets.blueprint import blueprint


class Display(NamedTuple):
    """What a list looks like."""

    density: str
    size: int
    columns: tuple[str, ...]

    @classmethod
    def of(cls, view: SavedView | None) -> Self:
        """As the reader chose it; a view may have columns of its own."""
        person = require_person()
        columns = tuple(view.columns if view else ()) or person.list_columns
        return cls(person.list_density, person.list_size, columns or LIST_COLUMNS_DEFAULT)

    @property
    def form(self) -> ListDisplayForm:
        """The form in which it is chosen."""
        values = {**self._asdict(), "size": str(self.size)}
        return ListDisplayForm(formdata=None, data=values)


@blueprint.post("/tickets/-/display")
@page(role="viewer")
def arrange() -> Answer:
    """Keep how lists look to a person, and which columns they or the view have."""
    form = ListDisplayForm()
    if not form.validate_on_submit():
        raise Invalid("A list can't look like that: use the form above it.")
    with writing() as session:
        _arrange(form, session)
    asked = urlencode(parse_qsl(form.back.data or "", keep_blank_values=True), safe=":,/")
    return redirect(f"{url_for('tickets.index')}?{asked}".removesuffix("?"), 303)


def _arrange(form: ListDisplayForm, session: Session) -> None:
    me = User.lock(session, require_person().user_id)
    columns = form.columns.data or list(LIST_COLUMNS_DEFAULT)
    me.arrange_lists(
        density=form.density.data,
        size=int(form.size.data),
        columns=columns if form.keep.data == MINE else None,
    )
    if form.keep.data == THE_VIEWS:
        number = form.view.data or ""
        view_id = int(number) if number.isdecimal() and len(number) < 10 else 0
        visible_view(session, view_id).show_columns(me, columns)
