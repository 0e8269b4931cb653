"""The words for times and numbers, and addresses that change with a file's content."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from jinja2 import DictLoader

from app import rendering

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped_clock():
    """It is pi day, all the time."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=5, minutes=59), "5 h ago"),
        (timedelta(days=1), "1 d ago"),
        (timedelta(days=29, hours=23), "29 d ago"),
        (timedelta(days=30), "12 Feb 2026"),
        (timedelta(days=800), "4 Jan 2024"),
        (-timedelta(seconds=90), "in 1 min"),
        (-timedelta(days=40), "23 Apr 2026"),
    ],
)
def test_a_moment_is_told_from_now(past: timedelta, words: str) -> None:
    assert rendering.ago_text(NOW - past) == words


def test_the_short_form_leaves_out_ago() -> None:
    assert rendering.short_text(NOW - timedelta(minutes=22)) == "22 min"
    assert rendering.short_text(NOW + timedelta(hours=3)) == "3 h"
    assert rendering.short_text(NOW - timedelta(days=31)) == "11 Feb 2026"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (-3, "0 s"),
        (40.9, "40 s"),
        (18 * 60, "18 min"),
        (3 * 3600, "3 h"),
        (3 * 3600 + 12 * 60, "3 h 12 m"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"),
        (1200 * 86400, "1,200 d"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float | None, words: str) -> None:
    assert rendering.duration_text(seconds) == words


def test_exact_times_are_utc_wherever_they_come_from() -> None:
    moment = NOW.astimezone(timezone(timedelta(hours=2)))
    assert rendering.exact_time(moment) == "2026-03-14 15:09:26 UTC"
    assert rendering.iso_time(moment) == "2026-03-14T15:09:26+00:00"


def test_thousands_are_separated() -> None:
    assert rendering.thousands(2013) == "2,013"


def test_an_asset_keeps_its_address_until_its_content_changes(tmp_path: Path) -> None:
    sheet = tmp_path / "page.css"
    sheet.write_text("a {}")
    assert asset_url(tmp_path) == asset_url(tmp_path)
    before = asset_url(tmp_path)
    sheet.write_text("b {}")
    assert asset_url(tmp_path) != before
    assert before.startswith("/static/page.css?v=")


def test_an_asset_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        asset_url(tmp_path)


def asset_url(folder: Path) -> str:
    """The address of page.css, as a process that starts now would give it."""
    app = Flask(__name__, static_folder=str(folder), static_url_path="/static")
    rendering.register(app)
    with app.test_request_context():
        return app.jinja_env.from_string("{{ asset_url('page.css') }}").render()


@pytest.mark.parametrize(
    ("is_debugged", "drawings"), [(False, ["a", "b"]), (True, ["a", "b", "a"])]
)
def test_what_is_drawn_from_the_same_values_is_drawn_once(
    is_debugged: bool, drawings: list[str]
) -> None:
    app = Flask(__name__)
    app.debug = is_debugged
    rendering.register(app)
    drawn: list[str] = []
    app.jinja_env.globals["note"] = drawn.append
    app.jinja_env.loader = DictLoader({"_partial.html": "{{ note(name) or '<' ~ name ~ '>' }}"})
    page = "{% for name in 'aba' %}{{ '_partial.html' | draw_once(name=name) }}{% endfor %}"

    assert app.jinja_env.from_string(page).render() == "&lt;a&gt;&lt;b&gt;&lt;a&gt;"
    assert drawn == drawings


def test_how_long_something_has_lasted_is_never_a_date() -> None:
    assert rendering.for_text(NOW - timedelta(days=326)) == "326 d"
    assert rendering.for_text(NOW - timedelta(minutes=18)) == "18 min"
    assert rendering.for_text(NOW + timedelta(minutes=18)) == "0 s"
