"""Sample events of a seed: what two apps report in a day, with the faults that a real topic has.

**Rule**: equal seeds and times give equal bytes, and each event's fate is decided here, by the mapping in
`connector.demo` and the sandbox of `connector.demo.scenario`. Times never go backwards within a device.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.resources import files
from random import Random
from typing import Any

import fastavro
import orjson

from connector.demo.cast import Cast, Device, made_up_uuid, make_cast
from connector.demo.sample import Fate, Sample
from connector.outcome import Reason

DAY_MS = 86_400_000
SHOP_EVENTS = {"purchase": 30, "add_to_cart": 48, "signup": 9, "share": 1}
GAME_EVENTS = {"session_start": 15, "level_up": 40, "ad_impression": 35, "signup": 6, "tutorial_complete": 1}
UNIQUE = "signup"
"""In the game, Adjust counts this event once a device."""

BLOCKLISTED = "tutorial_complete"
"""Adjust refuses the token of this event."""

UNMATCHED = "share"
"""No rule of the mapping speaks of this event."""

_PRICES = (499, 999, 1_999, 2_499, 12_900)
_DAMAGES = (
    ("cut", Reason.CORRUPT_AVRO),
    ("trailing", Reason.TRAILING_BYTES),
    ("null", Reason.EMPTY_VALUE),
    ("empty", Reason.EMPTY_VALUE),
    ("anonymous", Reason.MISSING_DEVICE_ID),
    ("old", Reason.BAD_EVENT_STATE),
)
DAMAGE_SHARE = 0.012
"""How many of the events are broken in one of these ways."""

TEST_SHARE = 0.06
"""How many are made by developers, and filtered."""


def schema_text() -> str:
    """Return the Avro schema of the events."""
    return files("connector.demo").joinpath("app_event.avsc").read_text("utf-8")


def mapping_text() -> str:
    """Return the mapping file of the demo."""
    return files("connector.demo").joinpath("mapping.yaml").read_text("utf-8")


class Generator:
    """Events of `seed`, made between a day before `now_ms` (UNIX milliseconds) and an hour before it.

    `frame` goes before every Avro value: nothing for bare Avro, five bytes for Confluent's wire format.
    """

    def __init__(self, seed: int, now_ms: int, count: int, devices: int = 400, frame: bytes = b"") -> None:
        self._chance = Random(seed)  # noqa: S311  # sample data, repeatable on purpose
        self._schema: Any = fastavro.parse_schema(orjson.loads(schema_text()))
        self._frame = frame
        self._now_ms = now_ms
        self._count = count
        self._sessions: dict[str, int] = {}
        self._counted: set[str] = set()
        self.cast: Cast = make_cast(self._chance, devices)

    def samples(self) -> Iterator[Sample]:
        """Yield the events in the order in which they are produced."""
        for number in range(self._count):
            happened_ms = self._now_ms - DAY_MS + number * (DAY_MS - 3_600_000) // self._count
            yield self._sample(number, self._device(number), happened_ms)

    def _device(self, number: int) -> Device:
        """Choose a device: a tenth of them makes half of the events. The two with a part to play make a few early ones."""
        devices = self.cast.devices
        if number < 40 and number % 10 < 2:
            return devices[number % 10]
        share = self._chance.random()
        busy = max(3, len(devices) // 10)
        return devices[self._chance.randrange(2, busy)] if share < 0.5 else devices[self._chance.randrange(2, len(devices))]

    def _sample(self, number: int, device: Device, happened_ms: int) -> Sample:
        chance = self._chance
        event = self._event(device, happened_ms)
        if chance.random() < TEST_SHARE:
            event["is_test"] = True
            return self._record(number, device, event, Fate.FILTERED)
        if chance.random() < DAMAGE_SHARE:
            return self._damaged(number, device, event)
        return self._record(number, device, event, *self._fate(device, event))

    def _fate(self, device: Device, event: dict[str, Any]) -> tuple[Fate, Reason | None]:
        name = event["name"]
        if name == UNMATCHED:
            return Fate.DEAD_LETTERED, Reason.UNMATCHED
        if name == "purchase" and event["currency"] is None:
            return Fate.DEAD_LETTERED, Reason.REVENUE_WITHOUT_CURRENCY
        if name == BLOCKLISTED:
            return Fate.DEAD_LETTERED, Reason.EVENT_TOKEN_BLOCKLISTED
        if device is self.cast.opted_out:
            return Fate.DEAD_LETTERED, Reason.DEVICE_OPTED_OUT
        if device.app == "game" and name == UNIQUE:
            if device.id in self._counted:
                return Fate.ALREADY_COUNTED, None
            self._counted.add(device.id)
        return Fate.DELIVERED, None

    def _event(self, device: Device, happened_ms: int) -> dict[str, Any]:
        chance = self._chance
        weights = SHOP_EVENTS if device.app == "shop" else GAME_EVENTS
        name = chance.choices(list(weights), list(weights.values()))[0]
        event: dict[str, Any] = {
            "event_id": made_up_uuid(chance),
            "name": name,
            "occurred_at": happened_ms,
            "is_test": False,
            "app": {"name": device.app, "version": "4.2.0", "build": "4200"},
            "device": device.fields(),
            "user": {"id": f"user-{device.id}", "plan": None} if chance.random() < 0.7 else None,
            "ip_address": f"203.0.113.{chance.randrange(1, 255)}",
            "user_agent": None,
            "country": chance.choice(("DE", "FR", "TR", "US")),
            "tags": [],
            "properties": {"screen": chance.choice(("home", "search", "offer"))},
        }
        return event | self._details(name, device)

    def _details(self, name: str, device: Device) -> dict[str, Any]:
        chance = self._chance
        match name:
            case "purchase":
                currency = None if chance.random() < 0.01 else chance.choice(("EUR", "USD", "TRY"))
                order = f"order-{chance.getrandbits(32):08x}"
                return {"amount_cents": chance.choice(_PRICES), "currency": currency, "order_id": order, "sku": "sku-7"}
            case "ad_impression":
                earned = round(chance.uniform(0.001, 0.09), 6)
                return {"ad_revenue": earned, "currency": "USD", "ad_network": "example-ads", "ad_unit": "banner"}
            case "session_start":
                count = self._sessions[device.id] = self._sessions.get(device.id, 0) + 1
                return {"session_count": count, "time_spent_s": chance.randrange(20, 900)}
            case _:
                return {}

    def _damaged(self, number: int, device: Device, event: dict[str, Any]) -> Sample:
        """Return the event broken in one way. What is no longer readable must still be kept, byte for byte."""
        damage, reason = self._chance.choice(_DAMAGES)
        if damage == "anonymous":
            event["device"] |= dict.fromkeys(("idfa", "idfv", "gaid", "android_id"))
            event["name"] = "purchase" if device.app == "shop" else "level_up"
            event |= {"amount_cents": 499, "currency": "EUR"}
        if damage == "old":
            event["name"] = "add_to_cart" if device.app == "shop" else "level_up"
            event["occurred_at"] -= 90 * DAY_MS
            reason = Reason.DEVICE_OPTED_OUT if device is self.cast.opted_out else reason
        value = self._encoded(event)
        broken = {"cut": value[: len(value) // 2], "trailing": value + b"\x00\x07", "null": None, "empty": b""}
        return Sample(
            number, device.id, event["event_id"], device.id.encode(), broken.get(damage, value), Fate.DEAD_LETTERED, reason
        )

    def _record(self, number: int, device: Device, event: dict[str, Any], fate: Fate, reason: Reason | None = None) -> Sample:
        identity = event["event_id"]
        if event["name"] == "session_start":
            identity = f"session/{device.id}/{event['session_count']}"
        return Sample(number, device.id, identity, device.id.encode(), self._encoded(event), fate, reason)

    def _encoded(self, event: dict[str, Any]) -> bytes:
        out = io.BytesIO()
        out.write(self._frame)
        fastavro.schemaless_writer(out, self._schema, event)
        return out.getvalue()
