"""Saved views: queries under a name, one's own and everyone's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.errors import NotFound
from app.forms.saved_view import ASKED, SavedViewForm
from app.models import DefaultView, SavedView, User
from app.queries.choices import project_names
from app.queries.language.mistakes import NotUnderstood
from app.queries.language.parsing import parse
from app.queries.saved_views import ShownView, count_of, depends_on_reader, shown_views
from app.web.auth.access import page
from app.web.auth.identity import current_reader, current_visibility, require_person
from app.web.http.live import Audience, shared
from app.web.http.saving import done, save

blueprint = Blueprint("saved_views", __name__)


class PinnedView(NamedTuple):
    """A line of the sidebar; `number` is None where nothing is counted."""

    id: int
    name: str
    number: int | None


def views_of_person() -> list[ShownView]:
    """Those that the person's pages show, read once for each request."""
    if "views" not in g:
        g.views = shown_views(db.session(), require_person().user_id)
    found: list[ShownView] = g.views
    return found


@blueprint.app_template_global()
def pinned_views() -> list[PinnedView]:
    """Those in the person's sidebar, with how many tickets they found in the last seconds."""
    views = [view for view in views_of_person() if view.pinned]
    if not views:
        return []
    queries = [view.query for view in views]
    # Whose views find the same for all share their numbers.
    name = current_reader().name if any(map(depends_on_reader, queries)) else ""
    counts = shared(f"views of {name}", "\n".join(queries), partial(_counts, queries))
    return [PinnedView(view.id, view.name, counts[view.query]) for view in views]


def _counts(queries: Sequence[str], audience: Audience, _version: str) -> dict[str, int | None]:
    session, reader = db.session(), current_reader()
    return {query: count_of(session, audience.visibility, query, reader) for query in queries}


@blueprint.get("/views")
@page(role="viewer")
def index() -> Answer:
    """The person's own views, and everyone's."""
    session, me = db.session(), _me()
    views = SavedView.of(session, me)
    groups = [
        ("Your own", [view for view in views if not view.is_shared]),
        ("Everyone’s", [view for view in views if view.is_shared]),
    ]
    default = DefaultView.of_user(session, me.id)
    return render_template("saved_views/index.html", groups=groups, default=default)


@blueprint.get("/views/<int:view_id>")
@page(role="viewer")
def show(view_id: int) -> Answer:
    """The list or the board that it is."""
    return redirect(_address_of(visible_view(db.session(), view_id)), 303)


def _address_of(view: SavedView) -> str:
    if view.layout == "list":
        return url_for("tickets.index", q=view.query, view=view.id)
    shown: dict[str, Any] = {"view": view.id, "lanes": view.lanes or None}
    try:
        query = parse(view.query)
    except NotUnderstood:
        return url_for("board.show_all", q=view.query, **shown)  # there it is told
    project = query.only_value("project")
    if project not in project_names(db.session(), current_visibility()):
        return url_for("board.show_all", q=view.query or None, **shown)
    if view.lanes == "project":
        shown["lanes"] = None
    others = str(query.without("project"))
    return url_for("projects.show", name=project, q=others or None, **shown)


@blueprint.route("/views/new", methods=["GET", "POST"])
@page(role="viewer")
def new() -> Answer:
    """The form that keeps a query under a name."""
    shown = {name: request.args[name] for name in ASKED if name in request.args}
    form = SavedViewForm(data={"columns": require_person().list_columns, "pinned": True, **shown})
    if made := save(form, partial(_create, form)):
        view_id, said = made
        return done(said, "saved_views.show", view_id=view_id)
    return render_template("saved_views/new.html", form=form), form.status


def _create(form: SavedViewForm, session: Session) -> tuple[int, str]:
    me = _me(session)
    query = form.q.data or ""
    parse(query)
    view = SavedView.create(
        session,
        me,
        name=form.name.data or "",
        query=query,
        columns=form.columns.data or (),
        layout=form.layout.data,
        lanes=form.lanes.data or "",
        pinned=form.pinned.data,
    )
    _settle(view, form, me)
    return view.id, f"The view “{view.name}” was saved."


