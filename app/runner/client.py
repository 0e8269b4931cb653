"""The board's API, as a worker uses it. Every answer that isn't an answer is an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from app.runner.assignment import Assignment
from app.runner.report import Report

T = TypeVar("T", bound=BaseModel)

TIMEOUT = httpx.Timeout(20, connect=5)
SERVER_ERROR = 500
AWAY_STATUSES = (408, 425, 429, SERVER_ERROR, 502, 503, 504)
"""What a server, or a proxy before it, says when another try may go better."""


class Refused(Exception):
    """The board answered, and said no. The message is its own."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind

    @property
    def is_about_token(self) -> bool:
        """Whether no request with this token would do better."""
        return self.status in (401, 403)


class RunOver(Refused):
    """The run that was named is no longer the ticket's current one."""


class Away(Exception):
    """The board can't be reached or can't answer now: try again later. `fault`: what it answered,
    if that is an error of its own."""

    def __init__(self, why: str, fault: Refused | None = None) -> None:
        super().__init__(why)
        self.fault = fault


class Beat(BaseModel):
    """The answer to a heartbeat."""

    model_config = ConfigDict(extra="ignore")

    instruction: Literal["continue", "stop"]
    next_heartbeat_seconds: float
    lease_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A worker, as it is registered."""

    worker_id: str
    project: str
    worker_type: str
    hostname: str
    pid: int


class Board:
    """The board at one address, with one token. Safe to use from several threads."""

    def __init__(self, url: str, token: str, user_agent: str = "callboard-runner") -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1/",
            headers={"Authorization": f"Bearer {token}", "User-Agent": user_agent},
            timeout=TIMEOUT,
            # The certificates of all authorities take as long to load as all else that it starts
            # with, and a board without TLS, which leads nowhere else, has no use for them.
            verify=self.url.startswith("https:"),
        )

    def register(self, worker: Identity) -> None:
        """Put a worker on the board; the same one again changes nothing."""
        body = {
            "worker_id": worker.worker_id,
            "project_id": worker.project,
            "worker_type": worker.worker_type,
            "hostname": worker.hostname,
            "pid": worker.pid,
        }
        self._post("workers", body)

    def heartbeat(self, worker_id: str, run_id: int | None, output_tail: str | None) -> Beat:
        """Tell that the worker lives, and extend the lease of its run. Or `RunOver`."""
        body: dict[str, Any] = {}
        if run_id is not None:
            body["run_id"] = run_id
        if output_tail is not None:
            body["output_tail"] = output_tail
        return _understood(Beat, self._post(f"workers/{worker_id}/heartbeat", body))

    def claim(self, worker_id: str) -> Assignment | None:
        """The next stage for the worker; None when there is nothing to do."""
        answer = self._post("claims", {"worker_id": worker_id})
        return None if answer.status_code == 204 else _understood(Assignment, answer)

    def report(self, run_id: int, report: Report) -> None:
        """Tell how a run ended. The same twice is fine; too late is `RunOver`."""
        self._post(f"runs/{run_id}/{report.verb}", report.body)

    def stopped(self, worker_id: str, reason: str, *, needs_attention: bool = False) -> None:
        """Tell that the worker ends in order; `needs_attention`: a person should see why."""
        body: dict[str, Any] = {"reason": reason}
        if needs_attention:
            body["needs_attention"] = True
        self._post(f"workers/{worker_id}/stopped", body)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            answer = self._http.post(path, json=body)
        except (httpx.TransportError, httpx.DecodingError, RuntimeError) as error:
            # RuntimeError: the client was closed by a runner that ends.
            raise Away(f"{type(error).__name__}: {error}") from None
        if answer.status_code in AWAY_STATUSES:
            fault = _refusal(answer) if answer.status_code == SERVER_ERROR else None
            raise Away(f"it answered {answer.status_code}", fault)
        if not answer.is_success:
            raise _refusal(answer)
        return answer


def _understood(kind: type[T], answer: httpx.Response) -> T:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise Away(f"its answer can't be understood: {error.errors()[0]['msg']}") from None


def _refusal(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
        kind, detail = str(problem["type"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return Refused(answer.status_code, "", f"{answer.status_code} {answer.reason_phrase}")
    errors = problem.get("errors") or []
    # A refusal for one field says the same in both.
    errors = [each for each in errors[:3] if each.get("message") != detail]
    details = [f"{each.get('field')}: {each.get('message')}" for each in errors]
    refused = RunOver if kind.endswith("run_not_current") else Refused
    return refused(answer.status_code, kind, " ".join([detail, *details]))
