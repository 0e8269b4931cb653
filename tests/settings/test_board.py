"""Settings: from the environment, checked, and explained in one line when wrong."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main
from app.settings import ConfigError
from app.settings.board import Settings, load_settings, secret_key

COMMAND = [str(Path(sys.executable).with_name("callboard")), "expire-leases"]

WRONG = {
    "DATABASE_URL=mysql://host/db": "must start with sqlite:// or postgresql://",
    "DATABASE_URL=callboard.db": "is not a database URL",
    "SQLITE_SYNCHRONOUS=off": "'full' or 'normal'",
    "SECRET_KEY=short": "must have at least 16 characters",
    "LEASE_SECONDS=9": "greater than or equal to 10",
    "LEASE_SECONDS=86401": "less than or equal to 86400",
    "LEASE_SECONDS=soon": "valid integer",
    "SWEEP_SECONDS=-1": "greater than or equal to 0",
    "SWEEP_SECONDS=often": "valid number",
    "MAX_BODY_BYTES=10": "greater than or equal to 100000",
    "PROXY_HOPS=11": "less than or equal to 10",
    "SECURE_COOKIES=perhaps": "valid boolean",
    "LOG_LEVEL=loud": "'debug', 'info', 'warning' or 'error'",
    "OIDC_ISSUER=http://id.example.org": "must start with https://",
    "OIDC_ISSUER=https://id.example.org/.well-known/openid-configuration": "must be the issuer",
    "OIDC_SCOPES=profile email": "must hold openid",
    "OIDC_DOMAINS=example.org,@x": "@x is no domain",
    "AUTH_HEADER=X_Remote_User": "letters, digits and dashes",
    "AUTH_HEADER=X-Forwarded-For": "means something else already",
    "AUTH_HEADER_FROM=10.0.0.1/8": "is no address, no network, and not unix",
    "AUTH_HEADER_FROM=0.0.0.0/0": "is everybody",
    "SSO_ROLE=admin": "'', 'viewer', 'member' or 'lead'",
    "INSTANCE_PATH=/proc/nowhere": "can't be kept in /proc/nowhere/secret_key",
}


def environment(*settings):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CALLBOARD_")}
    return kept | dict(f"CALLBOARD_{setting}".split("=", 1) for setting in settings)


def of_the_real_command(setting):
    done = subprocess.run(
        COMMAND, env=environment(setting), capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout, done.stderr, done.returncode


REFUSED_LATER = "INSTANCE_PATH=/proc/nowhere"
"""All others are refused as the settings are read."""


@pytest.mark.parametrize("setting", ["LEASE_SECONDS=soon", REFUSED_LATER])
def test_a_wrong_setting_is_one_clear_line_and_exit_code_2(setting):
    assert_refused(of_the_real_command(setting), setting)


@pytest.mark.parametrize("setting", sorted(WRONG.keys() - {REFUSED_LATER}))
def test_so_is_every_other_one_within_a_process(monkeypatch, capfd, setting):
    for name in [name for name in os.environ if name.startswith("CALLBOARD_")]:
        monkeypatch.delenv(name)
    name, _, value = setting.partition("=")
    monkeypatch.setenv(f"CALLBOARD_{name}", value)
    monkeypatch.setattr(sys, "argv", COMMAND)

    with pytest.raises(SystemExit) as ended:
        main()

    assert_refused((*capfd.readouterr(), ended.value.code), setting)


def assert_refused(answer, setting):
    """The command answers with one line, and starts nothing."""
    out, error, code = answer
    line = error.strip()

    assert (code, out) == (2, "")
    assert "\n" not in line
    assert line.startswith("callboard: CALLBOARD_")
    assert WRONG[setting] in line


@pytest.mark.parametrize("setting", WRONG)
def test_what_is_wrong_is_named_with_what_would_be_right(monkeypatch, setting):
    name, _, value = setting.partition("=")
    monkeypatch.setenv(f"CALLBOARD_{name}", value)

    with pytest.raises(ConfigError) as error:
        secret_key(load_settings())

    assert WRONG[setting] in str(error.value)
    assert f"CALLBOARD_{name} " in str(error.value) or name == "INSTANCE_PATH"
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("setting", ["SECRET_KEY=hunter2", "DATABASE_URL=mysql://u:hunter2@h/db"])
def test_a_secret_is_never_shown(setting, monkeypatch):
    name, _, value = setting.partition("=")
    monkeypatch.setenv(f"CALLBOARD_{name}", value)

    with pytest.raises(ConfigError) as error:
        load_settings()

    assert "hunter2" not in str(error.value)
    assert "kept secret" in str(error.value)


def test_several_wrong_settings_are_all_named(monkeypatch):
    monkeypatch.setenv("CALLBOARD_LEASE_SECONDS", "1")
    monkeypatch.setenv("CALLBOARD_LOG_LEVEL", "loud")

    with pytest.raises(ConfigError, match=r"CALLBOARD_LEASE_SECONDS.*; CALLBOARD_LOG_LEVEL"):
        load_settings()


def test_an_empty_setting_is_as_if_it_werent_set(monkeypatch):
    monkeypatch.setenv("CALLBOARD_LEASE_SECONDS", "")

    assert load_settings().lease_seconds == 300


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://ann:pw@db/board", "postgresql+psycopg://ann:pw@db/board"),
        ("postgres://ann:pw@db/board", "postgresql+psycopg://ann:pw@db/board"),
        ("postgresql+psycopg://db/board", "postgresql+psycopg://db/board"),
        ("postgresql://u:p%40ss@db/board?sslmode=require", None),
        ("sqlite:////var/lib/board.db", "sqlite:////var/lib/board.db"),
    ],
)
def test_a_database_url_is_made_one_for_our_driver(given, used):
    expected = used or "postgresql+psycopg://u:p%40ss@db/board?sslmode=require"

    assert load_settings(database_url=given).url == expected


def test_without_a_url_the_database_is_a_file_in_the_instance_folder(tmp_path):
    assert load_settings(instance_path=tmp_path).url == f"sqlite:///{tmp_path}/callboard.db"


def test_hosts_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("CALLBOARD_TRUSTED_HOSTS", " board.example.org, .example.net ,")

    assert load_settings().trusted_hosts == ["board.example.org", ".example.net"]


def test_a_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    settings = load_settings(instance_path=tmp_path / "instance", secret_key="")
    old = os.umask(0)
    try:
        key = secret_key(settings)
    finally:
        os.umask(old)

    file = tmp_path / "instance" / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() == key == secret_key(settings)
    assert len(key) >= 32
    assert [path.name for path in file.parent.iterdir()] == ["secret_key"], "no draft is left"


def test_two_instances_have_different_keys(tmp_path):
    keys = {secret_key(load_settings(instance_path=tmp_path / name)) for name in "ab"}

    assert len(keys) == 2


def test_of_two_processes_that_start_at_once_both_use_the_same_key(tmp_path):
    code = (
        "import sys; from app.settings.board import *;"
        "sys.stdout.write(secret_key(load_settings(instance_path=sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=-1, text=True, env=environment()) for _ in range(2)]

    assert len({process.communicate(timeout=120)[0] for process in started}) == 1


def test_a_key_that_is_set_is_used_and_not_kept(tmp_path):
    settings = load_settings(instance_path=tmp_path, secret_key="sixteen letters!")

    assert secret_key(settings) == "sixteen letters!"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"oops", b"\xff\xfe\x00 sixteen letters and more"])
def test_a_key_file_that_holds_no_key_is_named(tmp_path, content):
    (tmp_path / "secret_key").write_bytes(content)

    with pytest.raises(ConfigError, match="secret_key holds no usable key; delete it"):
        secret_key(load_settings(instance_path=tmp_path))


def test_every_setting_says_what_it_is():
    for name, field in Settings.model_fields.items():
        assert re.search(r"\.$", field.description or ""), name


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"oidc_issuer": "https://id.example.org", "oidc_client_id": "x"}, "OIDC_CLIENT_SECRET"),
        ({"oidc_issuer": "https://id.example.org", "oidc_client_secret": "x"}, "OIDC_CLIENT_ID"),
        ({"oidc_client_secret": "x", "oidc_client_id": "x"}, "OIDC_ISSUER"),
        ({"auth_header": "X-Remote-User"}, "AUTH_HEADER_FROM"),
        ({"auth_header_from": "unix"}, "AUTH_HEADER"),
        ({"oidc_domains": "example.org"}, "OIDC_DOMAINS"),
    ],
)
def test_settings_of_single_sign_on_come_together_or_not_at_all(settings, missing):
    with pytest.raises(ConfigError, match=rf"^CALLBOARD_{missing} [^\n]+$"):
        load_settings(**settings)


def test_a_provider_on_this_very_machine_may_be_without_tls():
    load_settings(oidc_issuer="http://localhost:9400", oidc_client_id="x", oidc_client_secret="x")
