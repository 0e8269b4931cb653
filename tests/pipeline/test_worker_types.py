"""Renaming and deleting worker types: refused while plans still need them."""

import pytest

from app import pipeline
from app.errors import Conflict, Invalid
from app.models import PlanTemplate, PromptVersion, WorkerType
from app.models.worker_type import StillNeeded
from tests.factories import (
    ANN,
    PROJECT,
    make_project,
    make_role,
    make_ticket,
    make_worker,
    run_stage,
)

CHANGES = {
    "renamed": lambda session, role: pipeline.rename_worker_type(session, role, "checking", ANN),
    "deleted": lambda session, role: pipeline.delete_worker_type(session, role, ANN),
}
each_change = pytest.mark.parametrize("change", CHANGES)


def review(session):
    return WorkerType.named(session, PROJECT, "review")


def is_there(session):
    session.flush()
    return review(session) is not None


@each_change
def test_a_worker_type_that_nothing_needs_can_be_changed(session, change):
    make_project(session)

    CHANGES[change](session, review(session))

    assert not is_there(session)


@each_change
def test_a_worker_type_that_open_tickets_need_is_refused_with_their_list(session, change):
    needing = [make_ticket(session).ticket_id for _ in range(2)]
    make_ticket(session, ["implementation"])

    with pytest.raises(StillNeeded) as refusal:
        CHANGES[change](session, review(session))

    assert refusal.value.ticket_ids == needing
    assert str(refusal.value).startswith(
        f"review can't be {change}: open tickets still need it (WEB-1, WEB-2)."
    )
    assert is_there(session)


@each_change
def test_a_long_list_is_cut_in_the_sentence_but_complete_in_the_refusal(session, change):
    needing = [make_ticket(session).ticket_id for _ in range(13)]

    with pytest.raises(StillNeeded, match=r"WEB-10 and 3 more\)") as refusal:
        CHANGES[change](session, review(session))

    assert refusal.value.ticket_ids == needing


@each_change
def test_a_ticket_on_hold_still_needs_its_stages(session, change):
    make_ticket(session).hold(ANN)

    with pytest.raises(StillNeeded):
        CHANGES[change](session, review(session))


@each_change
@pytest.mark.parametrize("ending", ["closed", "done"])
def test_closed_tickets_and_stages_that_are_done_need_nothing(session, change, ending):
    ticket = make_ticket(session, ["review", "implementation"])
    if ending == "closed":
        ticket.stop(ANN)
    else:
        run_stage(session, ticket).complete()

    CHANGES[change](session, review(session))

    assert not is_there(session)


@each_change
def test_a_stage_named_twice_is_needed_until_the_second_is_done(session, change):
    ticket = make_ticket(session, ["review", "review"])
    run_stage(session, ticket).complete()

    with pytest.raises(StillNeeded):
        CHANGES[change](session, review(session))


@each_change
def test_a_running_stage_is_needed(session, change):
    run_stage(session, make_ticket(session, ["review"]))

    with pytest.raises(StillNeeded):
        CHANGES[change](session, review(session))


@each_change
def test_tickets_of_another_project_need_their_own(session, change):
    make_project(session)
    make_ticket(session, project="acme/other")

    CHANGES[change](session, review(session))

    assert WorkerType.named(session, "acme/other", "review")


@each_change
def test_a_worker_type_that_a_template_names_is_refused(session, change):
    make_project(session)
    PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name="usual", plan=["review"])

    with pytest.raises(Conflict, match=f"can't be {change}: the plan template “usual”"):
        CHANGES[change](session, review(session))


def test_renaming_keeps_the_role_and_its_prompts(session):
    make_project(session)
    role = review(session)

    pipeline.rename_worker_type(session, role, " checking ", ANN)
    session.flush()

    assert WorkerType.named(session, PROJECT, "checking").id == role.id
    assert session.query(PromptVersion).filter_by(worker_type_id=role.id).count() == 1


def test_renaming_to_the_same_name_is_never_refused(session):
    make_ticket(session)

    pipeline.rename_worker_type(session, review(session), "review", ANN)

    assert is_there(session)


@pytest.mark.parametrize(
    ("name", "error"),
    [("implementation", Conflict), ("Planned", Invalid), ("a b", Invalid), ("", Invalid)],
)
def test_a_new_name_is_checked_like_a_first_one(session, name, error):
    make_project(session)

    with pytest.raises(error) as refusal:
        pipeline.rename_worker_type(session, review(session), name, ANN)

    assert refusal.value.field == "worker_type"
    assert is_there(session)


def test_a_deleted_worker_types_name_is_free_again(session):
    make_project(session)
    pipeline.delete_worker_type(session, review(session), ANN)
    session.flush()

    assert make_role(session, "review").prompt_version == 1


def test_history_keeps_the_old_name(session):
    ticket = make_ticket(session, ["review", "implementation"])
    run = run_stage(session, ticket)
    run.complete("fine")
    pipeline.rename_worker_type(session, review(session), "checking", ANN)
    session.flush()
    session.refresh(ticket)

    assert (run.worker_type, ticket.last_completed_stage) == ("review", "review")


def test_live_workers_of_a_renamed_worker_type_go_on_under_its_new_name(session):
    make_project(session)
    alive, gone = make_worker(session, "review"), make_worker(session, "review")
    gone.finish(ANN)
    session.flush()

    pipeline.rename_worker_type(session, review(session), "checking", ANN)
    session.expire_all()

    assert (alive.worker_type, alive.queue_name) == ("checking", "acme/web/checking")
    assert gone.worker_type == "review"
    ticket = make_ticket(session, ["checking"])
    assert pipeline.claim_next(session, alive.worker_id).ticket_id == ticket.ticket_id
