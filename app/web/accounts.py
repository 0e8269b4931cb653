"""Who is at the page, and how it should look to them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from app.forms.account import AccountForm
from app.web.identity import current_theme

blueprint = Blueprint("accounts", __name__)

Answer = str | Response | tuple[str, int]


@blueprint.route("/account", methods=["GET", "POST"])
def edit() -> Answer:
    """The name that stands beside what someone does here, and the theme."""
    form = AccountForm(data={"name": session.get("name", ""), "theme": current_theme()})
    if form.validate_on_submit():
        session.permanent = True
        session["name"], session["theme"] = form.name.data, form.theme.data
        flash("Saved on this browser.")
        return redirect(url_for("accounts.edit"), 303)
    return render_template("accounts/edit.html", form=form), form.status
