"""What a region that polls is answered."""

from datetime import UTC, datetime, timedelta

import time_machine

from app.web.live import FULL_EVERY_SECONDS
from tests.factories import make_ticket

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
