"""Keys for programs, for admins: made, shown once, and revoked."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.db.base import db
from app.forms.api_token import TokenForm
from app.models import ApiToken
from app.queries.choices import project_names
from app.queries.people.api_tokens import is_expired, live_tokens, revoked_tokens
from app.web.auth.identity import current_actor, current_visibility

blueprint = Blueprint("api_tokens", __name__)
blueprint.add_app_template_test(is_expired, "expired_token")

Answer = str | Response | tuple[str, int]


@blueprint.get("/tokens")
def index() -> Answer:
    """The tokens: what each allows, and when it was used last."""
    session = db.session()
    return render_template(
        "api_tokens/index.html", tokens=live_tokens(session), revoked=revoked_tokens(session)
    )


@blueprint.route("/tokens/new", methods=["GET", "POST"])
def new() -> Answer:
    """The form for a new token; its secret is shown once."""
    form = TokenForm()
    form.offer(project_names(db.session(), current_visibility()))
    if form.validate_on_submit():
        with form.catching():
            token, secret = issue(form)
            db.session.commit()
            return render_template(
                "api_tokens/made.html", token=token, secret=secret, url=request.url_root
            )
    return render_template("api_tokens/new.html", form=form), form.status


def issue(form: TokenForm) -> tuple[ApiToken, str]:
    """Make what the form asks for."""
    return ApiToken.issue(
        db.session(),
        name=form.name.data or "",
        scopes=form.scopes.data or [],
        project_id=form.project_id.data or None,
        lifetime=form.lifetime,
        actor=current_actor(),
    )


@blueprint.route("/tokens/<int:token_id>/revoke", methods=["GET", "POST"])
def revoke(token_id: int) -> Answer:
    """The question whether it is meant, and the end of a token."""
    token = ApiToken.get(db.session(), token_id)
    if request.method == "POST":
        token.revoke(current_actor())
        db.session.commit()
        flash(f"The token {token.name} is revoked: nobody comes in with it any more.")
        return redirect(url_for("api_tokens.index"), 303)
    return render_template("api_tokens/revoke.html", token=token)
