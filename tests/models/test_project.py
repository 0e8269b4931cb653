"""Projects: create, prefix, edit, archive, delete."""

import pytest
from sqlalchemy import select, text

from app import pipeline
from app.db.base import db
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEntry, Event, PlanTemplate, Project
from app.sample.history import add_sample
from tests.factories import ANN, PROJECT, claim, make_project, make_ticket, make_worker


def test_a_project_gets_a_ticket_prefix_made_of_its_name(session):
    assert make_project(session, "acme/web").ticket_prefix == "WEB"
    assert make_project(session, "acme/billing-service").ticket_prefix == "BILL"


def test_equal_prefixes_are_numbered(session):
    prefixes = [make_project(session, f"{team}/web").ticket_prefix for team in "abc"]

    assert prefixes == ["WEB", "WEB2", "WEB3"]


@pytest.mark.parametrize(("name", "prefix"), [("acme/3d", "D"), ("42", "T"), ("a/_._", "T")])
def test_a_name_with_few_letters_still_gets_a_prefix(session, name, prefix):
    assert make_project(session, name).ticket_prefix == prefix


def test_a_chosen_prefix_is_written_in_capitals(session):
    assert make_project(session, ticket_prefix=" shop ").ticket_prefix == "SHOP"


@pytest.mark.parametrize("prefix", ["1A", "A-B", "ÄB", "ABCDEFGHIJK", "A B"])
def test_a_prefix_with_strange_characters_is_refused(session, prefix):
    with pytest.raises(Invalid) as refusal:
        make_project(session, ticket_prefix=prefix)

    assert refusal.value.field == "ticket_prefix"


def test_two_projects_cant_share_a_prefix(session):
    make_project(session, "acme/web", ticket_prefix="WEB")

    with pytest.raises(Conflict, match="prefix WEB is taken") as refusal:
        make_project(session, "acme/other", ticket_prefix="web")

    assert refusal.value.field == "ticket_prefix"


def test_two_projects_cant_share_a_name(session):
    make_project(session)

    with pytest.raises(Conflict, match="is taken") as refusal:
        make_project(session)

    assert refusal.value.field == "repository_name"


def test_names_that_differ_in_case_are_two_projects(session):
    make_project(session, "acme/web")
    make_project(session, "Acme/Web")

    assert Project.get(session, "Acme/Web").repository_name == "Acme/Web"


def test_a_project_needs_a_path(session):
    with pytest.raises(Invalid) as refusal:
        make_project(session, path="  ")

    assert refusal.value.field == "path"


def test_a_long_text_is_refused_at_its_field(session):
    project = make_project(session)

    with pytest.raises(Invalid, match="65,536") as refusal:
        project.edit(rules="x" * (Project.GUIDE_MAX + 1), actor=ANN)

    assert refusal.value.field == "rules"


def test_rules_and_patterns_can_be_edited(session):
    project = make_project(session)

    project.edit(
        path="/srv/web",
        short_description="The shop",
        rules="Write tests.\r\n",
        patterns="MVC",
        actor=ANN,
    )
    session.flush()
    session.refresh(project)

    assert (project.path, project.short_description) == ("/srv/web", "The shop")
    assert (project.rules, project.patterns) == ("Write tests.", "MVC")


def test_what_an_edit_leaves_out_stays(session):
    project = make_project(session)
    project.edit(max_in_progress=3, rules="Write tests.", actor=ANN)

    project.edit(path="/srv/web", actor=ANN)

    assert (project.path, project.max_in_progress) == ("/srv/web", 3)
    assert project.rules == "Write tests."


def test_an_unknown_project_is_not_found(session):
    with pytest.raises(NotFound):
        Project.get(session, "acme/nothing")
    with pytest.raises(NotFound):
        Project.lock(session, "acme/nothing")


def test_ticket_numbers_are_never_given_twice(session):
    first = make_ticket(session)
    session.delete(first)
    session.flush()

    assert make_ticket(session).ticket_id == "WEB-2"


