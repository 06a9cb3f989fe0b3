"""What the connector asks of an HTTP transport: which answers and failures a sender must report, on libcurl and on stock httpx.

Each case says what the server does and what the sender must then know: the answer, or whether the request may have been sent;
and that the server got each request at most once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from support.misbehaving_server import MisbehavingServer, Plan, Reply, Then, answer
from support.transports import BODY, OK, Run, Way, always, event, failed, first_ok_then

from connector.outcome import Response, TransportFailure

pytest_plugins = ["support.transport_fixtures"]


def test_a_complete_answer_comes_back_and_the_request_is_what_adjust_documents(run: Run, way: Way) -> None:
    """The server gets method, path, form, bearer token and length as documented, once; status and body come back whole."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as server, way.sender(server.url) as sender:
            assert await sender.send(event()) == Response(200, b'{"status":"OK"}', None)
            assert await sender.send(event(app="open")) == Response(200, b'{"status":"OK"}', None)
        first, second = server.requests
        assert (first.line, first.body) == ("POST /event HTTP/1.1", BODY)
        assert first.headers["host"] == f"127.0.0.1:{server.port}"
        assert first.headers["content-type"] == "application/x-www-form-urlencoded"
        assert first.headers["content-length"] == str(len(BODY))
        assert first.headers["authorization"] == "Bearer s2s-token"
        assert "authorization" not in second.headers
        assert "expect" not in first.headers
        assert "transfer-encoding" not in first.headers
        assert server.connections == 1

    run(scenario())


@pytest.mark.parametrize("status", [202, 204, 301, 400, 401, 404, 413, 429, 500, 503])
def test_every_status_is_an_answer_and_retry_after_comes_with_it(run: Run, way: Way, status: int) -> None:
    """No status is followed, retried or turned into a failure below the verdict table."""

    async def scenario() -> None:
        body = b"" if status == 204 else b'{"error":"x"}'
        reply = Reply(answer(status, body, "Retry-After: 7", "Location: /elsewhere"))
        async with MisbehavingServer(always(reply)) as server, way.sender(server.url) as sender:
            assert await sender.send(event()) == Response(status, body, "7")
        assert len(server.requests) == 1

    run(scenario())


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, b"{}"),
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(200, b"{}"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n",
    ],
    ids=["100-continue", "103-early-hints", "chunked", "chunked-with-trailer"],
)
def test_every_framing_of_an_answer_is_read(run: Run, way: Way, data: bytes) -> None:
    """Interim answers are not taken for the answer, and chunks are joined; the connection serves the next request."""

    async def scenario() -> None:
        async with MisbehavingServer(always(Reply(data))) as server, way.sender(server.url) as sender:
            assert await sender.send(event()) == Response(200, b"{}", None)
            assert await sender.send(event()) == Response(200, b"{}", None)
        assert (len(server.requests), server.connections) == (2, 1)

    run(scenario())


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", Then.CLOSE),
        Reply(b"", Then.RESET),
        Reply(b"HTTP/1.1 2", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\n", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Le", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", Then.RESET),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", Then.CLOSE),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 9_999_999, Then.CLOSE),
        Reply(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 64, Then.HANG
        ),
        Reply(b"HTTP/1.1 100 Continue\r\n\r\n", Then.CLOSE),
        Reply(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Then.CLOSE),
    ],
    ids=[
        "closed",
        "reset",
        "status line cut",
        "cut after the status line",
        "header cut",
        "head without its end",
        "head without its end, reset",
        "body short",
        "chunk short",
        "last chunk missing",
        "body too long",
        "chunked body too long",
        "interim answer only",
        "not http",
    ],
)
@pytest.mark.parametrize("plan", [always, first_ok_then], ids=["new connection", "reused connection"])
def test_a_request_without_a_complete_answer_may_have_been_sent(
    run: Run, way: Way, plan: Callable[[Reply], Plan], reply: Reply
) -> None:
    """Whatever breaks after the server read the request is no verdict, and nothing is sent again behind the caller's back."""

    async def scenario() -> None:
        async with MisbehavingServer(plan(reply)) as server, way.sender(server.url) as sender:
            warm = [] if plan is always else [await sender.send(event(b"n=0"))]
            assert failed(await sender.send(event(b"n=1")), maybe_sent=True)
            assert [request.body for request in server.requests] == [b"n=0"] * len(warm) + [b"n=1"]

    run(scenario())


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
@pytest.mark.parametrize("body", [b"n=", b""], ids=["with a body", "without a body"])
def test_a_reused_connection_that_breaks_never_doubles_a_request(run: Run, way: Way, then: Then, body: bytes) -> None:
    """Over a hundred sends on connections closed after reading: the server has each request once, the caller knows of each."""

    async def scenario() -> None:
        async with MisbehavingServer(first_ok_then(Reply(b"", then))) as server, way.sender(server.url) as sender:
            bodies = [body + str(n).encode() if body else b"" for n in range(100)]
            results = [await sender.send(event(each)) for each in bodies]
            assert [request.body for request in server.requests] == bodies
            answered = sum(isinstance(result, Response) for result in results)
            assert answered == sum(request.nth == 0 for request in server.requests)
            assert all(isinstance(result, Response) or result.maybe_sent for result in results)

    run(scenario())


