"""One libcurl handle: how a POST is given to it, and what may be read back from it as an answer.

**Rule**: libcurl cannot repeat the request by itself. The body comes from a read function without a seek function, so that
it cannot be read twice, and a request without a body, which needs no reading, gets a connection of its own, since libcurl
repeats only on kept-alive ones. An answer is a complete head and a complete body, or it is none.
Does not know the event loop, or when a handle is free.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import httpx
import pycurl

from connector.adapters.curl.drive import Drive
from connector.adapters.curl.verdicts import Sent, failure

MAX_RESPONSE_BYTES = 1_048_576
"""A longer body is no answer of Adjust's: the transfer is given up."""

_HEADS_KEPT = 64
"""Heads of answers whose parsed form is kept: servers repeat the same few hundred bytes for a second at a time."""

_BROKEN_CODES = frozenset({pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_GOT_NOTHING, pycurl.E_SEND_FAIL_REWIND})

_LIBCURLS_OWN = (b"Accept", b"Content-Type", b"User-Agent")
"""Headers that libcurl or pycurl adds to a POST unless told not to."""


class Options(NamedTuple):
    """What is the same for every handle of a transport. `proxy` empty: none, whatever the environment says."""

    connect_timeout_s: float
    timeout_s: float
    ca_file: str
    proxy: str
    http2: bool


class Target(NamedTuple):
    """Where a request goes and under which headers, in libcurl's words. `head_bytes` is the approximate size of its head."""

    url: str
    header_lines: list[bytes]
    head_bytes: int
    encrypted: bool


def target(url: httpx.URL, fields: tuple[tuple[bytes, bytes], ...]) -> Target:
    """Return the target of a POST to `url` with the header `fields`, of which Content-Length is left to libcurl."""
    kept = [(name, value) for name, value in fields if name.lower() not in {b"content-length", b"transfer-encoding"}]
    lines = [name + b": " + value if value else name + b";" for name, value in kept]
    given = {name.lower() for name, _ in kept}
    lines += [name + b":" for name in _LIBCURLS_OWN if name.lower() not in given]
    lines.append(b"Expect:")  # libcurl would ask for a 100-continue before a large body, and wait a second for it
    head_bytes = 64 + len(url.raw_path) + len(url.netloc) + sum(len(name) + len(value) + 4 for name, value in kept)
    return Target(str(url), lines, head_bytes, url.scheme == "https")


