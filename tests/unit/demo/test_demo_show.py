"""What the demo shows: numbers that add up, in lines that fit."""

from __future__ import annotations

import io
import re
from dataclasses import fields, replace
from typing import Any

import pytest
from rich.console import Console

from connector.cli.demo import refuse_without_effect
from connector.demo.account import Account
from connector.demo.show import Moment, Stage, counted, show_account, show_requests
from connector.errors import UsageError
from connector.facts import Snapshot
from connector.outcome import Reason
from connector.sandbox import Entry

LARGEST = Moment(100_000, 100_000, 139_999, 39_999)


def snapshot(**counts: Any) -> Snapshot:  # noqa: ANN401  # counts of several types
    """Return counts that are 0 or empty but for those given."""
    empty: dict[str, Any] = {field.name: {} if "Mapping" in str(field.type) else 0 for field in fields(Snapshot)}
    return replace(Snapshot(**empty), **counts)


def terminal() -> Console:
    """Return a terminal of 80 columns in memory."""
    return Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None, _environ={})


def test_a_moment_counts_every_way_to_end() -> None:
    """Progress does not wait for the committed prefix, and a request in flight has not failed."""
    said = snapshot(
        delivered=10, duplicates=1, filtered={"a": 2, "b": 3}, dead_lettered={Reason.CORRUPT_AVRO: 4}, requests=20, in_flight=5
    )
    assert Moment.of(said, 50) == Moment(settled=20, produced=50, requests=20, failed=4)
    assert Moment.of(None, 50) == Moment(0, 50, 0, 0)


def test_the_bar_leaves_room_on_80_columns() -> None:
    """The largest numbers fit beside the bar, with room for the ^C that a terminal echoes: a full line would be left twice."""
    console = terminal()
    with Stage(console) as stage:
        stage.show(LARGEST)
    assert isinstance(console.file, io.StringIO)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
    bars = [line.rstrip() for line in re.split(r"[\r\n]+", plain) if "settled" in line]
    assert bars[-1].endswith(" 100,000 of 100,000 settled; 139,999 requests, 39,999 failed")
    assert all(len(bar) <= 77 for bar in bars)


def test_a_pipe_gets_a_line_when_something_moved() -> None:
    """A moment that is the same as the last is not repeated."""
    console = Console(file=io.StringIO(), width=80)
    with Stage(console) as stage:
        for moment in (Moment(0, 1, 0, 0), Moment(0, 1, 1, 0), Moment(0, 1, 1, 0), Moment(1, 1, 1, 0)):
            stage.show(moment)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "  0 of 1 settled; 0 requests, 0 failed",
        "  0 of 1 settled; 1 request, 0 failed",
        "  1 of 1 settled; 1 request, 0 failed",
    ]


def test_one_is_not_many() -> None:
    """Counts agree with their nouns, and what is not there is not announced."""
    assert [counted(number, "event") for number in (0, 1, 2_000)] == ["0 events", "1 event", "2,000 events"]
    console = Console(file=io.StringIO(), width=80)
    show_requests(console, [])
    show_account(console, Account(produced=1), 2.0)
    show_requests(console, [Entry(1, 0.0, 1, "POST", "/event", b"", b"s2s=1")])
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert said.startswith("\n1 event in 2.0 s\n")
    assert "One of the requests" in said
    assert "Two of" not in said


@pytest.mark.parametrize("option", ["--bootstrap-servers", "--registry", "--topic"])
def test_an_option_without_effect_is_refused(option: str) -> None:
    """The demo uses no cluster of the user's: who names one is told, and not shown another."""
    cluster = {"--bootstrap-servers": None, "--registry": None, "--topic": None} | {option: "x"}
    with pytest.raises(UsageError, match=rf"^{option}: only with --produce-only"):
        refuse_without_effect(produce_only=False, keep_running=False, cluster=cluster)
    refuse_without_effect(produce_only=True, keep_running=False, cluster=cluster)
    with pytest.raises(UsageError, match=r"^--keep-running: not with --produce-only"):
        refuse_without_effect(produce_only=True, keep_running=True, cluster={})
