"""An HTTP transport under test, and the words that its cases share.

**Rule**: a request that libcurl was seen to send twice fails the case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from connector.adapters.http_sender import HttpSender
from connector.outcome import SendResult, TransportFailure
from connector.record import Request
from support.misbehaving_server import Plan, Reply, answer

Run = Callable[[Coroutine[object, object, None]], None]

BODY = b"app_token=4w565xzmb54d&event_token=f0ob4r&s2s=1"
OK = Reply(answer(200, b'{"status":"OK"}'))


@dataclass(frozen=True)
class Way:
    """A transport under test, and where its failures say less than they could.

    `tells_tunnel`: a connection that breaks before a proxy's tunnel stands is known not to have carried the request.
    """

    make: Callable[..., httpx.AsyncBaseTransport]
    tells_tunnel: bool

    @asynccontextmanager
    async def sender(
        self,
        url: str,
        *,
        connections: int = 4,
        connect_s: float = 10,
        total_s: float = 10,
        ca_file: str | None = None,
        proxy: str | None = None,
    ) -> AsyncIterator[HttpSender]:
        """Yield a sender to `url` on a new transport, and close it; no request may have been repeated by then."""
        transport = self.make(
            max_connections=connections, connect_timeout_s=connect_s, timeout_s=total_s, ca_file=ca_file, proxy=proxy
        )
        sender = HttpSender(transport, url, {"shop": "s2s-token", "open": None})
        try:
            yield sender
        finally:
            await sender.aclose()
        assert getattr(transport, "repeated_sends", 0) == 0


def always(reply: Reply) -> Plan:
    """Give the same reply to every request."""
    return lambda _: reply


def first_ok_then(reply: Reply) -> Plan:
    """Answer the first request of each connection, and give `reply` to the next ones, which then reuse it."""
    return lambda request: OK if request.nth == 0 else reply


def event(body: bytes = BODY, app: str = "shop") -> Request:
    """Return a mapped request."""
    return Request(app, "/event", body, "purchase")


def failed(result: SendResult, *, maybe_sent: bool) -> bool:
    """Say whether `result` is a failure of that kind."""
    return isinstance(result, TransportFailure) and result.maybe_sent is maybe_sent
