"""What the library is made of: one overload, one function.

**Rule**: an overload is named as CEL's checker names it, and takes values of exactly the kinds it lists; whoever calls it has
checked them. A function fails by raising `FailedError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connector.mapping.cel.values import Value

ANY = "any"
"""Stands in an overload's kinds for every kind."""

Function = Callable[..., Value]


class BadConstantError(Exception):
    """A literal argument that can never be right; `argument` is its index. Found when compiling, before any record."""

    def __init__(self, message: str, argument: int) -> None:
        super().__init__(message)
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Overload:
    """A function for arguments of `kinds`.

    `prepare`, where there is one, gets the arguments that are constant (`UNKNOWN` for those that are not) and returns a function
    of the same arguments that has done once what need not be done for each event, or None.
    """

    id: str
    name: str
    kinds: tuple[str, ...]
    call: Function
    prepare: Callable[[tuple[Value, ...]], Function | None] | None = None


class Unknown:
    """Stands for an argument that is not constant."""

    __slots__ = ()


UNKNOWN = Unknown()
