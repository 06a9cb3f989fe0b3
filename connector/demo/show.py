"""Progress and the account, for people: colours and a bar on a terminal, plain lines in a pipe.

**Rule**: in a pipe every line stands for itself and nothing is overwritten. Tokens are masked; what is shown of an event is made up.
"""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from connector.demo.account import Account
from connector.demo.sample import Fate
from connector.sandbox import Entry

SECRET_PARAMETERS = frozenset({"app_token", "event_token"})
SHOWN_FAULTS = 10


class Moment(NamedTuple):
    """How far the demo is: events committed of those produced, and what the sandbox has seen."""

    committed: int
    produced: int
    requests: int
    delivered: int
    refused: int


class Stage:
    """Where the demo writes while it runs: `say` a step, `show` a moment."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last: Moment | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            columns = (TextColumn("  events settled"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[seen]}"))
            self._bar = Progress(*columns, TimeElapsedColumn(), console=self._console)
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
        seen = f"{moment.requests:,} requests: {moment.delivered:,} delivered, {moment.refused:,} refused or failed"
        if self._bar is None:
            if moment != self._last:
                self.say(f"  {moment.committed:,} of {moment.produced:,} events settled; {seen}")
            self._last = moment
            return
        if self._task is None:
            self._task = self._bar.add_task("settled", total=moment.produced, seen=seen)
        self._bar.update(self._task, completed=moment.committed, seen=seen)


def show_account(console: Console, account: Account, seconds: float) -> None:
    """Write the account."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name, number in _rows(account):
        table.add_row(name, number)
    console.print(f"\n{account.produced:,} events in {seconds:.1f} s", style="bold", highlight=False)
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
    console.print("\nTwo of the requests, as the stand-in for Adjust received them:", highlight=False)
    for entry in entries:
        console.print(f"\n{entry.method} {entry.path}   answered {entry.status}", style="bold", highlight=False)
        if entry.token_sent:
            console.print("  authorization: Bearer ****", highlight=False)
        for name, value in entry.parameters.items():
            shown = f"{value[:2]}****" if name in SECRET_PARAMETERS else value
            console.print(f"  {name}={shown}", highlight=False, markup=False, soft_wrap=True)
