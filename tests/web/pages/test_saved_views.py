"""Saved views: kept from the list, shown in the sidebar, one's own and everyone's."""

from __future__ import annotations

from urllib.parse import unquote

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.models import SavedView
from app.web.http.live import SharedRegions
from tests.conftest import OpenSession, SignIn
from tests.factories import make_project, make_ticket
from tests.pages import between, error_at, parsed, words
from tests.statements import counting_queries


def keep(client: FlaskClient, name: str, query: str, **more: str) -> int:
    """Save a view by its form; gives its number."""
    answer = client.post("/views/new", data={"name": name, "q": query, **more})
    assert answer.status_code == 303, words(answer.text)
    page = parsed(client.get("/views").text)
    (link,) = (each for each in page.select("a.title") if each.text == name)
    return int(str(link["href"]).rpartition("/")[2])


def pinned(app: Flask, client: FlaskClient) -> dict[str, str]:
    """The sidebar's views with their numbers, as of now."""
    regions: SharedRegions = app.extensions["callboard.regions"]
    regions.clear()
    links = parsed(client.get("/workers").text).select('ul[aria-labelledby="pinned-views"] a')
    return {link.span.text: link.text.removeprefix(link.span.text) for link in links if link.span}


def test_the_list_offers_to_keep_its_query(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        bug = make_ticket(session, labels=["bug"]).ticket_id
        make_ticket(session)
    page = parsed(client.get("/tickets?q=label:bug").text)
    (link,) = (a for a in page.select(".chips a") if "Save view" in a.text)
    form = parsed(client.get(str(link["href"])).text)
    assert [field["value"] for field in form.select('main [name="q"]')] == ["label:bug"]

    number = keep(client, "Bugs", "label:bug", pinned="y")

    answer = client.get(f"/views/{number}", follow_redirects=True)
    assert words(between(answer.text, "<h1", "</h1>")) == "Bugs"
    assert f'id="row-{bug}"' in answer.text
    assert answer.text.count('id="row-') == 1


def test_pinned_views_stand_in_the_sidebar_with_their_counts(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        for label in ("bug", "bug", "ui"):
            make_ticket(session, labels=[label])
    keep(client, "Bugs", "label:bug", pinned="y")
    keep(client, "Words", "ticket label:ui", pinned="y")
    keep(client, "Apart", "label:ui")
    mine = keep(client, "Mine", "is:mine", pinned="y")

    assert pinned(app, client) == {"Bugs": "2", "Words": "", "Mine": "3"}

    client.post(f"/views/{mine}/up")
    assert list(pinned(app, client)) == ["Bugs", "Words", "Mine"], "above it was one not pinned"
    client.post(f"/views/{mine}/up")
    assert list(pinned(app, client)) == ["Bugs", "Mine", "Words"]


def test_counts_are_kept_for_some_seconds(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug"])
    client.get("/workers")
    with counting_queries(app, kept_too=True) as without:
        client.get("/workers")
    for name in ("Bugs", "Others"):
        keep(client, name, f"label:{name}", pinned="y")
    client.get("/workers")
    with counting_queries(app, kept_too=True) as kept:
        client.get("/workers")
    assert len(kept) == len(without)


def test_each_person_has_their_own_views_and_all_see_those_that_leads_share(
    app: Flask, client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    own = keep(client, "Own", "is:open")
    shared = keep(client, "For all", "is:open", shared="y", pinned="y")
    viewer = sign_in("viewer")

    assert pinned(app, viewer) == {"For all": "1"}
    page = viewer.get("/views").text
    assert "For all" in page
    assert ">Own<" not in page
    for address in (f"/views/{own}", f"/views/{own}/edit", f"/views/{own}/delete"):
        assert viewer.get(address).status_code == 404
    assert viewer.post(f"/views/{own}/default").status_code == 404
    assert viewer.get(f"/views/{own}").text.count("There is no such view") > 0
    assert viewer.get(f"/views/{shared}").status_code == 303
    assert viewer.get(f"/views/{shared}/edit").status_code == 403
    assert viewer.post(f"/views/{shared}/delete").status_code == 403
    assert viewer.post(f"/views/{shared}/up").status_code == 403

    refused = viewer.post("/views/new", data={"name": "x", "q": "", "shared": "y"})
    assert refused.status_code == 403
    assert "Only leads share views" in refused.text
    mine = keep(viewer, "Own", "is:closed")
    assert mine != own


def test_a_view_is_renamed_changed_and_deleted(client: FlaskClient, board: OpenSession) -> None:
    number = keep(client, "Bugs", "label:bug")
    changed = client.post(f"/views/{number}/edit", data={"name": "Ready", "q": "is:ready"})
    assert changed.status_code == 303
    with board() as session:
        (view,) = session.scalars(select(SavedView))
        assert (view.name, view.query, view.pinned) == ("Ready", "is:ready", False)
    asked = client.get(f"/views/{number}/delete").text
    assert "is:ready" in asked
    client.post(f"/views/{number}/delete")
    assert client.get(f"/views/{number}").status_code == 404
    assert "No views yet" in client.get("/views").text


def test_a_query_that_is_not_understood_is_not_kept(client: FlaskClient) -> None:
    answer = client.post("/views/new", data={"name": "Wrong", "q": "is:redy"})
    assert answer.status_code == 422
    assert "Did you mean ready?" in error_at(answer.text, "q")
    keep(client, "Right", "is:ready")
    again = client.post("/views/new", data={"name": "Right", "q": ""})
    assert again.status_code == 409
    assert "There is already a view" in error_at(again.text, "name")


def test_the_list_begins_with_the_view_that_a_person_chose(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug"])
        make_ticket(session)
    number = keep(client, "Bugs", "label:bug", default="y", shared="y")

    opened = client.get("/tickets", follow_redirects=True)
    assert opened.request.full_path == f"/tickets?q=label:bug&view={number}"
    assert client.get("/tickets?q=").text.count('id="row-') == 2
    assert sign_in("viewer").get("/tickets").status_code == 200, "it is one person's choice"

    client.post(f"/views/{number}/default")
    assert client.get("/tickets").status_code == 200
    client.post(f"/views/{number}/default")
    assert client.get("/tickets").location == f"/views/{number}"


def test_a_view_of_something_that_is_gone_says_so(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        session.add(SavedView(name="Old", query="colour:red", pinned=True))
    number = keep(client, "Gone", "project:acme/gone", pinned="y")

    opened = client.get(f"/views/{number}", follow_redirects=True)
    assert opened.status_code == 400
    assert "There is no project acme/gone" in words(opened.text)
    assert pinned(app, client) == {"Gone": "", "Old": ""}
    with board() as session:
        old = session.scalars(select(SavedView.id).where(SavedView.name == "Old")).one()
    told = client.get(f"/views/{old}", follow_redirects=True)
    assert "There is no field colour" in words(told.text)
    renamed = client.post(f"/views/{old}/edit", data={"name": "Older", "q": "colour:red"})
    assert renamed.status_code == 303


def test_a_view_opens_the_board_that_it_was_saved_from(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug"])
        make_ticket(session, project="acme/api", labels=["bug"])
    opened = {
        "/projects/acme/web?q=label:bug&lanes=priority": "/projects/acme/web?q=label:bug",
        "/board?q=label:bug&lanes=project": "/board?q=label:bug",
        "/projects/acme/api?q=-label:ui": "/projects/acme/api?q=-label:ui",
    }
    views: list[int] = []
    for number, (shown, address) in enumerate(opened.items(), 1):
        (link,) = (a for a in parsed(client.get(shown).text).select(".chips a") if "Save" in a.text)
        form = parsed(client.get(str(link["href"])).text)
        lanes = form.select("[name=lanes] option[selected]")
        chosen = {
            "query": str(form.select('main [name="q"]')[0]["value"]),
            "lanes": str(lanes[0]["value"]) if lanes else "",
            "layout": str(form.select("[name=layout][checked]")[0]["value"]),
        }
        views.append(keep(client, f"View {number}", pinned="y", **chosen))
        led = unquote(client.get(f"/views/{views[-1]}").location)
        assert led.startswith(address)
        assert ("lanes=" in led) == ("lanes=" in shown)
        shows = client.get(led)
        assert shows.status_code == 200
        assert 'id="board"' in shows.text
        assert f"View {number}" in shows.text
        assert "Change “" not in shows.text

    assert pinned(app, client) == {"View 1": "1", "View 2": "2", "View 3": "1"}
    listed = {"name": "View 1", "q": "project:acme/web", "layout": "list", "columns": "author"}
    client.post(f"/views/{views[0]}/edit", data=listed)
    assert client.get(f"/views/{views[0]}").location.startswith("/tickets?q=project:acme/web")
    page = client.get("/views").text
    assert "board, by project" in page
    with board() as session:
        first = session.get_one(SavedView, views[0])
        assert (first.layout, first.lanes, first.columns) == ("list", "", ["author"])
    gone = keep(client, "Gone", "project:acme/gone", layout="board")
    assert "There is no project" in client.get(f"/views/{gone}", follow_redirects=True).text


def test_a_query_that_was_changed_can_become_the_views(client: FlaskClient) -> None:
    number = keep(client, "Bugs", "label:none")
    page = parsed(client.get(f"/tickets?q=is:ready&view={number}").text)
    (link,) = (a for a in page.select(".chips a") if "Change" in a.text)
    form = parsed(client.get(str(link["href"])).text)
    assert [field["value"] for field in form.select('main [name="q"]')] == ["is:ready"]
    assert "Change" not in client.get(f"/tickets?q=label:none&view={number}").text
    assert client.get("/tickets?q=&view=987654").status_code == 200
