"""An agent's output is kept in bounded room, and made readable."""

from __future__ import annotations

import json
from pathlib import Path

from app.runner.output import KEPT_BYTES, TAIL_CHARACTERS, Output
from app.runner.plaintext import fenced, first_part, last_part, plain


def test_log_has_everything_when_it_is_short(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    output.add("stdout", b"one\n")
    output.add("stderr", b"two\n")
    output.close()
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_log_can_be_followed_while_the_agent_works(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    output.add("stdout", b"one\n")
    assert (tmp_path / "log").read_bytes() == b"one\n"
    output.close()


def test_long_log_keeps_its_start_and_its_end(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    for number in range(10_000):
        output.add("stdout", b"%d\n" % number)
    output.close()
    text = (tmp_path / "log").read_text("utf-8")
    assert len(text) < 1_100
    assert text.startswith("0\n1\n")
    assert text.endswith("9998\n9999\n")
    assert "bytes left out" in text


def test_only_the_end_of_standard_output_is_kept_in_memory(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    for _ in range(100):
        output.add("stdout", b"x" * 100_000)
    output.add("stderr", b"an error")
    output.add("stdout", b"the end")
    output.close()
    assert len(output.stdout) == KEPT_BYTES
    assert output.stdout.endswith("xthe end")
    assert "error" not in output.stdout


def test_an_event_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    tool = json.dumps({"type": "user", "filler": "x" * KEPT_BYTES, "it": {"outcome": "failed"}})
    last = json.dumps({"type": "result", "result": "no outcome"})
    output.add("stdout", f"{tool}\n{last}\n".encode())
    output.close()
    assert output.stdout == f"{last}\n"


def test_tail_has_the_last_lines_of_both_streams_readable(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    output.add("stdout", b"old line\n" * 10_000)
    output.add("stdout", b"\x1b[31mred\x1b[0m \xff\n10%\r99%\r100%\n")
    output.add("stderr", b"warning\n")
    output.close()
    assert output.tail.endswith("red \N{REPLACEMENT CHARACTER}\n100%\nwarning")
    assert output.tail.startswith("…\nold line\n")
    assert len(output.tail) <= TAIL_CHARACTERS


def test_nothing_is_taken_after_the_end(tmp_path: Path) -> None:
    output = Output(tmp_path / "log", limit=1_000)
    output.close()
    output.add("stdout", b"late")
    output.close()
    assert (tmp_path / "log").read_bytes() == b""


def test_plain_text_has_no_control_characters() -> None:
    assert plain("a\x00b\x1b[2Kc\x1b]8;;http://x\x1b\\d\x07e\ud800f\r\ng\th") == "abcdef\ng\th"


def test_parts_say_what_is_missing() -> None:
    assert first_part("x" * 50, 30) == "x" * 16 + " … (shortened)"
    assert last_part("first\n" + "x" * 27, 30) == "…\n" + "x" * 27
    assert last_part("short ", 30) == "short"


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fenced("a\n````\nb").splitlines()[0] == "`````text"
