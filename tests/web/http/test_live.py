"""What a region that polls is answered."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from app.models import Project, ProjectMember, Ticket, User
from app.web.http.live import FULL_EVERY_SECONDS, SHARED_KEPT, SHARED_SECONDS, SharedRegions
from tests.factories import ANN, make_ticket, make_worker
from tests.statements import counting_queries

ASKS = {"HX-Request": "true"}
# Tomorrow, so that whoever signed in just now is still signed in.
NOON = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def refresh_url(page):
    return page.split('hx-get="', 1)[1].split('"', 1)[0].replace("&amp;", "&")


@pytest.mark.usefixtures("new_minute")
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


@pytest.mark.usefixtures("new_minute")
def test_the_list_of_tickets_answers_with_nothing_while_nothing_changed(client, board):
    with board() as session:
        make_ticket(session, labels=["bug", "ui"])
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?label=bug&label=ui&q=ticket&sort=title").text)
        assert url.startswith("/tickets?q=ticket+sort:title+label:bug+label:ui&v=")
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


@pytest.mark.usefixtures("new_minute")
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


@pytest.mark.usefixtures("new_minute")
def test_a_poll_of_the_list_without_news_asks_for_little(app, client, board):
    with board() as session:
        for _ in range(3):
            make_ticket(session, labels=["bug"])
    with time_machine.travel(NOON, tick=False):
        url = refresh_url(client.get("/tickets?label=bug&q=ticket").text)
        client.get(url, headers=ASKS)
        with counting_queries(app, kept_too=True) as sent:
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
    page = client.get("/tickets?project=acme/none")
    assert page.status_code == 400
    region = client.get(refresh_url(page.text).replace("v=", "v=old"), headers=ASKS)
    assert region.status_code == 200


ROLES = ("admin", "lead", "member", "viewer")


def furnish(board):
    """Two projects, one of them limited to its members."""
    with board() as session:
        make_ticket(session, title="For everyone")
        make_worker(session)
        ticket = make_ticket(session, project="acme/secret", title="A secret")
        run = make_worker(session, project="acme/secret", worker_id="w-secret")
        Project.lock(session, "acme/secret").members_only = True
        return ticket.ticket_id, run.worker_id


def test_people_who_see_the_same_are_shown_what_was_drawn_for_one(app, board, sign_in):
    furnish(board)
    ann, ben = sign_in("member", "ann"), sign_in("member", "ben")
    for person in (ann, ben):
        person.post("/first-steps/hide")  # they have a form, with a token of each person's own
    with time_machine.travel(NOON, tick=False):
        with counting_queries(app, kept_too=True) as drawn:
            first = ann.get("/?v=old", headers=ASKS)
        with counting_queries(app, kept_too=True) as shared:
            second = ben.get("/?v=old", headers=ASKS)

    assert second.text == first.text
    assert [statement for statement in drawn if "FROM tickets" in statement]
    assert not [statement for statement in shared if "FROM tickets" in statement]


def test_nobody_is_shown_what_was_drawn_for_someone_who_sees_more(app, board, sign_in):
    secrets = furnish(board)
    admin, lead, member, viewer = (sign_in(role, role) for role in ROLES)
    with board() as session:
        member_id = User.named(session, "member").id
        session.add(ProjectMember(project_id="acme/secret", user_id=member_id, added_by="ann"))
    sees_it = {admin: True, lead: False, member: True, viewer: False}
    with time_machine.travel(NOON, tick=False):
        # Whoever comes first, and whoever was there before.
        for client in (admin, lead, member, viewer, lead, admin, viewer, member):
            for headers in ({}, ASKS):
                text = client.get("/?v=old", headers=headers).text
                assert all((word in text) is sees_it[client] for word in secrets)

    assert app.extensions["callboard.regions"].of("dashboard") == len(sees_it)


def test_a_region_is_shared_only_with_the_same_role_time_zone_and_address(app, board, sign_in):
    with board() as session:
        make_ticket(session)
        make_worker(session)
    regions = app.extensions["callboard.regions"]
    with time_machine.travel(NOON, tick=False):
        sign_in("member", "ann").get("/")
        sign_in("viewer", "ben").get("/")
        assert regions.of("dashboard") == 2
        with board() as session:
            User.named(session, "ann").time_zone = "Asia/Tokyo"
        client = sign_in("member", "ann")
        assert " JST" in client.get("/").text
        assert regions.of("dashboard") == 3
        below = client.get("/", base_url="http://localhost/board/").text
        assert regions.of("dashboard") == 4
    assert 'hx-get="/board/?v=' in below


def test_a_template_that_is_shared_does_not_know_who_looks_at_it(app, board, sign_in):
    with board() as session:
        make_ticket(session)
        make_worker(session)
    page = sign_in("member", "a-very-own-name").get("/?v=old", headers=ASKS).text
    assert "a-very-own-name" not in page


def test_a_board_that_is_being_set_up_is_drawn_for_each(app, client, board):
    with board() as session:
        make_ticket(session)
    client.get("/")
    assert app.extensions["callboard.regions"].of("first steps") == 0


@pytest.mark.usefixtures("new_minute")
def test_what_only_a_change_changes_is_read_once_for_all_who_see_the_same(app, board, sign_in):
    def offers(label: str, reader: FlaskClient) -> tuple[bool, bool]:
        with counting_queries(app, kept_too=True) as sent:
            page = reader.get("/tickets").text
        is_read = any("min(ticket_labels.label)" in statement for statement in sent)
        return f'value="{label}"' in page, is_read

    with board() as session:
        ticket_id = make_ticket(session, labels=["bug"]).ticket_id
    with time_machine.travel(NOON, tick=False):
        ann, ben = sign_in("member", "ann"), sign_in("viewer", "ben")
        assert offers("bug", ann) == (True, True)
        assert offers("bug", ben) == (True, False)
        with board() as session:
            Ticket.lock(session, ticket_id).edit(ANN, labels=["ui"])
        assert offers("ui", ann) == (True, True)
        assert offers("bug", ben) == (False, False)


def test_what_was_drawn_serves_for_seconds_only():
    regions, now = SharedRegions(), time.monotonic()
    regions.put(("now",), "drawn", now)
    regions.put(("before",), "drawn", now - SHARED_SECONDS)
    assert regions.get(("now",)) == "drawn"
    assert regions.get(("before",)) is None


def test_the_oldest_regions_give_way():
    regions, now = SharedRegions(), time.monotonic()
    for number in range(SHARED_KEPT + 2):
        regions.put(("list", number), "drawn", now)
    assert regions.of("list") == SHARED_KEPT
    assert regions.get(("list", 1)) is None
    assert regions.get(("list", 2)) == "drawn"


def test_of_what_is_as_good_as_its_version_the_newest_is_kept():
    regions = SharedRegions()
    read = iter(("first", "second", "third"))
    assert regions.of_version(("names",), "1", lambda: next(read)) == "first"
    assert regions.of_version(("names",), "1", lambda: next(read)) == "first"
    assert regions.of_version(("names",), "2", lambda: next(read)) == "second"
    for number in range(SHARED_KEPT):
        regions.of_version(("others", number), "2", lambda: "other")
    assert regions.of_version(("names",), "2", lambda: next(read)) == "third"
