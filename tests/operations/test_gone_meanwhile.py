"""What an answer tells of may be deleted between the commit and the reading of it."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.operations.comments import comment_shown
from app.operations.runs import run_shown
from app.operations.workers import Turn, stage_to_do


def test_a_run_that_is_gone_is_missing(session: Session) -> None:
    with pytest.raises(NotFound):
        run_shown(session, 7)


def test_the_stage_of_a_run_that_is_gone_is_missing(session: Session) -> None:
    with pytest.raises(NotFound):
        stage_to_do(session, Turn(7, is_to_stop=False))


def test_a_comment_that_is_gone_is_missing(session: Session) -> None:
    with pytest.raises(NotFound):
        comment_shown(session, 7)
