"""What a runner may be told, and how it says that something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.runner.config import ConfigError, RunnerConfig, read_config

CREW = {"project": "acme/web", "type": "review", "command": ["sh"]}


def read(text: str, tmp_path: Path, **options: Any) -> RunnerConfig:
    file = tmp_path / "runner.toml"
    file.write_text(text, "utf-8")
    return read_config(file, options)


def test_file_names_several_worker_types(tmp_path: Path) -> None:
    config = read(
        """
        url = "https://board.example.org/"
        grace = 5

        [[workers]]
        project = "acme/web"
        type = "implementation"
        command = ["sh", "-c", "true"]
        concurrency = 2

        [[workers]]
        project = "acme/web"
        type = "review"
        command = ["sh"]
        timeout = 60
        """,
        tmp_path,
    )
    assert [(crew.type, crew.concurrency) for crew in config.workers] == [
        ("implementation", 2),
        ("review", 1),
    ]
    assert config.workers[1].timeout == 60


def test_options_go_before_the_file(tmp_path: Path) -> None:
    text = 'url = "http://a"\n[[workers]]\nproject = "p"\ntype = "t"\ncommand = ["sh"]'
    assert read(text, tmp_path, url="http://b", grace=None).url == "http://b"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": None}, "url is the board's address"),
        ({"url": "board.example.org"}, "url is the board's address"),
        ({"token": "cb_x"}, "there is no setting token"),
        ({"workers": []}, "workers:"),
        ({"workers": [{**CREW, "command": "sh -c true"}]}, "is a list of words"),
        ({"workers": [{**CREW, "command": []}]}, "workers.1.command"),
        ({"workers": [{**CREW, "comand": ["x"]}]}, "there is no setting workers.1.comand"),
        ({"workers": [{**CREW, "concurrency": 0}]}, "workers.1.concurrency"),
        ({"workers": [{**CREW, "command": ["no-such-command"]}]}, "can't be found"),
        ({"workers": [{**CREW, "cwd": "/no/such/folder"}]}, "isn't a folder"),
    ],
)
def test_mistakes_are_one_line_that_names_them(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(None, {"url": "http://a", "workers": [CREW], **change})
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_toml_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="isn't valid TOML"):
        read("url = ", tmp_path)


def test_name_is_made_fit_for_ids() -> None:
    options = {"url": "http://a", "workers": [CREW], "name": "Ann's machine!"}
    assert read_config(None, options).name == "Ann-s-machine"


def test_logs_are_kept_where_the_runner_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"url": "http://a", "workers": [CREW], "log_dir": "logs"}
    assert read_config(None, options).log_dir == tmp_path / "logs"


@pytest.mark.parametrize(
    ("crews", "shared"),
    [
        ([{}], []),
        ([{"concurrency": 3}], [("that of acme/web", 3)]),
        ([{}, {"type": "testing"}], [("that of acme/web", 2)]),
        ([{}, {"project": "acme/api"}], []),
        ([{"cwd": "/usr"}, {"cwd": "/usr/../usr", "project": "acme/api"}], [("/usr", 2)]),
        ([{"cwd": "/usr"}, {"cwd": "/etc"}, {}], []),
    ],
)
def test_slots_in_one_folder_are_noticed(
    crews: list[dict[str, Any]], shared: list[tuple[str, int]]
) -> None:
    workers = [{**CREW, **crew} for crew in crews]
    assert read_config(None, {"url": "http://a", "workers": workers}).shared_places() == shared
