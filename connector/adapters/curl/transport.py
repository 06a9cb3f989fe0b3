"""CurlTransport: an httpx transport for POST requests, on libcurl's multi interface and the running event loop.

A request that finds its kept-alive connection closed before its first byte starts over on another.

**Rule**: every request that is started ends exactly once: with its response, with its exception, or with the cancellation of
the task that waits for it; its handle then serves another request. No handle is destroyed while a connection may point at it.
Does not know Adjust. Other methods than POST are refused: stock httpx serves the calls that are not hot.
"""

from __future__ import annotations

import asyncio
import ssl

import certifi
import httpx
import pycurl

from connector.adapters.curl.drive import Drive
from connector.adapters.curl.exchange import Exchange, Heads, Options, Target, target
from connector.errors import UnreadableError

_TARGETS_KEPT = 1024


class CurlTransport(httpx.AsyncBaseTransport):
    """Sends each request once and returns its complete answer.

    Args:
        max_connections: connections open at once, idle ones included; a request beyond it waits for one.
        connect_timeout_s: seconds to find the address, connect and shake hands.
        timeout_s: seconds for one request in all.
        ca_file: PEM file of the certificate authorities to trust; None takes the bundle that httpx takes.
        proxy: URL of a proxy; None uses none, whatever the environment says.
        http2: offer HTTP/2 over TLS.

    Attributes:
        repeated_sends: how often libcurl was seen to send one request twice. Must stay 0.

    An instance belongs to the event loop of its first request, and must be closed by `aclose` there. Raises `UnreadableError`
    for a `ca_file` that is none.
    """

    def __init__(
        self,
        *,
        max_connections: int = 128,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 30.0,
        ca_file: str | None = None,
        proxy: str | None = None,
        http2: bool = False,
    ) -> None:
        if ca_file is not None:
            _check_authorities(ca_file)
        self.repeated_sends = 0
        self._max_connections = max_connections
        self._options = Options(connect_timeout_s, timeout_s, ca_file or certifi.where(), proxy or "", http2)
        self._heads = Heads()
        self._targets: dict[tuple[str, tuple[tuple[bytes, bytes], ...]], Target] = {}
        self._drive: Drive | None = None
        self._idle: list[Exchange] = []
        self._active: dict[pycurl.Curl, tuple[Exchange, asyncio.Future[httpx.Response]]] = {}
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """POST `request` and return the answer with its whole body.

        Raises `httpx.ConnectError`, `ConnectTimeout`, `ProxyError` or `UnsupportedProtocol` where no server can have read the
        request, any other `httpx.TransportError` where one may have.
        """
        body = await _body_of(request)
        target = self._target_of(request)
        drive = self._running_drive()
        exchange = self._idle.pop() if self._idle else Exchange(self._options, drive, self._heads)
        exchange.load(target, body)
        waiter: asyncio.Future[httpx.Response] = drive.loop.create_future()
        self._active[exchange.easy] = (exchange, waiter)
        drive.start(exchange.easy)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._abandon(exchange, waiter)
            raise

    async def aclose(self) -> None:
        """Close every connection. Requests that are under way fail as if their connection had broken."""
        self._closed = True
        drive, self._drive = self._drive, None
        if drive is None:
            return
        for exchange, waiter in self._active.values():
            if not waiter.done():
                waiter.set_exception(exchange.broken("the transport was closed"))
        drive.close()
        for exchange in (*self._idle, *(exchange for exchange, _ in self._active.values())):
            exchange.easy.close()
        self._idle.clear()
        self._active.clear()

    def _running_drive(self) -> Drive:
        loop = asyncio.get_running_loop()
        if self._drive is None:
            if self._closed:
                raise httpx.ConnectError("the transport is closed")
            self._drive = Drive(loop, self._max_connections, self._finished)
        elif self._drive.loop is not loop:
            raise RuntimeError("a CurlTransport belongs to the event loop of its first request")
        return self._drive

    def _target_of(self, request: httpx.Request) -> Target:
        if request.method != "POST":
            raise httpx.UnsupportedProtocol(f"CurlTransport sends POST requests, not {request.method}")
        fields = request.headers.raw
        if fields and fields[-1][0] == b"Content-Length":
            fields.pop()  # libcurl writes it; without it there are few different targets
        key = (str(request.url), tuple(fields))
        known = self._targets.get(key)
        if known is None:
            if len(self._targets) >= _TARGETS_KEPT:
                self._targets.clear()
            known = self._targets[key] = target(request.url, key[1])
        return known

    def _finished(self, easy: pycurl.Curl, code: int, text: str) -> None:
        exchange, waiter = self._active[easy]
        if code and self._drive is not None and not waiter.done() and exchange.may_start_over(code):
            exchange.rewind()
            self._drive.start(easy)
            return
        del self._active[easy]
        answer = exchange.answer(code, text)
        if exchange.was_repeated():
            self.repeated_sends += 1
        self._idle.append(exchange)
        if waiter.done():  # cancelled
            return
        if isinstance(answer, httpx.Response):
            waiter.set_result(answer)
        else:
            waiter.set_exception(answer)

    def _abandon(self, exchange: Exchange, waiter: asyncio.Future[httpx.Response]) -> None:
        active = self._active.get(exchange.easy)
        if self._drive is None or active is None or active[1] is not waiter:
            return  # it had ended already, and its handle may serve another request by now
        self._drive.stop(exchange.easy)
        exchange.load_nothing()
        self._drive.start(exchange.easy)  # ends at once, and `_finished` puts the handle back


def _check_authorities(ca_file: str) -> None:
    # libcurl would find out at each connection, when it looks like a destination that is down.
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise UnreadableError(f"{ca_file} is no readable PEM file of certificate authorities: {error}") from None


async def _body_of(request: httpx.Request) -> bytes:
    stream = request.stream
    return b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
