"""Progress and the account, for people: colours and a bar on a terminal, plain lines in a pipe.

**Rule**: in a pipe every line stands for itself and nothing is overwritten; a pipe that nobody reads any more ends the program, without
a word. The bar never fills 80 columns: what the terminal echoes behind it (^C) stays on its line, and the bar is not left there twice.
Tokens are masked; what is shown of an event is made up.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from connector.demo.account import Account
from connector.demo.sample import Fate
from connector.facts import Snapshot
from connector.sandbox import Entry

SECRET_PARAMETERS = frozenset({"app_token", "event_token"})
SHOWN_FAULTS = 10
BAR_WIDTH = 12

PIPE_CLOSED = 141
"""What shells expect of a program whose output nobody reads: 128 + SIGPIPE."""


def counted(number: int, noun: str) -> str:
    """Return "1 event", "2,000 events"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Terminal(Console):
    """Standard output. Raises `SystemExit` with 141 where it is a pipe that nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """Throw away what is still written, and end (rich calls it)."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED)


class Moment(NamedTuple):
    """How far the demo is: events settled of those produced, requests made, and those that were refused or failed."""

    settled: int
    produced: int
    requests: int
    failed: int

    @classmethod
    def of(cls, said: Snapshot | None, produced: int) -> Moment:
        """Return the moment of the connector's own counts; None: it has none yet.

        A request that is in flight has not failed, and one that Adjust had counted before has done its work.
        """
        if said is None:
            return cls(0, produced, 0, 0)
        done = said.delivered + said.duplicates
        settled = done + sum(said.filtered.values()) + sum(said.dead_lettered.values())
        return cls(settled, produced, said.requests, max(0, said.requests - done - said.in_flight))


class Stage:
    """Where the demo writes while it runs: `say` a step, `show` a moment."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last: Moment | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            columns = (BarColumn(BAR_WIDTH), TextColumn("{task.fields[settled]}; {task.fields[seen]}"))
            self._bar = Progress(*columns, console=self._console)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Write a step."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, moment: Moment) -> None:
        """Show progress; in a pipe, a line when something has moved."""
        settled = f"{moment.settled:,} of {moment.produced:,} settled"
        seen = f"{counted(moment.requests, 'request')}, {moment.failed:,} failed"
        if self._bar is None:
            if moment != self._last:
                self.say(f"  {settled}; {seen}")
            self._last = moment
            return
        if self._task is None:
            self._task = self._bar.add_task("settled", total=moment.produced, settled=settled, seen=seen)
        self._bar.update(self._task, completed=moment.settled, settled=settled, seen=seen)


def show_account(console: Console, account: Account, seconds: float) -> None:
    """Write the account."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name, number in _rows(account):
        table.add_row(name, number)
    console.print(f"\n{counted(account.produced, 'event')} in {seconds:.1f} s", style="bold", highlight=False)
    console.print(table, highlight=False)
    for fault in account.faults[:SHOWN_FAULTS]:
        console.print(f"  DOES NOT HOLD: {fault}", style="red", highlight=False, markup=False, soft_wrap=True)
    if len(account.faults) > SHOWN_FAULTS:
        console.print(f"  and {len(account.faults) - SHOWN_FAULTS:,} more", style="red", highlight=False)
    verdict = "The account holds." if account.holds else "THE ACCOUNT DOES NOT HOLD."
    console.print(f"\n{verdict}", style="bold green" if account.holds else "bold red", highlight=False)


def _rows(account: Account) -> list[tuple[str, str]]:
    ends = account.ends
    rows = [
        ("consumed", account.consumed),
        ("delivered", ends[Fate.DELIVERED]),
        ("already counted by Adjust", ends[Fate.ALREADY_COUNTED]),
        ("filtered", ends[Fate.FILTERED]),
        ("dead-lettered", ends[Fate.DEAD_LETTERED]),
        *((f"  {reason}", count) for reason, count in account.reasons.most_common()),
        ("retried", account.retried),
        ("delivered twice", account.delivered_twice),
        ("order violations", account.order_violations),
        ("dead letters altered", account.altered),
        ("ended otherwise than expected", account.unexpected),
        ("unaccounted", account.unaccounted),
    ]
    return [(name, f"{number:,}") for name, number in rows]


def show_requests(console: Console, entries: list[Entry]) -> None:
    """Write requests as the sandbox received them, with the tokens masked."""
    if not entries:
        return
    shown = "One of the requests, as the stand-in for Adjust received it:"
    if len(entries) > 1:
        shown = "Two of the requests, as the stand-in for Adjust received them:"
    console.print(f"\n{shown}", highlight=False)
    for entry in entries:
        console.print(f"\n{entry.method} {entry.path}   answered {entry.status}", style="bold", highlight=False)
        if entry.token_sent:
            console.print("  authorization: Bearer ****", highlight=False)
        for name, value in entry.parameters.items():
            shown = f"{value[:2]}****" if name in SECRET_PARAMETERS else value
            console.print(f"  {name}={shown}", highlight=False, markup=False, soft_wrap=True)