@blueprint.route("/views/<int:view_id>/edit", methods=["GET", "POST"])
@page(role="viewer")
def edit(view_id: int) -> Answer:
    """The form for another name, another query, or another place."""
    view, me = visible_view(db.session(), view_id), _me()
    view.require_editable(me)
    default = DefaultView.of_user(db.session(), me.id)
    is_default = default is not None and default.id == view.id
    form = SavedViewForm.of(view, is_default=is_default, shown=request.args)
    if said := save(form, partial(_edit, view_id, form)):
        return done(said, "saved_views.index")
    return render_template("saved_views/edit.html", form=form, view=view), form.status


def _edit(view_id: int, form: SavedViewForm, session: Session) -> str:
    view, me = visible_view(session, view_id), _me(session)
    query = form.q.data or ""
    if query != view.query:
        # One that is no longer understood may keep its name, and get another.
        parse(query)
    view.rename(me, form.name.data or "")
    view.edit(
        me,
        query=query,
        columns=form.columns.data or (),
        layout=form.layout.data,
        lanes=form.lanes.data or "",
        pinned=form.pinned.data,
    )
    _settle(view, form, me)
    return f"The view “{view.name}” was saved."


def _settle(view: SavedView, form: SavedViewForm, me: User) -> None:
    """What isn't the view's alone."""
    if form.shared.data and not view.is_shared:
        view.share(me)
    default = DefaultView.of_user(view.session, me.id)
    if form.default.data:
        view.make_default(me)
    elif default is not None and default.id == view.id:
        DefaultView.clear(view.session, me.id)


@blueprint.post("/views/<int:view_id>/default")
@page(role="viewer")
def begin_with(view_id: int) -> Answer:
    """Let the person's list of tickets begin with it, or with all tickets again."""
    with writing() as session:
        view, me = visible_view(session, view_id), _me(session)
        default = DefaultView.of_user(session, me.id)
        if default is not None and default.id == view.id:
            DefaultView.clear(session, me.id)
            said = "Your list of tickets begins with all that aren’t closed."
        else:
            view.make_default(me)
            said = f"Your list of tickets begins with “{view.name}”."
    return done(said, "saved_views.index")


@blueprint.post("/views/<int:view_id>/up")
@page(role="viewer")
def move_up(view_id: int) -> Answer:
    """Put it before the one above it."""
    with writing() as session:
        view, me = visible_view(session, view_id), _me(session)
        ids = [each.id for each in SavedView.of(session, me) if each.is_shared == view.is_shared]
        at = ids.index(view.id)
        before = max(at - 1, 0)
        ids[before], ids[at] = ids[at], ids[before]
        SavedView.reorder(session, me, ids, shared=view.is_shared)
        said = f"“{view.name}” was moved up."
    return done(said, "saved_views.index")


@blueprint.route("/views/<int:view_id>/delete", methods=["GET", "POST"])
@page(role="viewer")
def delete(view_id: int) -> Answer:
    """The question whether to delete a view, and its deletion."""
    view = visible_view(db.session(), view_id)
    view.require_editable(_me())
    if request.method == "GET":
        return render_template("saved_views/delete.html", view=view)
    with writing() as session:
        view = visible_view(session, view_id)
        said = f"The view “{view.name}” was deleted."
        view.delete(_me(session))
    return done(said, "saved_views.index")


def _me(session: Session | None = None) -> User:
    return (session or db.session()).get_one(User, require_person().user_id)


def visible_view(session: Session, view_id: int) -> SavedView:
    """The view, unless it is somebody else's: that is missing in the same words."""
    view = session.get(SavedView, view_id) if view_id < 2**31 else None
    if view is None or view.user_id not in (None, require_person().user_id):
        raise NotFound(SavedView.MISSING)
    return view
