"""The devices that the sample events are about, made from a seed.

**Rule**: every identifier is made up, and none is repeated. A few devices have a part to play: one that Adjust does not
know at first, one that has opted out, iPhones whose advertising identifier is all zeroes, devices without any identifier.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random

ZERO_IDFA = "00000000-0000-0000-0000-000000000000"
"""What iOS hands out where tracking is not allowed."""

_PHONES = (("iPhone15,2", "17.5.1"), ("iPhone16,1", "18.1"), ("iPad13,4", "17.4"))
_ANDROIDS = (("Pixel 8", "14"), ("SM-S918B", "14"), ("2201116SG", "13"))


@dataclass(frozen=True, slots=True)
class Device:
    """A device with one of the two apps on it. Identifiers are as the app's backend knows them."""

    id: str
    app: str
    os: str
    os_version: str
    model: str
    idfa: str | None
    idfv: str | None
    gaid: str | None
    android_id: str | None

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The identifiers that may leave for Adjust, in lower case."""
        known = (self.idfa, self.idfv, self.gaid, self.android_id)
        return tuple(value.lower() for value in known if value is not None and value != ZERO_IDFA)

    def fields(self) -> dict[str, object]:
        """Return the `device` record of an event."""
        return {
            "id": self.id,
            "os": self.os,
            "os_version": self.os_version,
            "model": self.model,
            "idfa": self.idfa,
            "idfv": self.idfv,
            "gaid": self.gaid,
            "android_id": self.android_id,
            "adid": None,
            "att_status": None if self.os == "android" else 2 if self.idfa == ZERO_IDFA else 3,
        }


@dataclass(frozen=True, slots=True)
class Cast:
    """The devices; `unknown` and `opted_out` are among them and carry exactly one identifier."""

    devices: tuple[Device, ...]
    unknown: Device
    opted_out: Device


def make_cast(chance: Random, count: int) -> Cast:
    """Return `count` devices, at least two."""
    devices = [_device(chance, number) for number in range(count)]
    devices[0] = _single(chance, devices[0])
    devices[1] = _single(chance, devices[1])
    return Cast(tuple(devices), unknown=devices[0], opted_out=devices[1])


def made_up_uuid(chance: Random) -> str:
    """Return a UUID of version 4 from the seed."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _device(chance: Random, number: int) -> Device:
    app = "game" if number % 5 in {2, 4} else "shop"
    if chance.random() < 0.5:
        model, version = chance.choice(_PHONES)
        idfa = ZERO_IDFA if chance.random() < 0.3 else made_up_uuid(chance).upper()
        return Device(f"device-{number:05d}", app, "ios", version, model, idfa, made_up_uuid(chance).upper(), None, None)
    model, version = chance.choice(_ANDROIDS)
    android_id = f"{chance.getrandbits(64):016x}"
    return Device(f"device-{number:05d}", app, "android", version, model, None, None, made_up_uuid(chance), android_id)


def _single(chance: Random, device: Device) -> Device:
    """Return `device` as an Android phone with the shop on it and one identifier: the sandbox knows it by that."""
    return Device(device.id, "shop", "android", "14", "Pixel 8", None, None, made_up_uuid(chance), None)
