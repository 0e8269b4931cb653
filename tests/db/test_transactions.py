"""Sessions that read or write, as they are asked to."""

import pytest
from sqlalchemy import bindparam, select, text

from app.db.base import db
from app.db.engine import PREPARED_AFTER
from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.db.transactions import current, reading, writing
from app.errors import Conflict, RunNotCurrent
from app.models import Project
from tests.factories import make_project

PATH = (
    select(Project.path)
    .where(Project.repository_name == bindparam("name"))
    .execution_options(**PLANNED_ONCE)
)
LOCK = select(Project.path).where(Project.repository_name == bindparam("name")).with_for_update()


@pytest.fixture
def names(app):
    def read():
        with reading() as session:
            return [project.repository_name for project in session.query(Project)]

    with app.app_context():
        yield read


def make_and_refuse(error):
    with writing() as session:
        make_project(session, "acme/web")
        raise error


def test_what_is_written_in_a_block_is_committed_at_its_end(names):
    with writing() as session:
        make_project(session, "acme/web")

    assert names() == ["acme/web"]


def test_an_error_undoes_the_whole_block(names):
    with pytest.raises(Conflict):
        make_and_refuse(Conflict("No."))

    assert names() == []


def test_a_refusal_that_is_to_be_kept_is_committed_and_raised(names):
    with pytest.raises(RunNotCurrent):
        make_and_refuse(RunNotCurrent("It is over."))

    assert names() == ["acme/web"]


def test_a_block_that_reads_refuses_to_write(names):
    with reading() as session, pytest.raises(RuntimeError, match="only reads"):
        make_project(session, "acme/web")

    assert names() == []


def test_a_session_is_what_it_was_after_a_block(names):
    current().turn(is_reading=True)
    with writing():
        assert not current().is_reading
    assert current().is_reading
    with pytest.raises(Conflict):
        make_and_refuse(Conflict("No."))
    assert current().is_reading


def test_what_was_read_before_is_read_again_inside(names):
    with writing() as session:
        project = make_project(session, "acme/web")
    current().turn(is_reading=True)
    before = project.path

    with writing() as session:
        Project.lock(session, "acme/web").path = "/elsewhere"

    assert before != project.path == "/elsewhere"


@pytest.mark.parametrize("migrated_app", ["postgresql"], indirect=True)
def test_postgresql_keeps_plans_of_what_finds_rows_by_their_keys(names):
    db.engine.dispose()  # so that all have the same connection
    for _ in range(PREPARED_AFTER + 1):
        names()
        with reading() as session:
            rows_of(session, PATH, name="acme/web")
        with writing() as session:
            session.scalar(LOCK, {"name": "acme/web"})

    with reading() as session:
        kept = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert sorted("FOR UPDATE" in statement for statement in kept) == [False, True]
    assert all("WHERE projects.repository_name = $1" in statement for statement in kept)
