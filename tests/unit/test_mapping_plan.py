"""What an event becomes: the request exactly, or the reason why there is none."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.mappings import sound_mapping

from connector.document import Document
from connector.mapping.compile import compile_topic
from connector.mapping.plan import Plan
from connector.outcome import Filtered, Invalid, Mapped, Reason
from connector.record import Record, TopicPartition

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "app_event.avsc").read_text())
IDFA = "D2CADB5F-410F-4963-AC0C-2A78534BDF1E"
GAID = "38400000-8cf0-11bd-b23e-10b96e40000d"
RECORD = Record(TopicPartition("app-events", 3), 17, 1_711_187_207_000, b"key", b"value", ())
RULE: dict[str, object] = {"name": "r", "app": "shop", "event_token": "f0ob4r", "params": {"idfa": "event.device.idfa"}}


def event(**fields: object) -> dict[str, object]:
    """Return a decoded sample event, logical types raw; `device` and `app` are merged into the sample's."""
    device = dict.fromkeys(("os_version", "model", "idfv", "gaid", "android_id", "adid", "att_status"))
    sample: dict[str, object] = {
        "event_id": "0b6b2f0e-1c0e-4a44-9a11-0e2a1d3c4b5a",
        "name": "purchase",
        "occurred_at": 1_711_187_207_288,
        "is_test": False,
        "app": {"name": "shop", "version": "1.2", "build": None},
        "device": {**device, "id": "device-1", "os": "ios", "idfa": IDFA},
        "tags": ["a"],
        "properties": {},
        "quantity": 2,
    }
    nullable = "user ip_address user_agent country amount_cents currency order_id sku ad_network ad_unit ad_placement ad_revenue"
    sample |= dict.fromkeys([*nullable.split(), "session_count", "time_spent_s"])
    for name, value in fields.items():
        inner = sample.get(name)
        sample[name] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    return sample


def plan(*rules: dict[str, object], environment: str | None = None, schema: object = SCHEMA, **topic: object) -> Plan:
    """Return the plan of a topic with `rules`; each is `RULE` with what is given instead."""
    app = {"app_token": "4w565xzmb54d", "s2s_token": "secret"} | ({"environment": environment} if environment else {})
    rules_tree = [{**RULE, **rule} if "drop" not in rule else rule for rule in rules]
    tree = {"apps": {"shop": app}, "topics": {"app-events": {"schema": "app_event.avsc", "rules": rules_tree, **topic}}}
    return compile_topic(sound_mapping(Document("mapping.yaml", ".", tree)), "app-events", schema)[0]  # type: ignore[arg-type]  # a tree


