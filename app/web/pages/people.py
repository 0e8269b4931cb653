"""The team, for admins: who may sign in, and what they may do."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app import pipeline
from app.db.base import db
from app.db.transactions import writing
from app.forms.people import InviteForm, RoleForm
from app.links import link_from, public_url
from app.models import Invitation, User, UserSession
from app.queries.people.audit import AuditFilter, audit_page
from app.queries.people.list import people, person_row
from app.web.auth.access import page
from app.web.auth.identity import current_actor
from app.web.http.saving import done, save

blueprint = Blueprint("people", __name__)

RECENT = 8
"""What the audit says of someone, on their page."""


@blueprint.get("/people")
@page(role="admin")
def index() -> Answer:
    """Everyone, and the invitations that nobody has used yet."""
    session = db.session()
    return render_template(
        "people/index.html", rows=people(session), pending=Invitation.pending(session)
    )


@blueprint.route("/people/invite", methods=["GET", "POST"])
@page(role="admin")
def invite() -> Answer:
    """The form for an invitation; its link is shown once."""
    form = InviteForm()
    if secret := save(form, partial(_invite, form)):
        link = whole_link("accounts.join", secret)
        return render_template("people/invited.html", link=link, form=form)
    return render_template("people/invite.html", form=form), form.status


def _invite(form: InviteForm, session: Session) -> str:
    return Invitation.to_join(
        session, role=form.role.data, note=form.note.data, actor=current_actor()
    )


@blueprint.post("/people/invitations/<int:invitation_id>/revoke")
@page(role="admin")
def revoke_invitation(invitation_id: int) -> Answer:
    """Let a link lead nowhere."""
    with writing() as session:
        Invitation.get(session, invitation_id).revoke(current_actor())
    return done("That invitation is taken back: its link leads nowhere.", "people.index")


@blueprint.get("/people/<int:user_id>")
@page(role="admin")
def show(user_id: int) -> Answer:
    """One team member."""
    return person_page(user_id, RoleForm(formdata=None))


@blueprint.post("/people/<int:user_id>/role")
@page(role="admin")
def change_role(user_id: int) -> Answer:
    """Let someone do more, or less."""
    form = RoleForm()
    if said := save(form, partial(_change_role, user_id, form)):
        return done(said, "people.show", user_id=user_id)
    return person_page(user_id, form)


def _change_role(user_id: int, form: RoleForm, session: Session) -> str:
    user = User.get(session, user_id)
    user.change_role(form.role.data, current_actor())
    return f"{user.name} is {user.role} now."


@blueprint.post("/people/<int:user_id>/disable")
@page(role="admin")
def disable(user_id: int) -> Answer:
    """Disable the account."""
    with writing() as session:
        user = User.get(session, user_id)
        pipeline.disable_person(session, user, current_actor())
        said = f"{user.name} is signed out everywhere, and can't sign in any more."
    return done(said, "people.show", user_id=user_id)


@blueprint.post("/people/<int:user_id>/enable")
@page(role="admin")
def enable(user_id: int) -> Answer:
    """Enable the account again."""
    with writing() as session:
        user = User.lock(session, user_id)
        user.enable(current_actor())
        said = f"{user.name} can sign in again."
    return done(said, "people.show", user_id=user_id)


@blueprint.post("/people/<int:user_id>/sign-out")
@page(role="admin")
def sign_out(user_id: int) -> Answer:
    """Sign someone out everywhere; they may sign in again."""
    with writing() as session:
        user = User.get(session, user_id)
        UserSession.end_all(session, user, current_actor())
        said = f"{user.name} is signed out everywhere."
    return done(said, "people.show", user_id=user_id)


@blueprint.post("/people/<int:user_id>/reset-link")
@page(role="admin")
def reset_link(user_id: int) -> Answer:
    """Make a link with which someone chooses a new password; it is shown once."""
    with writing() as session:
        user = User.get(session, user_id)
        secret = Invitation.to_reset(session, user, current_actor())
    link = whole_link("accounts.reset", secret)
    return render_template("people/reset_link.html", link=link, user=user)


def person_page(user_id: int, form: RoleForm) -> Answer:
    """Someone's page, with what they did lately."""
    session = db.session()
    row = person_row(session, user_id)
    if not form.is_submitted():
        form.role.data = row.role
    page = render_template(
        "people/show.html",
        row=row,
        form=form,
        is_only_admin=User.is_only_admin(session, user_id),
        recent=audit_page(session, AuditFilter(actor=row.name), size=RECENT).rows,
    )
    return page, form.status


def whole_link(endpoint: str, secret: str) -> str:
    """A link to send to someone."""
    return link_from(public_url() or request.url_root, endpoint, secret=secret)
