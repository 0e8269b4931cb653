"""People who come by single sign-on for the first time: how they are called, and what is theirs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count

from sqlalchemy.orm import Session

from app.actor import Actor
from app.errors import Conflict
from app.models import Identity, Invitation, User
from app.values import immutable

NAMELESS = "person"


@immutable
class Account:
    """An account elsewhere. Issuer and subject tell whose it is; all the rest may pass to someone
    else there, and is only good for naming people."""

    issuer: str
    subject: str
    label: str | None = None
    names: Sequence[str] = ()
    display_name: str | None = None


def welcome(session: Session, account: Account, role: str, address: str | None) -> User:
    """Make a newcomer of an account that nobody has connected yet.

    Nobody gets an existing account because the names are alike: whoever may choose their name or
    their e-mail address at the provider would choose whose account they take.
    """
    name = free_name(session, account.names)
    display_name = display_name_of(account)
    actor = Actor.person(name, address)
    user = User.create(session, name=name, role=role, display_name=display_name, actor=actor)
    _connect(session, user, account, address)
    return user


def welcome_invited(
    session: Session, link: Invitation, account: Account, address: str | None
) -> User:
    """The same for someone with an invitation, which says their role and is used up."""
    user = link.join(
        name=free_name(session, account.names),
        password=None,
        address=address,
        display_name=display_name_of(account),
    )
    _connect(session, user, account, address)
    return user


def _connect(session: Session, user: User, account: Account, address: str | None) -> None:
    Identity.link(
        session,
        user,
        issuer=account.issuer,
        subject=account.subject,
        label=account.label,
        actor=Actor.person(user.name, address),
    )


def free_name(session: Session, wanted: Sequence[str]) -> str:
    """The first of the wanted names that can be one, with a number if it is taken."""
    cleaned = [name for name in map(clean_name, wanted) if name]
    for name in _numbered(cleaned[0] if cleaned else NAMELESS):
        try:
            return User.require_free_name(session, name)
        except Conflict:
            continue
    raise AssertionError("numbers never end")


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        end = f"-{number}"
        yield name[: User.NAME_MAX - len(end)] + end


def clean_name(text: str) -> str:
    """What is left of a text under the rules for names: "Zoë Müller" becomes Zoe-Muller."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    joined = "-".join(plain.split())
    return re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9._@+-]", "", joined)[: User.NAME_MAX]


def display_name_of(account: Account) -> str | None:
    """The name in full, as far as the board can show it."""
    printable = "".join(c if c.isprintable() else " " for c in account.display_name or "")
    return " ".join(printable.split())[: User.DISPLAY_NAME_MAX].strip() or None
