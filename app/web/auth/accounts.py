"""Coming in, leaving, and what people choose for themselves."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import pipeline
from app.db.base import db
from app.forms.account import (
    AccountForm,
    JoinForm,
    NewPasswordForm,
    PasswordForm,
    SignInForm,
    zone_choices,
)
from app.models import Invitation, User, UserSession
from app.web.auth.browsers import browser_text
from app.web.auth.entering import confirm_password, enter, leave, next_page, require_password
from app.web.auth.identity import current_actor, current_person, require_person

blueprint = Blueprint("accounts", __name__)
blueprint.add_app_template_filter(browser_text, "browser_text")

Answer = str | BaseResponse | tuple[str, int] | tuple[str, int, dict[str, str]]


@blueprint.after_app_request
def keep_link_secret(response: Response) -> Response:
    """Where the address itself lets someone in, no other page is told that address.

    Not `no-referrer`: browsers would then send the form with `Origin: null`, as a page of another
    site does, and it would be refused.
    """
    if "secret" in (request.view_args or {}):
        response.headers["Referrer-Policy"] = "strict-origin"
    return response


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Answer:
    """The form for name and password; leads to where someone wanted to go."""
    form = SignInForm(data={"next": request.args.get("next", "")})
    if current_person():
        return redirect(next_page(form.next.data), 303)
    if not User.exist(db.session()):
        return redirect(url_for("accounts.setup"), 303)
    if form.validate_on_submit():
        with form.catching():
            enter(require_password(form.name.data or "", form.password.data or ""), "password")
            return redirect(next_page(form.next.data), 303)
    return render_template("accounts/sign_in.html", form=form), form.status, form.headers


@blueprint.post("/sign-out")
def sign_out() -> Answer:
    """Leave, on this browser."""
    if person := current_person():
        user = User.get(db.session(), person.user_id)
        UserSession.end(db.session(), user, person.session_id, current_actor())
        db.session.commit()
    leave()
    flash("You are signed out.")
    return redirect(url_for("accounts.sign_in"), 303)


@blueprint.get("/setup")
def setup() -> Answer:
    """Where every page leads until the first admin is there: how to make one."""
    if User.exist(db.session()):
        return redirect(url_for("dashboard.show"), 303)
    return render_template("accounts/setup.html")


@blueprint.route("/join/<secret>", methods=["GET", "POST"])
def join(secret: str) -> Answer:
    """Join the board by a link; its first link makes the first admin."""
    link = Invitation.open(db.session(), secret, "setup", "invitation")
    form = JoinForm()
    if form.validate_on_submit():
        with form.catching():
            user = link.join(
                name=form.name.data or "",
                password=form.password.data or "",
                display_name=form.display_name.data,
                address=request.remote_addr,
            )
            enter(user, "link")
            flash(f"Welcome, {user.name}.")
            return redirect(url_for("dashboard.show"), 303)
    return render_template("accounts/join.html", form=form, link=link), form.status


@blueprint.route("/reset/<secret>", methods=["GET", "POST"])
def reset(secret: str) -> Answer:
    """Choose a new password by a link; everywhere else its person is signed out."""
    link = Invitation.open(db.session(), secret, "reset")
    form = NewPasswordForm()
    if form.validate_on_submit():
        with form.catching():
            user = pipeline.reset_password(
                db.session(), link, form.password.data or "", request.remote_addr
            )
            enter(user, "link")
            flash("You have a new password.")
            return redirect(url_for("dashboard.show"), 303)
    user = User.get(db.session(), link.user_id or 0)
    return render_template("accounts/reset.html", form=form, name=user.name), form.status


@blueprint.route("/account", methods=["GET", "POST"])
def edit() -> Answer:
    """What someone chose for themselves, and where they are signed in."""
    form = account_form()
    if form.validate_on_submit():
        with form.catching():
            User.lock(db.session(), require_person().user_id).choose(
                theme=form.theme.data,
                time_zone=form.time_zone.data,
                display_name=form.display_name.data,
            )
            db.session.commit()
            flash("Saved.")
            return redirect(url_for("accounts.edit"), 303)
    return account_page(form, new_password_form(formdata=None))


@blueprint.post("/account/password")
def password() -> Answer:
    """Another password; everywhere else its person is signed out."""
    form = new_password_form()
    if form.validate_on_submit():
        with form.catching():
            places = change_password(form)
            db.session.commit()
            flash(told_places(places))
            return redirect(url_for("accounts.edit"), 303)
    return account_page(account_form(formdata=None), form)


@blueprint.post("/account/sessions/<int:session_id>/sign-out")
def end_session(session_id: int) -> Answer:
    """Sign out at one other place."""
    user = User.get(db.session(), require_person().user_id)
    UserSession.end(db.session(), user, session_id, current_actor())
    db.session.commit()
    flash("Signed out there.")
    return redirect(url_for("accounts.edit"), 303)


@blueprint.post("/account/sign-out-everywhere")
def sign_out_everywhere() -> Answer:
    """Sign out at every place, here too."""
    user = User.get(db.session(), require_person().user_id)
    UserSession.end_all(db.session(), user, current_actor())
    db.session.commit()
    leave()
    flash("You are signed out everywhere.")
    return redirect(url_for("accounts.sign_in"), 303)


def change_password(form: PasswordForm) -> int:
    """Do what the form says, if it is their own; returns at how many other places they were."""
    person = require_person()
    if "old" in form:
        confirm_password(person.name, form.old.data or "")
    user = User.lock(db.session(), person.user_id)
    return pipeline.change_password(
        db.session(),
        user,
        form.password.data or "",
        current_actor(),
        keep=person.session_id,
    )


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
