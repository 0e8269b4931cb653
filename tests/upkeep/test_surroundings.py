"""What the doctor says of the settings, before it asks the database."""

from __future__ import annotations

import pytest

from app.settings.board import load_settings
from app.upkeep.doctor.surroundings import look_around


@pytest.mark.parametrize(
    ("settings", "warnings"),
    [
        ({"proxy_hops": 1}, 2),
        ({"proxy_hops": 1, "secure_cookies": True}, 1),
        ({"proxy_hops": 1, "secure_cookies": True, "trusted_hosts": "board.example.org"}, 0),
    ],
)
def test_a_proxy_without_what_belongs_to_it_is_warned_about(tmp_path, settings, warnings):
    assert len(warnings_about("proxy", tmp_path, **settings)) == warnings


@pytest.mark.parametrize(
    ("bind", "hops", "warned"),
    [
        ("0.0.0.0:8000", 0, True),
        (":8000", 0, True),
        ("[::]:8000", 0, True),
        ("127.0.0.1:8000,192.0.2.7:8000", 0, True),
        ("board.example.org", 0, True),
        ("0.0.0.0:8000", 1, False),
        ("127.0.0.1:8000", 0, False),
        ("[::1]:8000", 0, False),
        ("localhost:8000", 0, False),
        ("unix:/run/callboard/callboard.sock", 0, False),
        ("", 0, False),
    ],
)
def test_a_public_address_without_a_proxy_is_warned_about(
    tmp_path, monkeypatch, bind, hops, warned
):
    monkeypatch.setenv("CALLBOARD_BIND", bind)

    assert len(warnings_about("bind", tmp_path, proxy_hops=hops)) == warned


def warnings_about(subject, folder, **settings):
    around = look_around(load_settings(instance_path=folder, **settings), fix=False)
    return [found for found in around if (found.level, found.subject) == ("warning", subject)]
