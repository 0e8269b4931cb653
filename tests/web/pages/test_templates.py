"""What is true of every template, and of the files that every page loads."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, flash, render_template

from app import create_app
from app.settings.board import ROOT, load_settings
from app.web.http.bundles import BUNDLES
from tests.pages import parsed

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
SOURCES = {
    str(path.relative_to(TEMPLATES)): path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")
}

FORBIDDEN = {
    "an inline style": r"\sstyle\s*=|<style",
    "an inline script": r"<script(?![^>]*\bsrc=)|javascript:",
    "an inline handler": r"\son[a-z]+\s*=\s*[\"']|hx-on|hx-vals=[\"']js:|morph:\{",
    "a polling filter, which needs eval": r"hx-trigger=\"[^\"]*\[",
    "unescaped output": r"\|\s*safe\b|autoescape\s+false",
    "a foreign address": r"(?:src|href)=\"(?:https?:)?//",
}


JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
RUNS_OR_FRAMES = {"style", "iframe", "frame", "object", "embed", "applet", "base", "portal"}
ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "xlink:href"}


def dangers(html: str) -> Iterator[str]:
    """What a browser would run, style or load besides the board's own files."""
    for element in parsed(html).find_all(True):
        tag, names = element.name, element.attrs.keys()
        if tag in RUNS_OR_FRAMES or (tag == "script" and "src" not in names):
            yield f"<{tag}>"
        if tag == "script" and element.text.strip():
            yield f"<script>{element.text}"
        if tag == "meta" and "http-equiv" in names:
            yield "<meta http-equiv>"
        for name, value in element.attrs.items():
            scheme = "".join(str(value).split()).lower().partition(":")[0]
            if name.startswith("on") or name in ("style", "srcdoc"):
                yield f"<{tag} {name}>"
            elif name in ADDRESSES and scheme in ("javascript", "vbscript", "data"):
                yield f"<{tag} {name}={value}>"


