"""Marking events of the inbox as dealt with: one or many, with a note, by whoever comes first."""

import re

import pytest
from sqlalchemy import select

from app.models import Event, StageRun, Ticket
from tests.factories import ANN
from tests.web.test_events import ASKS, ask_for_attention, shown


def process(client, *ids, query="", **data):
    return client.post(f"/events{query}", data={"event": [str(i) for i in ids], **data})


def test_one_event_is_processed_with_a_note_and_leaves_the_inbox(client, board):
    with board() as session:
        event = ask_for_attention(session)
    answer = process(client, event, note="Called the vendor.")

    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "1 event marked as dealt with." in page
    assert shown(page) == []
    old = client.get("/events?processed=yes").text
    assert "Dealt with by ann" in old
    assert "Called the vendor." in old


def test_many_events_are_processed_with_one_note_and_the_filters_stay(client, board):
    with board() as session:
        ids = [ask_for_attention(session) for _ in range(3)]
    answer = process(client, *ids[:2], query="?project=acme/web", note="All the same.")

    assert answer.location == "/events?project=acme%2Fweb"
    assert shown(client.get(answer.location).text) == ids[2:]
    with board() as session:
        notes = session.scalars(select(Event.resolution_summary).where(Event.id.in_(ids[:2])))
        assert set(notes) == {"All the same."}


def test_processing_without_picking_anything_says_so(client, board):
    with board() as session:
        event = ask_for_attention(session)
    answer = process(client, note="For which?")

    assert answer.status_code == 422
    assert "Pick at least one event first." in answer.text
    assert 'value="For which?"' in answer.text
    assert shown(answer.text) == [event]


def test_a_note_that_is_too_long_is_kept_with_the_picked_rows(client, board):
    with board() as session:
        event = ask_for_attention(session)
    note = "x" * (Event.SUMMARY_MAX + 1)
    answer = process(client, event, note=note)

    assert answer.status_code == 422
    assert "At most 4,000 characters." in answer.text
    assert note in answer.text
    assert re.search(rf'value="{event}"[^>]*checked', answer.text)
    with board() as session:
        assert not session.get(Event, event).processed


@pytest.mark.parametrize("picked", ["x", "-1", "1.5", "²"])
def test_a_number_that_is_none_is_refused(client, board, picked):
    answer = process(client, picked)

    assert answer.status_code == 422
    assert "Pick events from the list." in answer.text


def test_an_event_that_someone_else_has_dealt_with_stays_theirs(client, board):
    with board() as session:
        event = ask_for_attention(session)
        session.get(Event, event).process(ANN, "first")
    page = client.get(process(client, event, note="second").location).text

    assert "someone had dealt with it before" in page
    with board() as session:
        assert session.get(Event, event).resolution_summary == "first"


def test_a_number_beyond_every_event_changes_nothing(client):
    assert process(client, "9" * 18).status_code == 303
    assert process(client, "9" * 400).status_code == 422


def test_the_region_is_drawn_anew_when_someone_else_processes_what_it_shows(client, board):
    with board() as session:
        event = ask_for_attention(session)
    url = re.search(r'hx-get="([^"]+)"', client.get("/events").text).group(1)
    url = url.replace("&amp;", "&")
    process(client, event)
    answer = client.get(url, headers=ASKS)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Nothing waits for anyone" in answer.text


def test_answering_on_the_ticket_empties_the_inbox(client, board):
    with board() as session:
        event = ask_for_attention(session)
        ticket_id = session.get(Event, event).ticket_id
        Ticket.get(session, ticket_id).resume(ANN, "The first one.")
        assert session.scalar(select(StageRun.outcome)) == "attention"

    assert shown(client.get("/events").text) == []
