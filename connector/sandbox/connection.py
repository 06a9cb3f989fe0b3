"""One TCP connection: requests in, answers out, in order, with whatever fault the plan asks for.

**Rule**: one request is answered at a time; a client that pipelines waits, and one that neither reads nor stops sending is
no longer read from. Nothing a client sends or does raises here, and a request whose answer never left is noted as such.

Does not know Adjust nor the control API: `Router` turns a request into a plan or into a ready answer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from typing import NamedTuple, Protocol, cast

from connector.sandbox.exchange import Plan
from connector.sandbox.faults import ENDED_ACTIONS
from connector.sandbox.http1 import HttpRequest, Parser, Refusal
from connector.sandbox.world import refusal

MAX_WAITING = 64
"""Pipelined requests that may wait on one connection before it is no longer read from."""

LINGER_S = 1.0
"""How long bytes are still taken, and thrown away, after bytes that are no request were refused."""

SLOW_STEPS = 10
"""Pieces in which a slow body leaves."""

_PHRASES = {
    200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 413: "Content Too Large", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


class ControlAnswer(NamedTuple):
    """A ready answer of the control API, a JSON body."""

    status: int
    body: bytes


class Router(Protocol):
    """What a connection asks of the sandbox."""

    max_body_bytes: int

    def receive(self, request: HttpRequest, connection: int) -> Plan | ControlAnswer:
        """Return what is to be done about `request`."""

    def finish(self, plan: Plan, *, answered: bool) -> None:
        """Hear how a plan ended."""

    def malformed(self) -> None:
        """Hear of bytes that were refused because they are no request."""

    def opened(self, connection: Connection) -> int:
        """Hear of a connection and return its number."""

    def closed(self, connection: Connection) -> None:
        """Hear that it is gone."""


class Connection(asyncio.Protocol):
    """The protocol of one connection."""

    def __init__(self, router: Router, loop: asyncio.AbstractEventLoop) -> None:
        self._router = router
        self._loop = loop
        self._parser = Parser(router.max_body_bytes)
        self._waiting: deque[HttpRequest | Refusal] = deque()
        self._current: tuple[Plan, bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._writable = True
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport (asyncio)."""
        self._transport = cast("asyncio.Transport", transport)  # what a stream server hands over; uvloop's is no subclass
        self._number = self._router.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget everything that waits (asyncio)."""
        self._transport = None
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._abandon()
        self._router.closed(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes (asyncio)."""
        self._waiting.extend(self._parser.feed(data))
        if self._parser.wants_continue and self._transport is not None:
            self._parser.wants_continue = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._advance()

    def eof_received(self) -> None:
        """Close with the client (asyncio): what it still waited for is noted as unanswered, half a request is refused."""
        if self._parser.is_halfway and self._current is None and self._transport is not None:
            self._refuse(self._transport, Refusal(400, "Incomplete request"))

    def pause_writing(self) -> None:
        """Take no further request while the client does not read (asyncio)."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on (asyncio)."""
        self._writable = True
        self._advance()

    def close(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def _advance(self) -> None:
        transport = self._transport
        if transport is None:
            return
        while self._waiting and self._current is None and self._writable and not transport.is_closing():
            item = self._waiting.popleft()
            if isinstance(item, Refusal):
                self._refuse(transport, item)
            else:
                self._serve(item)
        if not transport.is_closing():
            self._throttle(transport)

    def _throttle(self, transport: asyncio.Transport) -> None:
        if len(self._waiting) > MAX_WAITING:
            transport.pause_reading()
        elif not transport.is_reading():
            transport.resume_reading()

    def _refuse(self, transport: asyncio.Transport, item: Refusal) -> None:
        """Answer bytes that are no request, then close: late, since bytes that arrive at a closed socket would reset the answer."""
        self._router.malformed()
        body = refusal("", item.status, item.text).body
        transport.write(_head(item.status, len(body), None, keep_alive=False) + body)
        self._timer = self._loop.call_later(LINGER_S, transport.close)
        if transport.can_write_eof():
            transport.write_eof()

    def _serve(self, request: HttpRequest) -> None:
        plan = self._router.receive(request, self._number)
        if isinstance(plan, ControlAnswer):
            self._write(plan.status, plan.body, keep_alive=request.keep_alive)
            return
        self._current = (plan, request.keep_alive)
        if plan.delay_s > 0 and plan.action != "hang":
            self._timer = self._loop.call_later(plan.delay_s, self._carry_out)
        else:
            self._carry_out(advance=False)

    def _carry_out(self, *, advance: bool = True) -> None:
        self._timer = None
        if self._current is None or self._transport is None:
            return
        plan, keep_alive = self._current
        if plan.action == "answer":
            self._current = None
            self._write(plan.answer.status, plan.answer.body, keep_alive=keep_alive, plan=plan)
            self._router.finish(plan, answered=True)
            if advance:
                self._advance()
        elif plan.action in ENDED_ACTIONS:
            self._end(self._transport, plan.action)
        elif plan.action == "cut":
            body = plan.answer.body
            self._transport.write(_head(plan.answer.status, len(body) or 1, plan, keep_alive=True) + body[: len(body) // 2])
            self._end(self._transport, "close")
        else:
            self._transport.write(_head(plan.answer.status, len(plan.answer.body), plan, keep_alive=keep_alive))
            self._trickle(0)

    def _end(self, transport: asyncio.Transport, action: str) -> None:
        """End without an answer: close, reset, or for "hang" wait until the client gives up."""
        if action == "hang":
            return
        self._abandon()
        if action == "reset":
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()

    def _trickle(self, step: int) -> None:
        """Write the next piece of a slow body, and the rest of it later."""
        self._timer = None
        if self._current is None or self._transport is None:
            return
        plan, keep_alive = self._current
        body = plan.answer.body
        size = -(-len(body) // SLOW_STEPS) or 1
        self._transport.write(body[step * size : (step + 1) * size])
        if (step + 1) * size < len(body):
            self._timer = self._loop.call_later(plan.slow_s / SLOW_STEPS, self._trickle, step + 1)
            return
        self._current = None
        self._router.finish(plan, answered=True)
        if keep_alive:
            self._advance()
        else:
            self._transport.close()

    def _abandon(self) -> None:
        if self._current is not None:
            plan, self._current = self._current[0], None
            self._router.finish(plan, answered=False)

    def _write(self, status: int, body: bytes, *, keep_alive: bool, plan: Plan | None = None) -> None:
        if self._transport is None:
            return
        self._transport.write(_head(status, len(body), plan, keep_alive=keep_alive) + body)
        if not keep_alive:
            self._transport.close()


def _head(status: int, length: int, plan: Plan | None, *, keep_alive: bool) -> bytes:
    content_type = "application/json" if plan is None else plan.content_type
    head = f"HTTP/1.1 {status} {_PHRASES.get(status, 'Status')}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
    if plan is not None and plan.retry_after is not None:
        head += f"Retry-After: {plan.retry_after}\r\n"
    if not keep_alive:
        head += "Connection: close\r\n"
    return (head + "\r\n").encode("latin-1")
