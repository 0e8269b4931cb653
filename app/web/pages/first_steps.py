"""What a new board offers besides its first project: a sample, and to be left alone."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue as Answer

from app.db.transactions import writing
from app.models import User
from app.sample.history import add_sample
from app.web.auth.access import page
from app.web.auth.identity import current_actor, require_person
from app.web.http.saving import done

blueprint = Blueprint("first_steps", __name__)


@blueprint.post("/first-steps/sample")
@page(role="lead")
def sample() -> Answer:
    """Put the sample project on the board."""
    with writing() as session:
        name = add_sample(session, current_actor())
    return done(f"The sample project {name} is on the board.", "dashboard.show")


@blueprint.post("/first-steps/hide")
@page(role="viewer")
def hide() -> Answer:
    """Show this person the list no more."""
    with writing() as session:
        User.lock(session, require_person().user_id).hide_first_steps()
    said = "The first steps are hidden. What agents need stands under “Connect agents”."
    return done(said, "dashboard.show")
