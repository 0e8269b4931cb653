"""Who may see a project: everyone on the board, or its members only."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.forms.people import AddMemberForm
from app.loading import project_named
from app.models import Project, User
from app.queries.projects.members import could_join, members
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility, require_person
from app.web.http.saving import done, save
from app.web.pages.loading import load_project
from app.web.pages.projects import project_page

blueprint = Blueprint("members", __name__)

ROOT = "/projects/<project:name>/-/members"


@blueprint.route(ROOT, methods=["GET", "POST"])
@page(role="lead")
def index(name: str) -> Answer:
    """The project's members, and the form that adds one."""
    project, session = load_project(name), db.session()
    form = AddMemberForm()
    form.offer(could_join(session, name))
    if said := save(form, partial(_add, name, form)):
        return done(said, "members.index", name=name)
    page = project_page("projects/members.html", project, form=form, members=members(session, name))
    return page, form.status


def _add(name: str, form: AddMemberForm, session: Session) -> str:
    project = Project.lock(session, name)
    user = User.get(session, int(form.user_id.data))
    project.add_member(user, current_actor())
    return f"{user.name} is a member of {name}."


@blueprint.post(f"{ROOT}/limit")
@page(role="lead")
def limit(name: str) -> Answer:
    """Let only members see the project; whoever decides that is one of them."""
    with writing() as session:
        project = project_named(session, current_visibility(), name)
        project.limit_to_members(current_actor())
        project.add_member(User.get(session, require_person().user_id), current_actor())
    said = f"From now on only its members and admins see {name}."
    return done(said, "members.index", name=name)


@blueprint.post(f"{ROOT}/open")
@page(role="lead")
def open_to_all(name: str) -> Answer:
    """Let everyone on the board see the project."""
    with writing() as session:
        project_named(session, current_visibility(), name).open_to_all(current_actor())
    said = f"Everyone on this board sees {name} now. Its list of members is kept."
    return done(said, "members.index", name=name)


@blueprint.route(f"{ROOT}/<int:user_id>/remove", methods=["GET", "POST"])
@page(role="lead")
def remove(name: str, user_id: int) -> Answer:
    """What it means to remove someone, and doing so."""
    project, user = load_project(name), User.get(db.session(), user_id)
    is_self = user_id == require_person().user_id
    if request.method == "GET":
        return project_page("projects/remove_member.html", project, user=user, is_self=is_self)
    locks_out = is_self and project.members_only and user.role != "admin"
    said = f"{user.name} is no longer a member of {name}."
    with writing() as session:
        Project.lock(session, name).remove_member(User.get(session, user_id), current_actor())
    if locks_out:
        return done(said, "projects.index")
    return done(said, "members.index", name=name)
