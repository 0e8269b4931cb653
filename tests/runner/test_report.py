"""What the board is told, from how the agent ended and what it said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.runner.report import COMMENT_LONGEST, REASON_LONGEST, Ending, Report, report_on
from tests.runner.assignments import make_assignment


def reported(stdout: str = "", *, plain: bool = False, stage: int = 3, **values: Any) -> Report:
    told = {"command": ["agent"], "exit_code": 0, "stdout": stdout, "stderr": "", "tail": stdout}
    ending = Ending(**{**told, **values})
    return report_on(ending, make_assignment(stage), plain_output=plain)


def told(**outcome: Any) -> str:
    return json.dumps(outcome)


def test_next_stage_completes_with_the_comment() -> None:
    report = reported(told(outcome="next_stage", comment="Built it."))
    assert report == Report("complete", {"comment": "Built it."})


@pytest.mark.parametrize(
    ("to_stage", "number"), [(None, 2), (1, 1), ("2", 2), ("design", 1), ("implementation", 2)]
)
def test_prev_stage_goes_back_to_the_stage_named(to_stage: Any, number: int) -> None:
    report = reported(told(outcome="prev_stage", reason="Square corners.", to_stage=to_stage))
    assert report == Report("return", {"to_stage": number, "reason": "Square corners."})


def test_of_stages_with_the_same_name_the_nearest_earlier_one_is_meant() -> None:
    report = reported(told(outcome="prev_stage", reason="x", to_stage="implementation"), stage=5)
    assert report.body["to_stage"] == 4


@pytest.mark.parametrize(("to_stage", "stage"), [(3, 3), (0, 3), ("testing", 3), (None, 1)])
def test_a_stage_that_is_not_earlier_becomes_a_question(to_stage: Any, stage: int) -> None:
    report = reported(told(outcome="prev_stage", reason="Bad.", to_stage=to_stage), stage=stage)
    assert report.verb == "attention"
    assert "Bad." in report.body["reason"]


def test_reason_and_comment_are_both_told() -> None:
    report = reported(told(outcome="attention", reason="Which?", comment="I tried both."))
    assert report == Report("attention", {"reason": "Which?\n\nI tried both."})


def test_failed_without_a_reason_still_has_one() -> None:
    report = reported(told(outcome="failed"))
    assert report == Report("fail", {"reason": "The agent gave no reason."})


def test_an_outcome_counts_more_than_the_exit_code() -> None:
    assert reported(told(outcome="next_stage", comment="ok"), exit_code=1).verb == "complete"


def test_exit_code_without_outcome_fails_with_the_end_of_the_output() -> None:
    report = reported("Segmentation ``` fault", exit_code=139)
    assert report.verb == "fail"
    assert "exit code 139" in report.body["reason"]
    assert "````text\nSegmentation ``` fault\n````" in report.body["reason"]


@pytest.mark.parametrize(("code", "words"), [(-9, "killed by signal 9"), (None, "was killed")])
def test_a_killed_agent_failed(code: int | None, words: str) -> None:
    assert words in reported(exit_code=code).body["reason"]


def test_silence_is_a_question_for_a_person() -> None:
    assert reported("I did it!").verb == "attention"
    assert "I did it!" in reported("I did it!").body["reason"]
    assert "wrote nothing" in reported().body["reason"]


def test_plain_output_completes_and_is_the_comment() -> None:
    done = reported("\x1b[1mI did it!\n", plain=True)
    assert done == Report("complete", {"comment": "I did it!"})
    assert reported("", plain=True).verb == "attention"
    assert reported("oops", plain=True, exit_code=1).verb == "fail"


def test_plain_output_in_a_machine_format_is_the_last_message() -> None:
    said = {"type": "item.completed", "item": {"type": "agent_message", "text": "I did it!"}}
    done = reported(json.dumps(said), plain=True)
    assert done == Report("complete", {"comment": "I did it!"})


def test_no_quota_gives_the_stage_back() -> None:
    report = reported(
        command=["codex"], exit_code=1, stderr="ERROR: Quota exceeded. Check your plan."
    )
    assert (report.verb, report.body["reason"]) == (
        "release",
        "Quota exceeded. Check your plan.",
    )
    assert report.unavailable


def test_an_outcome_counts_more_than_the_end_of_a_quota() -> None:
    outcome = told(outcome="next_stage", comment="ok")
    report = reported(outcome, command=["codex"], exit_code=1, stderr="ERROR: Quota exceeded.")
    assert (report.verb, report.unavailable) == ("complete", None)


def test_a_timeout_fails_whatever_was_said() -> None:
    report = reported(told(outcome="next_stage", comment="ok"), timed_out_after=60.0)
    assert report.verb == "fail"
    assert "longer than 60 s" in report.body["reason"]


def test_long_texts_are_shortened_to_what_the_board_takes() -> None:
    comment = reported(told(outcome="next_stage", comment="x" * 200_000)).body["comment"]
    reason = reported(told(outcome="failed", reason="y" * 9_000)).body["reason"]
    assert len(comment) == COMMENT_LONGEST
    assert len(reason) == REASON_LONGEST
    assert comment.endswith("(shortened)")


def test_limits_are_those_of_the_board() -> None:
    from app.models import Comment, Ticket, Worker
    from app.runner.output import TAIL_CHARACTERS

    assert (COMMENT_LONGEST, REASON_LONGEST) == (Comment.CONTENT_MAX, Ticket.REASON_MAX)
    assert TAIL_CHARACTERS <= Worker.OUTPUT_TAIL_MAX


def test_an_outcome_that_makes_no_sense_is_a_question() -> None:
    report = reported(told(outcome="shipped"))
    assert report.verb == "attention"
    assert '"shipped"' in report.body["reason"]
