"""Ticking a task changes its box in the text, and nothing else."""

from __future__ import annotations

import pytest

from app.markdown import to_html
from app.markdown.tasks import with_task
from tests.pages import parsed

TEXT = """Before [ ] anything

- [ ] card
- [x] debit
  1. [ ] within, with a [ ] of its own

```
- [ ] code
```

> - [ ] quoted"""


@pytest.mark.parametrize(
    ("number", "is_done", "old", "new"),
    [
        (1, True, "- [ ] card", "- [x] card"),
        (2, False, "- [x] debit", "- [ ] debit"),
        (3, True, "1. [ ] within", "1. [x] within"),
        (4, True, "> - [ ] quoted", "> - [x] quoted"),
    ],
)
def test_one_box_changes(number: int, is_done: bool, old: str, new: str) -> None:
    assert with_task(TEXT, number, is_done=is_done) == TEXT.replace(old, new)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_numbers_are_those_of_the_boxes_that_are_shown(number: int) -> None:
    def ticked(text: str) -> list[bool]:
        return [each.has_attr("checked") for each in parsed(to_html(text)).select("input")]

    before = ticked(TEXT)
    changed = with_task(TEXT, number, is_done=not before[number - 1])
    assert changed is not None
    before[number - 1] = not before[number - 1]
    assert ticked(changed) == before


@pytest.mark.parametrize("number", [0, -1, 5, 10**9])
def test_there_is_no_other_task(number: int) -> None:
    assert with_task(TEXT, number, is_done=True) is None


def test_what_is_too_complex_to_be_formatted_has_no_tasks() -> None:
    assert with_task("- [ ] a\n" * 2_400, 1, is_done=True) is None
