"""Lines of the log: readable or JSON, never forged, never telling what they shouldn't."""

import json
import logging
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.db.base import db
from app.observability import logs, request_id
from app.settings.board import ROOT
from tests.factories import make_project
from tests.log_lines import log_lines, written

SECRET = "the-whole-prompt-of-someone"

log = logging.getLogger("app.test")


@pytest.fixture(autouse=True)
def no_request():
    """Answers that no test closed leave their request's number behind."""
    request_id.end()


HOSTILE = {
    "a second line": "fine\n2026-01-01T00:00:00.000000Z ERROR   app: you were robbed",
    "a return": "fine\rERROR",
    "colours": "fine \x1b[31mERROR\x1b[0m",
    "a terminal's one-byte escape": "fine \x9b31mERROR",
    "text that runs backwards": "fine \u202eROR-RE",
    "a line separator": "fine\u2028ERROR",
    "half a character": "fine \udcff",
    "NUL": "fine \0",
}


@pytest.mark.parametrize("style", logs.FORMATS)
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_text_from_strangers_forges_no_line(style, hostile):
    with written(style) as stream:
        log.info("it said %s", hostile, extra={"reason": hostile})

    line = stream.getvalue().removesuffix("\n")
    assert line.isprintable()
    assert "fine" in line


def test_a_message_can_not_pretend_to_be_the_fields_that_follow():
    with written("text") as stream:
        log.info("it said %s", "hello request_id=forged", extra={"status": 200})

    assert '"it said hello request_id=forged" status=200' in stream.getvalue()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/tickets/WEB-1", "/tickets/WEB-1"),
        ("two words", '"two words"'),
        ('a "quote" actor=eve', r'"a \"quote\" actor=eve"'),
        (r"back\slash", r'"back\\slash"'),
        ("Jörg", '"Jörg"'),
        (200, "200"),
        ("", '""'),
    ],
)
def test_a_value_is_quoted_when_it_could_be_misread(value, shown):
    with written("text") as stream:
        log.info("request", extra={"field": value})

    assert stream.getvalue().endswith(f"app.test: request field={shown}\n")


def test_a_json_record_is_one_object_with_its_traceback_in_a_field():
    with log_lines() as lines:
        _crash("what happened\nin two lines")

    (line,) = lines
    assert line["level"] == "error"
    assert line["event"] == "it broke"
    assert line["exception"].startswith("Traceback")
    assert "in two lines" in line["exception"]
    assert "\n" in line["exception"]


def test_no_line_of_a_traceback_passes_for_a_record():
    with written("text") as stream:
        _crash("fine\n2026-01-01T00:00:00.000000Z ERROR   app: you were robbed")

    first, *others = stream.getvalue().splitlines()
    assert first.endswith("ERROR   app.test: it broke")
    assert any("you were robbed" in line for line in others)
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("style", logs.FORMATS)
def test_a_long_text_is_cut(style):
    with written(style) as stream:
        log.info("x" * 100_000, extra={"reason": "y" * 100_000})
        _crash("z" * 100_000)

    assert len(stream.getvalue()) < 10_000


def test_every_line_of_a_request_bears_its_number_and_who_made_it():
    number = request_id.begin(None)
    request_id.name_actor("ann")
    try:
        with log_lines() as during:
            log.info("during")
    finally:
        request_id.end()
    with log_lines() as after:
        log.info("after")

    assert [(line["request_id"], line["actor"]) for line in during] == [(number, "ann")]
    assert [line.keys() & {"request_id", "actor"} for line in after] == [set()]


def test_what_a_refused_row_holds_stays_out_of_the_log(app):
    insert = text("INSERT INTO projects (repository_name, path) VALUES (:n, :p)")
    with app.app_context():
        make_project(db.session(), SECRET)
        with log_lines() as lines:
            try:
                db.session.execute(insert, {"n": SECRET, "p": SECRET})
            except IntegrityError:
                log.exception("it broke")
        db.session.rollback()

    assert "IntegrityError" in lines[0]["exception"]
    assert SECRET not in json.dumps(lines)


def test_the_server_s_own_lines_keep_addresses_to_themselves():
    record = _record("gunicorn.error", "Error handling request %s %s", "GET", f"/setup/{SECRET}")

    assert logs._leave_addresses_out(record)
    assert SECRET not in record.getMessage()

    record = _record(
        "gunicorn.error", f"Invalid request from ip=::1: Invalid line: 'GET /{SECRET} x'"
    )
    assert logs._leave_addresses_out(record)
    assert record.getMessage() == "Invalid request from ip=::1: Invalid line: …"


def test_the_development_server_leaves_the_telling_of_requests_to_the_edge():
    line = _record("werkzeug", '127.0.0.1 - - [now] "%s" %s %s\n', f"GET /setup/{SECRET}", 200, "-")

    assert not logs._leave_addresses_out(line)
    assert logs._leave_addresses_out(_record("werkzeug", " * Running on http://127.0.0.1:5000"))


@pytest.mark.parametrize("style", logs.FORMATS)
def test_a_process_writes_to_standard_error_in_the_format_that_was_set(style):
    code = (
        "import logging; from app.observability import logs;logs.configure('info', %r);"
        "logging.getLogger('app.x').info('told'); logging.getLogger('app.x').debug('not told');"
        "logging.getLogger('library').info('not told')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code % style], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "told" in line
    assert line.startswith("{") == (style == "json")


def _crash(message):
    try:
        raise RuntimeError(message)
    except RuntimeError:
        log.exception("it broke")


def _record(name, message, *args):
    return logging.LogRecord(name, logging.INFO, "", 0, message, args, None)
