"""Adjust's documented rules as the sandbox enforces them, each with its documented status and text."""

from __future__ import annotations

import orjson
import pytest

from connector.delivery.verdict import judge
from connector.outcome import Response, VerdictKind
from connector.sandbox import SandboxApp, SandboxConfig
from connector.sandbox.world import World

NOW_S = 1_700_000_000.0
DAY_S = 86_400
IDFA = "D2CADB5F-410F-4963-AC0C-2A78534BDF1E"
EVENT = {"s2s": "1", "app_token": "4w565xzmb54d", "event_token": "f0ob4r", "idfa": IDFA}
AD = {
    "s2s": "1",
    "app_token": "4w565xzmb54d",
    "gps_adid": "d2cadb5f-410f-4963-ac0c-2a78534bdf1e",
    "revenue": "0.01",
    "currency": "USD",
    "ad_impressions_count": "1",
    "source": "publisher",
}
SESSION = {"s2s": "1", "app_token": "4w565xzmb54d", "idfa": IDFA}


def app(**settings: object) -> SandboxConfig:
    """Return a configuration with one app."""
    return SandboxConfig(apps={"4w565xzmb54d": SandboxApp.model_validate(settings)})


def ask(world: World, parameters: dict[str, str], path: str = "/event", token: str | None = None) -> tuple[int, str]:
    """Return status and error text ("" for none) of the answer."""
    answer = world.answer(path, parameters, token, NOW_S)
    tree = orjson.loads(answer.body)
    assert answer.error == tree.get("error")
    return answer.status, tree.get("error", "")


def without(parameters: dict[str, str], *names: str) -> dict[str, str]:
    """Return the parameters but those."""
    return {name: value for name, value in parameters.items() if name not in names}


def test_documented_samples_are_accepted() -> None:
    """Protects: without a file, what Adjust's documents show as correct is answered as they show."""
    world = World(SandboxConfig())
    assert world.answer("/event", EVENT, None, NOW_S).body == b'{"status":"OK"}'
    assert world.answer("/ad_revenue", AD, None, NOW_S).body == b'{"status":"OK"}'
    session = orjson.loads(world.answer("/session", SESSION, None, NOW_S).body)
    assert list(session) == ["app_token", "adid", "timestamp", "message", "ask_in"]
    assert (session["message"], session["timestamp"]) == ("Install tracked", "2023-11-14T22:13:20.000Z+0000")
    assert orjson.loads(world.answer("/session", SESSION, None, NOW_S).body)["message"] == "Session tracked"


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"app_token": "short"}, 400, "Invalid app token"),
        ({"app_token": ""}, 400, "Invalid app token"),
        ({"event_token": "f0ob4"}, 400, "Invalid event token"),
        ({"event_token": "é23456"}, 400, "Invalid event token"),
        ({"s2s": "0"}, 400, "Bad event state"),
        ({"idfa": ""}, 400, "Bad event state"),
        ({"idfa": "00000000-0000-0000-0000-000000000000"}, 400, "Bad event state"),
        ({"revenue": "0.0009"}, 400, "Invalid revenue"),
        ({"revenue": "1e5"}, 400, "Invalid revenue"),
        ({"revenue": "-1"}, 400, "Invalid revenue"),
        ({"revenue": "NaN"}, 400, "Invalid revenue"),
        ({"revenue": "1,5"}, 400, "Invalid revenue"),
        ({"revenue": "100000000001"}, 400, "Invalid revenue"),
        ({"currency": "EURO"}, 400, "Invalid revenue"),
        ({"callback_params": "{"}, 400, "Invalid callback parameters"),
        ({"callback_params": '{"a":1}'}, 400, "Invalid callback parameters"),
        ({"callback_params": '["a"]'}, 400, "Invalid callback parameters"),
        ({"partner_params": '{"a":{"b":"c"}}'}, 400, "Invalid callback parameters"),
        ({"created_at_unix": "1700000000000"}, 400, "Bad event state"),
        ({"created_at_unix": "yesterday"}, 400, "Bad event state"),
        ({"created_at": "2023-11-14 22:13:20"}, 400, "Bad event state"),
        ({"created_at": "2023-02-31T22:13:20Z"}, 400, "Bad event state"),
    ],
)
def test_malformed_values_are_refused(changes: dict[str, str], status: int, text: str) -> None:
    """Protects: each malformed value meets the documented text, in the form of the endpoint."""
    found = ask(World(SandboxConfig()), EVENT | changes)
    assert found[0] == status
    assert found[1].startswith(f"Event request failed ({text})")


