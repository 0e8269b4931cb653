"""The log: everything that happened, filtered, and one event in full."""

import re
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from app.events import DESCRIPTIONS
from app.models import EVENT_TYPES, Event, StageRun
from app.queries.paging import PAGE_SIZE
from tests.factories import ANN, GATE, make_project, make_ticket, make_worker, run_stage
from tests.pages import words
from tests.statements import counting_queries

ASKS = {"HX-Request": "true"}


def ask_for_attention(session, question="Which of the two?", **values):
    ticket = make_ticket(session, priority=0, **values)
    run = run_stage(session, ticket, make_worker(session))
    run.ask_attention(question)
    session.flush()
    return latest(session, "ticket_attention_requested")


def latest(session, event_type):
    return session.scalar(
        select(Event.id).where(Event.event_type == event_type).order_by(Event.id.desc())
    )


def shown(page):
    return [int(number) for number in re.findall(r'id="event-(\d+)"', page)]


def test_a_board_without_events_leads_to_the_first_ticket(client):
    page = client.get("/events?show=all").text

    assert "Nothing has happened yet" in page
    assert 'href="/tickets/new"' in page


@pytest.mark.both_databases
def test_everything_that_happened_comes_newest_first(client, board):
    with board() as session:
        ask_for_attention(session)
        ids = list(session.scalars(select(Event.id).order_by(Event.id.desc())))

    assert shown(client.get("/events?show=all").text) == ids


def test_every_type_of_event_has_a_name_and_a_sentence():
    assert set(DESCRIPTIONS) == set(EVENT_TYPES)


def test_every_type_of_event_reads_as_a_sentence(client, board):
    with board() as session:
        ticket = make_ticket(session)
        worker = make_worker(session, worker_id="w-1")
        for event_type in EVENT_TYPES:
            session.add(
                Event(
                    event_type=event_type,
                    project_id=ticket.project_id,
                    ticket_id=ticket.ticket_id,
                    worker_id=worker.worker_id,
                    stage="review",
                    actor="ann",
                    reason="because",
                )
            )
    page = client.get("/events?show=all").text

    sentences = [words(part.split("</div>")[0]) for part in page.split('class="what"')[1:]]
    assert len(sentences) > len(EVENT_TYPES)
    assert not [sentence for sentence in sentences if "{" in sentence or not sentence]
    assert all(f">{DESCRIPTIONS[event_type].name}<" in page for event_type in EVENT_TYPES)


def test_an_event_whose_ticket_and_worker_are_gone_still_reads(client, board):
    with board() as session:
        make_project(session)
        session.add(Event(event_type="ticket_stage_failed", ticket_id="OLD-1", worker_id="w-old"))
    page = client.get("/events?show=all").text

    assert '<span class="id">OLD-1</span>' in page
    assert '<span class="id">w-old</span>' in page


@pytest.mark.both_databases
@pytest.mark.parametrize("query", ["type=ticket_held", "project=acme/api", "ticket=API-1"])
def test_filters_leave_only_what_fits_and_can_be_cleared(client, board, query):
    with board() as session:
        make_ticket(session)
        make_project(session, "acme/api")
        ticket = make_ticket(session, project="acme/api")
        ticket.hold(ANN)
        session.flush()
        held = latest(session, "ticket_held")
    page = client.get(f"/events?show=all&{query}").text

    assert held in shown(page)
    assert len(shown(page)) < 3
    assert "Clear filters" in page


@pytest.mark.both_databases
def test_a_worker_s_events_can_be_asked_for(client, board):
    with board() as session:
        make_project(session)
        make_worker(session, worker_id="w-1")
        make_worker(session, worker_id="w-2")
    page = client.get("/events?show=all&worker=w-2").text

    assert len(shown(page)) == 1
    assert 'href="/workers/w-2"' in page


@pytest.mark.parametrize(
    "query",
    ["type=nonsense", "show=all&project=no/such", "processed=maybe", "show=some", "before=x"],
)
def test_a_filter_that_means_nothing_is_told_and_the_list_still_shown(client, board, query):
    with board() as session:
        event = ask_for_attention(session)
    answer = client.get(f"/events?{query}")

    assert answer.status_code == 400
    assert 'class="note stop"' in answer.text
    assert event in shown(answer.text)


