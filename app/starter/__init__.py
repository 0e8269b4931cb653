"""The starter set: worker types and plans that a new project can begin with.

Each system prompt is a Markdown file beside this one, named like its worker type.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources import files
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.models import PlanTemplate, WorkerType
from app.models.worker_type import PerformedBy
from app.values import immutable


@immutable
class StarterRole:
    """A worker type of the starter set."""

    name: str
    short_description: str
    performed_by: PerformedBy
    system_prompt: str


@immutable
class Added:
    """What a project got from the starter set; what it had already was left as it is."""

    roles: tuple[str, ...]
    templates: tuple[str, ...]


def _role(name: str, short_description: str, performed_by: PerformedBy = "agent") -> StarterRole:
    prompt = files(__name__).joinpath(f"{name}.md").read_text("utf-8")
    return StarterRole(name, short_description, performed_by, prompt.strip())


STARTER_ROLES: tuple[StarterRole, ...] = (
    _role("planning", "Turns a wish into steps that others can do"),
    _role("design", "Decides structure, interfaces and what people will see"),
    _role("implementation", "Changes the code and proves that it works"),
    _role("review", "Judges the change and sends back what isn't right"),
    _role("testing", "Tries the result as its users will meet it"),
    _role("documentation", "Writes it down for people who weren't there"),
    _role("deployment", "Brings the result to where it is used, safely"),
    _role("research", "Finds an answer and shows what it rests on"),
    _role("approval", "A person decides whether the work goes on", "person"),
)

STARTER_PLANS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Feature": ("planning", "design", "implementation", "review", "testing", "documentation"),
        "Bug fix": ("implementation", "review", "testing"),
        "Small change": ("implementation", "review"),
        "Research": ("research", "review"),
        "Documentation": ("documentation", "review"),
        "Release": ("testing", "approval", "deployment"),
    }
)


def starter_role(name: str) -> StarterRole | None:
    """The starter set's worker type of that name."""
    return next((role for role in STARTER_ROLES if role.name == name), None)


def add_starter_set(
    session: Session,
    project_id: str,
    actor: Actor,
    names: Collection[str] | None = None,
    *,
    lease_seconds: int = WorkerType.LEASE_SECONDS_DEFAULT,
) -> Added:
    """Give a project the starter set's worker types (or those of `names`) that it doesn't have,
    and the plan templates whose worker types it then has."""
    has = set(
        session.scalars(select(WorkerType.worker_type).where(WorkerType.project_id == project_id))
    )
    wanted = [role for role in STARTER_ROLES if names is None or role.name in names]
    missing = [role for role in wanted if role.name not in has]
    for role in missing:
        add_role(session, project_id, role, actor, lease_seconds)
    roles = tuple(role.name for role in missing)
    return Added(roles, _add_templates(session, project_id, has | set(roles), actor))


def add_role(
    session: Session,
    project_id: str,
    role: StarterRole,
    actor: Actor,
    lease_seconds: int = WorkerType.LEASE_SECONDS_DEFAULT,
) -> WorkerType:
    """Give a project one worker type of the starter set."""
    return WorkerType.create(
        session,
        project_id=project_id,
        worker_type=role.name,
        actor=actor,
        short_description=role.short_description,
        system_prompt=role.system_prompt,
        performed_by=role.performed_by,
        lease_seconds=lease_seconds,
    )


def _add_templates(
    session: Session, project_id: str, roles: set[str], actor: Actor
) -> tuple[str, ...]:
    has = set(
        session.scalars(select(PlanTemplate.name).where(PlanTemplate.project_id == project_id))
    )
    missing = {
        name: plan
        for name, plan in STARTER_PLANS.items()
        if name not in has and roles.issuperset(plan)
    }
    for name, plan in missing.items():
        PlanTemplate.create(session, project_id=project_id, name=name, plan=plan, actor=actor)
    return tuple(missing)