@pytest.mark.parametrize(
    "changes",
    [
        {"revenue": "0.001"},
        {"revenue": "100000000000"},
        {"revenue": "9.99", "currency": "EUR"},
        {"callback_params": "{}", "partner_params": '{"sku":"[1,2]"}'},
        {"created_at_unix": "1699999999"},
        {"created_at": "2023-11-14T22:13:20.000+0000"},
        {"created_at": "2023-11-14T22:13:20Z+0200"},
        {"created_at": "2023-11-14T22:13:20.288Z-0400"},
        {"created_at": "2023-11-14T22:13:20Z"},
    ],
)
def test_documented_values_are_accepted(changes: dict[str, str]) -> None:
    """Protects: limits are inclusive and every form of a timestamp that Adjust shows is read."""
    assert ask(World(SandboxConfig()), EVENT | changes) == (200, "")


@pytest.mark.parametrize("missing", ["s2s", "app_token", "event_token", "idfa"])
def test_event_requires(missing: str) -> None:
    """Protects: an event without one of the required parameters is refused."""
    assert ask(World(SandboxConfig()), without(EVENT, missing))[0] == 400


@pytest.mark.parametrize("missing", ["s2s", "app_token", "gps_adid", "revenue", "currency", "ad_impressions_count", "source"])
def test_ad_revenue_requires(missing: str) -> None:
    """Protects: ad revenue without one of its required parameters is refused in its own form; `amount` stands for revenue."""
    status, error = ask(World(SandboxConfig()), without(AD, missing), "/ad_revenue")
    assert status == 400
    assert error.startswith("Ad revenue request failed (")
    assert ask(World(SandboxConfig()), without(AD, "revenue") | {"amount": "1"}, "/ad_revenue") == (200, "")


@pytest.mark.parametrize(("path", "parameters", "days"), [("/event", EVENT, 58), ("/ad_revenue", AD, 28)])
def test_age_limit(path: str, parameters: dict[str, str], days: int) -> None:
    """Protects: 58 days for events and 28 for ad revenue, the limit itself included."""
    limit_s = int(NOW_S) - days * DAY_S
    assert ask(World(SandboxConfig()), parameters | {"created_at_unix": str(limit_s)}, path) == (200, "")
    status, error = ask(World(SandboxConfig()), parameters | {"created_at_unix": str(limit_s - 1)}, path)
    assert (status, "Bad event state" in error) == (400, True)


def test_chronological_rule_per_device_and_event_token() -> None:
    """Protects: an event earlier than one already received is refused; an equal time, another token or device is not."""
    world = World(SandboxConfig())
    at = {"created_at_unix": "1699999900"}
    before = {"created_at_unix": "1699999899"}
    assert ask(world, EVENT | at) == (200, "")
    assert ask(world, EVENT | at) == (200, "")
    assert ask(world, EVENT | before)[1].startswith("Event request failed (Bad event state)")
    assert ask(world, EVENT | before | {"event_token": "abc123"}) == (200, "")
    assert ask(world, EVENT | before | {"idfa": "another"}) == (200, "")
    assert ask(world, EVENT | {"created_at_unix": "1699999901"}) == (200, "")


def test_missing_timestamp_is_the_time_of_arrival() -> None:
    """Protects: an event without a timestamp counts as now, so that an older one after it is out of order."""
    world = World(SandboxConfig())
    assert ask(world, EVENT) == (200, "")
    assert ask(world, EVENT | {"created_at_unix": str(int(NOW_S) - 1)})[0] == 400


def test_refused_event_leaves_no_trace() -> None:
    """Protects: a refusal does not move the order of its device, so that a corrected event is accepted."""
    world = World(SandboxConfig())
    assert ask(world, EVENT | {"created_at_unix": "1699999900", "revenue": "x"})[0] == 400
    assert ask(world, EVENT | {"created_at_unix": "1699999800"}) == (200, "")


def test_chronological_rule_can_be_off_and_spares_ad_revenue() -> None:
    """Protects: the rule is a setting, and ad revenue has none."""
    off = World(SandboxConfig(chronological=False))
    on = World(SandboxConfig())
    for at in ("1699999900", "1699999800"):
        assert ask(off, EVENT | {"created_at_unix": at}) == (200, "")
        assert ask(on, AD | {"created_at_unix": at}, "/ad_revenue") == (200, "")


def test_unique_event_counts_once_a_device() -> None:
    """Protects: the repeat of a unique event is the documented benign 400, for its device alone."""
    world = World(SandboxConfig(unique_event_tokens=frozenset({"f0ob4r"})))
    assert ask(world, EVENT) == (200, "")
    assert ask(world, EVENT) == (400, "Event request failed (Ignoring event, earlier unique event tracked)")
    assert ask(world, EVENT | {"idfa": "another"}) == (200, "")
    assert ask(world, EVENT | {"event_token": "abc123"}) == (200, "")