class Heads:
    """Parsed heads of answers, by the lines libcurl delivered."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, ...], httpx.Headers | None] = {}

    def parse(self, lines: list[bytes]) -> httpx.Headers | None:
        """Return the headers of the last head in `lines`, or None where it did not come to its end."""
        key = tuple(lines)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= _HEADS_KEPT:
            self._known.clear()
        headers = self._known[key] = _parse(lines)
        return headers


def _parse(lines: list[bytes]) -> httpx.Headers | None:
    start = max((index for index, line in enumerate(lines) if line.startswith(b"HTTP/")), default=None)
    if start is None:
        return None
    fields: list[tuple[bytes, bytes]] = []
    for line in lines[start + 1 :]:
        if not line.strip():
            return httpx.Headers(fields)
        if line[:1] in b" \t" and fields:  # a folded line continues the one before
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
            continue
        name, _, value = line.partition(b":")
        fields.append((name.strip(), value.strip()))
    return None


class Exchange:
    """A reusable handle and the answer it is receiving."""

    def __init__(self, options: Options, drive: Drive, heads: Heads) -> None:
        self.easy = pycurl.Curl()
        self._heads = heads
        self._head: list[bytes] = []
        self._body: list[bytes] = []
        self._target: Target | None = None
        self._content = b""
        self._body_bytes = -1
        _configure(self.easy, options)
        self.easy.setopt(pycurl.HEADERFUNCTION, self._head.append)
        self.easy.setopt(pycurl.WRITEFUNCTION, self._body.append)
        drive.watch_connections_of(self.easy)

    def load(self, target: Target, body: bytes) -> None:
        """Make the handle ready to POST `body` to `target`."""
        easy = self.easy
        if target is not self._target:
            easy.setopt(pycurl.URL, target.url)
            easy.setopt(pycurl.HTTPHEADER, target.header_lines)
            self._target = target
        if len(body) != self._body_bytes:
            easy.setopt(pycurl.POSTFIELDSIZE_LARGE, len(body))
            easy.setopt(pycurl.FRESH_CONNECT, not body)
            self._body_bytes = len(body)
        self._content = body
        self.rewind()

    def rewind(self) -> None:
        """Make the handle ready to send what it is loaded with from its first byte."""
        self._head.clear()
        self._body.clear()
        self.easy.setopt(pycurl.READFUNCTION, io.BytesIO(self._content).read)

    def load_nothing(self) -> None:
        """Make the handle ready for a transfer that fails at once and touches no network."""
        self.easy.setopt(pycurl.URL, "file:///")  # not among the protocols allowed
        self._target = None

    def answer(self, code: int, text: str) -> httpx.Response | httpx.TransportError:
        """Return what came of a transfer that ended with libcurl's error `code` (0: success) and its `text`."""
        if code:
            return failure(code, text, self._sent())
        headers = self._heads.parse(self._head)
        status = self.easy.getinfo(pycurl.RESPONSE_CODE)
        if headers is None or status < 200:
            return httpx.RemoteProtocolError("the connection was closed before the head of the answer was complete")
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(b"".join(self._body)))

    def may_start_over(self, code: int) -> bool:
        """Whether the transfer ended with `code` since its kept-alive connection was dead already, and nothing was sent on it."""
        return code in _BROKEN_CODES and not self.easy.getinfo(pycurl.NUM_CONNECTS) and self._sent().nothing

    def broken(self, text: str) -> httpx.TransportError:
        """Return the exception for a transfer that is given up now, for the reason in `text`."""
        return failure(pycurl.E_ABORTED_BY_CALLBACK, text, self._sent())

    def was_repeated(self) -> bool:
        """Whether libcurl sent more than one request: the sentinel of the rule above."""
        sent_bytes: int = self.easy.getinfo(pycurl.REQUEST_SIZE)
        return self._target is not None and 2 * sent_bytes > 3 * (self._target.head_bytes + self._body_bytes)

    def _sent(self) -> Sent:
        if self._target is None:
            return Sent(0, began=False, whole_bytes=0, encrypted=False)
        return Sent(
            request_bytes=self.easy.getinfo(pycurl.REQUEST_SIZE),
            began=self.easy.getinfo(pycurl.PRETRANSFER_TIME) > 0,
            whole_bytes=self._target.head_bytes + self._body_bytes,
            encrypted=self._target.encrypted,
            connect_status=self.easy.getinfo(pycurl.HTTP_CONNECTCODE),
        )


def _configure(easy: pycurl.Curl, options: Options) -> None:
    settings = {
        pycurl.POST: 1,
        pycurl.NOSIGNAL: 1,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.PATH_AS_IS: 1,
        pycurl.UPLOAD_BUFFERSIZE: 16_384,  # an event is far smaller; the default is 64 KiB for each handle
        pycurl.CONNECTTIMEOUT_MS: round(options.connect_timeout_s * 1000),
        pycurl.TIMEOUT_MS: round(options.timeout_s * 1000),
        pycurl.MAXFILESIZE_LARGE: MAX_RESPONSE_BYTES,
        pycurl.PROXY: options.proxy,
        pycurl.NOPROXY: "",
        pycurl.CAINFO: options.ca_file,
        pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
        pycurl.SSL_VERIFYPEER: 1,
        pycurl.SSL_VERIFYHOST: 2,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS if options.http2 else pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.PIPEWAIT: int(options.http2),  # with streams, wait for a shared connection rather than open another
    }
    for option, value in settings.items():
        easy.setopt(option, value)
