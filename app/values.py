"""Classes whose objects are nothing but what their fields hold."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def immutable(cls: Class) -> Class:
    """Make a dataclass whose objects compare and hash by their fields, and aren't changed.

    mypy holds everyone to the latter. `dataclass(frozen=True, slots=True)` means the same, and
    compiles six functions for each class instead of one: for all classes of the board that would
    be a twelfth of a start.
    """
    made: Any = dataclass(slots=True, eq=False, repr=False)(cls)
    compared = [each.name for each in fields(made) if each.compare]
    values_of = attrgetter(*compared) if compared else _nothing

    def equals(self: object, other: object) -> Any:
        is_alike = other.__class__ is self.__class__
        return values_of(self) == values_of(other) if is_alike else NotImplemented

    made.__eq__ = equals
    made.__hash__ = lambda self: hash(values_of(self))
    made.__repr__ = _as_text
    result: Class = made
    return result


def _nothing(_: object) -> tuple[()]:
    return ()


def _as_text(value: Any) -> str:
    shown = [f"{each.name}={getattr(value, each.name)!r}" for each in fields(value)]
    return f"{type(value).__qualname__}({', '.join(shown)})"
