"""The real programs of agents, as `make agents` brings them, with a home of their own.

They are told of one model server on the loopback, and have no way to any other.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

PROGRAMS = os.environ.get("AGENT_PROGRAMS", "")
"""The folder with the programs."""

FORMATS: dict[str, dict[str, list[str]]] = {
    "claude": {
        "text": [],
        "json": ["--output-format", "json"],
        "stream-json": ["--output-format", "stream-json", "--verbose"],
    },
    "codex": {"text": [], "json": ["--json"]},
    "gemini": {
        "text": [],
        "json": ["--output-format", "json"],
        "stream-json": ["--output-format", "stream-json"],
    },
    "opencode": {"text": [], "json": ["--format", "json"]},
}
"""Options for each format in which a program can answer."""


def environment(home: Path, server: str) -> dict[str, str]:
    """Makes every program use this server, and keep what it keeps in this folder."""
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "config.toml").write_text(
        'model = "scripted"\nmodel_provider = "scripted"\n'
        "[analytics]\nenabled = false\n"
        f'[model_providers.scripted]\nname = "scripted"\nbase_url = "{server}/v1"\n'
        'env_key = "SCRIPTED_KEY"\nwire_api = "responses"\n'
        "request_max_retries = 1\nstream_max_retries = 1\n",
        "utf-8",
    )
    scripted = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "scripted",
        "options": {"baseURL": f"{server}/v1", "apiKey": "k"},
        "models": {"m": {"name": "m"}},
    }
    opencode: dict[str, object] = {
        "model": "scripted/m",
        "small_model": "scripted/m",
        "autoupdate": False,
    }
    opencode |= {"share": "disabled", "enabled_providers": ["scripted"]}
    _write(
        home / ".config/opencode/opencode.json", {**opencode, "provider": {"scripted": scripted}}
    )
    gemini = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"disableAutoUpdate": True, "disableUpdateNag": True},
    }
    _write(home / ".gemini/settings.json", gemini)
    return {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # Nobody listens there.
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "ANTHROPIC_BASE_URL": server,
        "ANTHROPIC_API_KEY": "k",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "DISABLE_AUTOUPDATER": "1",
        "SCRIPTED_KEY": "k",
        "GEMINI_API_KEY": "k",
        "GOOGLE_GEMINI_BASE_URL": server,
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "GIT_AUTHOR_NAME": "crew",
        "GIT_AUTHOR_EMAIL": "crew@example.org",
        "GIT_COMMITTER_NAME": "crew",
        "GIT_COMMITTER_EMAIL": "crew@example.org",
    }


def _write(file: Path, settings: dict[str, object]) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(settings), "utf-8")
