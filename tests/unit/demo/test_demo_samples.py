"""The sample events: repeatable, of every kind, decodable where they say so, and consistent with the published schema."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import fastavro
import orjson
import pytest

from connector.demo.generator import DAY_MS, Generator, mapping_text, schema_text
from connector.demo.sample import Fate, Sample
from connector.outcome import Reason

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
NOW_MS = 1_790_000_000_000
SCHEMA: Any = fastavro.parse_schema(orjson.loads(schema_text()))


def made(count: int = 4_000, seed: int = 1, frame: bytes = b"") -> list[Sample]:
    """Return samples of a seed."""
    return list(Generator(seed, NOW_MS, count, frame=frame).samples())


def decoded(sample: Sample, skip: int = 0) -> Any:  # noqa: ANN401  # a decoded record has any shape
    """Return the event in a sample."""
    stream = io.BytesIO((sample.value or b"")[skip:])
    event = fastavro.schemaless_reader(stream, SCHEMA, None)
    assert stream.read() == b""
    return event


@pytest.mark.parametrize(("name", "text"), [("app_event.avsc", schema_text()), ("mapping.yaml", mapping_text())])
def test_the_packaged_copies_equal_the_published_files(name: str, text: str) -> None:
    """What the demo shows is what `schemas/` documents."""
    assert text == (SCHEMAS / name).read_text("utf-8")


def test_equal_seeds_give_equal_bytes() -> None:
    """A run can be repeated; another seed gives other events."""
    assert made(300) == made(300)
    assert [sample.value for sample in made(300)] != [sample.value for sample in made(300, seed=2)]


def test_every_kind_of_event_is_there() -> None:
    """The default run shows every fate, and a dead letter of each reason that the demo promises."""
    samples = made()
    assert set(Counter(sample.fate for sample in samples)) == set(Fate)
    assert {sample.reason for sample in samples if sample.reason} == {
        Reason.CORRUPT_AVRO,
        Reason.TRAILING_BYTES,
        Reason.EMPTY_VALUE,
        Reason.MISSING_DEVICE_ID,
        Reason.UNMATCHED,
        Reason.REVENUE_WITHOUT_CURRENCY,
        Reason.BAD_EVENT_STATE,
        Reason.EVENT_TOKEN_BLOCKLISTED,
        Reason.DEVICE_OPTED_OUT,
    }


def test_only_the_broken_events_cannot_be_read() -> None:
    """An event decodes to its end unless its fate says that it does not."""
    unreadable = {Reason.CORRUPT_AVRO, Reason.TRAILING_BYTES, Reason.EMPTY_VALUE}
    for sample in made():
        if sample.reason in unreadable:
            with pytest.raises((EOFError, AssertionError, UnicodeDecodeError, IndexError, ValueError)):
                decoded(sample)
        else:
            assert decoded(sample)["device"]["id"] == sample.device


def test_times_of_a_device_do_not_go_back_and_none_is_in_the_future() -> None:
    """Adjust refuses an event that is older than the last of its device and token: only the events made to be old are."""
    last: dict[str, int] = {}
    for sample in made():
        if sample.fate is not Fate.DELIVERED:
            continue
        moment_ms = int(decoded(sample)["occurred_at"].timestamp() * 1000)
        assert last.get(sample.device, 0) <= moment_ms <= NOW_MS
        assert moment_ms >= NOW_MS - DAY_MS
        last[sample.device] = moment_ms


def test_identities_are_not_repeated() -> None:
    """A request belongs to one event."""
    identities = Counter(sample.identity for sample in made())
    assert identities.most_common(1)[0][1] == 1


def test_a_frame_goes_before_every_value() -> None:
    """With a registry, every value that is one begins with the wire format's five bytes."""
    framed = made(400, frame=b"\x00\x00\x00\x00\x07")
    readable = [sample for sample in framed if sample.fate is Fate.DELIVERED]
    assert readable
    assert all((sample.value or b"").startswith(b"\x00\x00\x00\x00\x07") for sample in readable)
    assert decoded(readable[0], skip=5)["device"]["id"] == readable[0].device
