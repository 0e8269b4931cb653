"""What is suggested as someone types."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.models import User
from app.queries.language.completion import SUGGESTIONS_MAX, complete
from app.queries.language.fields import FIELDS
from app.queries.language.parsing import parse
from app.visibility import Visibility
from tests.factories import ANN, make_project, make_role, make_ticket, make_worker
from tests.statements import counting_queries

EVERYTHING = Visibility.everything()


@pytest.fixture
def filled(session):
    make_ticket(session, labels=["ui", "two words", "none", 'a "b"'])
    make_project(session, "acme/hidden", ticket_prefix="HID")
    make_role(session, "secret", "acme/hidden")
    make_ticket(session, project="acme/hidden", labels=["unseen"])
    make_worker(session, worker_id="w-one")
    make_worker(session, project="acme/hidden", worker_id="w-two")
    User.create(session, name="bea", role="member", actor=ANN)
    session.flush()
    return session


SUGGESTED = {
    "la": ["label:"],
    "-LA": ["label:"],
    "is:open sta": ["state:", "stage:"],
    "is:b": ["backoff", "blocked"],
    "is:open,wai": ["waiting"],
    'label:"two words",u': ["ui"],
    'label:"two w': ['"two words"'],
    "label:no": ["none", '"none"'],
    "label:a": ['"a \\"b\\""'],
    "project:": ["acme/web"],
    "project:web": ["acme/web"],
    "stage:re": ["review"],
    "stage:s": [],
    "id:we": ["WEB-1"],
    "parent:hid": [],
    "worker:w": ["w-one"],
    "author:b": ["bea"],
    "author:m": ["me"],
    "sort:-up": ["-updated"],
    "priority:h": ["high"],
    "has:ch": ["children"],
    "nothing:x": [],
    '"la': [],
    "la:x label:ui ": [f"{name}:" for name in FIELDS][:SUGGESTIONS_MAX],
}


def test_fields_and_then_values_are_suggested(filled):
    seen = Visibility(hidden=frozenset({"acme/hidden"}))
    for typed, texts in SUGGESTED.items():
        found = complete(typed, len(typed), filled, seen)
        kept = [each.text for each in found if each.text != "none" or "none" in texts]
        assert sorted(kept) == sorted(texts), typed


def test_a_suggestion_takes_the_place_of_what_was_begun(filled):
    typed = 'is:op label:"two w is:open'
    (found,) = complete(typed, typed.index(" is:open"), filled, EVERYTHING)
    whole = typed[: found.start] + found.text + typed[found.end :]
    assert whole == 'is:op label:"two words" is:open'


def test_suggestions_can_be_read(filled):
    for name in FIELDS:
        for found in complete(f"{name}:", len(name) + 1, filled, EVERYTHING):
            parse(f"{name}:{found.text}")


def test_a_token_of_one_project_learns_of_nothing_else(filled):
    seen = Visibility(only="acme/web")
    assert complete("author:b", 8, filled, seen) == []
    assert [each.text for each in complete("project:", 8, filled, seen)] == ["acme/web"]
    assert complete("label:un", 8, filled, seen) == []


def test_suggestions_are_few_and_cost_one_statement(app, session):
    make_project(session)
    for number in range(SUGGESTIONS_MAX + 5):
        make_ticket(session, labels=[f"label-{number:02}"])
        make_worker(session, worker_id=f"w-{number}")
    session.commit()
    for typed in ("label:", "id:w", "worker:w", "parent:", "stage:", "project:", "author:", "is:"):
        with counting_queries(app) as sent:
            found = complete(typed, len(typed), session, EVERYTHING)
        assert len(found) <= SUGGESTIONS_MAX
        assert len(sent) <= 1, typed


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(alphabet=st.sampled_from('ab:-,"\\* \n%_is\u202e\u05d0\0'), max_size=30),
    st.integers(-5, 40),
)
def test_whatever_is_typed_something_or_nothing_is_suggested(session, typed, cursor):
    for field in ("", "label:", "id:", "worker:", "author:"):
        complete(field + typed, cursor, session, EVERYTHING)
