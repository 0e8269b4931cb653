"""What events say: as text, as HTML, and whatever their rows hold."""

from __future__ import annotations

from typing import Any

import pytest
from markupsafe import Markup

from app.actor import Actor
from app.events import DESCRIPTIONS, SYSTEM, EventFacts, Html, Plain, explanation, name, sentence
from app.models import EVENT_TYPES
from app.models.event import LOGGED_ONLY

HOSTILE = '<script>alert("1")</script>{0.__class__}'
EVERYWHERE = Html(root="", links=frozenset({"tickets", "workers", "projects"}))


def event(event_type: str, **values: Any) -> EventFacts:
    known = {"actor": "ann", "ticket_id": "WEB-2", "worker_id": "w-1", "stage": "review"}
    return EventFacts(event_type=event_type, **{**known, **values})


def test_every_type_of_event_is_described() -> None:
    assert set(DESCRIPTIONS) == set(EVENT_TYPES) >= LOGGED_ONLY


def test_the_system_is_called_by_its_name() -> None:
    assert Actor.system().label == SYSTEM
    assert sentence(event("ticket_held", actor=SYSTEM)) == "Callboard put WEB-2 on hold"


SAID = [
    ("ticket_created", {}, "ann created WEB-2"),
    ("ticket_stage_completed", {"approved": True}, "ann approved review of WEB-2"),
    (
        "ticket_stage_returned",
        {"to_stage": 1, "to_worker_type": "design"},
        "ann sent WEB-2 back from review to design",
    ),
    (
        "ticket_stage_failed",
        {"cause": "no_heartbeat"},
        "review of WEB-2 failed at w-1: it sent no heartbeat",
    ),
    (
        "ticket_attention_requested",
        {"failed_attempts": 3, "max_attempts": 3},
        "review of WEB-2 needs a person: 3 of 3 attempts failed",
    ),
    (
        "ticket_attention_requested",
        {"failed_attempts": 4, "max_attempts": 3},
        "review of WEB-2 needs a person: 4 attempts failed",
    ),
    ("ticket_resumed", {"answers": 7}, "ann answered WEB-2, without a comment"),
    ("ticket_resumed", {"cause": "retry"}, "ann: the next attempt of WEB-2 may start"),
    (
        "ticket_closed",
        {"resolution": "completed"},
        "Every stage is done: WEB-2 is closed, by ann",
    ),
    ("ticket_closed", {"resolution": "stopped"}, "ann closed WEB-2 unfinished"),
    (
        "ticket_plan_changed",
        {"from_plan": ["a"], "to_plan": ["a", "b"]},
        "ann changed the plan of WEB-2: a → a, b",
    ),
    (
        "ticket_edited",
        {
            "changed": ["title", "description", "labels"],
            "from": {"title": "Old", "labels": []},
            "to": {"title": "New", "labels": ["bug", "ui"]},
        },
        "ann edited WEB-2: title “Old” → “New”, description, labels none → bug, ui",
    ),
    (
        "ticket_edited",
        {
            "changed": ["description", "labels"],
            "from": {"labels": ["{x}"]},
            "to": {"labels": []},
            "description": {"version": 7, "added": 3, "removed": 0},
        },
        "ann edited WEB-2: description (lines: 3 added), labels {x} → none",
    ),
    (
        "ticket_edited",
        {
            "changed": ["description"],
            "from": {},
            "to": {},
            "description": {"version": 7, "added": 0, "removed": 0},
        },
        "ann edited WEB-2: description (lines: moved)",
    ),
    (
        "ticket_dependency_changed",
        {"cause": "added", "blocked_by": ["WEB-1"]},
        "ann: WEB-2 waits for WEB-1",
    ),
    (
        "ticket_dependency_changed",
        {"cause": "blocker_closed", "blocked_by": ["WEB-1"]},
        "WEB-1, which WEB-2 waits for, was closed by ann",
    ),
    (
        "ticket_dependency_changed",
        {"cause": "related", "related": ["WEB-1"]},
        "ann: WEB-2 is related to WEB-1",
    ),
    (
        "ticket_report_refused",
        {"report": "returned", "run_outcome": "expired", "to_stage": 1},
        (
            "A late report of review by ann on WEB-2 was refused: “returned” to stage 1 for run 5, "
            "which had ended as expired"
        ),
    ),
    (
        "worker_stopped",
        {"cause": "no_heartbeat", "freed_ticket_id": "WEB-9"},
        "w-1, review of acme/web, stopped: no heartbeat; WEB-9 went back to its queue",
    ),
]


@pytest.mark.parametrize(("event_type", "details", "words"), SAID)
def test_facts_are_said_in_a_sentence(event_type: str, details: dict[str, Any], words: str) -> None:
    told = event(event_type, details=details, run_id=5, project_id="acme/web")

    assert sentence(told) == words
    assert Markup(sentence(told, EVERYWHERE)).striptags() == words


def test_on_its_own_page_a_ticket_is_not_named() -> None:
    answered = event("ticket_resumed", details={"answers": 7}, comment_id=1)

    assert sentence(answered, Plain(within_ticket=True)) == "ann answered"
    assert sentence(answered, Html(within_ticket=True, names_actor=False)) == "answered"


def test_what_somebody_wrote_follows_the_cause() -> None:
    details = {"failed_attempts": 3, "max_attempts": 3}
    used_up = event("ticket_attention_requested", reason="It hangs.", details=details)

    assert explanation(used_up) == "3 of 3 attempts failed; the last: It hangs."
    assert explanation(event("ticket_held", reason="Wait.")) == "Wait."
    assert explanation(event("ticket_held")) == ""


def test_a_reason_for_closing_is_said_instead_of_how_it_was_closed() -> None:
    closed = event("ticket_closed", reason="Not needed.", details={"resolution": "stopped"})

    assert sentence(closed) == "ann closed WEB-2"


def test_a_type_that_is_not_known_is_an_event_all_the_same() -> None:
    told = event("ticket_sold")

    assert sentence(told) == "ann: something happened to WEB-2"
    assert name(told) == "Something else"


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("value", [HOSTILE, [HOSTILE] * 500, {"x": HOSTILE}, 7, "y" * 50_000, [[]]])
def test_whatever_stands_in_a_row_is_escaped_and_cut(event_type: str, value: Any) -> None:
    keys = {
        *(
            "cause",
            "changed",
            "from",
            "to",
            "blocked_by",
            "related",
            "from_plan",
            "to_plan",
            "answers",
            "description",
        ),
        *("failed_attempts", "max_attempts", "resolution", "approved", "report", "run_outcome"),
        *("to_stage", "to_worker_type", "freed_ticket_id", "beads_status", "claimed_by"),
    }
    details = dict.fromkeys(keys, value)
    strange = event(event_type, actor=HOSTILE, ticket_id=HOSTILE, stage=HOSTILE, details=details)

    told = sentence(strange, EVERYWHERE)

    assert "<script" not in told
    assert len(told) < 60_000
    assert len(explanation(strange)) < 40_000


def test_facts_are_taken_from_what_the_api_answered() -> None:
    answer = {"id": 1, "event_type": "ticket_held", "actor": "ann", "ticket_id": "WEB-2"}

    assert sentence(EventFacts.of(answer)) == "ann put WEB-2 on hold"
