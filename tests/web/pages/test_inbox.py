"""The inbox: all that waits for a person, one list and one number everywhere, and what may be
marked as dealt with."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, pipeline
from app.actor import Actor
from app.models import Event, Project, StageRun, Ticket
from app.queries.paging import PAGE_SIZE
from app.visibility import Visibility
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    claim,
    make_project,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.pages import between, parsed, words
from tests.statements import counting_queries
from tests.web.pages.test_events import ASKS, ask_for_attention

COORDINATOR = Actor.token("coordinator")


def shown(page):
    return re.findall(r'<li data-row id="([^"]+)"', page)


def worker_gone(session, **values):
    """A worker that nobody has declared dead; returns the number of the event that says so."""
    if session.get(Project, PROJECT) is None:
        make_project(session)
    make_worker(session, **values).fail(Actor.system(), "no heartbeat")
    session.flush()
    return session.scalar(
        select(Event.id).where(Event.event_type == "worker_stopped").order_by(Event.id.desc())
    )


def ticket_of(session, event):
    return session.get(Event, event).ticket_id


def numbers(client):
    """The number of what waits, wherever it is said."""
    inbox, dashboard = client.get("/inbox").text, client.get("/").text
    said = [
        between(between(page, f'id="{place}"', "/span>"), ">", "<")
        for page in (inbox, dashboard)
        for place in ("side-inbox", "phone-inbox")
    ]
    for page, heading in ((inbox, "inbox-title"), (dashboard, "attention")):
        card = between(page, f'<h2 id="{heading}"', "</header>")
        said.append(between(card, 'class="count">', "<") if 'class="count"' in card else "0")
        title = between(page, "<title>", "</title>")
        said.append(between(title, "(", ")") if "(" in title else "0")
    return said


@pytest.fixture
def no_sweep(app, monkeypatch):
    monkeypatch.setitem(app.extensions, "callboard.next_sweep", float("inf"))


def fill(session):
    """One of each that waits, and some that don't."""
    ask_for_attention(session, "Which *of* the two?", title="Asks")
    make_ticket(session, [GATE], title="Waits at a gate")
    worker_gone(session, worker_id="w-gone")
    make_worker(session, worker_id="w-silent").expected_by = clock.now() - timedelta(seconds=1)
    make_ticket(session, title="Held on purpose").hold(ANN)
    make_ticket(session, title="Ready")
    make_ticket(session, [GATE], title="Blocked").block_by(make_ticket(session).ticket_id, ANN)


def test_an_empty_inbox_says_that_nothing_waits(client):
    page = client.get("/inbox").text

    assert "Nothing waits for anyone" in page
    assert "/events?show=all" in page


@pytest.mark.both_databases
def test_inbox_dashboard_sidebar_and_title_say_one_number(client, board, no_sweep):
    with board() as session:
        make_ticket(session)
    assert between(client.get("/inbox").text, 'id="side-inbox"', "</span>") == " hidden>0"
    assert "<title>Inbox" in client.get("/inbox").text
    with board() as session:
        fill(session)

    assert numbers(client) == ["4"] * 8
    assert len(shown(client.get("/inbox").text)) == 4
    needs = between(client.get("/").text, 'aria-labelledby="attention"', "</section>")
    assert len(shown(needs)) == 4


def test_each_thing_that_waits_has_its_way_on(client, board, no_sweep):
    with board() as session:
        fill(session)
    page = client.get("/inbox").text

    for text in ("Which of the two?", "Asks", "Waits at a gate", "w-gone", "w-silent"):
        assert text in page
    for action in ("Answer…", "Approve…", "Send back…", "Done…", "Look"):
        assert f">{action}</a>" in page
    for title in ("Held on purpose", "Ready", "Blocked"):
        assert title not in page


def test_a_poll_brings_the_sidebar_s_number_along(client, board):
    with board() as session:
        ask_for_attention(session)
    for address in ("/?v=old", "/inbox?v=old"):
        region = client.get(address, headers=ASKS).text
        assert 'id="side-inbox" hx-swap-oob="true">1<' in region
        assert 'id="phone-inbox" hx-swap-oob="true">1<' in region
        assert "<html" not in region


def test_every_page_says_in_title_and_icon_that_something_waits(client, board):
    icon = 'rel="icon"\n      type="image/svg+xml"\n      href="/static/icons/'
    calm = client.get("/projects").text
    assert "<title>Projects · Callboard</title>" in calm
    assert f"{icon}favicon.svg" in calm

    with board() as session:
        ask_for_attention(session)

    page = client.get("/projects").text
    assert "<title>(1) Projects · Callboard</title>" in page
    assert f"{icon}favicon-waiting.svg" in page


