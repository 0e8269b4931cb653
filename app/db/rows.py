"""Reading columns as plain rows, for what is read with every page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session


def rows_of(
    session: Session, statement: Executable, **values: object
) -> CursorResult[*tuple[Any, ...]]:
    """What a statement finds in the session's transaction.

    It passes by the layer that makes objects of rows, which takes as long again as all else that is
    done for a statement.
    """
    session.flush()
    return session.connection().execute(statement, values)
