"""What all forms share: the same limits as the models, and a place for what the models refuse."""

from __future__ import annotations

from http import HTTPStatus
from uuid import uuid4

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # not yet in its stubs
from wtforms.validators import InputRequired, Length, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from app.errors import Conflict, DomainError, Forbidden, NotFound, TooMany

STATUS_OF = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
}


class BoardForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A form that answers with the right status, and keeps what was typed when it fails."""

    refused_with: HTTPStatus | None = None
    retry_after: int | None = None

    @property
    def status(self) -> HTTPStatus:
        """200 for a fresh form; 422 when a field is wrong; else what the board's refusal means."""
        if self.refused_with:
            return self.refused_with
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.errors else HTTPStatus.OK

    @property
    def headers(self) -> dict[str, str]:
        """When another try makes sense, if this one came too early."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after else {}

    def refuse(self, error: DomainError) -> None:
        """Show a refusal at the field that it names, or above the form."""
        self.refused_with = status_of(error)
        if isinstance(error, TooMany):
            self.retry_after = error.retry_after
        if error.field and error.field in self:
            field = self[error.field]
            field.errors = [*field.errors, error.message]
        else:
            self.form_errors.append(error.message)


class OnceMixin:
    """A form that makes a row carries a number of its own: sent twice, it makes one row."""

    submission_id = HiddenField(
        default=lambda: uuid4().hex, validators=[Regexp(r"[0-9A-Za-z-]{0,64}\Z")]
    )


class ChecksField(SelectMultipleField):
    """Any of some choices, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def status_of(error: DomainError) -> HTTPStatus:
    """The HTTP status that a domain error means."""
    for kind, status in STATUS_OF.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.UNPROCESSABLE_ENTITY


def required(longest: int) -> list[InputRequired | Length]:
    """Validators of a text that may be neither empty nor too long."""
    return [InputRequired("This can't be empty."), at_most(longest)]


def at_most(longest: int) -> Length:
    """Validator of a text's length."""
    return Length(max=longest, message=f"At most {longest:,} characters.")


def one_line(value: str | None) -> str:
    """Filter that folds white space, as the models do."""
    return " ".join((value or "").split())


def select_choices(*pairs: tuple[str, str]) -> list[SelectChoice]:
    """Choices of a select or radio field, as (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in pairs]
