"""The API's description is true, complete, and readable."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient

from app.api.openapi import document
from app.api.problems import KINDS
from app.operations import routes


def test_the_document_is_openapi_3_1_and_needs_no_token(client: FlaskClient) -> None:
    told = client.get("/api/v1/openapi.json")
    assert told.status_code == 200
    assert told.json["openapi"] == "3.1.0"
    assert told.json["servers"] == [{"url": "/api/v1"}]


def test_every_route_of_the_api_is_in_the_document(app: Flask) -> None:
    undocumented = {"api.openapi", "api.show_docs"}
    routes = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.endpoint not in undocumented
    }
    documented = {
        f"api.{described['operationId']}"
        for methods in document()["paths"].values()
        for described in methods.values()
    }
    assert routes == documented


def test_every_field_and_parameter_is_described(app: Flask) -> None:
    drawn = document()
    bare = [
        f"{name}.{field}"
        for name, schema in drawn["components"]["schemas"].items()
        for field, described in schema["properties"].items()
        if not described.get("description")
    ]
    bare += [
        f"{path} {parameter['name']}"
        for path, methods in drawn["paths"].items()
        for described in methods.values()
        for parameter in described["parameters"]
        if not parameter["description"]
    ]
    assert bare == []


def test_every_operation_says_what_it_does(app: Flask) -> None:
    assert len({each.name for each in routes()}) == len(routes())
    for each in routes():
        summary = each.about.partition("\n")[0]
        assert summary, each.name
        assert len(summary) <= 100, each.name


def test_every_reference_in_the_document_leads_somewhere(app: Flask) -> None:
    drawn = document()
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(drawn))):
        found = drawn
        for part in reference.split("/"):
            found = found[part]


class Anchors(HTMLParser):
    """The ids of a page, and where its links within itself lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name == "href" and value and value.startswith("#"):
                self.targets.add(value[1:])


def test_the_page_tells_of_every_operation_schema_and_error(client: FlaskClient) -> None:
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    anchors = Anchors(answer.text)
    assert {each.name for each in routes()} <= set(anchors.ids)
    assert set(KINDS) <= set(anchors.ids)
    assert {f"schema-{name}" for name in document()["components"]["schemas"]} <= set(anchors.ids)
    assert anchors.targets <= set(anchors.ids)
    assert len(anchors.ids) == len(set(anchors.ids))


def test_the_page_needs_no_script_of_its_own(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert "style=" not in page
