"""The team, for admins: who may come in, and what they may do."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import pipeline
from app.db.base import db
from app.forms.people import InviteForm, RoleForm
from app.links import link_from, public_url
from app.models import Invitation, User, UserSession
from app.queries.people.audit import AuditFilter, audit_page
from app.queries.people.list import people, person_row
from app.web.auth.identity import current_actor

blueprint = Blueprint("people", __name__)

RECENT = 8
"""What the audit says of someone, on their page."""

Answer = str | Response | tuple[str, int]


@blueprint.get("/people")
def index() -> Answer:
    """Everyone, and the invitations that nobody has used yet."""
    session = db.session()
    return render_template(
        "people/index.html", rows=people(session), pending=Invitation.pending(session)
    )


@blueprint.route("/people/invite", methods=["GET", "POST"])
def invite() -> Answer:
    """The form for an invitation; its link is shown once."""
    form = InviteForm()
    if form.validate_on_submit():
        with form.catching():
            secret = Invitation.to_join(
                db.session(), role=form.role.data, note=form.note.data, actor=current_actor()
            )
            db.session.commit()
            link = whole_link("accounts.join", secret)
            return render_template("people/invited.html", link=link, form=form)
    return render_template("people/invite.html", form=form), form.status


@blueprint.post("/people/invitations/<int:invitation_id>/revoke")
def revoke_invitation(invitation_id: int) -> Answer:
    """Let a link lead nowhere."""
    Invitation.get(db.session(), invitation_id).revoke(current_actor())
    db.session.commit()
    flash("That invitation is taken back: its link leads nowhere.")
    return redirect(url_for("people.index"), 303)


@blueprint.get("/people/<int:user_id>")
def show(user_id: int) -> Answer:
    """One team member."""
    return person_page(user_id, RoleForm(formdata=None))


@blueprint.post("/people/<int:user_id>/role")
def change_role(user_id: int) -> Answer:
    """Let someone do more, or less."""
    form = RoleForm()
    if form.validate_on_submit():
        with form.catching():
            user = User.get(db.session(), user_id)
            user.change_role(form.role.data, current_actor())
            db.session.commit()
            flash(f"{user.name} is {user.role} now.")
            return redirect(url_for("people.show", user_id=user_id), 303)
    return person_page(user_id, form)


@blueprint.post("/people/<int:user_id>/disable")
def disable(user_id: int) -> Answer:
    """Let someone come in no more."""
    user = User.get(db.session(), user_id)
    pipeline.disable_person(db.session(), user, current_actor())
    db.session.commit()
    flash(f"{user.name} is signed out everywhere, and can't come in any more.")
    return redirect(url_for("people.show", user_id=user_id), 303)


@blueprint.post("/people/<int:user_id>/enable")
def enable(user_id: int) -> Answer:
    """Let someone come in again."""
    user = User.lock(db.session(), user_id)
    user.enable(current_actor())
    db.session.commit()
    flash(f"{user.name} can sign in again.")
    return redirect(url_for("people.show", user_id=user_id), 303)


@blueprint.post("/people/<int:user_id>/sign-out")
def sign_out(user_id: int) -> Answer:
    """Sign someone out everywhere; they may sign in again."""
    user = User.get(db.session(), user_id)
    UserSession.end_all(db.session(), user, current_actor())
    db.session.commit()
    flash(f"{user.name} is signed out everywhere.")
    return redirect(url_for("people.show", user_id=user_id), 303)


@blueprint.post("/people/<int:user_id>/reset-link")
def reset_link(user_id: int) -> Answer:
    """Make a link with which someone chooses a new password; it is shown once."""
    user = User.get(db.session(), user_id)
    secret = Invitation.to_reset(db.session(), user, current_actor())
    db.session.commit()
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
