"""A provider that lies, is slow, or isn't there: nobody comes in, and the page says so."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from app.db.base import db
from app.models import Identity, User
from app.web.auth import oidc
from tests.conftest import OutsideClient
from tests.databases import empty_all_tables
from tests.processes import ROOT, free_port
from tests.providers import CLIENT, LyingProvider

START = "/sign-in/single-sign-on"
NOT_TRUE = "couldn&#39;t be verified"
NOT_THERE = "can&#39;t be reached now"
LATER, EARLIER = 3_600, -3_600

STRANGERS_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
SHARED_SECRET = OctKey.import_key(CLIENT["oidc_client_secret"], {"kid": "one"})

LIES = {
    "another nonce": {"claims": {"nonce": "of another browser"}},
    "no nonce": {"claims": {"nonce": None}},
    "for another client": {"claims": {"aud": "another"}},
    "for another client, made by ours": {"claims": {"aud": "another", "azp": "callboard"}},
    "for several, made by another": {"claims": {"aud": ["callboard", "x"], "azp": "x"}},
    "for nobody": {"claims": {"aud": None}},
    "of another issuer": {"claims": {"iss": "https://elsewhere.example"}},
    "of no issuer": {"claims": {"iss": None}},
    "too old": {"claims": {"exp": int(time.time()) + EARLIER}},
    "never ending": {"claims": {"exp": None}},
    "from the future": {"claims": {"iat": int(time.time()) + 2 * LATER}},
    "about nobody": {"claims": {"sub": None}},
    "about an empty name": {"claims": {"sub": ""}},
    "about a number": {"claims": {"sub": 7}},
    "about too long a name": {"claims": {"sub": "x" * 256}},
    "signed by a stranger": {"signs_with": STRANGERS_KEY},
    "not signed": {
        "algorithm": "none",
        "metadata": {"id_token_signing_alg_values_supported": ["none", "RS256"]},
    },
    "signed by the shared secret": {
        "algorithm": "HS256",
        "signs_with": SHARED_SECRET,
        "metadata": {"id_token_signing_alg_values_supported": ["HS256", "RS256"]},
    },
    "not sent": {"token": {"id_token": None}},
    "told of someone else": {"claims": {"email": None}, "userinfo": {"sub": "s-2"}},
    "metadata of another": {"metadata": {"issuer": "https://elsewhere.example"}},
    "sent to no address": {"metadata": {"token_endpoint": "file:///etc/passwd"}},
}

NONSENSE = {
    "metadata that is no JSON": ("/.well-known/openid-configuration", (200, b"<html>")),
    "metadata that is missing": ("/.well-known/openid-configuration", (404, b"")),
    "a token that is no JSON": ("/token", (200, b"<html>")),
    "a token endpoint that broke": ("/token", (500, b"{}")),
    "a token endpoint that says no": ("/token", (400, b'{"error": "invalid_grant"}')),
    "keys that are none": ("/jwks", (200, b'{"keys": "none"}')),
    "keys that are no JSON": ("/jwks", (200, b"\xff")),
}


@pytest.fixture(scope="module")
def lying() -> Iterator[LyingProvider]:
    with LyingProvider() as provider:
        yield provider


@pytest.fixture
def provider(lying: LyingProvider) -> LyingProvider:
    lying.be_honest()
    return lying


@pytest.fixture(scope="module")
def shared_app(new_database, make_app, lying) -> Flask:
    return make_app(new_database("sqlite"), sso_role="member", **lying.settings)


@pytest.fixture
def app(shared_app, lying) -> Iterator[Flask]:
    settings = shared_app.extensions["callboard.settings"]
    shared_app.extensions["callboard.provider"] = oidc.Provider(settings)
    shared_app.test_client_class = OutsideClient
    yield shared_app
    with shared_app.app_context():
        empty_all_tables()


def go_there_and_back(client: FlaskClient, provider: LyingProvider):
    sent = client.get(START)
    if sent.status_code != 303:
        return sent
    return client.get(provider.sends_back(sent.location))


def names(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(User.name)))


def test_what_is_true_lets_someone_in(app, provider):
    client = app.test_client()

    assert go_there_and_back(client, provider).location == "/"

    assert client.get("/").status_code == 200
    assert names(app) == ["liar"]


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_lets_nobody_in(app, provider, lie):
    for name, value in lie.items():
        setattr(provider, name, value)
    client = app.test_client()

    answer = go_there_and_back(client, provider)

    assert answer.status_code == 403
    assert NOT_TRUE in answer.text
    assert client.get("/account").status_code == 303
    assert names(app) == []


@pytest.mark.parametrize(("path", "said"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_a_clear_page(app, provider, path, said):
    provider.answers[path] = said

    answer = go_there_and_back(app.test_client(), provider)

    assert answer.status_code in (403, 503)
    assert NOT_THERE in answer.text or NOT_TRUE in answer.text
    assert names(app) == []


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
def test_one_that_is_too_slow_is_a_clear_page(app, provider, path, monkeypatch):
    monkeypatch.setattr(oidc, "TIMEOUT_SECONDS", 0.2)
    app.extensions["callboard.provider"] = oidc.Provider(app.extensions["callboard.settings"])
    provider.silent_seconds[path] = 0.6

    answer = go_there_and_back(app.test_client(), provider)

    assert answer.status_code == 503
    assert NOT_THERE in answer.text


def test_one_that_is_down_stops_neither_the_board_nor_its_passwords(
    new_database, make_app, monkeypatch
):
    port = free_port()
    app = make_app(
        new_database("sqlite"), oidc_issuer=f"http://127.0.0.1:{port}", sso_role="member", **CLIENT
    )
    with app.app_context():
        db.session.add(User(name="root", role="admin"))
        db.session.commit()
    client = app.test_client()

    assert "Sign in with single sign-on" in client.get("/sign-in").text
    assert client.get(START).status_code == 503
    with LyingProvider(port) as provider:
        assert client.get(START).status_code == 503  # asked again only after a pause
        assert provider.asked == []
        monkeypatch.setattr(oidc, "PAUSE_SECONDS", 0)
        app.extensions["callboard.provider"] = oidc.Provider(app.extensions["callboard.settings"])
        assert go_there_and_back(client, provider).location == "/"


def test_a_new_key_is_fetched_when_it_is_first_used(app, provider):
    go_there_and_back(app.test_client(), provider)
    old, provider.key = provider.key, RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    provider.signs_with = provider.key
    try:
        assert go_there_and_back(app.test_client(), provider).location == "/"
    finally:
        provider.key = old


def test_metadata_is_asked_for_once_and_again_when_it_is_old(app, provider, monkeypatch):
    for _ in range(3):
        go_there_and_back(app.test_client(), provider)
    assert [path for path, *_ in provider.asked].count("/.well-known/openid-configuration") == 1

    monkeypatch.setattr(oidc, "METADATA_SECONDS", 0)
    app.extensions["callboard.provider"] = oidc.Provider(app.extensions["callboard.settings"])
    provider.asked.clear()
    go_there_and_back(app.test_client(), provider)

    assert [path for path, *_ in provider.asked].count("/.well-known/openid-configuration") > 1


def test_the_code_is_proved_to_be_ours_by_a_challenge_and_the_secret(app, provider):
    go_there_and_back(app.test_client(), provider)

    sent = {path: (query, headers) for path, query, headers in provider.asked}
    asked, told = sent["/authorize"][0], sent["/token"][0]
    assert asked["code_challenge_method"] == "S256"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid profile email")
    assert len(told["code_verifier"]) >= 43
    assert asked["redirect_uri"] == told["redirect_uri"] == f"http://localhost{START}/back"
    assert sent["/token"][1]["Authorization"].startswith("Basic ")


def test_a_provider_that_takes_the_secret_only_in_the_form_gets_it_there(app, provider):
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert go_there_and_back(app.test_client(), provider).location == "/"

    told, headers = next((q, h) for path, q, h in provider.asked if path == "/token")
    assert told["client_secret"] == CLIENT["oidc_client_secret"]
    assert "Authorization" not in headers


def test_names_that_only_userinfo_tells_are_asked_for(app, provider):
    provider.claims = {"email": None}
    provider.userinfo = {"preferred_username": "ann"}

    go_there_and_back(app.test_client(), provider)

    assert names(app) == ["ann"]


def test_another_subject_is_another_person_whatever_it_is_called(app, provider):
    go_there_and_back(app.test_client(), provider)
    provider.claims = {"sub": "s-2"}
    go_there_and_back(app.test_client(), provider)

    with app.app_context():
        assert db.session.scalars(select(Identity.subject)).all() == ["s-1", "s-2"]
    assert names(app) == ["liar", "liar-2"]


def test_without_the_extra_the_setting_is_one_clear_line():
    code = "import sys; sys.modules['authlib'] = None; from app.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "expire-leases"],
        cwd=ROOT,
        env={
            "PATH": "",
            "CALLBOARD_SECRET_KEY": "long enough for a test",
            "CALLBOARD_OIDC_ISSUER": "https://id.example.org",
            "CALLBOARD_OIDC_CLIENT_ID": "board",
            "CALLBOARD_OIDC_CLIENT_SECRET": "sesame-open",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "pip install 'callboard[oidc]'" in done.stderr
    assert "sesame" not in done.stderr
