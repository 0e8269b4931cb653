"""Projects, worker types and plan templates through the API."""

from __future__ import annotations

import pytest

from tests.api.conftest import Program, fields, problem
from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket

WEB = {"repository_name": "acme/web", "path": "/src/web"}


def test_a_project_is_made_read_changed_and_put_away(planner: Program) -> None:
    made = planner.post("/projects", {**WEB, "rules": "No secrets.", "max_in_progress": 3})
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/projects/acme/web"
    assert (made.json["ticket_prefix"], made.json["max_in_progress"]) == ("WEB", 3)
    assert planner.get("/projects/acme/web").json == made.json
    assert planner.get("/projects/acme%2Fweb").json == made.json
    changed = planner.patch("/projects/acme/web", {"short_description": "The shop"}).json
    assert (changed["rules"], changed["path"]) == ("No secrets.", "/src/web")
    assert changed["short_description"] == "The shop"
    cleared = planner.patch("/projects/acme/web", {"short_description": None}).json
    assert cleared["short_description"] is None
    assert planner.patch("/projects/acme/web", {"archived": True}).json["archived_at"]
    assert planner.get("/projects").json["items"] == []
    assert len(planner.get("/projects", archived="true").json["items"]) == 1
    assert planner.patch("/projects/acme/web", {"archived": False}).json["archived_at"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"repository_name": "a b", "path": "/x"}, 422, "repository_name"),
        ({"repository_name": "a/../b", "path": "/x"}, 422, "repository_name"),
        ({"repository_name": "new", "path": "/x"}, 422, "repository_name"),
        ({"repository_name": "a/", "path": "/x"}, 422, "repository_name"),
        ({"repository_name": "x" * 201, "path": "/x"}, 422, "repository_name"),
        ({"repository_name": "acme/b", "path": ""}, 422, "path"),
        ({"repository_name": "acme/b", "path": "/x", "ticket_prefix": "1A"}, 422, "ticket_prefix"),
        ({"repository_name": "acme/b", "path": "/x", "ticket_prefix": "web"}, 409, "ticket_prefix"),
        ({"repository_name": "a", "path": "/x", "max_in_progress": 0}, 422, "max_in_progress"),
        ({**WEB}, 409, "repository_name"),
    ],
)
def test_a_wrong_project_is_refused_at_its_field(
    planner: Program, board: OpenSession, body: dict, status: int, field: str
) -> None:
    with board() as session:
        make_project(session)
    kind = "invalid" if status == 422 else "conflict"
    assert fields(problem(planner.post("/projects", body), status, kind)) == [field]


def test_projects_are_paged_by_name(planner: Program) -> None:
    for name in ("c", "a", "b"):
        planner.post("/projects", {"repository_name": name, "path": "/x"})
    first = planner.get("/projects", limit=2).json
    assert [p["repository_name"] for p in first["items"]] == ["a", "b"]
    rest = planner.get("/projects", limit=2, cursor=first["next"]).json
    assert [p["repository_name"] for p in rest["items"]] == ["c"]


def test_a_project_is_deleted_only_when_its_name_is_said_again(
    admin: Program, planner: Program, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    problem(planner.delete("/projects/acme/web", confirm="acme/web"), 403, "forbidden")
    problem(admin.delete("/projects/acme/web"), 422, "invalid")
    told = problem(admin.delete("/projects/acme/web", confirm="acme/api"), 422, "invalid")
    assert fields(told) == ["confirm"]
    gone = admin.delete("/projects/acme/web", confirm="acme/web")
    assert (gone.status_code, gone.data) == (204, b"")
    problem(admin.get("/projects/acme/web"), 404, "not_found")
    problem(admin.get("/tickets/WEB-1"), 404, "not_found")


def test_a_worker_type_keeps_every_version_of_its_prompt(planner: Program) -> None:
    planner.post("/projects", WEB)
    made = planner.post(
        "/worker-types",
        {"project_id": "acme/web", "worker_type": "review", "system_prompt": "Look."},
    )
    assert made.status_code == 201
    assert made.json["lease_seconds"] == 300
    path = f"/worker-types/{made.json['id']}"
    changed = planner.patch(path, {"system_prompt": "Look twice.", "max_attempts": 5}).json
    assert (changed["prompt_version"], changed["max_attempts"]) == (2, 5)
    assert changed["lease_seconds"] == 300
    assert planner.get(path).json == changed
    versions = planner.get(f"{path}/prompts").json["items"]
    assert [(v["version"], v["system_prompt"]) for v in versions] == [
        (2, "Look twice."),
        (1, "Look."),
    ]
    assert planner.patch(path, {"worker_type": "audit"}).json["worker_type"] == "audit"
    assert len(planner.get("/worker-types", project="acme/web").json["items"]) == 1


def test_a_worker_type_that_is_needed_stays(admin: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)
    role = admin.get("/worker-types").json["items"][0]
    told = problem(admin.delete(f"/worker-types/{role['id']}"), 409, "conflict")
    assert told["ticket_ids"] == ["WEB-1"]
    problem(admin.patch(f"/worker-types/{role['id']}", {"worker_type": "x"}), 409, "conflict")
    admin.post("/tickets/WEB-1/close")
    assert admin.delete(f"/worker-types/{role['id']}").status_code == 204
    problem(admin.get(f"/worker-types/{role['id']}"), 404, "not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"worker_type": "Planned"}, "worker_type"),
        ({"worker_type": "a b"}, "worker_type"),
        ({"performed_by": "robot"}, "performed_by"),
        ({"lease_seconds": 9}, "lease_seconds"),
        ({"max_attempts": 0}, "max_attempts"),
    ],
)
def test_a_wrong_worker_type_is_refused_at_its_field(
    planner: Program, change: dict, field: str
) -> None:
    planner.post("/projects", WEB)
    body = {"project_id": "acme/web", "worker_type": "x", **change}
    assert fields(problem(planner.post("/worker-types", body), 422, "invalid")) == [field]


def test_plan_templates_are_kept_and_forgotten(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    body = {"project_id": "acme/web", "name": "usual", "plan": ["implementation", "review"]}
    made = planner.post("/plan-templates", body)
    assert made.status_code == 201
    path = f"/plan-templates/{made.json['id']}"
    assert planner.get(path).json["plan"] == ["implementation", "review"]
    assert fields(problem(planner.post("/plan-templates", body), 409, "conflict")) == ["name"]
    assert len(planner.get("/plan-templates", project="acme/web").json["items"]) == 1
    assert planner.delete(path).status_code == 204
    problem(planner.get(path), 404, "not_found")


def test_templates_and_roles_of_no_project_are_refused(planner: Program) -> None:
    for path, body in (
        ("/worker-types", {"project_id": "no/such", "worker_type": "x"}),
        ("/plan-templates", {"project_id": "no/such", "name": "x", "plan": ["x"]}),
        ("/workers", {"project_id": "no/such", "worker_id": "x", "worker_type": "x"}),
    ):
        answer = planner.post(path, body)
        assert answer.status_code in (403, 404), answer.text
