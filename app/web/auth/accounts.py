"""Coming in, leaving, and what people choose for themselves."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app import pipeline
from app.db.base import db
from app.db.transactions import writing
from app.forms.account import (
    AccountForm,
    JoinForm,
    NewPasswordForm,
    PasswordForm,
    SignInForm,
    zone_choices,
)
from app.models import Invitation, User, UserSession
from app.web.auth.access import ANYONE, page
from app.web.auth.browsers import browser_text
from app.web.auth.entering import (
    NOT_YOURS,
    SIGN_IN_REFUSED,
    PasswordCheck,
    SignInRefused,
    begin_session,
    enter,
    leave,
    next_page,
)
from app.web.auth.identity import current_actor, current_person, require_person
from app.web.http.saving import attempt, done, save

blueprint = Blueprint("accounts", __name__)
blueprint.add_app_template_filter(browser_text, "browser_text")


@blueprint.after_app_request
def keep_link_secret(response: Response) -> Response:
    """Where the address itself signs someone in, it is not sent to other pages (referrer).

    Not `no-referrer`: browsers would then send the form with `Origin: null`, as a page of another
    site does, and it would be refused.
    """
    if "secret" in (request.view_args or {}):
        response.headers["Referrer-Policy"] = "strict-origin"
    return response


@blueprint.route("/sign-in", methods=["GET", "POST"])
@page(role=ANYONE)
def sign_in() -> Answer:
    """The form for name and password; leads to where someone wanted to go."""
    form = SignInForm(data={"next": request.args.get("next", "")})
    if current_person():
        return redirect(next_page(form.next.data), 303)
    if not User.exist(db.session()):
        return redirect(url_for("accounts.setup"), 303)
    if secret := attempt(form, partial(_sign_in, form)):
        enter(secret)
        return redirect(next_page(form.next.data), 303)
    return render_template("accounts/sign_in.html", form=form), form.status, form.headers


def _sign_in(form: SignInForm) -> str:
    check = PasswordCheck.make(form.name.data or "", form.password.data or "")
    with writing() as session:
        user = check.confirm(session, SignInRefused(SIGN_IN_REFUSED))
        return begin_session(session, user, "password")


@blueprint.post("/sign-out")
@page(role=ANYONE)
def sign_out() -> Answer:
    """Leave, on this browser."""
    if person := current_person():
        with writing() as session:
            user = User.get(session, person.user_id)
            UserSession.end(session, user, person.session_id, current_actor())
    leave()
    return done("You are signed out.", "accounts.sign_in")


@blueprint.get("/setup")
@page(role=ANYONE)
def setup() -> Answer:
    """Where every page leads until the first admin is there: how to make one."""
    if User.exist(db.session()):
        return redirect(url_for("dashboard.show"), 303)
    return render_template("accounts/setup.html")


@blueprint.route("/join/<secret>", methods=["GET", "POST"])
@page(role=ANYONE)
def join(secret: str) -> Answer:
    """Join the board by a link; its first link makes the first admin."""
    link = Invitation.open(db.session(), secret, "setup", "invitation")
    form = JoinForm()
    if joined := save(form, partial(_join, secret, form)):
        name, begun = joined
        enter(begun)
        return done(f"Welcome, {name}.", "dashboard.show")
    return render_template("accounts/join.html", form=form, link=link), form.status


def _join(secret: str, form: JoinForm, session: Session) -> tuple[str, str]:
    """Make the team member; returns their name, and the secret of their session."""
    link = Invitation.open(session, secret, "setup", "invitation")
    user = link.join(
        name=form.name.data or "",
        password=form.password.data or "",
        display_name=form.display_name.data,
        address=request.remote_addr,
    )
    return user.name, begin_session(session, user, "link")


@blueprint.route("/reset/<secret>", methods=["GET", "POST"])
@page(role=ANYONE)
def reset(secret: str) -> Answer:
    """Choose a new password by a link; everywhere else its person is signed out."""
    link = Invitation.open(db.session(), secret, "reset")
    form = NewPasswordForm()
    if begun := save(form, partial(_reset, secret, form)):
        enter(begun)
        return done("You have a new password.", "dashboard.show")
    user = User.get(db.session(), link.user_id or 0)
    return render_template("accounts/reset.html", form=form, name=user.name), form.status


def _reset(secret: str, form: NewPasswordForm, session: Session) -> str:
    link = Invitation.open(session, secret, "reset")
    user = pipeline.reset_password(session, link, form.password.data or "", request.remote_addr)
    return begin_session(session, user, "link")


@blueprint.route("/account", methods=["GET", "POST"])
@page(role="viewer")
def edit() -> Answer:
    """What someone chose for themselves, and where they are signed in."""
    form = account_form()
    if said := save(form, partial(_choose, form)):
        return done(said, "accounts.edit")
    return account_page(form, new_password_form(formdata=None))


def _choose(form: AccountForm, session: Session) -> str:
    User.lock(session, require_person().user_id).choose(
        theme=form.theme.data,
        time_zone=form.time_zone.data,
        display_name=form.display_name.data,
    )
    return "Saved."


@blueprint.post("/account/password")
@page(role="viewer")
def password() -> Answer:
    """Another password; everywhere else its person is signed out."""
    form = new_password_form()
    if said := attempt(form, partial(_change_password, form)):
        return done(said, "accounts.edit")
    return account_page(account_form(formdata=None), form)


def _change_password(form: PasswordForm) -> str:
    person = require_person()
    # Someone else may sit at their browser. Their tries count as those of a sign-in do.
    check = PasswordCheck.make(person.name, form.old.data or "") if "old" in form else None
    with writing() as session:
        if check:
            check.confirm(session, SignInRefused(NOT_YOURS, "old"))
        user = User.lock(session, person.user_id)
        places = pipeline.change_password(
            session, user, form.password.data or "", current_actor(), keep=person.session_id
        )
    return told_places(places)


@blueprint.post("/account/sessions/<int:session_id>/sign-out")
@page(role="viewer")
def end_session(session_id: int) -> Answer:
    """Sign out at one other place."""
    with writing() as session:
        user = User.get(session, require_person().user_id)
        UserSession.end(session, user, session_id, current_actor())
    return done("Signed out there.", "accounts.edit")


@blueprint.post("/account/sign-out-everywhere")
@page(role="viewer")
def sign_out_everywhere() -> Answer:
    """Sign out at every place, here too."""
    with writing() as session:
        user = User.get(session, require_person().user_id)
        UserSession.end_all(session, user, current_actor())
    leave()
    return done("You are signed out everywhere.", "accounts.sign_in")


def account_form(**options: None) -> AccountForm:
    """The form with what the person chose before."""
    person = require_person()
    form = AccountForm(obj=person, **options)
    form.time_zone.choices = zone_choices(person.time_zone)
    return form


def new_password_form(**options: None) -> PasswordForm:
    """The form for another password; who has none yet isn't asked for the old one."""
    form = PasswordForm(**options)
    if User.get(db.session(), require_person().user_id).password_hash is None:
        del form.old
    return form


def account_page(form: AccountForm, passwords: PasswordForm) -> Answer:
    """The page with both forms; the one that was sent says what is wrong."""
    sent = form if form.errors else passwords
    page = render_template(
        "accounts/edit.html",
        form=form,
        passwords=passwords,
        places=UserSession.of_user(db.session(), require_person().user_id),
    )
    return page, sent.status, sent.headers


def told_places(places: int) -> str:
    """What a new password did besides."""
    if not places:
        return "You have a new password."
    where = "at one other place" if places == 1 else f"at {places} other places"
    return f"You have a new password, and are signed out {where}."
