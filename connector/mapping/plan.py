"""The compiled rules of one topic for one schema, and what they make of an event.

**Rule**: the first rule whose `when` holds decides, alone. A rule that this schema breaks makes Invalid the events that
reach its broken condition, or that match it; it never passes them on to another rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from connector.adjust.endpoints import MAX_REQUEST_BYTES
from connector.mapping.cel.expression import Event
from connector.mapping.pieces import Piece, Read, failure
from connector.outcome import Filtered, Interpretation, Invalid, Mapped, Reason
from connector.record import Record, Request

Act = Callable[[Event, Record], Interpretation]
Order = Callable[[Event, Record], bytes | str | Invalid | None]


class CompiledRule(NamedTuple):
    """A rule: `when` is None where it always holds; `act` is what it does; `text` is the condition as written."""

    name: str
    when: Read | None
    act: Act
    text: str = ""


class Plan:
    """The rules of a topic, ready to be applied."""

    __slots__ = ("_rules", "_unmatched", "rules")

    def __init__(self, rules: Sequence[CompiledRule], unmatched: Filtered | Invalid) -> None:
        self.rules = tuple(rule.name for rule in rules)
        self._rules = tuple(rules)
        self._unmatched = unmatched

    def apply(self, event: Event, record: Record) -> Interpretation:
        """Return what `event`, decoded from `record`, becomes. Never raises."""
        for name, when, act, text in self._rules:
            if when is not None:
                holds = when(event, record)
                if holds is False:
                    continue
                if holds is not True:
                    return _no_answer(holds, name, text)
            return act(event, record)
        return self._unmatched


def _no_answer(holds: object, rule: str, text: str) -> Invalid:
    if isinstance(holds, Invalid):
        return holds
    found = failure(holds, rule, text)
    return found or Invalid(Reason.EVALUATION_FAILED, f"rule {rule}: the condition is neither true nor false, in: {text}", rule)


def drop(rule: str) -> Act:
    """Return the act of a rule that drops its events."""
    dropped = Filtered(rule)
    return lambda _event, _record: dropped


def broken(rule: str, why: str, app: str | None = None) -> Act:
    """Return the act of a rule that the schema breaks; `why` names the problem, without data; `app` is where it would send."""
    invalid = Invalid(Reason.SCHEMA_BREAKS_RULE, f"rule {rule}: {why}", rule, app=app)
    return lambda _event, _record: invalid


class Destination(NamedTuple):
    """Where a rule sends: the app by name, the endpoint's path, and the part of the body that never changes."""

    app: str
    path: str
    constant: str


def send(rule: str, to: Destination, devices: Sequence[Piece], others: Sequence[Piece], order: Order | None) -> Act:
    """Return the act of a rule that sends. `devices` are the pieces of its device identifiers, preferred ones first."""
    app, path, constant = to
    device_pieces, other_pieces = tuple(devices), tuple(others)
    key_of = _by_record_key if order is None else _by_value(order)
    no_device = Invalid(Reason.MISSING_DEVICE_ID, f"rule {rule}: none of its device identifiers has a value", rule, app=app)
    oversized = Invalid(Reason.OVERSIZED, f"rule {rule}: the request is larger than {MAX_REQUEST_BYTES:,} bytes", rule, app=app)

    def act(event: Event, record: Record) -> Interpretation:
        parts = [constant]
        invalid = _append(parts, device_pieces, event, record)
        if invalid is not None:
            return invalid._replace(app=app)
        if len(parts) == 1:
            return no_device
        device = parts[1]
        invalid = _append(parts, other_pieces, event, record)
        if invalid is not None:
            return invalid._replace(app=app)
        body = "".join(parts).encode()
        if len(body) > MAX_REQUEST_BYTES:
            return oversized
        key = key_of(event, record, device)
        return key._replace(app=app) if isinstance(key, Invalid) else Mapped(Request(app, path, body, rule), key)

    return act


def _append(parts: list[str], pieces: tuple[Piece, ...], event: Event, record: Record) -> Invalid | None:
    """Append what `pieces` write to `parts`; stop at the first that is Invalid."""
    for write in pieces:
        piece = write(event, record)
        if piece:
            if piece.__class__ is not str:
                return piece  # type: ignore[return-value]  # Invalid, since no text
            parts.append(piece)
    return None


def _by_record_key(_event: Event, record: Record, device: str) -> bytes | str | Invalid:
    """Return the record's key, the empty one too, or the first device identifier; `device` is its piece, `&name=value`."""
    return record.key if record.key is not None else "device:" + device.partition("=")[2]


def _by_value(order: Order) -> Callable[[Event, Record, str], bytes | str | Invalid]:
    def key_of(event: Event, record: Record, device: str) -> bytes | str | Invalid:
        key = order(event, record)
        return _by_record_key(event, record, device) if key is None else key

    return key_of