@pytest.mark.parametrize(
    ("settings", "token", "expected"),
    [
        ({"s2s_tokens": ["a" * 32, "b" * 32]}, "b" * 32, (200, "")),
        ({"s2s_tokens": ["a" * 32]}, None, (202, "Event request failed (Missing authentication token)")),
        ({"s2s_tokens": ["a" * 32]}, "c" * 32, (202, "Event request failed (Wrong authentication token)")),
        ({"active": False}, None, (403, "Event request failed (App is inactive)")),
        ({"tracking": False}, None, (403, "Event request failed (Tracking disabled)")),
        ({"event_tokens": ["abc123"]}, None, (400, "Event request failed (Invalid event token)")),
        ({"blocklisted_event_tokens": ["f0ob4r"]}, None, (403, "Event request failed (Event token blocklisted)")),
    ],
)
def test_app_settings(settings: dict[str, object], token: str | None, expected: tuple[int, str]) -> None:
    """Protects: each setting of an app is answered word for word."""
    assert ask(World(app(**settings)), EVENT, token=token) == expected


def test_wrong_token_can_be_401() -> None:
    """Protects: the other documented answer to a wrong token can be chosen."""
    config = app(s2s_tokens=["a" * 32]).model_copy(update={"wrong_token_status": 401})
    assert ask(World(config), EVENT) == (401, "Event request failed (Failed to authorize request)")


def test_unknown_app() -> None:
    """Protects: a well-formed token of no app is 404, not 400."""
    assert ask(World(SandboxConfig(apps={})), EVENT) == (404, "Event request failed (App token not found)")


def test_opted_out_device() -> None:
    """Protects: an opted-out device is 451 at every endpoint."""
    world = World(SandboxConfig(opted_out_devices=frozenset({IDFA})))
    assert ask(world, EVENT) == (451, "Event request failed (Device is opted out)")
    assert ask(world, SESSION, "/session") == (451, "Session failed (Device is opted out)")


def test_session_makes_a_device_known() -> None:
    """Protects: an unknown device is 404 until its session arrives, in the app of the session."""
    world = World(SandboxConfig(devices_need_session=True))
    assert ask(world, EVENT) == (404, "Event request failed (Device not found)")
    assert ask(world, SESSION | {"app_token": "other0000000"}, "/session")[0] == 200
    assert ask(world, EVENT)[0] == 404
    assert ask(world, SESSION, "/session")[0] == 200
    assert ask(world, EVENT) == (200, "")


def test_device_becomes_known_after_requests() -> None:
    """Protects: a device that needs retries is known after the configured number of refusals."""
    world = World(SandboxConfig(unknown_devices=frozenset({IDFA}), known_after_requests=2))
    assert [ask(world, EVENT)[0] for _ in range(4)] == [404, 404, 200, 200]


@pytest.mark.parametrize(
    ("config", "changes", "token", "kind"),
    [
        (SandboxConfig(), {}, None, VerdictKind.DELIVERED),
        (SandboxConfig(), {"revenue": "x"}, None, VerdictKind.REJECTED),
        (SandboxConfig(apps={}), {}, None, VerdictKind.MISCONFIGURED),
        (app(s2s_tokens=["a"]), {}, "b", VerdictKind.MISCONFIGURED),
        (SandboxConfig(unknown_devices=frozenset({IDFA})), {}, None, VerdictKind.NOT_YET),
    ],
)
def test_classifier_understands_the_sandbox(
    config: SandboxConfig, changes: dict[str, str], token: str | None, kind: VerdictKind
) -> None:
    """Protects: sandbox and classifier speak of the same answers."""
    answer = World(config).answer("/event", EVENT | changes, token, NOW_S)
    assert judge(Response(answer.status, answer.body), NOW_S).kind is kind


def test_texts_of_any_kind_are_answered() -> None:
    """Protects: no text in any parameter raises: NUL, lone replacement characters, other digits, very long."""
    world = World(SandboxConfig(devices_need_session=True))
    for hostile in ("\0", "\ufffd", "١٢٣", "9" * 5000, "{" * 5000, "[" * 100_000, "\U0001f600" * 12, "%00", "null"):
        for name in (*EVENT, "revenue", "currency", "created_at_unix", "created_at", "callback_params"):
            for path in ("/event", "/ad_revenue", "/session"):
                assert world.answer(path, EVENT | {name: hostile}, hostile, NOW_S).status in {200, 400, 404}
