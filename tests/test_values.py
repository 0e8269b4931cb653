"""Values: equal when their fields are."""

from __future__ import annotations

from dataclasses import field, replace

from app.values import immutable


@immutable
class Place:
    """Somewhere in a text."""

    name: str
    line: int = 1
    seen: list[str] = field(default_factory=list, compare=False)


@immutable
class Spot:
    name: str
    line: int = 1


@immutable
class Nothing:
    pass


def test_values_are_equal_when_all_their_compared_fields_are():
    assert Place("title", 2, ["now"]) == Place("title", 2)
    assert Place("title", 2) != Place("title", 3)
    of_another_class: object = Spot("title")
    assert Place("title") != of_another_class
    assert Nothing() == Nothing()


def test_equal_values_are_one_key():
    assert {Place("title"): 1}[Place("title", seen=["now"])] == 1
    assert len({Spot("title"), Spot("title", 1), Spot("text")}) == 2
    assert len({Nothing(), Nothing()}) == 1


def test_a_value_tells_what_it_holds():
    assert repr(Spot("title")) == "Spot(name='title', line=1)"


def test_another_value_is_made_of_one():
    assert replace(Spot("title"), line=4) == Spot("title", 4)
