"""`callboard import beads` on a board that has some of the records, or the names, already."""

from __future__ import annotations

from sqlalchemy import func, select

from app.actor import Actor
from app.models import Event, Project, Ticket, WorkerType
from tests.exchange.conftest import SMALL_FILE, blocked_by, blockers_of, count, record

ANN = Actor.person("ann")


def test_run_twice_it_changes_nothing_and_says_so(small, run, board):
    with board() as session:
        before = [session.scalar(select(func.count()).select_from(t)) for t in (Ticket, Event)]

    again = run("import", "beads", SMALL_FILE, "--project", "acme/books")

    assert again.exit_code == 0
    assert count(again, "Tickets made") == count(again, "Links made") == 0
    assert count(again, "imported before") == 10
    assert "Nothing was changed" in again.stdout
    with board() as session:
        assert before == [
            session.scalar(select(func.count()).select_from(t)) for t in (Ticket, Event)
        ]


def test_run_twice_it_doesnt_undo_what_people_did_since(small, run, board):
    with board() as session:
        Ticket.lock(session, "kb-8").unblock_from("kb-9", ANN)
        Ticket.lock(session, "kb-2").stop(ANN, "no scale")

    run("import", "beads", SMALL_FILE, "--project", "acme/books")

    with board() as session:
        assert blockers_of(session, "kb-8") == set()
        assert Ticket.get(session, "kb-2").resolution == "stopped"
        assert Ticket.get(session, "kb-3").open_blockers == 0


def test_a_dry_run_counts_everything_and_keeps_nothing(run, board):
    result = run("import", "beads", SMALL_FILE, "--project", "acme/books", "--dry-run")

    assert result.exit_code == 0
    assert count(result, "Tickets made") == 10
    assert "dry run" in result.stdout
    with board() as session:
        assert session.scalar(select(func.count()).select_from(Project)) == 0


def test_the_same_records_dont_come_into_a_second_project(small, run):
    result = run("import", "beads", SMALL_FILE, "--project", "acme/other")

    assert count(result, "imported before into another project") == 10
    assert count(result, "Tickets made") == 0


def test_a_later_file_links_its_records_to_those_imported_before(import_beads, board):
    import_beads(record("a-1"), record("a-2", **blocked_by("a-3")))

    result = import_beads(record("a-2", **blocked_by("a-3")), record("a-3", **blocked_by("a-1")))

    assert count(result, "blocks → waits for") == 2
    with board() as session:
        assert blockers_of(session, "a-2") == {"a-3"}
        assert Ticket.get(session, "a-2").open_blockers == 1
        assert Ticket.get(session, "a-3").open_blockers == 1


def test_a_later_file_gives_older_tickets_a_parent_and_closes_no_circle(import_beads, board):
    child = record("a-1", dependencies=[{"depends_on_id": "a-2", "type": "parent-child"}])
    parent = record("a-2", dependencies=[{"depends_on_id": "a-1", "type": "parent-child"}])
    import_beads(child)

    result = import_beads(child, parent)

    assert count(result, "would make a ticket its own ancestor") == 1
    with board() as session:
        assert Ticket.get(session, "a-1").parent_id == "a-2"
        assert Ticket.get(session, "a-2").parent_id is None


def test_an_id_that_another_ticket_has_gets_a_number_that_nobody_has(import_beads, board):
    with board() as session:
        Project.create(
            session, actor=ANN, repository_name="acme/books", path="/src", ticket_prefix="BK"
        )
        WorkerType.create(session, project_id="acme/books", worker_type="review", actor=ANN)
        for ticket_id in ("a-1", "BK-1"):
            Ticket.create(
                session,
                project_id="acme/books",
                title="Here before",
                execution_plan=["review"],
                actor=ANN,
                ticket_id=ticket_id,
            )

    import_beads(record("a-1"), record("BK-2"), options=("--plan", "review"))

    with board() as session:
        refs = dict(session.execute(select(Ticket.external_ref, Ticket.ticket_id)).all())
        assert (refs["beads:a-1"], refs["beads:BK-2"]) == ("BK-3", "BK-2")
