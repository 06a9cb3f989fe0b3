"""The destination of the benchmark: answers every POST with `{"status":"OK"}`, after a fixed latency, and counts.

Run as a process: `python upstream.py --port P --latency-ms L --tally FILE --slot N`. Several processes may share a port
(SO_REUSEPORT). What it counts lies in a file that the benchmark maps too, so that asking costs the upstream nothing.

**Rule**: it does as little as a server can, so that it is never what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import mmap
import socket
import struct
import time
from pathlib import Path
from typing import cast

import uvloop

TALLY = struct.Struct("qqq")
"""Requests answered, and the monotonic nanoseconds of the first and the last answer: one such entry for each process."""

_BODY = b'{"status":"OK"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Upstream(asyncio.Protocol):
    """One connection. Requests of one connection are answered in order, since none is sent before the answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, latency_s: float, tally: mmap.mmap, slot: int) -> None:
        self._loop = loop
        self._latency_s = latency_s
        self._tally = tally
        self._place = slot * TALLY.size
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Answer each complete request in what has arrived."""
        data = self._buffer + data if self._buffer else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            size = end + 4 + length
            if len(data) < size:
                break
            data = data[size:]
            if self._latency_s:
                self._loop.call_later(self._latency_s, self._answer)
            else:
                self._answer()
        self._buffer = data

    def _answer(self) -> None:
        assert self._transport is not None
        self._transport.write(_ANSWER)
        count, first_ns, _ = TALLY.unpack_from(self._tally, self._place)
        now_ns = time.monotonic_ns()
        TALLY.pack_into(self._tally, self._place, count + 1, first_ns or now_ns, now_ns)


async def serve(port: int, latency_s: float, tally: mmap.mmap, slot: int) -> None:
    """Listen and serve until the process is stopped."""
    loop = asyncio.get_running_loop()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    server = await loop.create_server(lambda: Upstream(loop, latency_s, tally, slot), sock=listener, backlog=4096)
    await server.serve_forever()


def main() -> None:
    """Run one upstream process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--tally", type=Path, required=True)
    parser.add_argument("--slot", type=int, default=0)
    given = parser.parse_args()
    with given.tally.open("r+b") as file, mmap.mmap(file.fileno(), 0) as tally:
        uvloop.run(serve(given.port, given.latency_ms / 1000.0, tally, given.slot))


if __name__ == "__main__":
    main()
