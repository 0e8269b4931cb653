"""What a comment said before: each change of its words."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Comment, CommentVersion
from app.queries.text_diff import Change, change
from app.values import immutable

VERSIONS_SHOWN = 50


@immutable
class Revision:
    """How the words changed at one time."""

    at: datetime
    change: Change


def revisions(session: Session, comment: Comment) -> list[Revision]:
    """The newest changes, newest first."""
    earlier = session.scalars(
        select(CommentVersion)
        .where(CommentVersion.comment_id == comment.id)
        .order_by(CommentVersion.id.desc())
        .limit(VERSIONS_SHOWN)
    ).all()
    texts = [comment.content, *(version.content for version in earlier)]
    return [
        Revision(version.replaced_at, change(old, new))
        for version, (new, old) in zip(earlier, pairwise(texts), strict=True)
    ]
