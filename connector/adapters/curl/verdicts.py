"""What a failed transfer means: libcurl's error code and what it had sent, as one httpx exception.

**Rule**: `ConnectError`, `ConnectTimeout`, `ProxyError` and `UnsupportedProtocol` only where it is certain that no server can
have read the request; every other type where it may have. The code alone never decides: a connection that breaks while
libcurl writes has the same code before the first byte and after the last.
"""

from __future__ import annotations

from typing import NamedTuple

import httpx
import pycurl

TLS_RECORD_BYTES = 16_384
"""The largest TLS record: what is cut inside one cannot be read by the other side."""

_E_PROXY = 97  # CURLE_PROXY and CURLE_HTTP2_STREAM: pycurl has no names for these two
_E_HTTP2_STREAM = 92

_PROXY_CODES = frozenset({pycurl.E_COULDNT_RESOLVE_PROXY, _E_PROXY})
_UNSUPPORTED_CODES = frozenset({pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_URL_MALFORMAT})

_AFTER_SENDING: dict[int, type[httpx.TransportError]] = {
    pycurl.E_OPERATION_TIMEDOUT: httpx.ReadTimeout,
    pycurl.E_SEND_ERROR: httpx.WriteError,
    pycurl.E_RECV_ERROR: httpx.ReadError,
    pycurl.E_GOT_NOTHING: httpx.RemoteProtocolError,
    pycurl.E_PARTIAL_FILE: httpx.RemoteProtocolError,
    pycurl.E_FILESIZE_EXCEEDED: httpx.RemoteProtocolError,
    # A kept-alive connection broke after the request was read from us: libcurl wanted to send it again and could not.
    pycurl.E_SEND_FAIL_REWIND: httpx.RemoteProtocolError,
    pycurl.E_UNSUPPORTED_PROTOCOL: httpx.RemoteProtocolError,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: httpx.RemoteProtocolError,
    pycurl.E_HTTP2: httpx.RemoteProtocolError,
    _E_HTTP2_STREAM: httpx.RemoteProtocolError,
}


class Sent(NamedTuple):
    """How far a transfer got.

    `request_bytes` counts the bytes of the request (head and body) handed to the connection, repeats included. `began` says
    whether libcurl had a usable connection and began to send at all. `whole_bytes` is the size of the complete request.
    `connect_status` is the status that a proxy gave to CONNECT, 0 where none was asked.
    """

    request_bytes: int
    began: bool
    whole_bytes: int
    encrypted: bool
    connect_status: int = 0

    @property
    def nothing(self) -> bool:
        """Whether it is certain that no server can have read the request.

        A request of several TLS records is counted only when all of them are out, so zero bytes may then be some.
        """
        if self.request_bytes:
            return False
        return not self.began or not self.encrypted or self.whole_bytes <= TLS_RECORD_BYTES


def failure(code: int, text: str, sent: Sent) -> httpx.TransportError:
    """Return the exception for a transfer that ended with libcurl's error `code` and its `text`."""
    kind = _before_sending(code, sent) if sent.nothing else _AFTER_SENDING.get(code, httpx.ReadError)
    return kind(f"{text or 'no reason given'} (libcurl {code})")


def _before_sending(code: int, sent: Sent) -> type[httpx.TransportError]:
    if code in _UNSUPPORTED_CODES:
        return httpx.UnsupportedProtocol
    if code in _PROXY_CODES or sent.connect_status >= 300:
        return httpx.ProxyError
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return httpx.ConnectTimeout
    return httpx.ConnectError
