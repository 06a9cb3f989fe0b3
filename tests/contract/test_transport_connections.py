"""What the connector asks of an HTTP transport's connections: how many, how long, over TLS, through a proxy, and cancelled."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from support.loopback_tls import LoopbackTls, loopback_tls
from support.misbehaving_server import MisbehavingServer, Plan, Reply, Then, answer
from support.transports import BODY, OK, Run, Way, always, event, failed, first_ok_then

from connector.errors import UnreadableError
from connector.outcome import Response, TransportFailure

pytest_plugins = ["support.transport_fixtures"]


def test_tls_with_a_trusted_certificate_carries_requests_over_one_connection(run: Run, way: Way, tls: LoopbackTls) -> None:
    """The CA file of the settings is what is trusted."""

    async def scenario() -> None:
        async with (
            MisbehavingServer(first_ok_then(OK), tls=tls.server) as server,
            way.sender(server.url, ca_file=tls.ca_file) as sender,
        ):
            results = [await sender.send(event(b"n=%d" % n)) for n in range(5)]
        assert all(isinstance(result, Response) for result in results)
        assert (len(server.requests), server.connections) == (5, 1)

    run(scenario())


@pytest.mark.parametrize("reply", [Reply(b"", Then.CLOSE), Reply(b"", Then.RESET)], ids=["closed", "reset"])
def test_a_reused_tls_connection_that_breaks_may_have_been_sent(run: Run, way: Way, tls: LoopbackTls, reply: Reply) -> None:
    """TLS hides nothing: the same as on a plain connection, for a small body and for one of many TLS records."""

    async def scenario() -> None:
        async with (
            MisbehavingServer(first_ok_then(reply), tls=tls.server) as server,
            way.sender(server.url, ca_file=tls.ca_file) as sender,
        ):
            for body in (b"n=1", b"n" * 200_000):
                assert isinstance(await sender.send(event()), Response)
                assert failed(await sender.send(event(body)), maybe_sent=True)
        assert [len(request.body) for request in server.requests] == [len(BODY), 3, len(BODY), 200_000]

    run(scenario())


def test_a_certificate_of_an_unknown_authority_is_never_sent(run: Run, way: Way, tls: LoopbackTls) -> None:
    """Verification is on unless the authority is named, and fails before a byte of the request."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK), tls=tls.server) as server, way.sender(server.url) as sender:
            assert await sender.send(event()) == TransportFailure("connect_error", maybe_sent=False)
        assert server.requests == []

    run(scenario())


def test_a_certificate_for_another_host_is_never_sent(run: Run, way: Way, tmp_path: Path) -> None:
    """A trusted authority is not enough: the certificate must be for the address asked."""

    async def scenario() -> None:
        other = loopback_tls(tmp_path, "127.0.0.2")
        async with (
            MisbehavingServer(always(OK), tls=other.server) as server,
            way.sender(server.url, ca_file=other.ca_file) as sender,
        ):
            assert await sender.send(event()) == TransportFailure("connect_error", maybe_sent=False)
        assert server.requests == []

    run(scenario())


@pytest.mark.parametrize("content", [None, b"", b"not PEM"], ids=["missing", "empty", "not PEM"])
def test_a_ca_file_that_is_none_is_refused_at_once(way: Way, tmp_path: Path, content: bytes | None) -> None:
    """A wrong file is an error of the settings with its name, not a destination that seems down."""
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(UnreadableError, match=r"ca\.pem"):
        way.make(ca_file=str(ca_file))


@pytest.mark.parametrize("fields", [("Content-Length: 2", "Connection: close"), ("Content-Type: application/json",)])
def test_an_answer_that_ends_with_its_connection_is_an_answer(run: Run, way: Way, fields: tuple[str, ...]) -> None:
    """A server without keep-alive, or without a length, is answered on one connection a request."""

    async def scenario() -> None:
        data = "\r\n".join(["HTTP/1.1 200 OK", *fields, "", "{}"]).encode()
        async with MisbehavingServer(always(Reply(data, Then.CLOSE))) as server, way.sender(server.url) as sender:
            for _ in range(3):
                assert await sender.send(event()) == Response(200, b"{}", None)
            assert (len(server.requests), server.connections) == (3, 3)

    run(scenario())