@pytest.fixture(scope="module")
def app_without_tables(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on a database that has no tables: any query fails."""
    instance = tmp_path_factory.mktemp("instance")
    return create_app(
        load_settings(database_url=f"sqlite:///{instance}/empty.db", instance_path=instance)
    )


@pytest.fixture(scope="module")
def error_page(app_without_tables: Flask) -> str:
    """The page that needs nothing but the layout."""
    with app_without_tables.test_request_context("/tickets/WEB-9"):
        flash("It's <done>.", "success")
        return render_template(
            "errors/error.html",
            status=404,
            title="Nothing here",
            detail="There is no ticket <WEB-9>.",
            advice="Look for it in the list.",
            request_id="7f3a",
        )


def test_every_template_compiles(app_without_tables: Flask) -> None:
    for name in SOURCES:
        assert app_without_tables.jinja_env.get_template(name).name == name


def test_no_template_holds_what_the_content_security_policy_forbids() -> None:
    found = [
        (name, what, place)
        for name, source in SOURCES.items()
        for what, pattern in FORBIDDEN.items()
        for place in re.findall(pattern, source)
    ]
    assert found == []


def test_no_template_runs_or_styles_anything_inline() -> None:
    found = [(name, danger) for name, text in SOURCES.items() for danger in dangers_in(text)]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "<a {% if x %}onclick=go{% endif %}>",
        "<p style='{{ x }}'>",
        "<svg onload=x>",
        "<a href=' java\nscript:go()'>",
        "<form action=JavaScript:go()>",
        "<script>go()</script>",
        "<script src=/x.js>go()</script>",
        "<style>p { color: red }</style>",
        "<iframe src=/x></iframe>",
        "<meta http-equiv=refresh content=0>",
    ],
)
def test_such_things_would_be_found(source: str) -> None:
    assert dangers_in(source)


def test_every_template_is_short() -> None:
    assert [name for name, source in SOURCES.items() if len(source.splitlines()) > 80] == []


def test_the_layout_comes_up_without_a_database(error_page: str) -> None:
    assert "<h1>Nothing here</h1>" in error_page
    assert "There is no ticket &lt;WEB-9&gt;." in error_page
    assert "7f3a" in error_page
    assert 'class="brand"' in error_page
    assert 'aria-label="Main"' not in error_page, "nobody is known to be signed in"


def test_a_message_is_shown_once_and_escaped(error_page: str) -> None:
    assert error_page.count("It&#39;s &lt;done&gt;.") == 1


def test_every_file_the_page_loads_exists_and_carries_its_hash(
    app_without_tables: Flask, error_page: str
) -> None:
    client = app_without_tables.test_client()
    for address in loaded_by(error_page):
        with client.get(address) as found:
            assert found.status_code == 200, address
        assert re.fullmatch(r"[0-9a-f]{10}", address.partition("?v=")[2]), address


def test_a_page_loads_one_sheet_one_script_and_its_icon(error_page: str) -> None:
    names = sorted(Path(address.partition("?")[0]).name for address in loaded_by(error_page))
    assert names == ["callboard.css", "callboard.js", "favicon.svg"]


@pytest.mark.parametrize(
    ("folder", "kind"), [("css", "*.css"), ("js", "*.js"), ("vendor", "*/*.js")]
)
def test_every_file_is_in_a_bundle(folder: str, kind: str) -> None:
    bundled = {STATIC / path for paths in BUNDLES.values() for path in paths}
    assert set((STATIC / folder).glob(kind)) <= bundled


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_bundle_holds_its_files_whole(
    app_without_tables: Flask, name: str, encoding: str
) -> None:
    client = app_without_tables.test_client()
    found = client.get(address_of(app_without_tables, name), headers={"Accept-Encoding": encoding})

    assert found.headers.get("Content-Encoding", "identity") == encoding
    assert "Accept-Encoding" in found.headers["Vary"]
    text = (gzip.decompress(found.data) if encoding == "gzip" else found.data).decode()
    assert all((STATIC / path).read_text("utf-8") in text for path in BUNDLES[name])


def test_what_a_first_page_loads_is_light(app_without_tables: Flask, error_page: str) -> None:
    client = app_without_tables.test_client()
    size = 0
    for address in loaded_by(error_page):
        with client.get(address, headers={"Accept-Encoding": "gzip"}) as found:
            size += len(found.data)
    assert size < 60_000


def test_the_stylesheet_begins_with_the_order_of_the_layers() -> None:
    first = (STATIC / BUNDLES["callboard.css"][0]).read_text("utf-8")
    assert "@layer tokens, base, layout, components;" in first


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_is_cached_for_a_year_under_its_hash_only(
    app_without_tables: Flask, name: str
) -> None:
    client = app_without_tables.test_client()
    address = address_of(app_without_tables, name)
    found = client.get(address)
    same = client.get(address, headers={"If-None-Match": found.headers["ETag"]})
    compressed = client.get(address, headers={"Accept-Encoding": "gzip"})

    assert found.headers["Cache-Control"] == "public, max-age=31536000"
    assert client.get(f"/bundles/{name}?v=0000000000").headers["Cache-Control"] == "no-cache"
    assert client.get(f"/bundles/{name}").headers["Cache-Control"] == "no-cache"
    assert (same.status_code, same.data) == (304, b"")
    assert compressed.headers["ETag"] != found.headers["ETag"]


def test_there_is_no_other_bundle(app_without_tables: Flask) -> None:
    assert app_without_tables.test_client().get("/bundles/tokens.css").status_code == 404


def test_the_address_of_a_bundle_follows_a_proxys_prefix(app_without_tables: Flask) -> None:
    address = address_of(app_without_tables, "callboard.css", SCRIPT_NAME="/board")
    assert address.startswith("/board/bundles/callboard.css?v=")


def address_of(app: Flask, name: str, **environment: str) -> str:
    """Where the browser is sent for it."""
    with app.test_request_context("/", environ_overrides=environment):
        return app.jinja_env.from_string("{{ bundle_url(name) }}").render(name=name)


def test_htmx_is_told_to_stay_within_the_policy(error_page: str) -> None:
    match = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", error_page)
    assert match, "no htmx-config"
    config = json.loads(match[1])
    assert (config["allowEval"], config["includeIndicatorStyles"]) == (False, False)
    assert config["responseHandling"][0] == {"code": "204", "swap": False}


def test_every_sheet_is_short_layered_and_loads_nothing() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        text = sheet.read_text("utf-8")
        assert len(text.splitlines()) < 200, sheet
        assert "@layer" in text, sheet
        assert not re.search(r"@import|url\(\s*[\"']?(?!data:)", text), sheet


def test_no_module_imports_or_evaluates_anything() -> None:
    # Files are cached for a year under their hash; an import inside a module would carry none.
    forbidden = r"^\s*(import|export)\b|\beval\(|new Function|innerHTML|\.style\b"
    for module in (STATIC / "js").glob("*.js"):
        assert not re.search(forbidden, module.read_text("utf-8"), re.MULTILINE), module


def loaded_by(page: str) -> list[str]:
    """The addresses of the files that a page loads."""
    found = parsed(page).select("link[href], script[src]")
    assert found
    return [str(each.get("href") or each.get("src")) for each in found]


def dangers_in(source: str) -> list[str]:
    """What a template holds that no page may; both sides of each condition count."""
    return list(dangers(JINJA.sub("", source)))