def test_an_archived_project_takes_no_new_tickets_and_no_workers(session):
    project = make_project(session)
    project.archive(ANN)

    with pytest.raises(Conflict, match="is archived"):
        make_ticket(session)
    with pytest.raises(Conflict, match="is archived"):
        make_worker(session)


def test_an_archived_project_hands_out_no_stages_but_lets_runs_finish(session):
    first, _ = make_ticket(session), make_ticket(session)
    busy, free = make_worker(session), make_worker(session)
    run = claim(session, busy)
    Project.get(session, PROJECT).archive(ANN)

    assert pipeline.claim_next(session, free.worker_id) is None
    run.complete("done")

    assert first.completed_stages == 1


def test_archiving_twice_keeps_the_first_time(session):
    project = make_project(session)
    project.archive(ANN)
    first = project.archived_at
    project.archive(ANN)

    assert project.archived_at == first
    project.unarchive(ANN)
    assert not project.is_archived


def test_an_unarchived_project_works_on(session):
    make_ticket(session)
    worker = make_worker(session)
    project = Project.get(session, PROJECT)
    project.archive(ANN)
    project.unarchive(ANN)

    assert pipeline.claim_next(session, worker.worker_id) is not None


@pytest.mark.parametrize("typed", ["", "acme", "ACME/WEB", "acme/web2"])
def test_a_project_isnt_deleted_unless_its_name_is_typed(session, typed):
    project = make_project(session)

    with pytest.raises(Invalid) as refusal:
        project.delete(typed, ANN)

    assert refusal.value.field == "confirm"
    session.flush()
    assert session.get(Project, PROJECT)


def test_a_sample_takes_a_free_name_and_goes_without_it_and_nothing_else_goes(session):
    make_ticket(session).say("Ours.", ANN)
    before = session.scalars(select(Event.id).order_by(Event.id)).all()
    name = add_sample(session, ANN)
    assert (PROJECT, name) == ("acme/web", "acme/web-2")
    with pytest.raises(Conflict, match="a sample project on this board already"):
        add_sample(session, ANN)

    Project.get(session, name).delete("", ANN)
    session.flush()

    assert session.scalars(select(Project.repository_name)).all() == [PROJECT]
    assert session.scalars(select(Event.id).order_by(Event.id)).all() == before
    assert _count(session, "tickets") == _count(session, "comments") == 1
    assert _count(session, "workers") == _count(session, "stage_runs") == 0


def test_deleting_a_project_deletes_what_belongs_to_it_and_nothing_else(session):
    ticket, blocker = make_ticket(session, labels=["a"]), make_ticket(session)
    ticket.block_by(blocker.ticket_id, ANN)
    blocker.say("hello", ANN)
    claim(session, make_worker(session)).complete("done")
    claim(session, make_worker(session, "review"))
    PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name="short", plan=["review"])
    other = make_ticket(session, project="acme/other")
    session.flush()
    record = select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(1)

    Project.get(session, PROJECT).delete(" acme/web ", ANN)
    session.flush()

    left = {t.name: _count(session, t.name) for t in db.metadata.sorted_tables}
    assert left.pop("audit_entries") > 1
    assert session.scalar(record) == "project_deleted"
    assert {name: n for name, n in left.items() if n} == {
        "projects": 1,
        "worker_types": 3,
        "prompt_versions": 3,
        "tickets": 1,
        "events": 1,
    }
    session.refresh(other)
    assert other.state == "open"


def test_events_of_a_deleted_project_go_with_it(session):
    ticket, other = make_ticket(session), make_ticket(session, project="acme/other")
    for each in (ticket, other):
        each.wait_for_attention(ANN, "review", "Which one?")
    session.flush()

    Project.get(session, PROJECT).delete(PROJECT, ANN)
    session.flush()

    waiting = session.scalars(
        select(Event.ticket_id).where(Event.needs_attention, ~Event.processed)
    )
    assert waiting.all() == [other.ticket_id]
    assert session.scalars(select(Event).where(Event.ticket_id == ticket.ticket_id)).all() == []


def _count(session, table):
    return session.scalar(text(f"SELECT count(*) FROM {table}"))