def test_many_requests_share_few_connections(run: Run, way: Way) -> None:
    """Two hundred requests at once never open more connections than allowed, and all are answered."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as server, way.sender(server.url, connections=16) as sender:
            results = await asyncio.gather(*(sender.send(event(b"n=%d" % n)) for n in range(200)))
            again = await asyncio.gather(*(sender.send(event(b"n=%d" % n)) for n in range(200, 400)))
        assert all(isinstance(result, Response) for result in (*results, *again))
        assert sorted(request.body for request in server.requests) == sorted(b"n=%d" % n for n in range(400))
        assert server.most_open <= 16
        assert server.connections <= 16

    run(scenario())


def test_a_server_that_closes_after_some_requests_costs_no_request_unnoticed(run: Run, way: Way) -> None:
    """Keep-alive that ends without a word: each send is answered or known as maybe sent, and none arrives twice."""

    async def scenario() -> None:
        plan: Plan = lambda request: Reply(OK.data, Then.CLOSE if request.nth == 2 else Then.KEEP)  # noqa: E731  # as above
        async with MisbehavingServer(plan) as server, way.sender(server.url) as sender:
            results = [await sender.send(event(b"n=%d" % n)) for n in range(60)]
        arrived = [request.body for request in server.requests]
        assert len(arrived) == len(set(arrived))
        for n, result in enumerate(results):
            assert isinstance(result, Response) or result.maybe_sent or b"n=%d" % n not in arrived

    run(scenario())


def test_cancelling_the_task_ends_its_request_and_no_other(run: Run, way: Way) -> None:
    """A cancelled request's connection is closed; its neighbours and later requests are answered."""

    async def scenario() -> None:
        gate = asyncio.Event()
        async with MisbehavingServer(always(Reply(OK.data, gate=gate))) as server, way.sender(server.url) as sender:
            tasks = [asyncio.create_task(sender.send(event(b"n=%d" % n))) for n in range(4)]
            await server.until(lambda: len(server.requests) == 4)
            for task in tasks[:2]:
                task.cancel()
            await asyncio.wait(tasks[:2])
            assert all(task.cancelled() for task in tasks[:2])
            gate.set()
            await server.until(lambda: server.open_connections == 2)
            assert all(isinstance(result, Response) for result in await asyncio.gather(*tasks[2:]))
            later = await asyncio.gather(*(sender.send(event(b"later=%d" % n)) for n in range(8)))
            assert all(isinstance(result, Response) for result in later)
        assert len(server.requests) == 12

    run(scenario())


def test_closing_closes_every_connection(run: Run, way: Way) -> None:
    """After `aclose` the server sees no open connection."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as server:
            async with way.sender(server.url, connections=8) as sender:
                await asyncio.gather(*(sender.send(event()) for _ in range(8)))
                assert server.open_connections > 0
            await server.until(lambda: server.open_connections == 0)

    run(scenario())


def test_the_environment_s_proxy_is_not_used(run: Run, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy variables of the environment do not redirect requests that carry tokens."""
    for name, scheme in itertools.product(("http_proxy", "https_proxy", "all_proxy"), (str.lower, str.upper)):
        monkeypatch.setenv(scheme(name), "http://127.0.0.1:1")

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as server, way.sender(server.url) as sender:
            assert isinstance(await sender.send(event()), Response)

    run(scenario())


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(answer(407, b"", "Proxy-Authenticate: Basic realm=x")), "proxy_error"),
        (Reply(answer(502, b"no route")), "proxy_error"),
        (Reply(b"HTTP/1.1 200 Connection established\r\n\r\n", Then.HANG), "connect_timeout"),
    ],
    ids=["asks for a password", "has no route", "tunnels into silence"],
)
def test_a_proxy_that_gives_no_tunnel_was_sent_nothing(run: Run, way: Way, reply: Reply, kind: str) -> None:
    """What a proxy was asked is not the request: none of it left, and the token was not shown."""

    async def scenario() -> None:
        async with (
            MisbehavingServer(always(reply)) as proxy,
            way.sender("https://adjust.invalid", proxy=proxy.url, connect_s=0.5) as sender,
        ):
            assert await sender.send(event()) == TransportFailure(kind, maybe_sent=False)
        assert [request.line for request in proxy.requests] == ["CONNECT adjust.invalid:443 HTTP/1.1"]
        assert "authorization" not in proxy.requests[0].headers

    run(scenario())


def test_a_proxy_that_closes_instead_of_answering_is_sent_nothing_more(run: Run, way: Way) -> None:
    """The connection breaks before there is a tunnel: where the transport cannot tell, it says maybe, never no."""

    async def scenario() -> None:
        async with (
            MisbehavingServer(always(Reply(b"", Then.CLOSE))) as proxy,
            way.sender("https://adjust.invalid", proxy=proxy.url) as sender,
        ):
            assert failed(await sender.send(event()), maybe_sent=not way.tells_tunnel)
        assert [request.line for request in proxy.requests] == ["CONNECT adjust.invalid:443 HTTP/1.1"]

    run(scenario())


def test_a_plain_request_through_a_proxy_arrives(run: Run, way: Way) -> None:
    """A proxy of the settings is used, and is given the whole address."""

    async def scenario() -> None:
        async with MisbehavingServer(always(OK)) as proxy, way.sender("http://adjust.invalid", proxy=proxy.url) as sender:
            assert isinstance(await sender.send(event()), Response)
        received = proxy.requests[0]
        assert received.line == "POST http://adjust.invalid/event HTTP/1.1"
        assert received.headers["host"] == "adjust.invalid"

    run(scenario())
