"""Bad lines, odd values and limits of `callboard import beads`."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import Comment, Event, Project, Ticket, TicketLabel
from app.models.label import LABEL_MAX, LABELS_MAX
from tests.exchange.conftest import blocked_by, count, record
from tests.factories import ANN


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"id": nonsense}', "isn't JSON: Expecting value at column 8"),
        ("[1, 2]", "isn't a JSON object"),
        ('"text"', "isn't a JSON object"),
        (b'{"id": "a-2", "title": "\xff"}', "isn't UTF-8 (byte 25 of the line)"),
        ("[" * 100_000, "holds a number too long or lists too deep to be read"),
        ('{"id": "a-2"}', "title is missing"),
        ('{"title": "No id"}', "id is missing"),
        ('{"id": "a-2", "title": "  "}', "title is empty"),
        ('{"id": 2, "title": "x"}', "id should be a valid string"),
        ('{"id": "a-2", "title": "x", "priority": "high"}', "priority should be a valid integer"),
        ('{"id": "a-2", "title": "x", "labels": "bug"}', "labels should be a valid list"),
        ('{"id": "a-2", "title": "x", "created_at": "soon"}', "created_at isn't a time: soon"),
        ('{"id": "a-2", "title": "x", "closed_at": 5}', "closed_at should be a time as text"),
        ('{"id": "a-1", "title": "again"}', "a-1 was on line 1 already"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_doesnt_stop_the_rest(
    import_beads, board, line, why
):
    result = import_beads(record("a-1"), line, record("a-3"))

    assert result.exit_code == 1
    assert f"line 2: {why}\n" in result.stderr
    assert count(result, "Bad lines") == 1
    assert "1 bad line was left out" in result.stdout
    with board() as session:
        assert set(session.scalars(select(Ticket.ticket_id))) == {"a-1", "a-3"}


def test_empty_lines_a_byte_order_mark_and_carriage_returns_are_no_errors(import_beads):
    result = import_beads(b'\xef\xbb\xbf{"id": "a-1", "title": "x"}\r', "", " ", record("a-2"))

    assert result.exit_code == 0
    assert count(result, "Tickets made") == 2


def test_a_file_of_bad_lines_only_makes_no_project(import_beads, board):
    result = import_beads("nonsense", "more of it")

    assert result.exit_code == 1
    with board() as session:
        assert session.get(Project, "acme/books") is None


def test_an_empty_file_is_nothing_to_do(import_beads):
    result = import_beads()

    assert result.exit_code == 0
    assert "Nothing was changed" in result.stdout


def test_nulls_are_absent_values(import_beads, board):
    nothing = dict.fromkeys(["description", "labels", "dependencies", "comments", "priority"])

    result = import_beads(record("a-1", **nothing, closed_at=None))

    assert result.exit_code == 0
    with board() as session:
        assert Ticket.get(session, "a-1").priority == 2


def test_missing_times_are_taken_from_the_others(import_beads, board):
    import_beads(
        record("a-1", status="closed", created_at="2025-01-01T10:00:00Z"),
        record("a-2", created_at="0001-01-01T00:00:00Z", updated_at="2025-01-02T10:00:00Z"),
    )

    with board() as session:
        closed, opened = Ticket.get(session, "a-1"), Ticket.get(session, "a-2")
        assert closed.closed_at == closed.updated_at == closed.created_at
        assert opened.created_at == opened.updated_at


def test_an_unknown_status_is_reported_and_waits_for_a_person(import_beads, board):
    result = import_beads(record("a-1", status="simmering"))

    assert result.exit_code == 0
    assert "line 1: unknown status “simmering”" in result.stderr
    assert count(result, "Warnings") == 1
    with board() as session:
        assert Ticket.get(session, "a-1").state == "on_hold"


def test_a_blocked_record_waits_for_its_blockers_or_else_for_a_person(import_beads, board):
    import_beads(
        record("a-1", status="blocked", **blocked_by("a-2")),
        record("a-2"),
        record("a-3", status="blocked"),
    )

    with board() as session:
        assert Ticket.get(session, "a-1").state == "open"
        assert Ticket.get(session, "a-1").open_blockers == 1
        assert Ticket.get(session, "a-3").state == "on_hold"


def test_a_title_too_long_is_cut_and_stands_in_full_in_the_description(import_beads, board):
    title = "word " * 60

    result = import_beads(record("a-1", title=title, description="Text."))

    assert count(result, "titles cut (in full in the description)") == 1
    with board() as session:
        ticket = Ticket.get(session, "a-1")
        assert len(ticket.title) <= Ticket.TITLE_MAX
        assert ticket.title.endswith("word…")
        assert ticket.description == f"Text.\n\n## Full title\n\n{title.strip()}"


def test_texts_too_long_are_cut_with_a_note(import_beads, board):
    result = import_beads(
        record(
            "a-1",
            status="closed",
            description="d" * (Ticket.DESCRIPTION_MAX + 1),
            comments=[{"author": "x", "text": "c" * (Comment.CONTENT_MAX + 1)}],
            close_reason="r" * (Ticket.REASON_MAX + 1),
        )
    )

    for what in ("descriptions cut", "comments cut", "close reasons cut"):
        assert count(result, what) == 1
    with board() as session:
        texts = [
            session.scalars(select(Ticket.description)).one(),
            session.scalars(select(Comment.content)).one(),
            session.scalars(select(Event.reason).filter_by(event_type="ticket_closed")).one(),
        ]
    assert [len(text) for text in texts] == [
        Ticket.DESCRIPTION_MAX,
        Comment.CONTENT_MAX,
        Ticket.REASON_MAX,
    ]
    assert all("Cut by the import" in text for text in texts)


def test_labels_keep_to_the_limits_and_the_rest_is_listed(import_beads, board):
    names = ["x" * 80] + [f"label {number}" for number in range(LABELS_MAX + 2)]

    result = import_beads(record("a-1", labels=names))

    assert count(result, "labels cut") == 1
    assert count(result, "labels listed in the description") == 3
    with board() as session:
        labels = session.scalars(select(TicketLabel.label)).all()
        assert len(labels) == LABELS_MAX
        assert max(len(label) for label in labels) == LABEL_MAX
        assert (
            "## Further labels\n\n- label 19\n- label 20"
            in session.scalars(select(Ticket.description)).one()
        )


def test_control_characters_are_replaced_by_a_visible_sign(import_beads, board):
    result = import_beads('{"id": "a-1", "title": "A\\u0000B\\ud800", "description": "C\x07D"}')

    assert count(result, "control characters replaced by �") == 3
    with board() as session:
        ticket = Ticket.get(session, "a-1")
        assert (ticket.title, ticket.description) == ("A�B�", "C�D")


def test_a_link_to_itself_and_a_link_twice_are_counted(import_beads):
    result = import_beads(record("a-1", **blocked_by("a-1", "a-2", "a-2")), record("a-2"))

    assert count(result, "to the record itself") == 1
    assert count(result, "there already") == 1
    assert count(result, "blocks → waits for") == 1


def test_a_long_circle_loses_only_the_link_that_closes_it(import_beads, board):
    result = import_beads(
        record("a-1", **blocked_by("a-2")),
        record("a-2", **blocked_by("a-3")),
        record("a-3", **blocked_by("a-1")),
    )

    assert count(result, "would close a circle of tickets that wait for each other") == 1
    assert count(result, "blocks → waits for") == 2


def test_children_may_stand_before_their_parents_in_the_file(import_beads, board):
    under = [{"depends_on_id": "a-2", "type": "parent-child"}]
    below = [{"depends_on_id": "a-1", "type": "parent-child"}]

    result = import_beads(
        record("a-0", dependencies=below), record("a-1", dependencies=under), record("a-2")
    )

    assert result.exit_code == 0
    with board() as session:
        assert Ticket.get(session, "a-0").parent_id == "a-1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--plan", "my type"), "worker_type: Only letters, digits, dots, dashes"),
        (("--plan", "Planned"), "“Planned” means that no stage is done yet"),
        (("--plan", " , "), "A plan needs at least one stage"),
    ],
)
def test_a_wrong_plan_is_one_line_and_changes_nothing(import_beads, board, options, message):
    result = import_beads(record("a-1"), options=options)

    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output
    with board() as session:
        assert session.get(Project, "acme/books") is None


def test_an_archived_project_takes_no_records(import_beads, board):
    with board() as session:
        Project.create(session, actor=ANN, repository_name="acme/books", path="/src").archive(ANN)

    result = import_beads(record("a-1"))

    assert result.exit_code == 1
    assert "acme/books is archived" in result.stderr


def test_the_path_of_a_new_project_is_the_repository_that_holds_the_file(run, board, tmp_path):
    folder = tmp_path / "books" / ".beads"
    folder.mkdir(parents=True)
    (folder / "issues.jsonl").write_text('{"id": "a-1", "title": "x"}\n')

    run("import", "beads", folder / "issues.jsonl", "--project", "acme/books")

    with board() as session:
        assert Project.get(session, "acme/books").path == str(tmp_path / "books")
