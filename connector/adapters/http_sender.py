"""The way to Adjust: a mapped request becomes an httpx request, and what comes of it becomes a value.

**Rule**: one call, one request on the wire at most; every failure of the network ends as a `TransportFailure` that says
whether the request may have been sent, and where that is not certain it says yes. Retrying is not decided here.
Does not know what an answer means, nor which transport it drives: any `httpx.AsyncBaseTransport` that keeps to httpx's
exception types will do.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

import httpx

from connector import __version__
from connector.errors import UnreadableError
from connector.outcome import Response, SendResult, TransportFailure
from connector.record import Request

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""The exceptions that httpx's transports raise only before the first byte of a request."""

MAX_RESPONSE_BYTES = 1_048_576
"""A longer body is no answer of Adjust's."""

_LENGTHS_KEPT = 1024


class HttpSender:
    """Sends requests to `base_url` through `transport`, with the S2S token of the request's app from `tokens` (None: none).

    Raises `ValueError` for a token that cannot stand in a header; its text names the app, never the token.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, base_url: str, tokens: Mapping[str, str | None]) -> None:
        for app, token in tokens.items():
            if token is not None and not (token.isascii() and token.isprintable() and " " not in token and token):
                raise ValueError(f"the S2S token of app {app!r} holds characters that a header cannot carry")
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._tokens = dict(tokens)
        self._routes: dict[tuple[str, str], _Route] = {}

    async def send(self, request: Request) -> SendResult:
        """POST `request` once and return the complete answer, or why there is none. Raises `KeyError` for an unknown app."""
        app, path, body, _ = request
        route = self._routes.get((app, path)) or self._add_route(app, path)
        message = httpx.Request("POST", route.url, headers=route.headers_for(len(body)), stream=httpx.ByteStream(body))
        try:
            response = await self._transport.handle_async_request(message)
        except NEVER_SENT as error:
            return TransportFailure(_kind(error), maybe_sent=False)
        except httpx.RequestError as error:
            return TransportFailure(_kind(error), maybe_sent=True)
        try:
            answer = await _body_of(response)
        except httpx.RequestError as error:  # whatever its type: there is a status, so the request was sent
            return TransportFailure(_kind(error), maybe_sent=True)
        status = response.status_code
        return Response(status, answer, None if status == 200 else response.headers.get("retry-after"))

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    def _add_route(self, app: str, path: str) -> _Route:
        route = self._routes[app, path] = _Route(httpx.URL(self._base_url + path), self._tokens[app])
        return route


class _Route:
    """What requests of one app to one path share, made once: the parts of an httpx request cost more than sending it."""

    def __init__(self, url: httpx.URL, token: str | None) -> None:
        self.url = url
        self._fields = [
            ("Host", url.netloc.decode("ascii")),
            ("User-Agent", f"kafka-adjust-connector/{__version__}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        if token is not None:
            self._fields.append(("Authorization", f"Bearer {token}"))
        self._headers: dict[int, httpx.Headers] = {}

    def headers_for(self, body_bytes: int) -> httpx.Headers:
        """Return the headers of a request with a body of that length. Content-Length stands last."""
        return self._headers.get(body_bytes) or self._add_headers(body_bytes)

    def _add_headers(self, body_bytes: int) -> httpx.Headers:
        if len(self._headers) >= _LENGTHS_KEPT:
            self._headers.clear()
        headers = self._headers[body_bytes] = httpx.Headers([*self._fields, ("Content-Length", str(body_bytes))])
        return headers


class StockTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport, with the limits that it leaves to its client: time, connections and size of the answer.

    The parameters are those of the default transport. Idle connections are kept up to `max_connections`, since stock httpx
    keeps 20 and would open a connection for nearly every request beyond them. Raises `UnreadableError` for a `ca_file` that is
    none.
    """

    def __init__(
        self,
        *,
        max_connections: int = 128,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 30.0,
        ca_file: str | None = None,
        proxy: str | None = None,
    ) -> None:
        super().__init__(
            verify=_trusting(ca_file) if ca_file else True,
            trust_env=False,
            limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
            proxy=proxy,
        )
        self._timeout_s = timeout_s
        self._timeouts = httpx.Timeout(timeout_s, connect=connect_timeout_s).as_dict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return its answer with the whole body. Raises as httpx does, `ReadTimeout` when time is up."""
        request.extensions["timeout"] = self._timeouts
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await super().handle_async_request(request)
                body = await _limited_body(response)
        except TimeoutError:
            raise httpx.ReadTimeout("no complete answer in time") from None
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(body))


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise UnreadableError(f"{ca_file} is no readable PEM file of certificate authorities: {error}") from None


async def _limited_body(response: httpx.Response) -> bytes:
    parts, size = [], 0
    try:
        async for part in response.aiter_raw():
            size += len(part)
            if size > MAX_RESPONSE_BYTES:
                raise httpx.RemoteProtocolError("the body of the answer is too long")
            parts.append(part)
    finally:
        await response.aclose()
    return b"".join(parts)


async def _body_of(response: httpx.Response) -> bytes:
    stream = response.stream
    if isinstance(stream, httpx.ByteStream):
        return b"".join(stream)
    try:
        return await response.aread()
    finally:
        await response.aclose()


def _kind(error: httpx.RequestError) -> str:
    """Return httpx's name for the failure in snake case, such as `connect_timeout`: a closed list, fit for a label."""
    name = type(error).__name__
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
