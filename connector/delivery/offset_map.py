"""The settled runs beyond the committed offset as text for the commit's metadata, and back.

    kac1:<base64url of varints: gap, length, gap, length, ...>

A gap counts the offsets between the run before (at first, the committed offset) and the run, a length the offsets of the run. Runs may
touch: what is received meets what an earlier owner had settled.

**Rule**: what is read back never names an offset that was not settled. Text that cannot be understood raises, and the caller
replays more; runs that do not fit are left out from the end, which also only replays more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence

from connector.delivery.ledger import Run

VERSION = "kac1:"
MAX_CHARACTERS = 3_500
"""Bound of the metadata: brokers refuse 4,096 bytes by default (`offset.metadata.max.bytes`)."""


class UnreadableMapError(ValueError):
    """Metadata that this version cannot read."""


def encode(committed: int, runs: Iterable[Run], max_characters: int = MAX_CHARACTERS) -> str:
    """Return the metadata for a commit of `committed`; empty text where nothing is settled beyond it."""
    packed = bytearray()
    room = (max_characters - len(VERSION)) * 3 // 4 - 2
    edge = committed
    for start, end in runs:
        step = _varint(start - edge) + _varint(end - start + 1)
        if len(packed) + len(step) > room:
            break
        packed += step
        edge = end + 1
    return VERSION + base64.urlsafe_b64encode(packed).decode("ascii") if packed else ""


def decode(committed: int, metadata: str | None) -> Sequence[Run]:
    """Return the runs that were settled beyond `committed`.

    Raises `UnreadableMapError` where `metadata` is not of this version or is damaged.
    """
    if not metadata:
        return ()
    if not metadata.startswith(VERSION):
        raise UnreadableMapError("written by another program or another version")
    try:
        packed = base64.b64decode(metadata[len(VERSION) :].encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise UnreadableMapError("not base64") from error
    numbers = list(_varints(packed))
    if len(numbers) % 2:
        raise UnreadableMapError("cut off")
    runs: list[Run] = []
    edge = committed
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        if length < 1:
            raise UnreadableMapError("an empty run")
        runs.append((edge + gap, edge + gap + length - 1))
        edge += gap + length
    return runs


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > 63:
                raise UnreadableMapError("a number above 64 bits")
        else:
            yield number
            number = shift = 0
    if shift:
        raise UnreadableMapError("cut off")
