"""The pages of statistics: what they draw, which span they tell, who sees what, and their CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
import time_machine

from app.models import Project, StageRun, User
from app.queries.statistics import kept, limits
from app.web.pages.statistics import charts
from app.web.pages.statistics.tables import TABLES, as_csv
from tests.factories import ANN, make_project, make_ticket, make_worker, run_stage
from tests.pages import parsed, words
from tests.queries.statistics.boards import NOW, Board
from tests.statements import counting_queries

HERE = "/projects/acme/web/-/statistics"


@pytest.fixture
def at_noon():
    """The day on which the boards of these tests end."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def filled(board):
    with board() as session:
        made = Board(2, 60)
        made.store(session)
    return made


@pytest.fixture
def viewer(at_noon, sign_in):
    """A browser of someone who signed in that day."""
    return sign_in("viewer", "ann")


def rows_of(answer):
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text)))


def cards(page):
    return {one.h2.get_text(): one for one in parsed(page).select(".statistics > .card")}


def test_an_empty_board_says_what_will_be_here(viewer):
    page = viewer.get("/statistics")
    assert page.status_code == 200
    assert "Nothing to count yet" in page.text
    assert "Show 52 weeks" not in page.text
    assert not parsed(page.text).select("svg.chart")


def test_days_of_nothing_lead_to_a_year_if_that_has_something(viewer, board):
    with time_machine.travel(NOW - timedelta(weeks=30), tick=False), board() as session:
        make_ticket(session).stop(ANN)
    page = parsed(viewer.get("/statistics?weeks=4").text)
    (link,) = page.select(".empty a.btn")
    assert link.get_text().strip() == "Show 52 weeks"
    assert "1 created" in words(viewer.get(link["href"]).text)


def test_all_figures_are_drawn_and_each_has_words_and_a_table(viewer, filled):
    found = cards(viewer.get("/statistics").text)
    assert list(found) == [
        "Throughput", "Cumulative flow", "Cycle time", "Waiting for people", "Time per stage",
        "Rework",
    ]  # fmt: skip
    for title in ("Throughput", "Cumulative flow", "Cycle time"):
        svg = found[title].select_one("svg.chart")
        assert svg["role"] == "img"
        for name in svg["aria-labelledby"].split():
            assert svg.find(id=name).get_text().strip()
        assert found[title].select("details table tbody tr")
    for card in found.values():
        assert card.select_one("table tbody tr")
        assert card.select_one("a[download]")


def test_charts_are_well_formed_and_their_numbers_are_finite(viewer, filled):
    for weeks in (4, 12, 26, 52):
        for svg in parsed(viewer.get(f"/statistics?weeks={weeks}").text).select("svg.chart"):
            ET.fromstring(str(svg))
            assert "nan" not in str(svg).lower()
            assert "inf" not in str(svg).lower().replace("info", "")


def test_one_ticket_is_told(viewer, board, at_noon):
    with board() as session:
        ticket = make_ticket(session, plan=("implementation",))
        run = run_stage(session, ticket, make_worker(session))
        at_noon.shift(timedelta(hours=3))
        run.complete("Done.")
        ticket_id = ticket.ticket_id
    found = cards(viewer.get(HERE + "?weeks=4").text)
    assert ticket_id in found["Cycle time"].get_text()
    assert "implementation 0 sto 0 s 0 s 3 h" in words(str(found["Time per stage"]))
    assert len(found["Cycle time"].select("circle")) == 1


def test_a_sample_says_of_how_many_runs_and_how_good_it_is(viewer, filled, monkeypatch):
    assert "even sample" not in viewer.get(f"{HERE}?weeks=26").text
    monkeypatch.setattr(limits, "TICKETS", 10)
    monkeypatch.setattr(limits, "SOME_TICKETS", 10)
    text = words(viewer.get(f"{HERE}?weeks=26").text)
    assert re.search(r"an even sample of \d+ stage runs", text)
    assert "A median of 100 runs is good to ten percentile points" in text


def test_a_file_holds_what_the_page_shows(viewer, filled):
    page = viewer.get(f"{HERE}?weeks=26")
    links = {str(a["href"]) for a in parsed(page.text).select(".statistics a[download]")}
    assert {link.partition(".csv")[0].rpartition("/")[2] for link in links} == set(TABLES)
    for link in links:
        head, *rows = rows_of(viewer.get(link))
        assert rows
        assert {len(row) for row in rows} == {len(head)}
    head, *rows = rows_of(viewer.get(f"{HERE}/throughput.csv?weeks=26"))
    assert head == ["week", "created", "completed", "stopped"]
    assert len(rows) == 26
    created = [t for t in filled.tickets if t["project_id"] == "acme/web"]
    assert sum(int(row[1]) for row in rows) == len(created)


