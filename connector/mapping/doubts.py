"""What compiles, and yet will not do what was meant: warnings about a parameter's expression.

**Rule**: a doubt is about most events of the schema, never about one that is merely possible: a false alarm would teach people
to ignore the check. Does not break a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.adjust.endpoints import Endpoint
from connector.adjust.formats import Format, Refused
from connector.mapping.cel.expression import Expression

Doubt = tuple[str, str, str | None]
"""The parameter, the message, the hint."""

_MAX_LISTED = 6


def of_symbols(name: str, form: Format, expression: Expression) -> Iterator[Doubt]:
    """Doubt an enum whose symbols the parameter does not all take."""
    refusals = {symbol: found for symbol in expression.symbols if isinstance(found := form.convert(symbol), Refused)}
    if refusals:
        shown = ", ".join(list(refusals)[:_MAX_LISTED]) + (" and more" if len(refusals) > _MAX_LISTED else "")
        message = f"an event with {shown} becomes a dead letter: {name} {next(iter(refusals.values())).message}"
        yield name, message, 'say what they mean, as in x == "A" ? "b" : x, or rule them out in `when`'


def of_money(endpoint: Endpoint, given: Mapping[str, Expression]) -> Iterator[Doubt]:
    """Doubt the revenue of an in-app event: an amount without a currency, and money in a binary float.

    Where both can be null, the schema says that they come together. Ad revenue is an estimate, which networks give as a double.
    """
    revenue, currency = given.get("revenue"), given.get("currency")
    if endpoint is not Endpoint.EVENT or revenue is None:
        return
    if currency is not None and currency.nullable and not revenue.nullable:
        message = "there is always a revenue, but this can be null: such an event becomes a dead letter, revenue_without_currency"
        yield "currency", message, "test it in `when` (... != null), or say what stands for null: x == null ? ... : x"
    if revenue.path is not None and revenue.type == "double" and revenue.avro_logical is None:
        hint = "write whole hundredths (a long) or a decimal in the schema, and leave this as it is where neither can be had"
        yield "revenue", "a float or double does not hold every amount of money exactly", hint
