"""What the default transport promises beyond the contract: how libcurl, its handles and the event loop live together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from support.loopback_tls import LoopbackTls
from support.misbehaving_server import MisbehavingServer, Plan, Reply, Then, answer
from support.transports import OK, Run, always, event, first_ok_then

from connector.adapters.curl import CurlTransport
from connector.adapters.curl.drive import Drive
from connector.adapters.http_sender import HttpSender
from connector.outcome import Response, SendResult, TransportFailure

pytest_plugins = ["support.transport_fixtures"]


def sender_on(transport: CurlTransport, server: MisbehavingServer) -> HttpSender:
    """Return a sender to `server`."""
    return HttpSender(transport, server.url, {"shop": None})


def drive_of(transport: CurlTransport) -> Drive:
    """Return the drive of a transport that has sent something."""
    assert transport._drive is not None
    return transport._drive


async def until_registered(transport: CurlTransport, sockets: int) -> None:
    """Let the loop turn until it watches no more than `sockets` sockets of the transport."""
    async with asyncio.timeout(10):
        while drive_of(transport).registered_sockets > sockets:  # noqa: ASYNC110  # no event tells of it
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(b"", Then.CLOSE), "remote_protocol_error"),
        (Reply(b"", Then.RESET), "read_error"),
        (Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Then.CLOSE), "remote_protocol_error"),
        (Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Then.RESET), "read_error"),
    ],
)
def test_a_broken_exchange_has_httpx_s_name(run: Run, reply: Reply, kind: str) -> None:
    """A server that closes broke the protocol; one that resets broke the network."""

    async def scenario() -> None:
        transport = CurlTransport()
        async with MisbehavingServer(always(reply)) as server:
            assert await sender_on(transport, server).send(event()) == TransportFailure(kind, maybe_sent=True)
            await transport.aclose()

    run(scenario())


def test_an_idle_connection_stays_with_the_loop_until_its_server_closes_it(run: Run) -> None:
    """Between two requests the socket stays registered; after the server's close it is taken out, so that the loop rests."""

    async def scenario() -> None:
        transport, gate = CurlTransport(), asyncio.Event()
        late = Reply(answer(), Then.CLOSE)
        plan: Plan = lambda request: Reply(OK.data, gate=gate) if request.nth == 0 else late  # noqa: E731  # a plan is a function
        async with MisbehavingServer(plan) as server:
            sender = sender_on(transport, server)
            sends = [asyncio.create_task(sender.send(event())) for _ in range(3)]
            await server.until(lambda: len(server.requests) == 3)
            gate.set()
            assert all(isinstance(result, Response) for result in await asyncio.gather(*sends))
            assert drive_of(transport).registered_sockets == 3
            assert isinstance(await sender.send(event()), Response)
            await server.until(lambda: server.open_connections == 2)
            await until_registered(transport, 2)
            assert isinstance(await sender.send(event()), Response)
            await transport.aclose()
            assert server.connections == 3

    run(scenario())