def test_days_are_chosen_and_kept_in_the_form(viewer, filled):
    page = viewer.get("/statistics?from=2026-02-03&to=2026-03-05").text
    fields = {one["name"]: one["value"] for one in parsed(page).select("input[type=date]")}
    assert fields == {"from": "2026-02-03", "to": "2026-03-05"}
    _, *rows = rows_of(viewer.get("/statistics/flow.csv?from=2026-02-03&to=2026-03-05"))
    assert (rows[0][0], rows[-1][0], len(rows)) == ("2026-02-03", "2026-03-05", 31)


def test_a_day_begins_where_the_person_is(viewer, board):
    with time_machine.travel("2026-04-14T23:30:00Z", tick=False), board() as session:
        make_ticket(session)
    url = "/statistics/flow.csv?from=2026-04-14&to=2026-04-15"
    assert [row[-1] for row in rows_of(viewer.get(url))[1:]] == ["1", "1"]
    with board() as session:
        User.named(session, "ann").time_zone = "Europe/Paris"
    assert [row[-1] for row in rows_of(viewer.get(url))[1:]] == ["0", "1"]
    assert "days in Europe/Paris" in viewer.get("/statistics").text


def test_a_day_that_never_was_has_nothing(viewer, board):
    """Samoa went from the 29th to the 31st of December 2011."""
    with time_machine.travel("2011-12-30T09:59:00Z", tick=False), board() as session:
        make_ticket(session)
    with time_machine.travel("2011-12-30T10:00:00Z", tick=False), board() as session:
        make_ticket(session)
        User.named(session, "ann").time_zone = "Pacific/Apia"
    for days, opens in (
        ("from=2011-12-30&to=2011-12-30", ["1"]),
        ("from=2011-12-29&to=2011-12-31", ["1", "1", "2"]),
    ):
        assert viewer.get(f"/statistics?{days}").status_code == 200
        assert [row[-1] for row in rows_of(viewer.get(f"/statistics/flow.csv?{days}"))[1:]] == opens


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("weeks=5", "There is no weeks “5”"),
        ("from=yesterday", "“yesterday” is no day such as"),
        ("from=2026-03-05&to=2026-02-03", "ends before it begins"),
        ("from=1990-01-01&to=2026-01-01", "At most five years"),
        ("from=0001-01-01&to=9999-12-31", "At most five years"),
    ],
)
def test_what_is_not_understood_is_said(viewer, query, said):
    page = viewer.get(f"/statistics?{query}")
    assert page.status_code == 400
    assert said in page.text
    assert viewer.get(f"/statistics/flow.csv?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["from=0001-01-01&to=0001-01-05", "from=9999-12-30&to=9999-12-31"]
)
def test_the_first_and_last_days_there_are_can_be_asked_for(viewer, filled, query):
    assert viewer.get(f"/statistics?{query}").status_code == 200


def test_a_table_that_there_is_not_is_missing(viewer):
    assert viewer.get("/statistics/nothing.csv").status_code == 404


def test_a_hidden_project_is_neither_shown_nor_counted(sign_in, board, filled, at_noon):
    outsider = sign_in("viewer", "eve")
    with board() as session:
        Project.get(session, "acme/web").limit_to_members(ANN)
    assert outsider.get(HERE).status_code == 404
    assert outsider.get(f"{HERE}/cycle.csv").status_code == 404
    theirs = {t["ticket_id"] for t in filled.tickets if t["project_id"] == "acme/api"}
    rows = rows_of(outsider.get("/statistics/cycle.csv?weeks=26"))[1:]
    assert rows
    assert {row[0] for row in rows} <= theirs
    created = rows_of(outsider.get("/statistics/throughput.csv?weeks=26"))[1:]
    assert sum(int(row[1]) for row in created) == len(theirs)


def test_no_cell_of_a_file_is_a_formula(viewer, board):
    with board() as session:
        make_project(session, roles=["implementation"])
        ticket = make_ticket(session, plan=("implementation",))
        ticket_id = ticket.ticket_id
        for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain"):
            session.add(
                StageRun(
                    ticket_id=ticket_id, stage_number=1, worker_type=name, outcome="completed",
                    started_at=NOW - timedelta(hours=2), finished_at=NOW - timedelta(hours=1),
                    lease_expires_at=NOW,
                )
            )  # fmt: skip
            session.flush()
    rows = rows_of(viewer.get("/statistics/stages.csv"))[1:]
    assert {row[0] for row in rows} == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain"}