def body(found: object) -> dict[str, str]:
    """Return the parameters of a mapped request, as a server reads them."""
    assert isinstance(found, Mapped), found
    pairs = parse_qsl(found.request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def reason(found: object) -> Reason:
    """Return why there is no request."""
    assert isinstance(found, Invalid), found
    return found.reason


def test_the_request_of_a_purchase_is_exactly_this() -> None:
    """The whole body, byte for byte: constants first, identifiers preferred before backups, custom parameters last."""
    found = plan(
        {
            "params": {
                "currency": "event.currency",
                "revenue": "event.amount_cents == null ? 0.0 : double(event.amount_cents) / 100.0",
                "created_at_unix": "event.occurred_at",
                "idfv": "event.device.idfv",
                "idfa": "event.device.idfa",
            },
            "callback_params": {"id": "event.event_id", "none": "event.sku", "n": "event.quantity", "t": "event.is_test"},
        },
        environment="sandbox",
    ).apply(event(amount_cents=1999, currency="eur", device={"idfv": GAID}), RECORD)
    assert isinstance(found, Mapped)
    assert found.request.body == (
        b"s2s=1&app_token=4w565xzmb54d&event_token=f0ob4r&environment=sandbox"
        b"&idfa=D2CADB5F-410F-4963-AC0C-2A78534BDF1E&idfv=38400000-8CF0-11BD-B23E-10B96E40000D"
        b"&created_at_unix=1711187207&revenue=19.99&currency=EUR"
        b"&callback_params=%7B%22id%22%3A%220b6b2f0e-1c0e-4a44-9a11-0e2a1d3c4b5a%22%2C%22n%22%3A%222%22%2C%22t%22%3A%22false%22%7D"
    )
    assert (found.request.app, found.request.path, found.request.rule) == ("shop", "/event", "r")


def test_the_first_rule_that_holds_decides() -> None:
    """Later rules are not looked at, whatever they say."""
    rules = plan(
        {"name": "test", "when": "event.is_test", "drop": True}, {"name": "a", "when": 'event.name == "x"'}, {"name": "b"}
    )
    assert rules.apply(event(is_test=True), RECORD) == Filtered("test")
    assert rules.apply(event(name="x"), RECORD).request.rule == "a"  # type: ignore[union-attr]  # mapped
    assert rules.apply(event(name="y"), RECORD).request.rule == "b"  # type: ignore[union-attr]  # mapped


def test_an_event_that_no_rule_takes_is_dead_lettered_or_dropped_as_the_topic_says() -> None:
    """The default is loud: an event type that nobody thought of is not lost silently."""
    never: dict[str, object] = {"when": 'event.name == "never"'}
    assert reason(plan(never).apply(event(), RECORD)) is Reason.UNMATCHED
    assert plan(never, unmatched="drop").apply(event(), RECORD) == Filtered("unmatched")


@pytest.mark.parametrize(
    ("rule", "fields", "expected"),
    [
        ({}, {"device": {"idfa": None}}, Reason.MISSING_DEVICE_ID),
        ({}, {"device": {"idfa": "00000000-0000-0000-0000-000000000000"}}, Reason.MISSING_DEVICE_ID),
        ({}, {"device": {"idfa": "not a uuid"}}, Reason.INVALID_VALUE),
        ({"event_token": {"from": "event.name", "tokens": {"signup": "3x9wqa"}}}, {}, Reason.MISSING_EVENT_TOKEN),
        ({"params": {"idfa": "event.device.idfa", "revenue": "event.ad_revenue", "currency": "event.currency"}}, {"ad_revenue": 1.0}, Reason.REVENUE_WITHOUT_CURRENCY),
        ({"params": {"idfa": "event.device.idfa", "revenue": "event.ad_revenue", "currency": "event.currency"}}, {"ad_revenue": 0.0, "currency": "EUR"}, Reason.REVENUE_OUT_OF_RANGE),
        ({"params": {"idfa": "event.device.idfa", "revenue": "event.ad_revenue", "currency": "event.currency"}}, {"ad_revenue": 1.0, "currency": "EURO"}, Reason.INVALID_VALUE),
        ({"params": {"idfa": "event.device.idfa", "revenue": "event.ad_revenue", "currency": "event.currency"}}, {"ad_revenue": float("nan"), "currency": "EUR"}, Reason.INVALID_VALUE),
        ({"params": {"idfa": "event.device.idfa", "created_at_unix": "event.occurred_at"}}, {"occurred_at": 1_711_187_207_288_000}, Reason.INVALID_VALUE),
        ({"params": {"idfa": "event.device.idfa", "created_at_unix": "event.occurred_at"}}, {"occurred_at": -1}, Reason.INVALID_VALUE),
        ({"when": "10 / (event.quantity - 2) > 1"}, {}, Reason.EVALUATION_FAILED),
        ({"callback_params": {"x": "string(10 / (event.quantity - 2))"}}, {}, Reason.EVALUATION_FAILED),
        ({"params": {"idfa": 'event.properties["missing"]'}}, {}, Reason.EVALUATION_FAILED),
        ({"callback_params": {"x": "event.order_id"}}, {"order_id": "\ud800"}, Reason.INVALID_VALUE),
        ({"params": {"idfa": "event.device.idfa", "user_agent": "event.user_agent"}}, {"user_agent": "\ud800"}, Reason.INVALID_VALUE),
        ({"params": {"idfa": "event.device.idfa", "user_agent": "event.user_agent"}}, {"user_agent": "x" * 1_048_576}, Reason.OVERSIZED),
    ],
)  # fmt: skip
def test_an_event_that_cannot_become_a_request_says_why(
    rule: dict[str, object], fields: dict[str, object], expected: Reason
) -> None:
    """Each reason of the closed list, by an event that has it; the detail names the rule."""
    found = plan(rule).apply(event(**fields), RECORD)
    assert reason(found) is expected
    assert isinstance(found, Invalid)
    assert found.rule == "r"
    assert "rule r" in found.detail
    assert found.app == (None if "when" in rule else "shop")


def test_a_failed_evaluation_names_the_expression_and_no_value() -> None:
    """Whoever reads the dead letter knows which expression to mend."""
    found = plan({"params": {"idfa": 'event.properties["secret-key"]'}}).apply(event(properties={"other": "hunter2"}), RECORD)
    assert isinstance(found, Invalid)
    assert 'event.properties["secret-key"]' in found.detail
    assert "hunter2" not in found.detail


def test_a_null_value_leaves_its_parameter_out() -> None:
    """Absent and empty values do not reach Adjust as empty parameters."""
    rule: dict[str, object] = {
        "params": {"idfa": "event.device.idfa", "ip_address": "event.ip_address", "user_agent": "event.user_agent"}
    }
    rule |= {"callback_params": {"sku": "event.sku", "user": "event.user.id"}}
    assert set(body(plan(rule).apply(event(user_agent=""), RECORD))) == {"s2s", "app_token", "event_token", "idfa"}


@pytest.mark.parametrize(
    ("logical", "raw"),
    [
        ("timestamp-millis", 1_711_187_207_999),
        ("timestamp-micros", 1_711_187_207_999_999),
        ("timestamp-nanos", 1_711_187_207_999_999_999),
        ("local-timestamp-millis", 1_711_187_207_999),
        (None, 1_711_187_207),
        ("timestamp-millis", dt.datetime(2024, 3, 23, 9, 46, 47, 999_000, dt.UTC)),
    ],
)
def test_every_avro_timestamp_leaves_as_whole_unix_seconds(logical: str | None, raw: object) -> None:
    """The unit is the schema's: no rule divides by 1000, and a value that was decoded already means the same."""
    kind = "long" if logical is None else {"type": "long", "logicalType": logical}
    fields = [{**field, "type": kind} if field["name"] == "occurred_at" else field for field in SCHEMA["fields"]]
    rule: dict[str, object] = {"params": {"idfa": "event.device.idfa", "created_at_unix": "event.occurred_at"}}
    found = plan(rule, schema={**SCHEMA, "fields": fields}).apply(event(occurred_at=raw), RECORD)
    assert body(found)["created_at_unix"] == "1711187207"


def test_a_decimal_keeps_every_digit() -> None:
    """An Avro decimal is exact on the way through: no float stands between."""
    kind = {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 6}
    fields = [{**field, "type": kind} if field["name"] == "ad_revenue" else field for field in SCHEMA["fields"]]
    rule: dict[str, object] = {"params": {"idfa": "event.device.idfa", "revenue": "event.ad_revenue", "currency": '"EUR"'}}
    raw = (12_345_678_901_234_567).to_bytes(8, "big", signed=True)
    found = plan(rule, schema={**SCHEMA, "fields": fields}).apply(event(ad_revenue=raw), RECORD)
    assert body(found)["revenue"] == "12345678901.234567"


def test_ad_revenue_and_sessions_go_to_their_endpoints() -> None:
    """Paths and constants are the endpoint's; no event token is sent."""
    amounts: dict[str, object] = {"idfa": "event.device.idfa", "revenue": 0.5, "currency": '"usd"', "ad_impressions_count": 1}
    ads = plan({"endpoint": "ad_revenue", "event_token": None, "params": amounts}).apply(event(), RECORD)
    assert isinstance(ads, Mapped)
    assert ads.request.path == "/ad_revenue"
    assert body(ads) == {
        "s2s": "1", "app_token": "4w565xzmb54d", "source": "publisher", "idfa": IDFA,
        "revenue": "0.5", "currency": "USD", "ad_impressions_count": "1",
    }  # fmt: skip
    session = plan(
        {"endpoint": "session", "event_token": None, "params": {"idfa": "event.device.idfa", "created_at": "event.occurred_at"}}
    )
    found = session.apply(event(), RECORD)
    assert isinstance(found, Mapped)
    assert found.request.path == "/session"
    assert body(found)["created_at"] == "2024-03-23T09:46:47.288Z+0000"


def test_a_required_parameter_without_a_value_is_missing() -> None:
    """An identifier-like text that is empty cannot stand for a currency."""
    amounts: dict[str, object] = {
        "idfa": "event.device.idfa",
        "revenue": 0.5,
        "currency": "event.app.version",
        "ad_impressions_count": 1,
    }
    found = plan({"endpoint": "ad_revenue", "event_token": None, "params": amounts}).apply(event(app={"version": ""}), RECORD)
    assert reason(found) is Reason.MISSING_PARAMETER


@pytest.mark.parametrize(
    ("order_by", "key", "expected"),
    [
        (None, b"key", b"key"),
        (None, b"", b""),
        (None, None, "device:" + IDFA),
        ("event.device.id", None, "device-1"),
        ("event.quantity", b"key", "2"),
        ("event.sku", b"key", b"key"),
        ("event.sku", None, "device:" + IDFA),
        ("record.key", b"other", b"other"),
        ("record.key", None, "device:" + IDFA),
        ('""', b"key", ""),
    ],
)
def test_the_ordering_key(order_by: str | None, key: bytes | None, expected: bytes | str) -> None:
    """`order_by`, else the record's key (the empty one is a key), else the first device identifier."""
    topic = {} if order_by is None else {"order_by": order_by}
    found = plan({"params": {"idfv": "event.device.idfv", "idfa": "event.device.idfa"}}, **topic).apply(
        event(device={"idfv": GAID}), RECORD._replace(key=key)
    )
    assert isinstance(found, Mapped)
    assert found.order_key == expected


def test_an_ordering_key_that_cannot_be_evaluated_makes_the_event_invalid() -> None:
    """An event without a known order is not sent in a guessed one."""
    found = plan({}, order_by='event.properties["x"]').apply(event(), RECORD)
    assert reason(found) is Reason.EVALUATION_FAILED
    assert isinstance(found, Invalid)
    assert found.app == "shop"


@given(st.text())
def test_any_text_arrives_whole(text: str) -> None:
    """NUL, emoji, quotes, ampersands, in a parameter and in a custom parameter: encoded exactly once."""
    found = body(EVERY_TEXT.apply(event(user_agent=text, order_id=text, properties={}), RECORD))
    assert found.get("user_agent", "") == text
    assert json.loads(found["callback_params"]) == {"order id": text}


EVERY_TEXT = plan(
    {
        "params": {"idfa": "event.device.idfa", "user_agent": "event.user_agent"},
        "callback_params": {"order id": "event.order_id"},
    }
)


def test_a_large_text_arrives_whole() -> None:
    """900 KB are one parameter like any other."""
    text = "x y" * 200_000
    assert body(EVERY_TEXT.apply(event(user_agent=text), RECORD))["user_agent"] == text


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(
    st.dictionaries(st.sampled_from(sorted(event())), SCALARS | st.lists(SCALARS) | st.dictionaries(st.text(), SCALARS)), SCALARS
)
def test_an_event_of_any_shape_never_raises(fields: dict[str, object], idfa: object) -> None:
    """What does not fit the schema ends as a value: an exception here would stop the line."""
    broken = {**event(device={"idfa": idfa}), **fields}
    assert isinstance(WIDE.apply(broken, RECORD), Mapped | Filtered | Invalid)


WIDE = plan(
    {
        "when": 'event.name != "x"',
        "event_token": {"from": "event.app.name", "tokens": {"shop": "f0ob4r"}},
        "params": {
            "idfa": "event.device.idfa",
            "adid": "event.device.adid",
            "created_at_unix": "event.occurred_at",
            "revenue": "event.ad_revenue",
            "currency": "event.currency",
            "os_name": "event.device.os",
            "att_status": "event.device.att_status",
            "ip_address": "event.ip_address",
        },
        "callback_params": {"id": "event.event_id", "sku": "event.sku", "q": "event.quantity", "user": "event.user.id"},
    },
    order_by="event.device.id",
)


def test_a_schema_that_lacks_a_field_breaks_only_the_rules_that_read_it() -> None:
    """A newer writer schema without `sku`: its rule's events are Invalid, the others go on; a broken condition stops those that reach it."""
    smaller = {**SCHEMA, "fields": [field for field in SCHEMA["fields"] if field["name"] not in {"sku", "country"}]}
    rules = plan(
        {"name": "a", "when": 'event.name == "a"'},
        {"name": "b", "when": 'event.name == "b"', "callback_params": {"sku": "event.sku"}},
        {"name": "c", "when": 'event.country == "DE"'},
        {"name": "d"},
        schema=smaller,
    )
    assert isinstance(rules.apply(event(name="a"), RECORD), Mapped)
    for name, rule in (("b", "b"), ("z", "c")):
        found = rules.apply(event(name=name), RECORD)
        assert reason(found) is Reason.SCHEMA_BREAKS_RULE
        assert isinstance(found, Invalid)
        assert found.rule == rule
        assert found.app == ("shop" if rule == "b" else None)


def test_a_schema_that_breaks_the_order_breaks_every_rule_that_sends() -> None:
    """Without its ordering key no event may leave; dropping needs none."""
    smaller = {**SCHEMA, "fields": [field for field in SCHEMA["fields"] if field["name"] != "sku"]}
    rules = plan({"name": "drop", "when": "event.is_test", "drop": True}, {"name": "a"}, order_by="event.sku", schema=smaller)
    assert rules.apply(event(is_test=True), RECORD) == Filtered("drop")
    assert reason(rules.apply(event(), RECORD)) is Reason.SCHEMA_BREAKS_RULE


def test_a_schema_that_is_no_record_breaks_everything_and_says_so() -> None:
    """The plan still answers, since the engine may not be stopped by one schema."""
    tree = {"apps": {"shop": {"app_token": "4w565xzmb54d"}}, "topics": {"t": {"schema": "s.avsc", "rules": [RULE]}}}
    found, problems = compile_topic(sound_mapping(Document("m.yaml", ".", tree)), "t", "string")  # type: ignore[arg-type]  # a tree
    assert [problem.severity for problem in problems] == ["error"]
    assert reason(found.apply(event(), RECORD)) is Reason.SCHEMA_BREAKS_RULE


def test_secrets_are_in_no_representation() -> None:
    """A mapping that is printed or logged by accident shows no S2S token."""
    tree = {
        "apps": {"shop": {"app_token": "4w565xzmb54d", "s2s_token": "hunter2"}},
        "topics": {"t": {"schema": "s", "rules": [RULE]}},
    }
    mapping = sound_mapping(Document("m.yaml", ".", tree))  # type: ignore[arg-type]  # a tree
    assert mapping.apps["shop"].s2s_token == "hunter2"  # noqa: S105  # the token of the test
    assert "hunter2" not in repr(mapping.apps)


def test_what_the_samples_do_with_null() -> None:
    """A purchase without an amount is sent without revenue; what an impression earned may be less than an event's minimum."""
    revenue = "event.amount_cents == null ? null : double(event.amount_cents) / 100.0"
    purchase = plan({"params": {"idfa": "event.device.idfa", "revenue": revenue, "currency": "event.currency"}})
    assert "revenue" not in body(purchase.apply(event(currency="EUR"), RECORD))
    assert body(purchase.apply(event(amount_cents=1999, currency="EUR"), RECORD))["revenue"] == "19.99"
    assert reason(purchase.apply(event(amount_cents=1999), RECORD)) is Reason.REVENUE_WITHOUT_CURRENCY
    params: dict[str, object] = {"idfa": "event.device.idfa", "currency": '"USD"', "ad_impressions_count": 1}
    for name in ("revenue", "amount"):
        ads = plan(
            {
                "endpoint": "ad_revenue",
                "event_token": None,
                "when": "event.ad_revenue != null",
                "params": params | {name: "event.ad_revenue"},
            }
        )
        assert body(ads.apply(event(ad_revenue=0.000012), RECORD))[name] == "0.000012"
        assert reason(ads.apply(event(), RECORD)) is Reason.UNMATCHED
