"""HTTP/1.1 from the server's side, without sockets: bytes go in, whole requests come out.

Written here and not taken from a server, because the sandbox has to do what servers forbid: close after reading, reset in
the middle of an answer, trickle a body; and because it must not be the bottleneck of a load test.

**Rule**: whatever the bytes are, `Parser.feed` gives requests or one `Refusal`, never an exception, and holds no more than
`MAX_HEAD_BYTES` plus `max_body_bytes` of an unfinished request. What could be read in two ways is refused.

Does not know Adjust, nor when an answer is sent.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEAD_BYTES = 32_768
"""Longest request line plus headers."""

MAX_CHUNK_LINE_BYTES = 256
"""Longest line that announces a chunk, extensions included."""

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
_ABSOLUTE_FORM = re.compile(rb"https?://[^/?]*", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")


class HttpRequest(NamedTuple):
    """A whole request. Header names are lower case; of a header that is repeated the last value is kept."""

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool


class Refusal(NamedTuple):
    """The bytes are no request that can be answered: say so with `status` and close, since what follows has no start."""

    status: int
    text: str


class _Head(NamedTuple):
    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    keep_alive: bool
    length_bytes: int
    chunked: bool


class Parser:
    """Cuts the bytes of one connection into requests."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._chunks: bytearray | None = None
        self._refused = False
        self.wants_continue = False

    @property
    def is_halfway(self) -> bool:
        """Say whether a request has begun and not ended."""
        return bool(self._buffer) or self._head is not None

    def feed(self, data: bytes) -> list[HttpRequest | Refusal]:
        """Take `data` and return what it completes, in order. After a `Refusal` nothing more is returned.

        `wants_continue` is set when a client waits for "100 Continue" before it sends its body; the caller clears it.
        """
        found: list[HttpRequest | Refusal] = []
        if self._refused:
            return found
        self._buffer += data
        while True:
            item = self._next()
            if item is None:
                return found
            found.append(item)
            if isinstance(item, Refusal):
                self._refused, self._head = True, None
                self._buffer.clear()
                return found

    def _next(self) -> HttpRequest | Refusal | None:
        if self._head is None:
            head = self._read_head()
            if not isinstance(head, _Head):
                return head
            if head.length_bytes > self._max_body_bytes:
                return Refusal(413, "Request size too large")
            self._head = head
            self._chunks = bytearray() if head.chunked else None
            expects = head.headers.get(b"expect", b"").lower() == b"100-continue"
            self.wants_continue = expects and (head.chunked or len(self._buffer) < head.length_bytes)
        body = self._read_body(self._head)
        if not isinstance(body, bytes):
            return body
        head, self._head, self.wants_continue = self._head, None, False
        return HttpRequest(head.method, head.target, head.headers, body, head.keep_alive)

    def _read_head(self) -> _Head | Refusal | None:
        while self._buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2: empty lines before a request are passed over
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
        if end < 0:
            if len(self._buffer) >= MAX_HEAD_BYTES:
                return Refusal(431, "Request header fields too large")
            return _early_refusal(self._buffer)
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        return _parse_head(lines)

    def _read_body(self, head: _Head) -> bytes | Refusal | None:
        if self._chunks is not None:
            return self._read_chunks(self._chunks)
        if len(self._buffer) < head.length_bytes:
            return None
        body = bytes(self._buffer[: head.length_bytes])
        del self._buffer[: head.length_bytes]
        return body

    def _read_chunks(self, chunks: bytearray) -> bytes | Refusal | None:
        while True:
            end = self._buffer.find(b"\r\n", 0, MAX_CHUNK_LINE_BYTES)
            if end < 0:
                return Refusal(400, "Malformed chunk") if len(self._buffer) >= MAX_CHUNK_LINE_BYTES else None
            size = _CHUNK_SIZE.fullmatch(self._buffer, 0, end)
            if size is None:
                return Refusal(400, "Malformed chunk")
            length = int(size[1], 16)
            if length == 0:
                return self._read_trailer(end, chunks)
            if len(chunks) + length > self._max_body_bytes:
                return Refusal(413, "Request size too large")
            if len(self._buffer) < end + 4 + length:
                return None
            if self._buffer[end + 2 + length : end + 4 + length] != b"\r\n":
                return Refusal(400, "Malformed chunk")
            chunks += self._buffer[end + 2 : end + 2 + length]
            del self._buffer[: end + 4 + length]

    def _read_trailer(self, start: int, chunks: bytearray) -> bytes | Refusal | None:
        """Pass over the trailer fields: `start` is where the last chunk's line ends."""
        end = self._buffer.find(b"\r\n\r\n", start, start + MAX_HEAD_BYTES)
        if end < 0:
            return Refusal(431, "Request header fields too large") if len(self._buffer) >= start + MAX_HEAD_BYTES else None
        del self._buffer[: end + 4]
        return bytes(chunks)


