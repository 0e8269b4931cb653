"""One action on many tickets."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.callers import Caller
from app.errors import Invalid
from app.operations.operation import Tool, operation
from app.operations.tickets import TAG
from app.pipeline.many import act_on_many, foresee, matching_tickets
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.schemas.many import TicketsActed, TicketsAction


@operation(
    "POST",
    "/tickets/bulk/actions",
    tag=TAG,
    scope="plan",
    once=True,
    tool=Tool("act_on_tickets", destroys=True),
)
def act_on_tickets(session: Session, caller: Caller, body: TicketsAction) -> TicketsActed:
    """Do one thing to many tickets, as the verbs of one ticket would: name them, or all that match.

    Each is judged by its own rules: the answer tells which were changed, and why others were not.
    Use `dry_run` first when you aren't sure how many it will be.
    """
    action = body.chosen()
    ids = _ids(session, caller, body)
    if body.dry_run:
        return TicketsActed.telling(foresee(session, caller.visibility, ids, action))
    return TicketsActed.telling(act_on_many(session, caller.visibility, ids, action, caller.actor))


def _ids(session: Session, caller: Caller, body: TicketsAction) -> list[str]:
    if (body.q is None) == (not body.ticket_ids):
        raise Invalid("Name tickets, or say by a query which are meant: one of both.", "ticket_ids")
    if body.q is None:
        return body.ticket_ids
    reader = Reader(caller.actor.label)
    return matching_tickets(session, caller.visibility, parse(body.q), reader)
