"""The sandbox's HTTP parser: whole requests whatever the pieces, and one refusal for what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.http1 import MAX_HEAD_BYTES, HttpRequest, Parser, Refusal

POST = b"POST /event?a=1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /event HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;name=v\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
GET = b"GET /session HTTP/1.1\r\n\r\n"


def parse(data: bytes, limit_bytes: int = 1000) -> list[HttpRequest | Refusal]:
    """Feed all of `data` at once."""
    return Parser(limit_bytes).feed(data)


def only(data: bytes) -> HttpRequest:
    """Return the one request in `data`."""
    (found,) = parse(data)
    assert isinstance(found, HttpRequest)
    return found


def test_content_length() -> None:
    """Protects: method, target, headers by lower-case name and the body are found."""
    request = only(POST)
    assert request[:2] == (b"POST", b"/event?a=1")
    assert request.headers[b"content-type"] == b"text/plain"
    assert (request.body, request.keep_alive) == (b"hello", True)


def test_chunked() -> None:
    """Protects: a chunked body arrives whole, extensions and trailer passed over."""
    assert only(CHUNKED).body == b"hello"


@given(st.lists(st.sampled_from([POST, CHUNKED, GET]), min_size=1, max_size=4), st.data())
def test_pieces_do_not_matter(requests: list[bytes], data: st.DataObject) -> None:
    """Protects: pipelined requests come out the same however the network cuts their bytes."""
    stream = b"".join(requests)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parser, found = Parser(1000), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += parser.feed(stream[start:end])
    assert found == [only(request) for request in requests]
    assert not parser.is_halfway


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([POST, CHUNKED, b"\r\n", b":", b"Content-Length: 9\r\n", b"\0"])).map(b"".join)
)
def test_any_bytes(stream: bytes) -> None:
    """Protects: no bytes raise, and after a refusal nothing more is taken for a request."""
    found = parse(stream)
    assert not any(isinstance(item, Refusal) for item in found[:-1])


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\n\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nNo colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nSpace : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\nInjected: c\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 300, 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * MAX_HEAD_BYTES, 431),
        (b"A" * 40, 400),
    ],
)
def test_refused(data: bytes, status: int) -> None:
    """Protects: what is no request, or could be read in two ways, or is too large, is refused once with its status."""
    (found,) = parse(data)
    assert isinstance(found, Refusal)
    assert found.status == status


def test_nothing_is_read_after_a_refusal() -> None:
    """Protects: bytes behind a broken request cannot pass for a new one."""
    parser = Parser(1000)
    assert len(parser.feed(b"GET / HTTP/9.9\r\n\r\n" + GET)) == 1
    assert parser.feed(GET) == []


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HEAD / HTTP/1.1\r\n\r\n", False),
    ],
)
def test_keep_alive(head: bytes, keep_alive: bool) -> None:  # noqa: FBT001  # a case of the table
    """Protects: the connection ends when the client or the method asks for it."""
    assert only(head).keep_alive is keep_alive


@pytest.mark.parametrize(
    ("target", "expected"),
    [(b"http://host:80/event?a=1", b"/event?a=1"), (b"HTTP://host?a", b"?a"), (b"http://host", b"/"), (b"*", b"*")],
)
def test_absolute_target(target: bytes, expected: bytes) -> None:
    """Protects: a client that speaks as to a proxy reaches the same path."""
    assert only(b"GET " + target + b" HTTP/1.1\r\n\r\n").target == expected


def test_expect_continue() -> None:
    """Protects: a client that waits before it sends its body is told to go on, and only then."""
    parser = Parser(1000)
    assert parser.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n") == []
    assert parser.wants_continue
    assert len(parser.feed(b"ok")) == 1
    assert not parser.wants_continue