def test_a_page_asks_how_much_waits_and_is_told_when_it_is_something_else(client, board):
    asked = between(client.get("/projects").text, 'id="waiting"', ">")
    url = between(asked, 'hx-get="', '"')
    assert client.get(url, headers=ASKS).status_code == 204

    with board() as session:
        ask_for_attention(session)

    told = client.get(url, headers=ASKS).text
    assert 'id="side-inbox" hx-swap-oob="true">1<' in told
    assert 'hx-get="/inbox/waiting?v=1"' in told
    assert client.get("/inbox/waiting?v=1", headers=ASKS).status_code == 204


@pytest.mark.both_databases
def test_the_urgent_comes_first_and_then_what_has_waited_longest(client, board):
    with board() as session:
        make_project(session)
        for hours, title, priority in ((5, "old", 2), (1, "new", 1), (2, "urgent", 0)):
            ticket = make_ticket(session, [GATE], title=title, priority=priority)
            ticket.ready_at = clock.now() - timedelta(hours=hours)
        asked = make_ticket(session, title="asked", priority=3)
        run_stage(session, asked).ask_attention("Which?")
        session.flush()
        asked.asks_since = clock.now() - timedelta(hours=3)
    for address in ("/inbox", "/"):
        titles = parsed(client.get(address).text).select("a.title > [dir=auto]")
        found = [each.get_text() for each in titles]
        assert found == ["urgent", "old", "asked", "new"], address


@pytest.mark.both_databases
def test_every_item_can_be_reached_page_by_page(client, board):
    with board() as session:
        for _ in range(PAGE_SIZE + 3):
            make_ticket(session, [GATE])
        for _ in range(2):
            worker_gone(session)
    first = client.get("/inbox").text
    following = re.search(r'rel="next"\s+href="([^"]+)"', first).group(1)
    second = client.get(following).text

    assert len(shown(first)) == PAGE_SIZE
    assert len(shown(second)) == 5
    assert not set(shown(first)) & set(shown(second))
    assert f"1 to {PAGE_SIZE} of {PAGE_SIZE + 5}" in words(first)
    assert 'rel="next"' not in second
    assert "Nothing on this page" in client.get("/inbox?page=3").text
    assert "Nothing on this page" in client.get("/inbox?page=999999").text


FILTERED: tuple[tuple[str, list[str]], ...] = (
    ("kind=answer", ["Asks"]),
    ("kind=approval", ["Waits at a gate", "Elsewhere"]),
    ("project=acme/api", ["Elsewhere"]),
    ("project=acme/api&kind=answer", []),
)


def test_what_waits_is_read_once_for_all_who_see_the_same(app, board, sign_in):
    with board() as session:
        make_ticket(session, [GATE], title="For everyone")
        make_ticket(session, [GATE], project="acme/secret", title="A secret")
        Project.get(session, "acme/secret").limit_to_members(ANN)
    admin, ben, cem = sign_in("admin", "eve"), sign_in("member", "ben"), sign_in("member", "cem")

    assert "A secret" in admin.get("/inbox").text
    first = ben.get("/inbox").text
    with counting_queries(app, kept_too=True) as sent:
        second = cem.get("/inbox").text

    for page in (first, second):
        assert "For everyone" in page
        assert "A secret" not in page
    assert not [one for one in sent if "FROM tickets" in one]


@pytest.mark.both_databases
def test_the_inbox_is_filtered_and_the_sidebar_still_counts_all(client, board):
    with board() as session:
        ask_for_attention(session, title="Asks")
        make_ticket(session, [GATE], title="Waits at a gate")
        make_project(session, "acme/api")
        make_ticket(session, [GATE], project="acme/api", title="Elsewhere")
    for query, titles in FILTERED:
        page = client.get(f"/inbox?{query}").text

        found = [each.get_text() for each in parsed(page).select("a.title > [dir=auto]")]
        assert found == titles, query
        assert 'id="side-inbox">3<' in page
        assert "Clear filters" in page
        assert ("Nothing of this waits" in page) is not bool(titles)


@pytest.mark.parametrize("query", ["kind=nonsense", "project=no/such", "page=x"])
def test_a_filter_that_means_nothing_is_told(client, board, query):
    with board() as session:
        ask_for_attention(session)
    answer = client.get(f"/inbox?{query}")

    assert answer.status_code == 400
    assert len(shown(answer.text)) == 1