def test_filters_that_nothing_fits_say_so(client, board):
    with board() as session:
        ask_for_attention(session)

    assert "No event fits these filters" in client.get("/events?ticket=NO-1").text


@pytest.mark.both_databases
def test_older_events_come_on_further_pages(client, board):
    with board() as session:
        for _ in range(PAGE_SIZE + 5):
            make_ticket(session)
    first = client.get("/events?show=all").text
    older = re.search(r'rel="next"\s+href="([^"]+)"', first).group(1).replace("&amp;", "&")
    second = client.get(older).text

    assert len(shown(first)) == PAGE_SIZE
    assert len(shown(second)) == 5
    assert min(shown(first)) > max(shown(second))
    assert "Newest" in second
    assert "This is where the list ends." in client.get("/events?show=all&before=1").text


def test_one_event_has_a_page_with_its_whole_reason_and_the_form(client, board):
    with board() as session:
        make_ticket(session).hold(ANN, "Line one.\n\n" + "word " * 400 + "end")
        session.flush()
        event = latest(session, "ticket_held")
    page = client.get(f"/events/{event}?project=acme/web").text

    assert page.count("word ") >= 400
    assert 'name="note"' in page
    assert 'action="/events?project=acme%2Fweb"' in page


def test_an_event_that_is_dealt_with_tells_by_whom_and_has_no_form(client, board):
    with board() as session:
        event = ask_for_attention(session)
        session.get(Event, event).process(ANN, "done")
    page = client.get(f"/events/{event}").text

    assert "by ann" in page
    assert 'name="note"' not in page


def test_an_unknown_event_is_not_found(client):
    answer = client.get("/events/404")

    assert answer.status_code == 404
    assert "There is no event 404." in answer.text


def test_a_message_with_markup_is_shown_as_text(client, board):
    with board() as session:
        ask_for_attention(session, "<img src=x onerror=alert(1)>", title="<script>x</script>")
    for address in ("/events?show=all", "/inbox"):
        page = client.get(address).text
        assert "&lt;img src=x" in page
        assert "<img src=x" not in page
        assert "<script>x" not in page


def test_the_number_of_queries_does_not_grow_with_the_rows(app, client, board):
    with board() as session:
        ask_for_attention(session)
    with counting_queries(app) as few:
        client.get("/events?show=all")
    with board() as session:
        for _ in range(10):
            ask_for_attention(session)
    with counting_queries(app) as many:
        client.get("/events?show=all")

    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/events", "/inbox"),
        ("/events?show=attention", "/inbox"),
        ("/events?project=acme/web", "/inbox?project=acme/web"),
    ],
)
def test_the_inbox_is_found_at_its_old_address(client, old, new):
    answer = client.get(old)

    assert answer.status_code == 302
    assert unquote(answer.location) == new


def test_the_log_tells_an_answer_from_a_resumption_and_from_a_retry(client, board):
    with board() as session:
        asked = make_ticket(session, title="Query")
        run_stage(session, asked).ask_attention("Which?")
        asked.resume(ANN, "This one.")
        run_stage(session, asked).fail("It broke.")
        asked.retry_now(ANN)
        held = make_ticket(session, title="Held")
        held.hold(ANN)
        held.resume(ANN)
        ids = (asked.ticket_id, held.ticket_id)
    page = client.get("/events?show=all&type=ticket_resumed").text
    told = [words(part.split("</div>")[0]) for part in page.split('class="what">')[1:]]

    assert told == [
        f"ann resumed {ids[1]} · Held",
        f"ann: the next attempt of {ids[0]} may start · Query",
        f"ann answered {ids[0]} · Query",
    ]


def test_a_passed_gate_reads_approved_in_the_log_and_on_the_dashboard(client, board):
    with board() as session:
        ticket = make_ticket(session, [GATE, "review"])
        StageRun.by_person(ticket, ANN).complete()
        StageRun.by_person(ticket, ANN).complete()
        ticket_id = ticket.ticket_id

    for address in ("/events?show=all&type=ticket_stage_completed", "/"):
        page = words(client.get(address).text)
        assert f"ann approved {GATE} of {ticket_id}" in page
        assert f"ann completed review of {ticket_id}" in page
