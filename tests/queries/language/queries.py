"""Queries, made from the grammar."""

from __future__ import annotations

from hypothesis import strategies as st

from app.queries.tickets.conditions import STATES

PROJECTS = ("acme/web", "acme/api")
STAGES = ("implementation", "review", "approval")
LABELS = ("ui", "bug", "two words", "none", "ÜBER", 'a "b"')
IDS = ("WEB-1", "WEB-2", "API-1", "own.Id", "gone-1")
PEOPLE = ("ann", "bob", "me")
TIMES = (
    *("<7d", "<=7d", ">7d", ">=2w", "7d", "today", "yesterday", "<today", ">=yesterday", "<30min"),
    *("2026-01-01", ">2026-01-01", "<=2026-01-01", "2026-01-01..2026-02-01", "..2026-01-15"),
    *("2026-01-15..", "30d..7d", "1y..yesterday", ">1mo"),
)
PRIORITIES = ("urgent", "high", "medium", "low", "0", "3", "<2", ">=high", "1..2", "<=low")
HAS = (
    "children",
    "assignee",
    "parent",
    "blockers",
    "comments",
    "runs",
    "labels",
    "description",
    "ref",
)
WORDS = ("login", "form", "log*", '"login form"', '"form log"*', "web-1", "WEB", "e\u0301")


def quoted(text: str) -> str:
    """A name, in quotes if it needs them."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(' ",') & set(text) or text == "none" else text


def changed_case(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.lower(), name.upper()])


VALUES: dict[str, st.SearchStrategy[str]] = {
    "project": st.sampled_from((*PROJECTS, "no/such")),
    "is": st.sampled_from((*STATES, "starved", "mine")),
    "state": st.sampled_from(STATES),
    "stage": st.sampled_from((*STAGES, "nothing")),
    "priority": st.sampled_from(PRIORITIES),
    "label": st.one_of(st.sampled_from(LABELS).map(quoted), st.just("none")),
    "id": st.sampled_from(IDS).flatmap(changed_case),
    "parent": st.one_of(st.sampled_from(IDS).flatmap(changed_case), st.just("none")),
    "worker": st.sampled_from(("w-1", "w-2", "none")),
    "author": st.sampled_from((*PEOPLE, "none")),
    "assignee": st.sampled_from((*PEOPLE, "ANN", "none", '"me"')),
    "created": st.sampled_from(TIMES),
    "updated": st.sampled_from(TIMES),
    "closed": st.sampled_from(TIMES),
    "has": st.sampled_from(HAS),
    "plan": st.sampled_from((*STAGES, "nothing")),
    "ref": st.sampled_from(("beads:1", "none")),
}
conditions = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.lists(VALUES[name], min_size=1, max_size=3).map(
        lambda values: f"{name}:{','.join(values)}"
    )
)
texts = st.sampled_from(WORDS)
sorts = st.lists(st.sampled_from(("title", "-updated", "priority")), min_size=1, max_size=2).map(
    lambda keys: f"sort:{','.join(keys)}"
)
signs = st.sampled_from(("", "", "-"))
terms = st.one_of(
    st.tuples(signs, conditions).map("".join),
    st.tuples(signs, conditions).map("".join),
    st.tuples(signs, texts).map("".join),
    sorts,
)
queries = st.lists(terms, max_size=4).map(" ".join)
