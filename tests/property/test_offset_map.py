"""The codec of commit metadata."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from connector.delivery import offset_map


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Rising runs, some of which touch."""
    edge, found = draw(st.integers(0, 2**40)), []
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 2**33), st.integers(1, 2**20)), max_size=60)):
        found.append((edge + gap, edge + gap + length - 1))
        edge += gap + length
    return found


@given(runs(), st.integers(0, 100))
def test_what_is_written_is_read_back(settled: list[tuple[int, int]], before: int) -> None:
    """With room for all, the runs come back as they were."""
    committed = max(0, settled[0][0] - before) if settled else 7
    assert list(offset_map.decode(committed, offset_map.encode(committed, settled))) == settled


@given(runs(), st.integers(10, 4_000))
def test_the_bound_is_kept_and_only_the_end_is_left_out(settled: list[tuple[int, int]], room: int) -> None:
    """Whatever the room, the text keeps to it and what comes back is a beginning of the runs."""
    committed = settled[0][0] if settled else 0
    text = offset_map.encode(committed, settled, room)
    assert len(text) <= room
    kept = list(offset_map.decode(committed, text))
    assert kept == settled[: len(kept)]


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: "kac1:" + raw.decode("latin-1")))
def test_foreign_text_is_refused_or_read_as_rising_runs(text: str) -> None:
    """Damaged metadata raises one error, or is well-formed by chance; it never raises anything else."""
    try:
        found = offset_map.decode(10, text)
    except offset_map.UnreadableMapError:
        return
    edge = 9
    for start, end in found:
        assert edge < start <= end
        edge = end + 1


@pytest.mark.parametrize("text", ["kac2:AAAA", "other", "kac1:A", "kac1:AQ==", "kac1:gICAgICAgICAgIAB", "kac1:AQA="])
def test_each_kind_of_damage_is_told(text: str) -> None:
    """Another version, no base64, half a run, a number too large, an empty run."""
    with pytest.raises(offset_map.UnreadableMapError):
        offset_map.decode(0, text)