def test_the_number_of_queries_does_not_grow_with_what_waits(app, client, board, no_sweep):
    with board() as session:
        fill(session)
    with counting_queries(app) as few:
        client.get("/inbox")
    with board() as session:
        for _ in range(4):
            ask_for_attention(session)
            make_ticket(session, [GATE])
            worker_gone(session)
    with counting_queries(app) as many:
        client.get("/inbox")

    assert len(many) == len(few)


def test_a_question_that_a_program_marked_still_waits(client, board):
    with board() as session:
        event = ask_for_attention(session, title="Stranded?")
        pipeline.process_events(session, Visibility.everything(), [event], COORDINATOR, "seen")

    assert "Stranded?" in client.get("/inbox").text
    assert "Stranded?" in client.get("/").text
    assert numbers(client) == ["1"] * 8


@pytest.mark.both_databases
def test_a_ticket_stranded_by_an_older_version_appears_again(client, board):
    with board() as session:
        event = session.get(Event, ask_for_attention(session, title="Stranded"))
        event.processed, event.processed_by = True, "ann"
        event.processed_at = clock.now()
        pruned = ask_for_attention(session, title="Pruned")
        session.delete(session.get(Event, pruned))
        pruned_id = session.scalar(select(Ticket.ticket_id).where(Ticket.title == "Pruned"))
    page = client.get("/inbox").text

    assert "Stranded" in page
    assert "Pruned" in page
    assert "Answer…" in client.get(f"/tickets/{pruned_id}").text


@pytest.mark.both_databases
def test_marking_leaves_what_still_waits_and_says_so(client, board):
    with board() as session:
        asked = [ask_for_attention(session) for _ in range(2)]
        tickets = [ticket_of(session, event) for event in asked]
        gone = worker_gone(session)
    answer = mark(client, *asked, gone)
    page = words(client.get(answer.location).text)

    assert "1 event marked as dealt with." in page
    assert f"{tickets[0]}, {tickets[1]} still wait for an answer" in page
    assert numbers(client) == ["2"] * 8
    with board() as session:
        assert [session.get(Event, event).processed for event in (*asked, gone)] == [
            False,
            False,
            True,
        ]


@pytest.mark.parametrize("address", ["/inbox", "/events?show=all"])
def test_a_question_can_t_be_marked_away_from_anywhere(client, board, address):
    with board() as session:
        event = ask_for_attention(session)
        ticket_id = ticket_of(session, event)
    assert f'value="{event}"' not in client.get(address).text
    page = client.get(f"/events/{event}").text
    assert 'name="note"' not in page
    assert f'href="/tickets/{ticket_id}/resume"' in page

    page = words(client.get(mark(client, event, to=address).location).text)
    assert f"{ticket_id} still waits for an answer: answer it, or close it." in page
    assert "marked as dealt with" not in page
    assert numbers(client) == ["1"] * 8


@pytest.mark.parametrize("way", ["answer", "stop"])
def test_what_happens_to_the_ticket_empties_the_inbox(client, board, way):
    with board() as session:
        event = ask_for_attention(session)
        ticket = session.get(Ticket, ticket_of(session, event))
        ticket.resume(ANN, "The first one.") if way == "answer" else ticket.stop(ANN)

    assert shown(client.get("/inbox").text) == []
    with board() as session:
        assert session.get(Event, event).processed


def test_who_declares_a_worker_dead_needs_no_news_of_it(client, board):
    with board() as session:
        ticket = make_ticket(session)
        worker = make_worker(session, worker_id="w-1")
        claim(session, worker)
        pipeline.declare_dead(session, "w-1", ANN)
        assert session.scalar(select(StageRun.outcome)) == "expired"
        ticket_id = ticket.ticket_id

    assert shown(client.get("/inbox").text) == []
    assert "declared dead by ann" in client.get(f"/tickets/{ticket_id}").text


def mark(client, *ids, to="/inbox", **data):
    return client.post(to, data={"event": [str(i) for i in ids], **data})


def test_one_event_is_processed_with_a_note_and_leaves_the_inbox(client, board):
    with board() as session:
        event = worker_gone(session)
    answer = mark(client, event, note="Called the vendor.")

    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "1 event marked as dealt with." in page
    assert shown(page) == []
    old = client.get("/events?show=all&processed=yes").text
    assert "Dealt with by ann" in old
    assert "Called the vendor." in old


@pytest.mark.both_databases
def test_many_events_are_processed_with_one_note_and_the_filters_stay(client, board):
    with board() as session:
        ids = [worker_gone(session) for _ in range(3)]
    answer = mark(client, *ids[:2], to="/inbox?project=acme/web", note="All the same.")

    assert answer.location == "/inbox?project=acme%2Fweb"
    assert shown(client.get(answer.location).text) == [f"event-{ids[2]}"]
    with board() as session:
        notes = session.scalars(select(Event.resolution_summary).where(Event.id.in_(ids[:2])))
        assert set(notes) == {"All the same."}


