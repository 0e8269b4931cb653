"""Who may see a project: everyone on the board, or its members only."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from sqlalchemy.orm import Session

from app.db.base import db
from app.forms.base import BoardForm
from app.forms.member import AddMemberForm
from app.models import Project, User
from app.queries.projects.members import could_join, members
from app.web.auth.identity import current_actor, require_person
from app.web.pages.project_pages import Answer, load_project, project_page

blueprint = Blueprint("members", __name__)

ROOT = "/projects/<project:name>/-/members"


@blueprint.route(ROOT, methods=["GET", "POST"])
def index(name: str) -> Answer:
    """The project's members, and the form that adds one."""
    project, session = load_project(name), db.session()
    form = AddMemberForm()
    form.offer(could_join(session, name))
    if form.validate_on_submit():
        with form.catching():
            user = User.get(session, int(form.user_id.data))
            project.add_member(user, current_actor())
            session.commit()
            flash(f"{user.name} is a member of {name}.")
            return redirect(url_for("members.index", name=name), 303)
    page = project_page("projects/members.html", project, form=form, members=members(session, name))
    return page, form.status


@blueprint.post(f"{ROOT}/limit")
def limit(name: str) -> Answer:
    """Let only members see the project; whoever decides that is one of them."""
    limit_project(db.session(), load_project(name))
    db.session.commit()
    flash(f"From now on only its members and admins see {name}.")
    return redirect(url_for("members.index", name=name), 303)


def limit_project(session: Session, project: Project) -> None:
    """Limit it, and keep whoever does so as a member."""
    project.limit_to_members(current_actor())
    project.add_member(User.get(session, require_person().user_id), current_actor())


@blueprint.post(f"{ROOT}/open")
def open_to_all(name: str) -> Answer:
    """Let everyone on the board see the project."""
    load_project(name).open_to_all(current_actor())
    db.session.commit()
    flash(f"Everyone on this board sees {name} now. Its list of members is kept.")
    return redirect(url_for("members.index", name=name), 303)


@blueprint.route(f"{ROOT}/<int:user_id>/remove", methods=["GET", "POST"])
def remove(name: str, user_id: int) -> Answer:
    """What it means to remove someone, and doing so."""
    project, user = load_project(name), User.get(db.session(), user_id)
    is_self = user_id == require_person().user_id
    if BoardForm().validate_on_submit():
        project.remove_member(user, current_actor())
        locks_out = is_self and project.members_only and user.role != "admin"
        flash(f"{user.name} is no longer a member of {name}.")
        db.session.commit()
        then = url_for("projects.index") if locks_out else url_for("members.index", name=name)
        return redirect(then, 303)
    return project_page("projects/remove_member.html", project, user=user, is_self=is_self)
