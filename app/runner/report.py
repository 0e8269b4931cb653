"""Which report a run gets: from how its agent ended, and what the agent said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.runner.assignment import Assignment
from app.runner.outcome import BadOutcome, Outcome, find_outcome, last_message
from app.runner.plaintext import fenced, first_part, last_part, plain
from app.runner.unavailable import Unavailable, find_unavailable

Verb = Literal["complete", "return", "attention", "fail", "release"]

COMMENT_LONGEST = 131_072
REASON_LONGEST = 4_000
"""Characters that the board takes; what is longer is shortened, since nobody is there to ask."""

TAIL_LONGEST = 2_500
"""Characters of output quoted in a reason."""

PLAIN_LONGEST = 60_000
"""Characters of output that become the comment with `--plain`."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an agent ended, and what it wrote."""

    command: Sequence[str]
    exit_code: int | None
    stdout: str
    stderr: str
    tail: str
    timed_out_after: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported about a run. `unavailable`: why its program couldn't work at all."""

    verb: Verb
    body: dict[str, Any] = field(default_factory=dict)
    unavailable: Unavailable | None = None

    @property
    def summary(self) -> str:
        """One line for the runner's own log."""
        said = str(self.body.get("reason") or self.body.get("comment") or "")
        return f"{self.verb}: {said.splitlines()[0][:120]}" if said else self.verb


def report_on(ending: Ending, assignment: Assignment, *, plain_output: bool) -> Report:
    """What to report about an agent that ended, or that ran out of time."""
    if ending.timed_out_after is not None:
        return _with_tail("fail", f"It took longer than {ending.timed_out_after:g} s.", ending)
    try:
        outcome = find_outcome(ending.stdout)
    except BadOutcome as error:
        return _with_tail("attention", f"The agent reported an outcome, but {error}.", ending)
    if outcome is not None:
        return _as_told(outcome, assignment)
    if unavailable := _unavailable(ending):
        return release(unavailable.message, unavailable)
    if ending.exit_code != 0:
        return _with_tail("fail", f"The agent {_how(ending.exit_code)}.", ending)
    if plain_output and (said := plain(last_message(ending.stdout)).strip()):
        return Report("complete", {"comment": last_part(said, PLAIN_LONGEST)})
    return _with_tail("attention", "The agent ended without reporting an outcome.", ending)


def attention(reason: str) -> Report:
    """A report that lets the ticket wait for a person."""
    return Report("attention", {"reason": first_part(reason, REASON_LONGEST)})


def release(reason: str, unavailable: Unavailable | None = None) -> Report:
    """A report that gives the stage back unharmed."""
    return Report("release", {"reason": first_part(reason, REASON_LONGEST)}, unavailable)


def _unavailable(ending: Ending) -> Unavailable | None:
    return find_unavailable(ending.command, ending.exit_code, ending.stdout, ending.stderr)


def _as_told(outcome: Outcome, assignment: Assignment) -> Report:
    if outcome.kind == "next_stage":
        said = outcome.comment or outcome.reason
        return Report("complete", {"comment": first_part(said, COMMENT_LONGEST)})
    reason = _reason(outcome)
    if outcome.kind == "attention":
        return attention(reason)
    if outcome.kind == "failed":
        return Report("fail", {"reason": reason})
    to_stage = _earlier_stage(outcome.to_stage, assignment)
    if to_stage is None:
        where = f"stage {outcome.to_stage}" if outcome.to_stage is not None else "an earlier stage"
        return attention(
            f"The agent wants to send the ticket back to {where}, which isn't before "
            f"{assignment.stage_name}. It says: {reason}"
        )
    return Report("return", {"to_stage": to_stage, "reason": reason})


def _reason(outcome: Outcome) -> str:
    said = [outcome.reason, outcome.comment if outcome.comment != outcome.reason else ""]
    text = "\n\n".join(part for part in said if part) or "The agent gave no reason."
    return first_part(text, REASON_LONGEST)


def _earlier_stage(wanted: int | str | None, assignment: Assignment) -> int | None:
    """The number of the stage to go back to; of stages with the same name, the nearest."""
    own = assignment.run.stage_number
    if wanted is None:
        return own - 1 or None
    if isinstance(wanted, int):
        return wanted if 1 <= wanted < own else None
    named = [s.number for s in assignment.stages if s.worker_type == wanted.strip()]
    return max((number for number in named if number < own), default=None)


def _how(exit_code: int | None) -> str:
    if exit_code is None:
        return "was killed"
    if exit_code < 0:
        return f"was killed by signal {-exit_code}"
    return f"ended with exit code {exit_code}"


def _with_tail(verb: Verb, what: str, ending: Ending) -> Report:
    if not ending.tail:
        return Report(verb, {"reason": f"{what} It wrote nothing."})
    tail = fenced(last_part(ending.tail, TAIL_LONGEST))
    return Report(verb, {"reason": f"{what} The end of its output:\n\n{tail}"})
