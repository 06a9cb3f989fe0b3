"""What sending one request costs: the sender on its transport, beside a plain `httpx.Client` loop, in one run.

    python tests/benchmarks/transport_bench.py [--requests N] [--in-flight N] [--loop uvloop|asyncio] [--stock]

**Rule**: CPU is user and system time of this process, all its threads, from `getrusage`; the upstream is another process.
Machines differ from hour to hour by half: the ratio to the plain loop is the result.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a program, not by pytest

import httpx
import uvloop
from benchmarks.measured import Upstreams
from support.waiting import until

from connector.adapters.curl import CurlTransport
from connector.adapters.http_sender import HttpSender, StockTransport
from connector.outcome import Response
from connector.record import Request

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
BODY_BYTES = 386


class Cost(NamedTuple):
    """CPU microseconds a request, and requests a second."""

    cpu_us: float
    per_s: float


class Meter:
    """Measures from its making to `cost`."""

    def __init__(self) -> None:
        self._cpu_s, self._at_s = _cpu_s(), time.monotonic()

    def cost(self, requests: int) -> Cost:
        """Return the cost of one of `requests` done meanwhile."""
        return Cost((_cpu_s() - self._cpu_s) / requests * 1e6, requests / (time.monotonic() - self._at_s))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _bodies(count: int) -> list[bytes]:
    """Return bodies of different lengths, as events have them."""
    return [b"s2s=1&n=%d&pad=" % n + b"x" * (BODY_BYTES - 40 + n % 80) for n in range(count)]


async def concurrently(sender: HttpSender, requests: int, in_flight: int) -> Cost:
    """Send `requests` by `in_flight` tasks that each send one after the other."""
    waiting = [Request("shop", "/event", body, "purchase") for body in _bodies(256)]

    async def work(share: int) -> None:
        for n in range(share):
            result = await sender.send(waiting[n & 255])
            if not isinstance(result, Response):
                raise RuntimeError(f"a request was not answered: {result.kind}")  # noqa: TRY004  # a failure, no wrong type

    await asyncio.gather(*(work(20) for _ in range(in_flight)))
    meter = Meter()
    await asyncio.gather(*(work(requests // in_flight) for _ in range(in_flight)))
    return meter.cost(requests // in_flight * in_flight)


def plain(url: str, requests: int) -> Cost:
    """Send `requests` as a first script would: one `httpx.Client`, one request after the other."""
    bodies = _bodies(256)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Bearer token"}
    with httpx.Client() as client:
        client.post(url, content=bodies[0], headers=headers)
        meter = Meter()
        for n in range(requests):
            client.post(url, content=bodies[n & 255], headers=headers).raise_for_status()
        return meter.cost(requests)


async def through(transport: httpx.AsyncBaseTransport, url: str, requests: int, in_flight: int) -> Cost:
    """Return the cost of sending through `transport`."""
    sender = HttpSender(transport, url, {"shop": "token"})
    try:
        return await concurrently(sender, requests, in_flight)
    finally:
        await sender.aclose()


def _answers(url: str) -> bool:
    try:
        return httpx.post(url, content=b"x").status_code == 200
    except httpx.ConnectError:
        return False


def main() -> None:
    """Measure, and print one line for each way of sending."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--in-flight", type=int, default=128)
    parser.add_argument("--loop", choices=sorted(LOOPS), default="uvloop")
    parser.add_argument("--stock", action="store_true", help="measure stock httpx behind the sender too (slow)")
    given = parser.parse_args()
    in_flight: int = given.in_flight
    with tempfile.TemporaryDirectory() as folder, Upstreams(Path(folder), 1, 0.0) as upstream:
        url = upstream.base_url
        until(lambda: _answers(url), "the upstream answers", 10)
        before = plain(f"{url}/event", 3_000)
        with asyncio.Runner(loop_factory=LOOPS[given.loop]) as runner:
            ours = runner.run(through(CurlTransport(max_connections=in_flight), url, given.requests, in_flight))
            stock = (
                runner.run(through(StockTransport(max_connections=in_flight), url, in_flight * 20, in_flight))
                if given.stock
                else None
            )
        after = plain(f"{url}/event", 3_000)
    base = Cost((before.cpu_us + after.cpu_us) / 2, (before.per_s + after.per_s) / 2)
    for name, cost in (
        ("httpx.Client, one after the other", base),
        (f"libcurl, {in_flight} in flight", ours),
        ("stock httpx", stock),
    ):
        if cost is not None:
            ratio = cost.cpu_us / base.cpu_us
            sys.stdout.write(f"{name:36} {cost.cpu_us:8.1f} us CPU a request {cost.per_s:9.0f} /s   ratio {ratio:.3f}\n")


if __name__ == "__main__":
    main()
