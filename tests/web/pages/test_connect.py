"""Connect agents: commands to copy that name this board, and who has come."""

import re
import shlex
import tomllib
from html import unescape

import pytest

from app.connecting import PROGRAMS
from app.models import ApiToken
from app.settings.board import ROOT
from tests.factories import GATE, make_project, make_ticket, make_worker

ASKS = {"HX-Request": "true"}


def commands(page):
    """What the page shows to copy, by name; its buttons copy the same."""
    shown = {
        name: unescape(text)
        for name, text in re.findall(
            r'<pre class="plain" id="([^"]*)"[^>]*>(.*?)</pre>', page, re.DOTALL
        )
    }
    assert [unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page)] == [
        *shown.values()
    ]
    return shown


def test_the_commands_name_the_board_the_project_and_a_role_with_work(client, board):
    with board() as session:
        make_project(session, "acme/api", roles=("planning",), gates=())
        make_project(session, "acme/web", roles=("planning", "review"), gates=(GATE,))
        make_ticket(session, ["review"])

    page = client.get("/connect", base_url="http://localhost:8080/board/").text

    found = commands(page)
    words = shlex.split(found["runner-command"])
    assert words[:4] == ["callboard", "work", "--url", "http://localhost:8080/board"]
    assert words[words.index("--project") + 1] == "acme/web"
    assert words[words.index("--type") + 1] == "review"
    assert "http://localhost:8080/board/mcp" in found["mcp-configuration"]
    assert "'http://localhost:8080/board/api/v1/queues?project=acme/web'" in found["api-command"]
    assert f">{GATE}</option>" not in page


def test_another_project_worker_type_and_program_can_be_chosen(client, board):
    with board() as session:
        make_project(session, "acme/api", roles=("planning", "design"), gates=())
        make_project(session, "acme/web", gates=())

    found = commands(client.get("/connect?project=acme/api&type=design&agent=codex").text)

    assert "--project acme/api --type design -- codex exec" in found["runner-command"]
    assert tomllib.loads(found["mcp-configuration"])["mcp_servers"]["callboard"]

    # The form still sends the worker type of the project that was chosen before.
    found = commands(client.get("/connect?project=acme/web&type=design").text)
    assert "--project acme/web --type implementation" in found["runner-command"]
    assert client.get("/connect?project=acme/none").status_code == 400


def test_without_a_worker_type_the_runner_waits_and_the_rest_is_there(client, board):
    with board() as session:
        make_project(session, roles=(), gates=(GATE,))

    found = commands(client.get("/connect?project=acme/web").text)

    assert list(found) == ["token-command", "mcp-configuration", "api-command"]


def test_the_runner_s_commands_are_those_that_the_guide_names():
    guide = (ROOT / "docs" / "agents.md").read_text("utf-8")
    section = guide.partition("\n## Commands that work\n")[2].partition("\n## ")[0]
    documented = [
        tomllib.loads(line)["command"]
        for line in re.findall("^command = .*", section, re.MULTILINE)
    ]

    assert sorted(documented) == sorted(list(each.command) for each in PROGRAMS.values())


def test_an_admin_makes_a_token_there_and_sees_it_once(sign_in, board, stranger):
    with board() as session:
        make_ticket(session)
    admin = sign_in("admin")
    assert 'value="web-crew"' in admin.get("/connect").text

    made = admin.post(
        "/connect?agent=codex",
        data={"name": "web-crew", "scopes": ["work"], "project_id": "acme/web", "expires": "90"},
    ).text

    secret = commands(made)["token-command"].removeprefix("export CALLBOARD_TOKEN=")
    asked = stranger.get("/api/v1/queues", headers={"Authorization": f"Bearer {secret}"})
    assert asked.status_code == 200
    assert "codex" in commands(made)["runner-command"]
    assert secret not in admin.get("/connect").text
    with board() as session:
        token = ApiToken.named(session, "web-crew")
        assert (token.scopes, token.project_id) == (["work"], "acme/web")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, "This can"),
        ({"name": "crew", "scopes": ["admin"]}, "What it allows</a>"),
    ],
)
def test_a_refused_token_says_why_beside_the_commands(sign_in, board, values, said):
    with board() as session:
        make_ticket(session)
    form = {"scopes": ["work"], "project_id": "", "expires": "90", **values}

    answer = sign_in("admin").post("/connect", data=form)

    assert answer.status_code == 422
    assert "Nothing was saved yet" in answer.text
    assert said in answer.text
    assert "cb_…" in commands(answer.text)["token-command"]
    with board() as session:
        assert session.query(ApiToken).count() == 0


def test_others_are_told_who_makes_the_token(client, board):
    with board() as session:
        make_ticket(session)

    page = client.get("/connect").text
    assert "An admin of this board makes it" in page
    assert 'name="scopes"' not in page
    assert client.post("/connect", data={"name": "x"}).status_code == 403


@pytest.mark.usefixtures("new_minute")
def test_it_waits_for_the_first_worker_and_then_names_it(client, board):
    with board() as session:
        make_ticket(session)
        make_ticket(session, project="acme/other")
        make_worker(session, project="acme/other", worker_id="not-ours")
    page = client.get("/connect?project=acme/web").text
    assert "for the first worker of acme/web" in page
    url = unescape(re.search(r'hx-get="([^"]+)"', page).group(1))
    assert client.get(url, headers=ASKS).status_code == 204

    with board() as session:
        make_worker(session, worker_id="build01-implementation-1")

    seen = client.get(url, headers=ASKS).text
    assert "<html" not in seen
    assert "build01-implementation-1" in seen
    assert "just now" in seen
    assert "not-ours" not in seen
