"""What every model shares, and the session that Flask-SQLAlchemy keeps for each request."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine, MetaData, inspect, select
from sqlalchemy.orm import DeclarativeBase, Session, object_session, registry

from app.db.columns import type_annotation_map
from app.db.engine import PATIENCE, READS, reading_options
from app.errors import NotFound

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

ENGINES_KEPT = 8
"""What a process works with at once, and few more: each holds the engine that it is made of."""


class Base(DeclarativeBase):
    """What every model shares."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map=type_annotation_map,
    )

    MISSING: ClassVar[str] = "There is no such row."
    """What `NotFound` says when a row isn't there; `{}` is its key."""
    IS_KEY_LOCKED: ClassVar[bool] = False
    """Whether `lock` also keeps others from storing rows that refer to this one."""

    @classmethod
    def get(cls, session: Session, key: Any) -> Self:
        """The row with that primary key; raises `NotFound`."""
        row = session.get(cls, key)
        if row is None:
            raise NotFound(cls.MISSING.format(key))
        return row

    @classmethod
    def lock(cls, session: Session, key: Any) -> Self:
        """The same as it is saved now, held against other changes until the transaction ends: what
        a verb works on."""
        (primary_key,) = inspect(cls).primary_key
        row = session.scalar(
            select(cls)
            .where(primary_key == key)
            .with_for_update(key_share=not cls.IS_KEY_LOCKED)
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound(cls.MISSING.format(key))
        return row

    @property
    def session(self) -> Session:
        """The session that holds this row; verbs record what they do there."""
        session = object_session(self)
        if session is None:
            raise RuntimeError(f"{self!r} belongs to no session")
        return session


class BoardSession(FlaskSession):
    """The session of a request or a command. Its transactions write unless they are said to read:
    see `app.db.transactions`."""

    is_reading = False
    patience: float | None = None

    def turn(self, *, is_reading: bool, patience: float | None = None) -> None:
        """Undo what wasn't committed; transactions that begin from now on only read, or write."""
        self.rollback()
        self.is_reading, self.patience = is_reading, patience

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """The engine, with what its transactions may do."""
        # Kept: to a session each engine object means a connection of its own.
        key = "engine", self.is_reading, self.patience
        if key not in self.info:
            engine = super().get_bind(*args, **kwargs)
            self.info[key] = _turned(engine, self.is_reading, self.patience)
        return cast("Engine", self.info[key])


@lru_cache(ENGINES_KEPT)
def _turned(engine: Engine, is_reading: bool, patience: float | None) -> Engine:
    """Kept for the sessions to come, too: to make one takes as long as to begin a transaction."""
    options = reading_options(engine) if is_reading else {READS: False}
    return engine.execution_options(**{PATIENCE: patience, **options})


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"class_": BoardSession})

if TYPE_CHECKING:
    Model = Base
else:
    Model: Any = db.Model
