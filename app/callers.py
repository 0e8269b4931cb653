"""Who asks, at any of the interfaces for programs: what a token allows, and what it can see."""

from __future__ import annotations

from dataclasses import field
from functools import partial

from app.actor import Actor
from app.db.base import db
from app.db.best_effort import write_best_effort
from app.errors import Forbidden
from app.models import ApiToken
from app.models.api_token import allowed_by
from app.observability import request_id
from app.queries.visibility import token_with
from app.values import immutable
from app.visibility import Visibility

CHALLENGE = 'Bearer realm="callboard"'
HOW_TO_GET_IN = (
    "This needs a token: send the header “Authorization: Bearer cb_…”. An admin makes one on the "
    "page Tokens, or an operator with: callboard token create NAME --scope work"
)


@immutable
class Caller:
    """A program that asks, what it may do, and what it can see."""

    token_id: int
    name: str
    allowed: frozenset[str]
    visibility: Visibility = field(default_factory=Visibility.everything)
    address: str | None = None

    @property
    def actor(self) -> Actor:
        """Who does what it asks for."""
        return Actor.token(self.name, self.address)

    @property
    def project_id(self) -> str | None:
        """The only project that its token is for, if it is for one."""
        return self.visibility.only

    def require_visibility(self, project_id: str | None, missing: str) -> None:
        """Raise the `NotFound` that something missing would raise, if it can't see the project."""
        self.visibility.require(project_id, missing)

    def require_project(self, project_id: str) -> str:
        """The project that it names itself; raises `Forbidden` unless its token is for it, and
        `NotFound` if it may not know of it."""
        if self.project_id not in (None, project_id):
            raise Forbidden(f"This token is for {self.project_id} only.")
        self.require_visibility(project_id, f"There is no project {project_id}.")
        return project_id

    def is_bound(self, token_id: int | None) -> bool:
        """Whether what that token has claimed or registered is its own. None: no token did."""
        return token_id in (None, self.token_id)

    @property
    def may_step_in(self) -> bool:
        """Whether it may end what another token's worker does."""
        return "admin" in self.allowed

    def require_any_project(self) -> None:
        """Raise `Forbidden` if its token is bound to one project."""
        if self.project_id is not None:
            raise Forbidden(f"This token is for {self.project_id} only.")

    def chosen_project(self, asked: str | None) -> str | None:
        """The project that a list is limited to, if one was asked for. Raises `Forbidden` unless
        its token is for that one."""
        if asked and self.project_id not in (None, asked):
            raise Forbidden(f"This token is for {self.project_id} only.")
        return asked


def bearer_secret(header: str | None) -> str | None:
    """The secret in the header `Authorization`; None: there is none."""
    scheme, _, secret = (header or "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def identify(secret: str, address: str | None = None) -> Caller:
    """The caller with that secret; raises `NotAuthenticated`. `address`: where it asks from."""
    session = db.session()
    token, visibility = token_with(session, secret)
    caller = Caller(token.id, token.name, allowed_by(token.scopes), visibility, address)
    request_id.name_actor(caller.actor.label)
    if token.is_use_to_note:
        session.rollback()  # what is read from here on shows the note
        write_best_effort(partial(ApiToken.note_use, token_id=caller.token_id))
    return caller
