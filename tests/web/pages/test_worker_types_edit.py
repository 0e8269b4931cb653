"""One worker type: its page with history and diff, editing it, deleting it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.actor import Actor
from app.models import PlanTemplate, PromptVersion, WorkerType
from tests.conftest import OpenSession, SignIn
from tests.factories import ANN, GATE, PROJECT, make_project, make_ticket, run_stage
from tests.pages import between, error_at

BOB = Actor.person("bob")
FIRST = "You review.\n\nRead the ticket and the plan.\nBe kind."
SECOND = "You review.\n\nRead the ticket, the plan and every comment.\nRun the tests.\nBe kind."


@pytest.fixture
def role(board: OpenSession) -> str:
    """The address of the worker type `review`, whose prompt has two versions."""
    with board() as session:
        make_project(session)
        review = WorkerType.named(session, PROJECT, "review")
        assert review is not None
        for prompt in (FIRST, SECOND):
            write(review, prompt)
        return f"/worker-types/{review.id}"


def write(role: WorkerType, prompt: str) -> None:
    """Give a worker type another prompt."""
    role.edit(
        short_description=role.short_description,
        system_prompt=prompt,
        performed_by=role.performed_by,
        lease_seconds=role.lease_seconds,
        max_attempts=role.max_attempts,
        actor=BOB,
    )
    role.session.flush()


def saved(board: OpenSession, address: str) -> WorkerType:
    """The worker type as the database has it."""
    with board() as session:
        row = session.get_one(WorkerType, int(address.rpartition("/")[2]))
        session.expunge(row)
        return row


def filled(client: FlaskClient, role: str, **changes: str) -> dict[str, Any]:
    """The edit form as a person would send it."""
    page = client.get(f"{role}/edit").text
    return {
        "worker_type": "review",
        "short_description": "",
        "performed_by": "agent",
        "system_prompt": SECOND,
        "lease_seconds": "300",
        "max_attempts": "3",
        "seen": unescape(between(page, 'name="seen" type="hidden" value="', '"')),
        **changes,
    }


def test_the_page_shows_the_prompt_as_text_and_what_is_at_its_stage(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    with board() as session:
        make_ticket(session, ["review"])
        review = WorkerType.named(session, PROJECT, "review")
        assert review is not None
        write(review, "# Hello\n\n- **bold** <script>alert(1)</script>")

    page = client.get(role).text

    assert "<strong>bold</strong>" in page
    assert "<script>alert" not in page
    assert "# Hello" in between(page, '<pre class="plain">', "</pre>")
    assert "1 ticket</a>" in page
    assert "none alive" in page


def test_the_diff_is_from_the_version_before_to_the_current_one(
    client: FlaskClient, role: str
) -> None:
    page = client.get(role).text

    assert "version 2 → 3" in page
    assert '<span class="is-run">+2</span><span class="is-stop">−1</span>' in page
    changed = between(page, 'class="removed"', "</table>")
    assert "Read the ticket<del> and</del>" in changed
    assert "Run the tests." in changed


def test_any_two_versions_can_be_compared(client: FlaskClient, role: str) -> None:
    page = client.get(f"{role}?from=1&to=3").text
    back = client.get(f"{role}?from=3&to=1").text

    assert "version 1 → 3" in page
    assert "You<del> do</del> review." in between(page, 'class="removed"', "</tr>")
    assert "version 3 → 1" in back
    assert "You<ins> do</ins> review." in between(back, 'class="added"', "</tr>")


def test_an_old_version_can_be_read(client: FlaskClient, role: str) -> None:
    page = client.get(f"{role}?to=2").text

    assert "version 2, not the newest" in page
    assert "Read the ticket and the plan." in between(page, '<pre class="plain">', "</pre>")
    assert "version 1 → 2" in page


def test_a_first_version_has_nothing_before_it(client: FlaskClient, role: str) -> None:
    page = client.get(f"{role}?to=1").text

    assert "What changed" not in page
    assert "You do review." in page


def test_a_version_beside_itself_says_the_same(client: FlaskClient, role: str) -> None:
    assert "The two say the same" in client.get(f"{role}?from=2&to=2").text


@pytest.mark.parametrize("query", ["to=99", "from=0", "from=x", "to=-1", "to=1e3"])
def test_an_unknown_version_is_told_and_the_newest_shown(
    client: FlaskClient, role: str, query: str
) -> None:
    answer = client.get(f"{role}?{query}")

    assert answer.status_code == 400
    assert "There is no version" in answer.text
    assert "every comment" in answer.text


def test_the_history_names_each_version_its_author_and_size(client: FlaskClient, role: str) -> None:
    history = between(client.get(role).text, 'aria-labelledby="history"', "</section>")

    assert [f"Version {number}" in history for number in (1, 2, 3, 4)] == [True] * 3 + [False]
    assert f"bob · {len(FIRST)} characters" in history
    assert "ann · 14 characters" in history


@pytest.mark.parametrize("path", ["", "/edit", "/delete"])
@pytest.mark.parametrize("number", ["999", "99999999999999999999999"])
def test_a_worker_type_that_is_none_is_not_found(
    client: FlaskClient, path: str, number: str
) -> None:
    assert client.get(f"/worker-types/{number}{path}").status_code == 404


def test_another_prompt_is_a_new_version(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    answer = client.post(f"{role}/edit", data=filled(client, role, system_prompt="Fourth"))

    assert answer.status_code == 303
    assert answer.location == role
    assert saved(board, role).prompt_version == 4
    assert "version 3 → 4" in client.get(role).text


def test_the_same_prompt_is_no_new_version(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    crlf = SECOND.replace("\n", "\r\n") + "\r\n"

    client.post(f"{role}/edit", data=filled(client, role, system_prompt=crlf, lease_seconds="60"))

    row = saved(board, role)
    assert (row.prompt_version, row.lease_seconds) == (3, 60)


def test_bad_input_changes_nothing_and_stays(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    form = filled(client, role, lease_seconds="0", system_prompt="Typed by hand")

    answer = client.post(f"{role}/edit", data=form)

    assert answer.status_code == 422
    assert "from 10" in error_at(answer.text, "lease_seconds")
    assert "Typed by hand" in answer.text
    assert saved(board, role).prompt_version == 3


def test_an_edit_that_lost_the_race_shows_both_and_saves_nothing(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    mine = filled(client, role, system_prompt="Mine", lease_seconds="77")
    client.post(f"{role}/edit", data=filled(client, role, system_prompt="Theirs"))

    answer = client.post(f"{role}/edit", data=mine)

    assert answer.status_code == 409
    compared = between(answer.text, 'class="compare card"', "<form")
    assert all(text in compared for text in ("Theirs", "Mine", "300", "77"))
    assert compared.count("differs") == 2
    assert "Mine</textarea>" in answer.text
    row = saved(board, role)
    assert (row.system_prompt, row.lease_seconds) == ("Theirs", 300)


def test_sent_once_more_the_edit_that_lost_becomes_the_next_version(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    mine = filled(client, role, system_prompt="Mine")
    client.post(f"{role}/edit", data=filled(client, role, system_prompt="Theirs"))
    lost = client.post(f"{role}/edit", data=mine).text

    again = {**mine, "seen": unescape(between(lost, 'name="seen" type="hidden" value="', '"'))}
    assert client.post(f"{role}/edit", data=again).status_code == 303

    with board() as session:
        texts = [row.system_prompt for row in session.query(PromptVersion).order_by("id")]
    assert texts[-2:] == ["Theirs", "Mine"]


def test_a_form_without_its_state_counts_as_lost(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    form = filled(client, role, system_prompt="Blind", seen="")

    assert client.post(f"{role}/edit", data=form).status_code == 409
    assert saved(board, role).system_prompt == SECOND


def test_a_worker_type_is_renamed(client: FlaskClient, board: OpenSession, role: str) -> None:
    client.post(f"{role}/edit", data=filled(client, role, worker_type="critique"))

    assert saved(board, role).worker_type == "critique"


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("implementation", 409, "already has a worker type implementation"),
        ("..", 422, "Only letters"),
        ("", 422, "can&#39;t be empty"),
    ],
)
def test_a_bad_new_name_is_told_at_its_field(
    client: FlaskClient, board: OpenSession, role: str, name: str, status: int, says: str
) -> None:
    answer = client.post(f"{role}/edit", data=filled(client, role, worker_type=name))

    assert answer.status_code == status
    assert says in error_at(answer.text, "worker_type")
    assert saved(board, role).worker_type == "review"


def test_a_name_that_open_tickets_need_stays(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id

    answer = client.post(
        f"{role}/edit", data=filled(client, role, worker_type="critique", system_prompt="New")
    )

    assert answer.status_code == 409
    assert "open tickets still need it" in answer.text
    assert ticket_id in answer.text
    row = saved(board, role)
    assert (row.worker_type, row.prompt_version) == ("review", 3)


def test_of_a_prompt_that_never_changed_no_versions_are_counted(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, "acme/new")
        named = WorkerType.named(session, "acme/new", "review")
        assert named is not None
        address = f"/worker-types/{named.id}/delete"
    assert "will be deleted, with its prompt." in client.get(address).text


def test_a_worker_type_nobody_needs_is_deleted(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    assert "all 3 versions of its prompt" in client.get(f"{role}/delete").text

    answer = client.post(f"{role}/delete")

    assert answer.location == f"/projects/{PROJECT}/-/worker-types"
    assert "review was deleted" in client.get(answer.location).text
    assert client.get(role).status_code == 404
    assert client.post(f"{role}/delete").status_code == 404


def test_a_deletion_is_refused_with_the_tickets_that_need_it(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    with board() as session:
        needing = make_ticket(session, title="Needs <it>")
        past = make_ticket(session, ["review", "implementation"])
        run_stage(session, past).complete()
        ids = needing.ticket_id, past.ticket_id

    answer = client.post(f"{role}/delete")

    assert answer.status_code == 409
    listed = between(answer.text, 'aria-labelledby="needing"', "</section>")
    assert f'href="/tickets/{ids[0]}"' in listed
    assert "Needs &lt;it&gt;" in listed
    assert ids[1] not in listed
    assert saved(board, role)
    before = client.get(f"{role}/delete")
    assert before.status_code == 200
    assert 'method="post"' not in between(before.text, "<main", "</main>")


def test_of_very_many_tickets_the_first_are_named(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    with board() as session:
        for _ in range(53):
            make_ticket(session)

    answer = client.post(f"{role}/delete")

    assert answer.text.count('id="needs-') == 50
    assert "and 3 more" in answer.text


def test_of_more_than_are_counted_the_number_is_open(
    client: FlaskClient, board: OpenSession, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board() as session:
        for _ in range(53):
            make_ticket(session)
    monkeypatch.setattr("app.web.pages.worker_types.COUNT_CAP", 52)

    answer = client.get(f"{role}/delete")

    assert answer.text.count('id="needs-') == 50
    assert '<span class="count">52+</span>' in answer.text
    assert "and 2+ more" in answer.text


def test_a_plan_template_that_names_it_holds_it_too(
    client: FlaskClient, board: OpenSession, role: str
) -> None:
    with board() as session:
        PlanTemplate.create(
            session, actor=ANN, project_id=PROJECT, name="Two", plan=["review", GATE]
        )

    answer = client.post(f"{role}/delete")

    assert answer.status_code == 409
    assert "the plan template “Two” names it" in answer.text
    assert saved(board, role)


def test_of_edits_sent_at_the_same_moment_one_is_saved_and_the_others_are_told(
    client: FlaskClient, sign_in: SignIn, board: OpenSession, role: str
) -> None:
    form = filled(client, role)
    clients = [sign_in("lead") for _ in range(6)]

    def send(number: int) -> int:
        data = {**form, "system_prompt": f"From {number}"}
        return clients[number].post(f"{role}/edit", data=data).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(send, range(6)))

    assert statuses == [303] + [409] * 5
    assert saved(board, role).prompt_version == 4
