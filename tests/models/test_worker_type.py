"""Worker types: create, edit, and the history of their prompts."""

import pytest
from sqlalchemy import inspect, select

from app.actor import Actor
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEntry, PromptVersion, User, WorkerType
from tests.factories import ANN, GATE, PROJECT, ROLES, make_project, make_role

BOB = Actor.person("bob")


def edit(role, **changes):
    role.edit(**{"actor": ANN, **changes})


def history(session, role):
    session.flush()
    query = select(PromptVersion).filter_by(worker_type_id=role.id).order_by(PromptVersion.version)
    return [(v.version, v.system_prompt, v.created_by) for v in session.scalars(query)]


@pytest.fixture
def role(session):
    make_project(session, roles=[], gates=[])
    return make_role(session, "design", system_prompt="Draw.")


def test_a_new_worker_type_has_the_usual_limits_and_one_prompt(session, role):
    assert (role.performed_by, role.lease_seconds, role.max_attempts) == ("agent", 300, 3)
    assert history(session, role) == [(1, "Draw.", "ann")]


def test_the_worker_types_that_tests_begin_with_are_as_verbs_make_them(session):
    """The factory inserts their rows, which takes a third of the time."""
    make_project(session)
    make_project(session, "acme/by-verbs", roles=[], gates=[])
    for name in ROLES:
        make_role(session, name, "acme/by-verbs")
    make_role(session, GATE, "acme/by-verbs", performed_by="person")

    inserted, made = rows_of(session, PROJECT), rows_of(session, "acme/by-verbs")
    assert len(made) == 10
    assert inserted == made


def rows_of(session, project):
    """What stands in the database about a project's worker types, but for ids and times."""
    session.flush()
    of_project = select(WorkerType.id).where(WorkerType.project_id == project)
    found = [
        *session.scalars(select(WorkerType).filter_by(project_id=project)),
        *session.scalars(select(PromptVersion).where(PromptVersion.worker_type_id.in_(of_project))),
        *session.scalars(select(AuditEntry).filter_by(project_id=project)),
    ]
    differing = {"id", "project_id", "worker_type_id", "created_at", "updated_at"}
    return sorted(
        [
            str((column.name, getattr(row, column.name)))
            for column in inspect(type(row)).columns
            if column.name not in differing
        ]
        for row in found
    )


def test_a_gate_is_performed_by_a_person(session, role):
    assert make_role(session, "approval", performed_by="person").is_gate
    assert not role.is_gate


def test_a_new_prompt_becomes_a_new_version_and_the_old_stay(session, role):
    edit(role, system_prompt="Draw better.", actor=BOB)
    edit(role, system_prompt="Draw best.")

    assert role.prompt_version == 3
    assert history(session, role) == [
        (1, "Draw.", "ann"),
        (2, "Draw better.", "bob"),
        (3, "Draw best.", "ann"),
    ]


def test_what_an_edit_leaves_out_stays(session):
    make_project(session, gates=[])
    User.create(session, name="bob", role="member", actor=ANN)
    gate = make_role(session, "approval", performed_by="person")
    edit(gate, lease_seconds=60, max_attempts=2, max_running=5, approvers=["bob"])

    edit(gate, short_description="Looks at it")

    assert (gate.lease_seconds, gate.max_attempts, gate.max_running) == (60, 2, 5)
    assert gate.approvers == ["bob"]
    assert gate.is_gate


def test_an_edit_that_keeps_the_prompt_makes_no_version(session, role):
    edit(role, short_description="Draws", lease_seconds=600, max_attempts=5)
    session.flush()
    session.refresh(role)

    assert (role.short_description, role.lease_seconds, role.max_attempts) == ("Draws", 600, 5)
    assert len(history(session, role)) == 1


def test_a_prompt_may_return_to_an_old_text(session, role):
    edit(role, system_prompt="Two")
    edit(role, system_prompt="Draw.")

    assert [text for _, text, _ in history(session, role)] == ["Draw.", "Two", "Draw."]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("performed_by", "robot"),
        ("lease_seconds", 9),
        ("lease_seconds", 86_401),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("short_description", "x" * 201),
        ("system_prompt", "x" * 65_537),
    ],
)
def test_a_value_out_of_bounds_is_refused_at_its_field(session, role, field, value):
    with pytest.raises(Invalid) as refusal:
        edit(role, **{field: value})
    assert refusal.value.field == field

    with pytest.raises(Invalid) as refusal:
        make_role(session, "other", **{field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "x/y", "x" * 65, "größe", "Planned"])
def test_a_strange_name_is_refused(session, role, name):
    with pytest.raises(Invalid) as refusal:
        make_role(session, name)

    assert refusal.value.field == "worker_type"


def test_a_name_is_free_once_a_project(session, role):
    with pytest.raises(Conflict, match="already has a worker type design"):
        make_role(session, "design")

    make_project(session, "acme/other", roles=["design"])
    assert WorkerType.named(session, "acme/other", "design")


def test_a_worker_type_can_be_found_by_name(session, role):
    assert WorkerType.named(session, PROJECT, "design") is role
    assert WorkerType.named(session, PROJECT, "Design") is None


def test_an_unknown_worker_type_is_not_found(session):
    with pytest.raises(NotFound):
        WorkerType.get(session, 4711)
    with pytest.raises(NotFound):
        WorkerType.lock(session, 4711)