@pytest.mark.parametrize(
    ("body", "secure"),
    [(b"n=1", False), (b"n" * 200_000, False), (b"n=1", True)],  # of a large body over TLS, libcurl cannot tell what left
    ids=["small", "large", "small over TLS"],
)
def test_a_connection_that_its_server_closed_while_idle_costs_nothing(
    run: Run, tls: LoopbackTls, body: bytes, *, secure: bool
) -> None:
    """On its own libcurl would send and learn too late: the request starts over before its first byte, and is sent once."""

    async def scenario() -> None:
        transport = CurlTransport(ca_file=tls.ca_file)
        plan: Plan = lambda request: Reply(OK.data, Then.CLOSE if request.nth == 1 else Then.KEEP)  # noqa: E731  # as above
        async with MisbehavingServer(plan, tls=tls.server if secure else None) as server:
            sender = sender_on(transport, server)
            for n in range(0, 20, 2):
                assert isinstance(await sender.send(event(body)), Response)
                assert isinstance(await sender.send(event(body)), Response)
                await until_registered(transport, 0)
                assert (len(server.requests), server.connections) == (n + 2, n // 2 + 1)
            await transport.aclose()
        assert transport.repeated_sends == 0

    run(scenario())


def test_a_connection_closed_during_another_handle_s_request_is_forgotten(run: Run) -> None:
    """Each connection is closed while another handle than its opener uses it: the loop, libcurl and we agree on what is open."""

    async def scenario() -> None:
        transport, gate, closing = CurlTransport(), asyncio.Event(), False

        def plan(_: object) -> Reply:
            return Reply(b"", Then.CLOSE) if closing else Reply(OK.data, gate=gate)

        async with MisbehavingServer(plan) as server:
            sender = sender_on(transport, server)
            sends = [asyncio.create_task(sender.send(event())) for _ in range(6)]
            await server.until(lambda: len(server.requests) == 6)
            gate.set()
            await asyncio.gather(*sends)
            closing = True
            for left in range(5, -1, -1):
                assert await sender.send(event()) == TransportFailure("remote_protocol_error", maybe_sent=True)
                assert drive_of(transport).registered_sockets == left
            closing = False
            assert isinstance(await sender.send(event()), Response)
            assert server.connections == 7
            await transport.aclose()

    run(scenario())


def test_closing_fails_what_is_under_way_and_what_comes_after(run: Run) -> None:
    """A request under way may have been sent; one that is still connecting, and one after the end, were not."""

    async def scenario() -> None:
        transport = CurlTransport()
        async with MisbehavingServer(always(Reply(b"", Then.HANG))) as server:
            secure = HttpSender(transport, server.url.replace("http:", "https:"), {"shop": None})
            sender = sender_on(transport, server)
            tasks: list[asyncio.Task[SendResult]] = [asyncio.create_task(each.send(event())) for each in (sender, secure)]
            await server.until(lambda: len(server.requests) == 1 and server.open_connections == 2)
            await transport.aclose()
            assert await asyncio.gather(*tasks) == [
                TransportFailure("read_error", maybe_sent=True),
                TransportFailure("connect_error", maybe_sent=False),
            ]
            assert await sender.send(event()) == TransportFailure("connect_error", maybe_sent=False)
            await transport.aclose()

    run(scenario())


def test_cancelling_while_the_connection_is_being_made_sends_nothing(run: Run) -> None:
    """A task cancelled in the TLS handshake gives its connection up, and its handle serves the next request."""

    async def scenario() -> None:
        transport = CurlTransport()
        async with MisbehavingServer(always(OK)) as server:
            secure = HttpSender(transport, server.url.replace("http:", "https:"), {"shop": None})
            for _ in range(3):
                task = asyncio.create_task(secure.send(event()))
                await server.until(lambda: server.open_connections == 1)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
                await server.until(lambda: server.open_connections == 0)
            assert server.requests == []
            assert isinstance(await sender_on(transport, server).send(event()), Response)
            await transport.aclose()

    run(scenario())


def test_cancelling_and_ending_in_the_same_turn_gives_the_handle_back_once(run: Run) -> None:
    """Tasks cancelled while their answers arrive neither lose a handle nor give one to two requests."""

    async def scenario() -> None:
        transport = CurlTransport()
        async with MisbehavingServer(always(OK)) as server:
            sender = sender_on(transport, server)
            for n in range(200):
                tasks = [asyncio.create_task(sender.send(event(b"n=%d" % n))) for _ in range(4)]
                done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in pending:
                    task.cancel()
                await asyncio.wait(tasks)
                assert all(isinstance(task.result(), Response) for task in done)
            assert isinstance(await sender.send(event()), Response)
            handles = [exchange.easy for exchange in transport._idle]
            assert len(handles) == len(set(handles))
            assert transport._active == {} or not set(handles) & set(transport._active)
            await transport.aclose()

    run(scenario())


@pytest.mark.parametrize("http2", [False, True])
def test_a_server_without_http2_is_spoken_to_in_http1(run: Run, tls: LoopbackTls, *, http2: bool) -> None:
    """Offering HTTP/2 does not demand it."""

    async def scenario() -> None:
        transport = CurlTransport(ca_file=tls.ca_file, http2=http2)
        async with MisbehavingServer(always(OK), tls=tls.server) as server:
            assert isinstance(await sender_on(transport, server).send(event()), Response)
            await transport.aclose()
        assert server.requests[0].line == "POST /event HTTP/1.1"

    run(scenario())


def test_the_sentinel_sees_a_request_that_libcurl_sent_twice(run: Run) -> None:
    """With a body that can be read again, libcurl repeats a POST on a broken connection: the counter notices."""

    async def scenario() -> None:
        transport = CurlTransport(max_connections=1)
        async with MisbehavingServer(first_ok_then(Reply(b"", Then.RESET))) as server:
            sender = sender_on(transport, server)
            assert isinstance(await sender.send(event()), Response)
            (exchange,) = transport._idle
            exchange.easy.setopt(exchange.easy.SEEKFUNCTION, lambda _offset, _origin: 0)
            exchange.easy.setopt(exchange.easy.POSTFIELDSIZE_LARGE, 0)
            exchange._body_bytes = 0
            exchange.easy.setopt(exchange.easy.FRESH_CONNECT, 0)
            assert isinstance(await sender.send(event(b"")), Response)
            assert len(server.requests) == 3
            assert transport.repeated_sends == 1
            await transport.aclose()

    run(scenario())


def test_a_request_without_ready_parts_is_sent_as_well(run: Run) -> None:
    """Any httpx request with a body will do: made from content, from a stream, with empty and repeated headers."""

    async def scenario() -> None:
        transport = CurlTransport()

        class Parts(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                for part in (b"a=", b"1"):
                    yield part

        async with MisbehavingServer(always(OK)) as server:
            url = f"{server.url}/a%20b/../c?d=%00"
            fields = [("X-Empty", ""), ("X-Twice", "1"), ("X-Twice", "2"), ("Transfer-Encoding", "chunked")]
            response = await transport.handle_async_request(httpx.Request("POST", url, headers=fields, stream=Parts()))
            assert (response.status_code, await response.aread()) == (200, b'{"status":"OK"}')
            await transport.handle_async_request(httpx.Request("POST", url, content=b"b=2"))
            await transport.aclose()
        first, second = server.requests
        assert first.line.split()[1] == str(httpx.URL(url).raw_path, "ascii")
        assert (first.body, second.body) == (b"a=1", b"b=2")
        assert (first.headers["x-empty"], first.headers["x-twice"]) == ("", "2")
        assert not {"transfer-encoding", "accept", "user-agent", "content-type"} & set(first.headers)

    run(scenario())


def test_other_methods_are_refused_unsent(run: Run) -> None:
    """The transport is for POST; anything else is refused before a connection is made."""

    async def scenario() -> None:
        transport = CurlTransport()
        with pytest.raises(httpx.UnsupportedProtocol):
            await transport.handle_async_request(httpx.Request("GET", "http://127.0.0.1:1/"))
        with pytest.raises(httpx.UnsupportedProtocol):
            await transport.handle_async_request(httpx.Request("POST", "ftp://127.0.0.1:1/", content=b"a=1"))
        await transport.aclose()

    run(scenario())


def test_a_transport_belongs_to_one_loop(run: Run) -> None:
    """Use from a second loop is an error of the caller, not a hang."""
    transport = CurlTransport()

    async def first() -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            sender = HttpSender(transport, f"http://127.0.0.1:{bound.getsockname()[1]}", {"shop": None})
            assert isinstance(await sender.send(event()), TransportFailure)

    async def second() -> None:
        with pytest.raises(RuntimeError, match="event loop"):
            await transport.handle_async_request(httpx.Request("POST", "http://127.0.0.1:1/", content=b"a=1"))

    run(first())
    with asyncio.Runner() as other:
        other.run(second())
    run(transport.aclose())
