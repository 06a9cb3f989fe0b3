"""A raw HTTP/1.1 server on loopback that does to each request what a test tells it, and remembers every complete request.

**Rule**: a request is remembered once its head and its whole body were read, before anything is answered: what a client sent
twice is there twice. It knows just enough HTTP to find the end of a request (Content-Length), and says nothing on its own.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


class Then(enum.Enum):
    """What becomes of the connection after the reply's bytes."""

    KEEP = "read the next request"
    CLOSE = "close it"
    RESET = "reset it"
    HANG = "say nothing more, until the server is closed"


@dataclass(frozen=True)
class Received:
    """A complete request. `connection` counts the server's connections, `nth` the requests on this one, both from 0."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int
    nth: int


@dataclass(frozen=True)
class Reply:
    """The bytes to write once a request was read and `gate`, where there is one, is open; and what to do then."""

    data: bytes
    then: Then = Then.KEEP
    gate: asyncio.Event | None = None


def answer(status: int = 200, body: bytes = b"{}", *fields: str) -> bytes:
    """Return a complete response with the header `fields`, such as `Retry-After: 3`."""
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


Plan = Callable[[Received], Reply]


@dataclass
class MisbehavingServer:
    """Listens on a free port of 127.0.0.1 while its context is open.

    `plan` says what to do with a request. With `deaf`, it stops reading a connection after the first head on it.
    """

    plan: Plan
    tls: ssl.SSLContext | None = None
    deaf: bool = False
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    most_open: int = 0

    async def __aenter__(self) -> Self:
        """Listen."""
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls, backlog=1024)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection and wait until each is done with."""
        self._server.close()
        self._closing.set()
        for writer in list(self._writers):
            writer.transport.abort()
        await self.until(lambda: self.open_connections == 0)
        await self._server.wait_closed()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds` does; it is asked again after every request and every opened or closed connection."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(holds), 20)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        self.open_connections += 1
        self.most_open = max(self.most_open, self.open_connections)
        try:
            await self._tell()
            await self._talk(reader, writer, self.connections - 1)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self.open_connections -= 1
            await self._tell()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        nth, then = 0, Then.KEEP
        while then is Then.KEEP:
            request = await self._read(reader, connection, nth)
            self.requests.append(request)
            nth += 1
            await self._tell()
            reply = self.plan(request)
            if reply.gate is not None:
                await self._opened(reply.gate)
            writer.write(reply.data)
            await writer.drain()
            then = reply.then
        await self._end(writer, then)

    async def _read(self, reader: asyncio.StreamReader, connection: int, nth: int) -> Received:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        if self.deaf:
            raise ConnectionResetError
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Received(line, headers, body, connection, nth)

    async def _end(self, writer: asyncio.StreamWriter, then: Then) -> None:
        if then is Then.HANG:
            await self._closing.wait()
        elif then is Then.RESET:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.tls is None:
            writer.close()
            await writer.wait_closed()
        else:
            writer.close()  # writes TLS's goodbye, and would wait for the client's: the socket is closed right after it

    async def _opened(self, gate: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(each.wait()) for each in (gate, self._closing)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