def test_silence_after_the_request_is_a_timeout_that_may_have_been_sent(run: Run, way: Way) -> None:
    """A server that reads and never answers ends in the time allowed for one request."""

    async def scenario() -> None:
        hang = Reply(b"", Then.HANG)
        async with MisbehavingServer(always(hang)) as server, way.sender(server.url, total_s=0.2) as sender:
            assert await sender.send(event()) == TransportFailure("read_timeout", maybe_sent=True)
        assert len(server.requests) == 1

    run(scenario())


def test_a_trickle_does_not_outlast_the_time_for_one_request(run: Run, way: Way) -> None:
    """The limit is on the whole request: a head that came in time does not extend it."""

    async def scenario() -> None:
        half = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", Then.HANG)
        async with MisbehavingServer(always(half)) as server, way.sender(server.url, total_s=0.2) as sender:
            assert failed(await sender.send(event()), maybe_sent=True)

    run(scenario())


def test_a_slow_answer_in_time_is_an_answer(run: Run, way: Way) -> None:
    """While one answer is awaited, others come and go on other connections."""

    async def scenario() -> None:
        gate = asyncio.Event()
        plan: Plan = lambda request: Reply(OK.data, gate=gate if request.body == b"slow" else None)  # noqa: E731  # a plan is a function
        async with MisbehavingServer(plan) as server, way.sender(server.url) as sender:
            slow = asyncio.create_task(sender.send(event(b"slow")))
            await server.until(lambda: len(server.requests) == 1)
            assert isinstance(await sender.send(event(b"fast")), Response)
            assert not slow.done()
            gate.set()
            assert isinstance(await slow, Response)

    run(scenario())


def test_a_closed_port_is_never_sent(run: Run, way: Way) -> None:
    """A refused connection is known not to have carried the request."""

    async def scenario() -> None:
        with socket.socket() as bound:  # bound but not listening: nobody else gets this port
            bound.bind(("127.0.0.1", 0))
            async with way.sender(f"http://127.0.0.1:{bound.getsockname()[1]}") as sender:
                assert await sender.send(event()) == TransportFailure("connect_error", maybe_sent=False)

    run(scenario())


def test_a_tls_handshake_that_hangs_is_never_sent(run: Run, way: Way) -> None:
    """A server that takes the connection and says nothing ends in the time allowed to connect."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as server:
            url = server.url.replace("http:", "https:")
            async with way.sender(url, connect_s=0.2) as sender:
                assert await sender.send(event()) == TransportFailure("connect_timeout", maybe_sent=False)
        assert server.requests == []

    run(scenario())


@pytest.mark.parametrize(
    "body", [b"x" * 900_000, b"a=\x00\x01\x00&b=\x00", bytes(range(256)) * 5], ids=["900 KB", "NUL bytes", "every byte"]
)
def test_a_body_of_any_bytes_arrives_byte_for_byte(run: Run, way: Way, body: bytes) -> None:
    """Neither length nor content changes on the way, on a new connection and on a reused one."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as server, way.sender(server.url) as sender:
            assert isinstance(await sender.send(event(body)), Response)
            assert isinstance(await sender.send(event(body)), Response)
        assert [request.body == body for request in server.requests] == [True, True]

    run(scenario())


def test_a_large_body_cut_off_on_its_way_may_have_been_sent(run: Run, way: Way) -> None:
    """A server that goes away in the middle of a body got bytes of it."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK), deaf=True) as server, way.sender(server.url) as sender:
            assert failed(await sender.send(event(b"x" * 8_000_000)), maybe_sent=True)
        assert server.requests == []

    run(scenario())
