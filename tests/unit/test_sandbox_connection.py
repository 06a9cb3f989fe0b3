"""One connection of the sandbox without sockets: when it reads, when it stops, and what it owes."""

from __future__ import annotations

import asyncio

from connector.sandbox.config import SandboxConfig
from connector.sandbox.connection import MAX_WAITING, Connection
from connector.sandbox.exchange import Exchange, Plan
from connector.sandbox.faults import Fault
from connector.sandbox.http1 import HttpRequest

GET = b"GET /event?s2s=1&app_token=4w565xzmb54d&event_token=f0ob4r&idfa=x HTTP/1.1\r\n\r\n"


class Wire(asyncio.Transport):
    """A transport that remembers what was done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.reading = True
        self.closing = False
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember `data`."""
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        """Say whether it was closed."""
        return self.closing

    def is_reading(self) -> bool:
        """Say whether it may deliver bytes."""
        return self.reading

    def pause_reading(self) -> None:
        """Deliver no more bytes."""
        self.reading = False

    def resume_reading(self) -> None:
        """Deliver bytes again."""
        self.reading = True

    def can_write_eof(self) -> bool:
        """Say yes, as TCP does."""
        return True

    def write_eof(self) -> None:
        """Remember the half-close."""
        self.ended = True

    def close(self) -> None:
        """Remember the close."""
        self.closing = True


class Desk:
    """A router that answers by the sandbox's rules and nothing else."""

    max_body_bytes = 1000

    def __init__(self, *faults: Fault) -> None:
        self.exchange = Exchange(SandboxConfig(), faults, lambda: 1_700_000_000.0, lambda: 0.0)
        self.ended: list[bool] = []
        self.refused = 0

    def receive(self, request: HttpRequest, connection: int) -> Plan:
        """Plan as the sandbox does."""
        return self.exchange.receive(request, connection)

    def finish(self, plan: Plan, *, answered: bool) -> None:
        """Remember whether an answer left."""
        self.exchange.finish(plan, answered=answered)
        self.ended.append(answered)

    def malformed(self) -> None:
        """Count."""
        self.refused += 1

    def opened(self, connection: Connection) -> int:  # noqa: ARG002  # the protocol's signature
        """Number every connection 1."""
        return 1

    def closed(self, connection: Connection) -> None:
        """Take note of nothing."""


def connect(desk: Desk, loop: asyncio.AbstractEventLoop) -> tuple[Connection, Wire]:
    """Return a connection and its wire."""
    connection, wire = Connection(desk, loop), Wire()
    connection.connection_made(wire)
    return connection, wire


def test_client_that_does_not_read_is_not_served_nor_read_from() -> None:
    """Protects: a client that sends without reading fills neither the sandbox's memory nor its journal."""

    async def main() -> None:
        desk = Desk()
        connection, wire = connect(desk, asyncio.get_running_loop())
        connection.pause_writing()
        connection.data_received(GET * (MAX_WAITING + 1))
        assert (desk.exchange.journal.received, wire.sent, wire.reading) == (0, b"", False)
        connection.resume_writing()
        assert (desk.exchange.journal.received, wire.reading) == (MAX_WAITING + 1, True)
        assert wire.sent.count(b"HTTP/1.1 200") == MAX_WAITING + 1

    asyncio.run(main())


def test_pipelined_requests_wait_for_the_one_before() -> None:
    """Protects: one request at a time: what is behind an unanswered one is not even received."""

    async def main() -> None:
        desk = Desk(Fault(action="hang", limit=1))
        connection, wire = connect(desk, asyncio.get_running_loop())
        connection.data_received(GET * 3)
        assert (desk.exchange.journal.received, wire.sent) == (1, b"")
        connection.connection_lost(None)
        assert (desk.ended, desk.exchange.journal.open) == ([False], 0)

    asyncio.run(main())


def test_delayed_answer_of_a_lost_connection_is_not_sent() -> None:
    """Protects: a client that gave up is recorded as unanswered, and its timer is cancelled."""

    async def main() -> None:
        desk = Desk(Fault(action="delay", latency_s=60))
        connection, wire = connect(desk, asyncio.get_running_loop())
        connection.data_received(GET)
        connection.connection_lost(None)
        assert connection._timer is not None
        assert connection._timer.cancelled()
        assert (desk.ended, wire.sent) == ([False], b"")

    asyncio.run(main())


def test_refusal_lingers() -> None:
    """Protects: after bytes that are no request the answer is sent and half-closed, and later bytes are thrown away."""

    async def main() -> None:
        desk = Desk()
        connection, wire = connect(desk, asyncio.get_running_loop())
        connection.data_received(b"\x16\x03\x01" + GET)
        connection.data_received(GET)
        assert wire.sent.startswith(b"HTTP/1.1 400 ")
        assert (wire.ended, wire.closing, desk.refused, desk.exchange.journal.received) == (True, False, 1, 0)
        connection.connection_lost(None)

    asyncio.run(main())


def test_nothing_is_served_behind_a_closing_answer() -> None:
    """Protects: a pipelined request behind `Connection: close` is neither received nor answered."""

    async def main() -> None:
        desk = Desk()
        connection, wire = connect(desk, asyncio.get_running_loop())
        connection.data_received(GET.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + GET)
        assert (desk.exchange.journal.received, wire.closing, wire.sent.count(b"HTTP/1.1")) == (1, True, 1)

    asyncio.run(main())
