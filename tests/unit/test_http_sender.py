"""The sender's own decisions, on transports made for the case: what it asks for, and what it makes of what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from connector import __version__
from connector.adapters.http_sender import NEVER_SENT, HttpSender
from connector.outcome import Response, TransportFailure
from connector.record import Request

EVENT = Request("shop", "/event", b"app_token=4w565xzmb54d", "purchase")


class Scripted(httpx.AsyncBaseTransport):
    """Remembers each request and does what `act` says."""

    def __init__(self, act: Callable[[], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = False
        self._act = act

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Act."""
        self.requests.append(request)
        return self._act()

    async def aclose(self) -> None:
        """Remember it."""
        self.closed = True


class Parts(httpx.AsyncByteStream):
    """A body in parts that then breaks, or not. Remembers that it was closed."""

    def __init__(self, *parts: bytes, breaks: Exception | None = None) -> None:
        self.closed = False
        self._parts = parts
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the parts."""
        for part in self._parts:
            yield part
        if self._breaks is not None:
            raise self._breaks

    async def aclose(self) -> None:
        """Remember it."""
        self.closed = True


def ok() -> httpx.Response:
    """Answer as the default transport does: with a body that is there."""
    return httpx.Response(200, headers={"Retry-After": "1"}, stream=httpx.ByteStream(b"{}"))


def raising(error: Exception) -> Callable[[], httpx.Response]:
    """Fail instead of answering."""

    def act() -> httpx.Response:
        raise error

    return act


def sender(transport: httpx.AsyncBaseTransport, base_url: str = "https://s2s.adjust.com") -> HttpSender:
    """Return a sender of two apps, one with a token."""
    return HttpSender(transport, base_url, {"shop": "s3cret", "open": None})


def test_the_request_carries_address_form_token_and_length() -> None:
    """Adjust: S2S security asks for a bearer token, the S2S events page for a form; a stream needs its length said."""
    transport = Scripted(ok)
    asyncio.run(sender(transport).send(EVENT))
    (request,) = transport.requests
    assert (request.method, str(request.url)) == ("POST", "https://s2s.adjust.com/event")
    assert dict(request.headers) == {
        "host": "s2s.adjust.com",
        "user-agent": f"kafka-adjust-connector/{__version__}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/x-www-form-urlencoded",
        "authorization": "Bearer s3cret",
        "content-length": str(len(EVENT.body)),
    }
    assert isinstance(request.stream, httpx.ByteStream)
    assert b"".join(request.stream) == EVENT.body


def test_each_app_has_its_own_token_and_each_body_its_own_length() -> None:
    """Ready parts are never mixed up between apps, paths and lengths, however many lengths there are."""
    transport = Scripted(ok)
    mine = sender(transport)

    async def scenario() -> None:
        for length in (*range(3000), 5, 0):
            await mine.send(EVENT._replace(body=b"x" * length))
            await mine.send(EVENT._replace(app="open", path="/session", body=b"y" * length))

    asyncio.run(scenario())
    for request in transport.requests:
        assert isinstance(request.stream, httpx.ByteStream)
        body = b"".join(request.stream)
        assert request.headers["content-length"] == str(len(body))
        assert request.headers.get("authorization") == (
            None if body.startswith(b"y") or request.url.path == "/session" else "Bearer s3cret"
        )
        assert request.url.path == ("/session" if "authorization" not in request.headers else "/event")


@pytest.mark.parametrize(
    ("base_url", "url", "host"),
    [
        ("https://s2s.adjust.com/", "https://s2s.adjust.com/event", "s2s.adjust.com"),
        ("http://127.0.0.1:8800", "http://127.0.0.1:8800/event", "127.0.0.1:8800"),
        ("http://[::1]:8800/eu", "http://[::1]:8800/eu/event", "[::1]:8800"),
        ("https://s2s.adjust.com:443", "https://s2s.adjust.com/event", "s2s.adjust.com"),
    ],
)
def test_the_path_is_added_to_the_base_url(base_url: str, url: str, host: str) -> None:
    """A trailing slash, a port, an IPv6 address and a path of the base URL are kept as they are meant."""
    transport = Scripted(ok)
    asyncio.run(sender(transport, base_url).send(EVENT))
    assert (str(transport.requests[0].url), transport.requests[0].headers["host"]) == (url, host)


def test_retry_after_comes_with_every_answer_but_200() -> None:
    """A delivered event has nothing to wait for; whatever else was answered may ask for a wait."""
    assert asyncio.run(sender(Scripted(ok)).send(EVENT)) == Response(200, b"{}", None)
    busy = Scripted(
        lambda: httpx.Response(429, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, stream=httpx.ByteStream(b""))
    )
    assert asyncio.run(sender(busy).send(EVENT)) == Response(429, b"", "Wed, 21 Oct 2026 07:28:00 GMT")


def test_a_streamed_body_is_read_to_its_end_and_closed() -> None:
    """Any httpx transport will do: one that streams is read whole and its connection given back."""
    body = Parts(b'{"a":', b"1}")
    assert asyncio.run(sender(Scripted(lambda: httpx.Response(200, stream=body))).send(EVENT)) == Response(200, b'{"a":1}', None)
    assert body.closed


@pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.ConnectError("x"), httpx.PoolTimeout("x")])
def test_a_body_that_breaks_may_have_been_sent_whatever_the_error(error: httpx.TransportError) -> None:
    """Once there is a status, the request left: no name of an error makes that unsure again."""
    body = Parts(b'{"a":', breaks=error)
    result = asyncio.run(sender(Scripted(lambda: httpx.Response(200, stream=body))).send(EVENT))
    assert isinstance(result, TransportFailure)
    assert result.maybe_sent
    assert body.closed


def test_a_body_in_an_encoding_that_does_not_decode_is_no_answer() -> None:
    """A body said to be compressed and not so ends as a failure, not as an exception of the decoder."""
    broken = Scripted(lambda: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Parts(b"not gzip")))
    assert asyncio.run(sender(broken).send(EVENT)) == TransportFailure("decoding_error", maybe_sent=True)


def _errors(kind: type[httpx.TransportError]) -> list[type[httpx.TransportError]]:
    return [kind, *(each for below in kind.__subclasses__() if below.__module__.startswith("httpx") for each in _errors(below))]


@pytest.mark.parametrize("kind", _errors(httpx.TransportError))
def test_every_failure_of_httpx_becomes_a_value(kind: type[httpx.TransportError]) -> None:
    """Only the five that come before the first byte say no; all others, and any that httpx adds, say maybe."""
    result = asyncio.run(sender(Scripted(raising(kind("reason")))).send(EVENT))
    assert isinstance(result, TransportFailure)
    assert result.maybe_sent is not issubclass(kind, NEVER_SENT)
    assert result.kind.replace("_", "") == kind.__name__.lower()
    assert {each.__name__ for each in NEVER_SENT} == {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
    }


def test_cancellation_and_bugs_pass_through() -> None:
    """What is no failure of the network is not turned into one."""
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(sender(Scripted(raising(asyncio.CancelledError()))).send(EVENT))  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(sender(Scripted(raising(ZeroDivisionError()))).send(EVENT))


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Injected: 1", "nul\x00", "ümlaut"])
def test_a_token_that_a_header_cannot_carry_is_refused_without_being_shown(token: str) -> None:
    """A token never adds a header of its own, and the refusal names the app only."""
    with pytest.raises(ValueError, match="'shop'") as refused:
        HttpSender(Scripted(ok), "https://s2s.adjust.com", {"shop": token})
    assert not token or token not in str(refused.value)


def test_closing_closes_the_transport() -> None:
    """Whoever closes the sender need not know of the transport."""
    transport = Scripted(ok)
    asyncio.run(sender(transport).aclose())
    assert transport.closed
