"""Every route of the board, with hostile things in each place where a request may say something."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice, zip_longest
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, urlencode

from flask import Flask
from werkzeug.routing import Rule

from app.mcp.tools import tools
from app.operations import routes
from tests.web.probing import hostile
from tests.web.probing.crawling import Form

SAFE = ("GET", "HEAD", "OPTIONS")
READ, UNREAD = "parameter that is read", "parameter"
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
QUOTED = [quote_plus(text) for text in hostile.TEXTS]
PARTS = [quote(text, safe="") for text in hostile.TEXTS if text] + [*hostile.BROKEN]
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"


class Probe(NamedTuple):
    """A request. `place`: where in it something hostile stands; `route`: whose it is."""

    place: str
    route: str
    method: str
    path: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""
    role: str = "admin"

    @property
    def is_safe(self) -> bool:
        """Whether it may change nothing, whatever comes of it."""
        return self.method in SAFE or self.place == "method"


class Probes:
    """Makes them, for an application and the rows that it has."""

    def __init__(self, app: Flask, parts: Mapping[str, Any]) -> None:
        self.rules = list(app.url_map.iter_rules())
        self.asked = {f"api.{each.name}": each.query for each in routes() if each.query}
        self.parts = {
            "secret": "zap",
            "filename": "css/tokens.css",
            "bundle": "callboard.css",
            "blocked_by_id": "zap",
            **parts,
        }

    def at(self, place: str) -> Iterator[Probe]:
        """All with something hostile in that place; `in_forms` makes those of forms."""
        if place == "JSON":
            return self._in_json()
        if place == "MCP":
            return in_tools()
        makers: dict[str, Callable[[Rule], Iterator[Probe]]] = {
            READ: partial(self._in_queries, place=READ),
            UNREAD: partial(self._in_queries, place=UNREAD),
            "part of a path": self._in_parts,
            "header": self._in_headers,
            "method": self._by_method,
            "body": self._as_body,
        }
        return chain.from_iterable(makers[place](rule) for rule in self.rules)

    def address(self, rule: str, **other: str) -> str:
        """An address of a rule; `other`: what stands, quoted, for some of its parts."""

        def part(match: re.Match[str]) -> str:
            return other.get(match[1]) or quote(str(self.parts.get(match[1], 1)))

        return PLACE.sub(part, rule)

    def _in_parts(self, rule: Rule) -> Iterator[Probe]:
        if rule.endpoint == "static":
            yield from (Probe("part of a path", "/", "GET", path) for path in hostile.ADDRESSES)
        for name in rule.arguments:
            for value in PARTS:
                path = self.address(rule.rule, **{name: value})
                for method in (rule.methods or set()) & {"GET", "POST", "PATCH", "DELETE"}:
                    yield Probe("part of a path", rule.rule, method, path)

    def _in_queries(self, rule: Rule, place: str) -> Iterator[Probe]:
        if "GET" not in (rule.methods or ()):
            return
        path = self.address(rule.rule)
        read: tuple[str, ...] = hostile.PARAMETERS if rule.endpoint in hostile.READERS else ()
        if model := self.asked.get(rule.endpoint):
            read = tuple(model.model_fields)
        for number, name in enumerate(dict.fromkeys([*hostile.PARAMETERS, *read])):
            if place != (READ if name in read else UNREAD):
                continue
            # Whoever doesn't read a name gets each text with one such name or another.
            texts = QUOTED if name in read else QUOTED[number::40]
            odd = (f"{name}[]=1&{name}[x]=2", f"{name}=1&{name}=2", f"{name}=" + "&" * 3_000)
            for query in (
                *(f"{name}={text}" for text in texts),
                *(f"{name}={broken}" for broken in hostile.BROKEN),
                *odd,
            ):
                yield Probe(place, rule.rule, "GET", f"{path}?{query}")

    def _in_headers(self, rule: Rule) -> Iterator[Probe]:
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        for name, values in hostile.HEADERS.items():
            for value in values:
                yield Probe("header", rule.rule, method, self.address(rule.rule), {name: value})

    def _by_method(self, rule: Rule) -> Iterator[Probe]:
        others = {
            method
            for each in self.rules
            if each.rule == rule.rule
            for method in each.methods or ()
            if method not in SAFE
        }
        for method in hostile.METHODS:
            if method not in others:
                yield Probe("method", rule.rule, method, self.address(rule.rule))

    def _as_body(self, rule: Rule) -> Iterator[Probe]:
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            for body in hostile.BODIES:
                for kind in hostile.KINDS_OF_BODY:
                    said = {"Content-Type": kind} if kind else {}
                    yield Probe("body", rule.rule, method, self.address(rule.rule), said, body)

    def _in_json(self) -> Iterator[Probe]:
        for each in routes():
            if each.body is None:
                continue
            rule = f"/api/v1{each.rule}"
            for body in bodies(each.body.model_json_schema()):
                yield Probe(
                    "JSON", rule, each.method, self.address(rule), {"Content-Type": JSON_TYPE}, body
                )


def in_forms(forms: Iterable[Form]) -> Iterator[Probe]:
    """Each form, with something hostile in each of its fields."""
    return chain.from_iterable(in_fields(form) for form in forms)


def in_fields(form: Form) -> Iterator[Probe]:
    """A form as its page has it, but for one field."""
    as_it_is = {name: urlencode({name: value}) for name, value in form.fields.items()}
    for name in form.fields:
        for text in QUOTED:
            hostile_field = {name: f"{quote_plus(name)}={text}"}
            yield sent(form, "&".join((as_it_is | hostile_field).values()))
        for broken in hostile.BROKEN:
            yield sent(form, f"{urlencode(form.fields)}&{name}={broken}")
        yield filled(form, [(n, v) for n, v in form.fields.items() if n != name])
        yield filled(form, [*form.fields.items(), *[(name, "zap")] * 3])
    yield filled(form, [(name, hostile.TEXTS[0]) for name in hostile.PARAMETERS])


def filled(form: Form, fields: list[tuple[str, str]]) -> Probe:
    """That form with these fields."""
    return sent(form, urlencode(fields))


def sent(form: Form, text: str) -> Probe:
    """That form with this text as its body."""
    said = {"Content-Type": FORM_TYPE}
    return Probe("field of a form", form.route, "POST", form.action, said, text.encode())


def in_tools() -> Iterator[Probe]:
    """Calls of tools, and messages that are none."""
    said = {"Content-Type": JSON_TYPE, "Mcp-Protocol-Version": "2025-11-25"}
    for tool in tools().values():
        for arguments in bodies(tool.described().input_schema):
            params = b'{"name":"%s","arguments":%s}' % (tool.name.encode(), arguments)
            body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":%s}' % params
            yield Probe("MCP", f"/mcp {tool.name}", "POST", "/mcp", said, body)
    for value in hostile.VALUES:
        text = written(value)
        for message in (
            b'{"jsonrpc":"2.0","id":%s,"method":"ping"}',
            b'{"jsonrpc":"2.0","id":1,"method":%s}',
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%s}}',
            b'{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":%s}}',
            b'{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":%s}}',
            b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":%s}',
        ):
            yield Probe("MCP", "/mcp", "POST", "/mcp", said, message % text)


def bodies(schema: Mapping[str, Any]) -> Iterator[bytes]:
    """What a schema asks for, but for one field."""
    fields = schema.get("properties", {})
    needed = {name: valid(fields[name]) for name in schema.get("required", ()) if name in fields}
    for name in fields:
        for value in hostile.VALUES:
            yield written({**needed, name: value})
    yield written({**needed, "__proto__": {}, "zap": hostile.TAGS[0]})


def valid(described: Mapping[str, Any]) -> Any:
    """Something that a field takes."""
    if "anyOf" in described:
        return valid(described["anyOf"][0])
    if "examples" in described:
        return described["examples"][0]
    if "enum" in described:
        return described["enum"][0]
    return {"integer": 1, "boolean": True, "array": [], "object": {}}.get(
        described.get("type", ""), "zap"
    )


def written(value: Any) -> bytes:
    """As JSON, with all that JSON can't hold properly."""
    # Python reads no number of more than 4,300 digits, but writes one that stands as a float.
    return json.dumps(value).encode()


def chosen(probes: Iterable[Probe], most: int | None, seed: int) -> list[Probe]:
    """So many of them that every route has its share, in an order that is the same each time."""
    dice = random.Random(seed)
    by_route: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_route[probe.route].append(probe)
    for group in by_route.values():
        dice.shuffle(group)
    rounds = chain.from_iterable(zip_longest(*by_route.values()))
    mixed = list(islice((probe for probe in rounds if probe is not None), most))
    dice.shuffle(mixed)
    return [probe._replace(role=dice.choices(ROLES, WEIGHTS)[0]) for probe in mixed]


ROLES, WEIGHTS = ("admin", "viewer", "stranger"), (6, 2, 1)
