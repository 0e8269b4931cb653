"""What a region that polls is answered."""

from datetime import UTC, datetime, timedelta

import time_machine

from app.models import Ticket
from app.web.http.live import FULL_EVERY_SECONDS
from tests.factories import ANN, make_ticket
from tests.statements import counting_queries

ASKS = {"HX-Request": "true"}
# Tomorrow, so that whoever signed in just now is still signed in.
NOON = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def refresh_url(page):
    return page.split('hx-get="', 1)[1].split('"', 1)[0].replace("&amp;", "&")


def test_a_region_that_shows_the_present_is_answered_with_nothing(client, board):
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/").text)
        answer = client.get(url, headers=ASKS)

    assert answer.status_code == 204
    assert answer.data == b""


def test_a_change_is_answered_with_the_region_alone(client, board):
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/").text)
        with board() as session:
            make_ticket(session)
        answer = client.get(url, headers=ASKS)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<section")
    assert "<html" not in answer.text
    assert refresh_url(answer.text) != url


def test_a_region_that_is_a_minute_old_is_drawn_anew_because_time_alone_changes_it(client, board):
    with time_machine.travel(NOON, tick=False) as clock:
        url = refresh_url(client.get("/").text)
        clock.shift(FULL_EVERY_SECONDS)
        answer = client.get(url, headers=ASKS)

    assert answer.status_code == 200


def test_the_address_of_a_region_opens_as_a_whole_page_for_a_person(client, board):
    with time_machine.travel(NOON, tick=False):
        answer = client.get(refresh_url(client.get("/").text))

    assert answer.status_code == 200
    assert "<html" in answer.text


def test_an_unknown_version_is_answered_with_the_region(client, board):
    assert client.get("/?v=nonsense", headers=ASKS).status_code == 200


def test_the_list_of_tickets_answers_with_nothing_while_nothing_changed(client, board):
    with board() as session:
        make_ticket(session, labels=["bug", "ui"])
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?label=bug&label=ui&q=ticket&sort=title").text)
        assert url.startswith("/tickets?label=bug&label=ui&q=ticket&sort=title&v=")
        assert client.get(url, headers=ASKS).status_code == 204


def test_the_list_of_tickets_brings_its_rows_and_counts_up_to_date(client, board):
    with board() as session:
        make_ticket(session, title="The first")
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?sort=title").text)
        with board() as session:
            make_ticket(session, title="The second")
        answer = client.get(url, headers=ASKS)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<section")
    assert "<html" not in answer.text
    assert "The second" in answer.text
    counts = answer.text.partition('id="ticket-counts"')[2]
    assert 'hx-swap-oob="morph"' in counts
    assert ">2 open<" in counts
    assert refresh_url(answer.text) != url


def test_a_ticket_that_leaves_a_filtered_list_is_news_to_it(client, board):
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?state=ready").text)
        with board() as session:
            Ticket.lock(session, ticket_id).hold(ANN)
        answer = client.get(url, headers=ASKS)

    assert answer.status_code == 200
    assert f"row-{ticket_id}" not in answer.text


def test_what_happens_in_another_project_is_no_news_to_the_list_of_one(client, board):
    with board() as session:
        make_ticket(session, project="acme/web")
        make_ticket(session, project="acme/api")
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?project=acme/web").text)
        with board() as session:
            make_ticket(session, project="acme/api")
        assert client.get(url, headers=ASKS).status_code == 204
        with board() as session:
            make_ticket(session, project="acme/web")
        assert client.get(url, headers=ASKS).status_code == 200


def test_a_poll_of_the_list_without_news_asks_for_little(app, client, board):
    with board() as session:
        for _ in range(3):
            make_ticket(session, labels=["bug"])
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?label=bug&q=ticket").text)
        client.get(url, headers=ASKS)
        with counting_queries(app) as sent:
            assert client.get(url, headers=ASKS).status_code == 204
    assert not [statement for statement in sent if "tickets" in statement]
    assert len([statement for statement in sent if statement.startswith("SELECT")]) <= 4


def test_a_search_polls_more_rarely_because_it_reads_every_ticket(client, board):
    with board() as session:
        make_ticket(session)
    assert 'hx-trigger="every 5s"' in client.get("/tickets?state=all").text
    assert 'hx-trigger="every 30s"' in client.get("/tickets?q=ticket").text


def test_the_list_goes_on_when_its_address_isn_t_quite_understood(client, board):
    with board() as session:
        make_ticket(session)
    page = client.get("/tickets?state=lost")
    assert page.status_code == 400
    region = client.get(refresh_url(page.text).replace("v=", "v=old"), headers=ASKS)
    assert region.status_code == 200
