"""The API's description is true, complete, and readable."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from app.api.openapi import document
from app.api.problems import KINDS
from app.operations import routes
from tests.pages import parsed


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


def test_the_page_tells_of_every_operation_schema_and_error(client: FlaskClient) -> None:
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    page = parsed(answer.text)
    ids = [each["id"] for each in page.find_all(id=True)]
    targets = {each["href"] for each in page.select("[href^='#']:not([href='#'])")}
    assert {each.name for each in routes()} <= set(ids)
    assert set(KINDS) <= set(ids)
    assert {f"schema-{name}" for name in document()["components"]["schemas"]} <= set(ids)
    assert targets <= {f"#{each}" for each in ids}
    assert len(ids) == len(set(ids))


def test_the_page_needs_no_script_of_its_own(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert "style=" not in page
