"""The tickets that plans are looked at with."""

from datetime import timedelta
from itertools import product

from sqlalchemy import insert

from app import clock
from app.models import Event, Project, Ticket, TicketLabel, Worker, WorkerType

TICKETS, PROJECTS, RUNNING = 4_000, 4, 20
ROLES = ("planning", "review", "approval")


def fill(session):
    names = [f"acme/p{number}" for number in range(PROJECTS)]
    session.execute(
        insert(Project),
        [
            {"repository_name": name, "path": "/srv", "ticket_prefix": f"P{number}"}
            for number, name in enumerate(names)
        ],
    )
    roles = [
        {
            "project_id": name,
            "worker_type": role,
            "short_description": "",
            "system_prompt": "",
            "performed_by": "person" if role == "approval" else "agent",
        }
        for name, role in product(names, ROLES)
    ]
    session.execute(insert(WorkerType), roles)
    workers = [
        {"worker_id": f"w{number}", "project_id": names[0], "worker_type": "review"}
        for number in range(RUNNING)
    ]
    session.execute(insert(Worker), workers)
    tickets = [ticket(number, names) for number in range(TICKETS)]
    session.execute(insert(Ticket), tickets)
    labels = [
        {"ticket_id": one["ticket_id"], "label": f"l{number % 9}"}
        for number, one in enumerate(tickets)
    ]
    session.execute(insert(TicketLabel), [*labels, {"ticket_id": "P0-0", "label": "rare"}])
    events = [
        {
            "event_type": "ticket_created",
            "ticket_id": one["ticket_id"],
            "project_id": one["project_id"],
            "processed": number > 5,
            "details": {},
        }
        for number, one in enumerate(tickets)
    ]
    session.execute(insert(Event), events)


def ticket(number, names):
    at = clock.now() - timedelta(minutes=TICKETS - number)
    is_closed, is_running = number % 10 < 5, number >= TICKETS - RUNNING
    is_closed = is_closed and not is_running
    return {
        "ticket_id": f"P{number % PROJECTS}-{number}",
        "project_id": names[number % PROJECTS],
        "title": f"Title {number * 7919 % TICKETS}",
        "description": "What is to be done. " * 50,
        "execution_plan": list(ROLES),
        "completed_stages": len(ROLES) if is_closed and number % 20 == 1 else number % 3,
        "state": "closed" if is_closed else "on_hold" if number % 200 == 7 else "open",
        "resolution": ("stopped" if number % 90 == 0 else "completed") if is_closed else None,
        "closed_at": at if is_closed else None,
        "priority": number % 4,
        "open_blockers": int(number % 150 == 8 and not is_running),
        "parent_id": "P0-0" if number in (5, 6) else None,
        "claimed_by": f"w{TICKETS - 1 - number}" if is_running else None,
        "created_at": at,
        "updated_at": at,
    }
