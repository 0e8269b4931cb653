"""Keys for programs, for admins: made, shown once, and revoked."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.forms.api_token import TokenForm
from app.models import ApiToken
from app.queries.choices import project_names
from app.queries.people.api_tokens import is_expired, live_tokens, revoked_tokens
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import done, save

blueprint = Blueprint("api_tokens", __name__)
blueprint.add_app_template_test(is_expired, "expired_token")


@blueprint.get("/tokens")
@page(role="admin")
def index() -> Answer:
    """The tokens: what each allows, and when it was used last."""
    session = db.session()
    return render_template(
        "api_tokens/index.html", tokens=live_tokens(session), revoked=revoked_tokens(session)
    )


@blueprint.route("/tokens/new", methods=["GET", "POST"])
@page(role="admin")
def new() -> Answer:
    """The form for a new token; its secret is shown once."""
    form = TokenForm()
    form.offer(project_names(db.session(), current_visibility()))
    if issued := save(form, partial(issue_token, form)):
        token, secret = issued
        return render_template(
            "api_tokens/made.html", token=token, secret=secret, url=request.url_root
        )
    return render_template("api_tokens/new.html", form=form), form.status


def issue_token(form: TokenForm, session: Session) -> tuple[ApiToken, str]:
    """What a form for a token asks for: the token, and its secret."""
    return ApiToken.issue(
        session,
        name=form.name.data or "",
        scopes=form.scopes.data or [],
        project_id=form.project_id.data or None,
        lifetime=form.lifetime,
        actor=current_actor(),
    )


@blueprint.route("/tokens/<int:token_id>/revoke", methods=["GET", "POST"])
@page(role="admin")
def revoke(token_id: int) -> Answer:
    """The question whether it is meant, and the end of a token."""
    if request.method == "GET":
        token = ApiToken.get(db.session(), token_id)
        return render_template("api_tokens/revoke.html", token=token)
    with writing() as session:
        token = ApiToken.get(session, token_id)
        token.revoke(current_actor())
        said = f"The token {token.name} is revoked and can't be used any more."
    return done(said, "api_tokens.index")
