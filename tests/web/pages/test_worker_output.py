"""What a worker writes can be seen on its page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app import pipeline
from app.errors import Invalid
from app.models import StageRun, Worker
from tests import factories
from tests.conftest import OpenSession


def test_last_lines_of_a_worker_at_work_stand_on_its_page(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run = factories.run_stage(session, factories.make_ticket(session))
        worker_id = str(run.worker_id)
        pipeline.heartbeat(session, worker_id, run.run_id, "reading <main.py>\nthinking")
    page = client.get(f"/workers/{worker_id}").text
    assert "reading &lt;main.py&gt;\nthinking" in page
    assert "Last output" not in page


def test_lines_stay_when_the_run_is_over(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        run_id = factories.run_stage(session, factories.make_ticket(session)).run_id
    with board() as session:
        worker_id = str(session.get_one(StageRun, run_id).worker_id)
        pipeline.heartbeat(session, worker_id, run_id, "done")
    with board() as session:
        StageRun.lock(session, run_id).complete()
    assert "Last output" in client.get(f"/workers/{worker_id}").text


def test_a_worker_that_wrote_nothing_has_no_output(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        factories.make_project(session)
        worker_id = factories.make_worker(session).worker_id
    assert "Last output" not in client.get(f"/workers/{worker_id}").text


def test_control_characters_of_a_terminal_dont_refuse_a_heartbeat(board: OpenSession) -> None:
    with board() as session:
        factories.make_project(session)
        worker_id = factories.make_worker(session).worker_id
        pipeline.heartbeat(session, worker_id, output_tail="a\x00b\x1b[1mc")
        tail = Worker.get(session, worker_id).output_tail
        assert tail == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[1mc"
        with pytest.raises(Invalid):
            pipeline.heartbeat(session, worker_id, output_tail="x" * (Worker.OUTPUT_TAIL_MAX + 1))
