"""What compiles and yet will not do what was meant is a warning; what cannot hold in the schema at start is an error, there alone."""

from __future__ import annotations

import pytest
from support.mappings import sound_mapping

from connector.document import Document
from connector.mapping.compile import compile_topic
from connector.mapping.parse import MappingFile
from connector.outcome import Mapped
from connector.record import Record, TopicPartition

IDFA = "D2CADB5F-410F-4963-AC0C-2A78534BDF1E"
RECORD = Record(TopicPartition("t", 0), 0, 0, b"k", b"", ())
RULE = {"name": "r", "app": "shop", "event_token": "f0ob4r"}


def schema(*symbols: str) -> dict[str, object]:
    """Return a schema whose `kind` is an enum of `symbols`, with a nullable pair of amount and currency."""
    fields: list[dict[str, object]] = [
        {"name": "idfa", "type": "string"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": list(symbols)}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "amount", "type": ["null", "long"]},
        {"name": "rate", "type": "float"},
        {"name": "currency", "type": ["null", "string"]},
    ]
    return {"type": "record", "name": "E", "fields": fields}


def mapping(**rule: object) -> MappingFile:
    """Return a mapping of one rule."""
    params = {"idfa": "event.idfa", **rule.pop("params", {})}  # type: ignore[dict-item]  # a mapping
    tree = {
        "apps": {"shop": {"app_token": "4w565xzmb54d"}},
        "topics": {"t": {"schema": "e.avsc", "rules": [{**RULE, **rule, "params": params}]}},
    }
    return sound_mapping(Document("m.yaml", ".", tree))  # type: ignore[arg-type]  # a tree


def told(given: MappingFile, *symbols: str) -> list[tuple[str, str]]:
    """Return severity and message of each problem at a start."""
    found = compile_topic(given, "t", schema(*(symbols or ("ios", "android"))), at_start=True)[1]
    return [(problem.severity, problem.message) for problem in found]


def test_an_enum_that_the_parameter_does_not_take_in_full() -> None:
    """The symbols that would be dead letters are named; an enum that fits, case and hyphens aside, is not doubted."""
    given = mapping(params={"os_name": "event.kind"})
    assert told(given, "IOS", "fire_tv") == []
    [(severity, message)] = told(given, "ios", "FEATURE_PHONE", "desktop")
    assert severity == "warning"
    assert message == (
        "an event with FEATURE_PHONE, desktop becomes a dead letter: os_name is not one of Adjust's operating systems"
    )
    assert told(mapping(params={"environment": "event.kind"}), "sandbox", "staging")[0][0] == "warning"


@pytest.mark.parametrize(
    ("params", "doubt"),
    [
        ({"revenue": "event.price", "currency": "event.currency"}, "there is always a revenue"),
        ({"revenue": "event.price", "currency": '"EUR"'}, None),
        ({"revenue": "event.amount", "currency": "event.currency"}, None),
        ({"revenue": "event.amount", "currency": 'event.currency == null ? "EUR" : event.currency'}, None),
        ({"revenue": "event.rate", "currency": '"EUR"'}, "a float or double does not hold"),
        ({"revenue": "event.rate * 2.0", "currency": '"EUR"'}, None),
    ],
)
def test_the_money_of_an_event(params: dict[str, str], doubt: str | None) -> None:
    """An amount that is always there with a currency that may not be, and a binary float; a pair that is null together is fine."""
    found = told(mapping(params=params))
    assert [severity for severity, _ in found] == (["warning"] if doubt else [])
    assert not doubt or doubt in found[0][1]


def test_the_double_of_an_ad_network_is_not_doubted() -> None:
    """Ad revenue is an estimate, which networks give as a double."""
    params = {"revenue": "event.rate", "currency": '"EUR"', "ad_impressions_count": 1}
    assert told(mapping(endpoint="ad_revenue", event_token=None, params=params)) == []


def test_a_symbol_that_an_older_schema_lacks_breaks_no_rule() -> None:
    """At start it is an error; of a schema seen later it is a warning, and its events are mapped like any other."""
    given = mapping(when='event.kind != "RENEWED"')
    assert told(given, "STARTED") == [("error", 'the enum has no symbol "RENEWED"')]
    plan, problems = compile_topic(given, "t", schema("STARTED"))
    assert [problem.severity for problem in problems] == ["warning"]
    assert isinstance(plan.apply({"idfa": IDFA, "kind": "STARTED"}, RECORD), Mapped)