def _early_refusal(buffer: bytearray) -> Refusal | None:
    """Refuse what can no longer become a request, so that a client of another protocol is not left waiting."""
    end = buffer.find(b"\r\n")
    line = bytes(buffer if end < 0 else buffer[:end])
    if end >= 0 or b"\n" in line:
        return None if _REQUEST_LINE.fullmatch(line) else Refusal(400, "Malformed request line")
    method = line.split(b" ", 1)[0]
    return None if not method or (_FIELD_NAME.fullmatch(method) and len(method) <= 32) else Refusal(400, "Malformed request line")


def _parse_head(lines: list[bytes]) -> _Head | Refusal:
    line = _REQUEST_LINE.fullmatch(lines[0])
    if line is None:
        return Refusal(400, "Malformed request line")
    headers: dict[bytes, bytes] = {}
    for field in lines[1:]:
        name, colon, value = field.partition(b":")
        if not colon or not _FIELD_NAME.fullmatch(name) or b"\n" in value or b"\0" in value:
            return Refusal(400, "Malformed header")
        name, value = name.lower(), value.strip(b" \t")
        if name in {b"content-length", b"transfer-encoding"} and headers.get(name, value) != value:
            return Refusal(400, "Contradicting headers")
        headers[name] = value
    method, target, minor = line.groups()
    # The answer to HEAD must have no body; all answers here have one, so its connection ends with it.
    keep_alive = _keeps_alive(headers, minor) and method != b"HEAD"
    return _with_framing(method, _origin_form(target), headers, keep_alive=keep_alive)


def _origin_form(target: bytes) -> bytes:
    """Return path and query of a target that a client behind a proxy wrote in full (RFC 9112 section 3.2.2)."""
    absolute = _ABSOLUTE_FORM.match(target) if target[:1] != b"/" else None
    return target if absolute is None else target[absolute.end() :] or b"/"


def _with_framing(method: bytes, target: bytes, headers: dict[bytes, bytes], *, keep_alive: bool) -> _Head | Refusal:
    length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
    if coding is None and length is None:
        return _Head(method, target, headers, keep_alive, 0, chunked=False)
    if coding is None and length is not None:
        if not length.isdigit() or len(length) > 18:
            return Refusal(400, "Malformed Content-Length")
        return _Head(method, target, headers, keep_alive, int(length), chunked=False)
    if length is not None:  # RFC 9112 section 6.1: both are an attempt to be read in two ways
        return Refusal(400, "Both Content-Length and Transfer-Encoding")
    if coding is None or coding.lower() != b"chunked":
        return Refusal(501, "Unknown transfer coding")
    return _Head(method, target, headers, keep_alive, 0, chunked=True)


def _keeps_alive(headers: dict[bytes, bytes], minor: bytes) -> bool:
    wish = headers.get(b"connection", b"").lower()
    return b"close" not in wish and (minor == b"1" or b"keep-alive" in wish)