def test_numbers_of_a_file_stay_numbers():
    assert as_csv((("a", "b"), [(-1, 1.5), (None, '=x","')])) == 'a,b\r\n-1,2\r\n,"\'=x"","""\r\n'


@pytest.mark.parametrize("highest", [0, 1, 2, 3, 10, 11, 26, 99, 100, 101, 999_999, 1_000_001])
def test_a_scale_reaches_over_the_highest_value_and_its_half_is_whole(highest):
    top = charts._top(highest)
    assert top >= highest
    assert top % 2 == 0
    assert top <= max(2, 2 * highest)


def test_the_number_of_statements_is_fixed(app, viewer, filled):
    viewer.get(HERE)
    with counting_queries(app) as of_all:
        viewer.get("/statistics")
    with counting_queries(app) as of_project:
        viewer.get(HERE)
    assert len(of_all) <= 11, of_all
    assert len(of_project) <= 13, of_project


def test_a_query_narrows_page_and_files_and_stays_when_days_are_chosen(viewer, filled, board):
    with board() as session:
        make_project(session, "acme/lamp")
        for label in ("oil", "oil", "wick"):
            make_ticket(session, project="acme/lamp", labels=[label]).stop(ANN)
    days = {"from": f"{NOW:%Y-%m-%d}", "to": f"{NOW:%Y-%m-%d}"}
    asked = {**days, "q": "label:oil"}

    page = viewer.get("/statistics", query_string=asked).text

    assert parsed(page).select_one('input[name="q"]')["value"] == "label:oil"
    assert "2 created" in words(page)
    (_, _, _, stopped), *_ = rows_of(viewer.get("/statistics/throughput.csv", query_string=asked))[
        1:
    ]
    assert stopped == "2"
    (link,) = {a["href"] for a in parsed(page).select("a[href*='throughput.csv']")}
    assert "q=label%3Aoil" in link
    (form,) = parsed(page).select('form[aria-label="Span of time by days"]')
    assert form.select_one('input[type="hidden"][name="q"]')["value"] == "label:oil"
    kept = parsed(page).select('form[aria-label="Filter tickets"] input[type="hidden"]')
    assert {(one["name"], one["value"]) for one in kept} == set(days.items())
    none = viewer.get("/projects/acme/web/-/statistics", query_string=asked).text
    assert "No ticket of this query" in none


def test_figures_that_are_kept_say_when_they_were_counted(
    viewer, filled, board, at_noon, monkeypatch
):
    monkeypatch.setattr(kept, "SLOW", timedelta(0))
    monkeypatch.setattr(kept, "FEW", 0)
    monkeypatch.setattr(kept, "TIMES_AS_LONG", 100_000)
    asked = {"q": "priority:medium", "weeks": "12"}
    first = parsed(viewer.get("/statistics", query_string=asked).text)
    assert "counted" not in words(str(first.select_one(".span-of-time")))
    with board() as session:
        make_ticket(session, ["build"])
    at_noon.shift(timedelta(seconds=1))
    later = parsed(viewer.get("/statistics", query_string=asked).text)
    told = later.select_one(".span-of-time")
    assert "days in UTC · counted" in words(str(told))
    assert str(told.time["datetime"]).startswith(f"{NOW:%Y-%m-%dT%H:%M:%S}")
    assert words(str(later.select_one(".figures"))) == words(str(first.select_one(".figures")))


@pytest.mark.parametrize("page", ["/tickets", "/board", "/projects/acme/web"])
def test_a_list_and_a_board_lead_to_the_statistics_of_their_query(viewer, filled, page):
    here = parsed(viewer.get(f"{page}?q=priority:urgent").text)
    (link,) = here.select('.chips a[href^="/statistics?"]')
    there = parsed(viewer.get(link["href"]).text)
    project = "project:acme/web" if "acme" in page else ""
    asked = str(there.select_one('input[name="q"]')["value"])
    assert sorted(asked.split()) == sorted(f"priority:urgent {project}".split())


def test_a_query_that_is_not_understood_is_told_at_its_word(viewer, filled):
    page = viewer.get("/statistics?q=lable:oil&weeks=4")
    assert page.status_code == 400
    assert parsed(page.text).select_one(".query-told mark").text == "lable"
    assert "Nothing was counted" in page.text
    assert 'name="q" value="lable:oil"' in " ".join(page.text.split())
    file = viewer.get("/statistics/throughput.csv?q=lable:oil")
    assert file.status_code == 400
    assert "lable" in file.text