def test_processing_without_picking_anything_says_so(client, board):
    with board() as session:
        event = worker_gone(session)
    answer = mark(client, note="For which?")

    assert answer.status_code == 422
    assert "Pick at least one event first." in answer.text
    assert 'value="For which?"' in answer.text
    assert shown(answer.text) == [f"event-{event}"]


def test_a_note_that_is_too_long_is_kept_with_the_picked_rows(client, board):
    with board() as session:
        event = worker_gone(session)
    note = "x" * (Event.SUMMARY_MAX + 1)
    answer = mark(client, event, note=note)

    assert answer.status_code == 422
    assert "At most 4,000 characters." in answer.text
    assert note in answer.text
    assert re.search(rf'value="{event}"[^>]*checked', answer.text)
    with board() as session:
        assert not session.get(Event, event).processed


@pytest.mark.parametrize("address", ["/inbox", "/events?show=all"])
@pytest.mark.parametrize("picked", ["x", "-1", "1.5", "²"])
def test_a_number_that_is_none_is_refused(client, address, picked):
    answer = mark(client, picked, to=address)

    assert answer.status_code == 422
    assert "Pick events from the list." in answer.text


@pytest.mark.both_databases
def test_an_event_that_someone_else_has_dealt_with_stays_theirs(client, board):
    with board() as session:
        event = worker_gone(session)
        session.get(Event, event).process(ANN, "first")
    page = client.get(mark(client, event, note="second").location).text

    assert "someone had dealt with it before" in page
    with board() as session:
        assert session.get(Event, event).resolution_summary == "first"


@pytest.mark.both_databases
def test_a_number_beyond_every_event_changes_nothing(client):
    assert mark(client, "9" * 18).status_code == 303
    assert mark(client, "9" * 400).status_code == 422


@pytest.mark.usefixtures("new_minute")
def test_the_region_is_drawn_anew_when_someone_else_processes_what_it_shows(client, board):
    with board() as session:
        event = worker_gone(session)
    url = re.search(r'hx-get="([^"]+)"', client.get("/inbox").text).group(1)
    url = url.replace("&amp;", "&")
    assert client.get(url, headers=ASKS).status_code == 204
    mark(client, event)
    answer = client.get(url, headers=ASKS)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Nothing waits for anyone" in answer.text


@pytest.mark.both_databases
def test_who_is_named_finds_it_in_their_own_inbox_until_they_look(sign_in, board):
    with board() as session:
        tickets = [make_ticket(session, title=f"Ticket {n}").ticket_id for n in "abc"]
        tickets.append(make_ticket(session, project="acme/hidden").ticket_id)
    bob, eve = sign_in("member", name="bob"), sign_in("viewer", name="eve")
    with board() as session:
        said = [session.get(Ticket, it).say("See *here*, @bob and @eve.", ANN) for it in tickets]
        Project.lock(session, "acme/hidden").limit_to_members(ANN)

    def named(client):
        inbox = client.get("/inbox").text
        badge = between(between(inbox, 'id="side-inbox"', "/span>"), ">", "<")
        items = parsed(inbox).select("[id^=mention-]")
        return badge, [(each["id"], each.select_one(".id").text) for each in items]

    badge, items = named(bob)
    assert (badge, [ticket for _, ticket in items]) == ("3", ["WEB-3", "WEB-2", "WEB-1"])
    inbox = bob.get("/inbox").text
    assert "ann: See here, @bob and @eve." in words(inbox)
    assert f'href="/tickets/WEB-3#c-{said[2]}"' in inbox

    bob.get("/tickets/WEB-2", headers={"HX-Request": "true"})
    assert named(bob)[0] == "3"
    bob.get("/tickets/WEB-2")
    first = items[0][0].removeprefix("mention-")
    assert bob.post("/inbox/mentions/dismiss", data={"mention": first}).status_code == 303
    assert [ticket for _, ticket in named(bob)[1]] == ["WEB-1"]

    for wrong in ("x", "-1", "\u0661"):
        assert eve.post("/inbox/mentions/dismiss", data={"mention": wrong}).status_code == 422
    eve.post("/inbox/mentions/dismiss", data={"mention": ["9" * 30, "9" * 18]})
    assert named(eve)[0] == "3"
    eve.post("/inbox/mentions/dismiss", data={"mention": first})
    assert named(eve)[0] == "3"
    eve.post("/inbox/mentions/dismiss")
    assert named(eve) == ("0", [])
    assert "Nothing waits for anyone" in eve.get("/inbox").text
