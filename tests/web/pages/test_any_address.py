"""Whatever stands in the address of a list, or for an id: an answer, and never a crash."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import OpenSession, SignIn
from tests.factories import make_ticket, make_worker
from tests.web.probing.hostile import PARAMETERS, TEXTS

a_short_run = settings(
    max_examples=25,
    deadline=None,
    # Nothing is changed by reading, so all examples may share one board.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

numbers = st.from_regex(r"[-+]?0{0,9}[0-9]{1,25}(\.[0-9])?", fullmatch=True)
texts = st.one_of(st.text(max_size=40), numbers, st.sampled_from(TEXTS))
queries = st.dictionaries(st.sampled_from(PARAMETERS), texts, max_size=6)
lists = st.sampled_from(
    ["/tickets", "/workers", "/inbox", "/events", "/audit", "/projects", "/people", "/"]
)
places = st.sampled_from(
    [
        "/tickets/{}",
        "/tickets/{}/brief",
        "/workers/{}",
        "/events/{}",
        "/projects/{}",
        "/projects/acme/{}/-/plans",
        "/worker-types/{}",
        "/people/{}",
        "/join/{}",
    ]
)
UNREADABLE, MISSING = 400, 404


@pytest.fixture
def admin(board: OpenSession, sign_in: SignIn) -> FlaskClient:
    """Someone who may read every list, of a board that holds something."""
    with board() as session:
        make_worker(session, project=make_ticket(session).project_id)
    return sign_in("admin")


@pytest.mark.both_databases
@a_short_run
@given(path=lists, query=queries, is_region=st.booleans())
def test_a_list_takes_any_question(
    admin: FlaskClient, path: str, query: dict[str, str], is_region: bool
) -> None:
    headers = {"HX-Request": "true"} if is_region else None
    address = f"{path}?{urlencode(query, errors='replace')}"
    answer = admin.get(address, headers=headers, follow_redirects=True)
    assert answer.status_code in (200, UNREADABLE)


@pytest.mark.both_databases
@a_short_run
@given(place=places, name=texts.filter(bool))
@example(place="/events/{}", name="\N{ARABIC-INDIC DIGIT ONE}")
def test_an_id_that_is_none_is_missing(admin: FlaskClient, place: str, name: str) -> None:
    answer = admin.get(place.format(quote(name, safe="", errors="replace")))
    # Slashes and dots of a name lead elsewhere, as they do in any address.
    assert answer.status_code in (200, 308, UNREADABLE, MISSING)
    assert answer.status_code != 200 or set(name) & set("/.1234 ") or name == "new"


NO_PAGES = ("000001" + "0" * 24, "1" + "0" * 6, "0", "01", "-1", "1.0", "٣")


def test_a_page_number_that_no_list_has_is_told(admin: FlaskClient) -> None:
    for number in NO_PAGES:
        answer = admin.get("/tickets", query_string={"page": number})
        assert answer.status_code == UNREADABLE
        assert f"There is no page “{number}”." in answer.text


def test_a_page_behind_the_last_one_is_empty(admin: FlaskClient) -> None:
    assert admin.get("/tickets?page=999999").status_code == 200
