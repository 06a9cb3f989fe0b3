"""The sandbox on a socket.

**Rule**: everything of one sandbox belongs to the event loop in which it was started; two sandboxes share nothing. After
`stop` no connection, timer or task of it is left.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from connector.errors import ServiceUnavailableError, UsageError
from connector.sandbox.config import SandboxConfig
from connector.sandbox.connection import Connection, ControlAnswer
from connector.sandbox.control import PREFIX, control
from connector.sandbox.exchange import Exchange, Plan
from connector.sandbox.faults import Fault
from connector.sandbox.http1 import HttpRequest
from connector.sandbox.journal import Journal

CONTROL_BODY_BYTES = 4_000_000
"""Largest body that is read at all: room for a long list of faults; larger ones are refused unread with 413."""

MAX_PORT = 65_535
"""The last TCP port."""


class Sandbox:
    """A stand-in for Adjust. Start it, point `base_url` at it, read `journal`.

    `unix_s` and `monotonic_s` are its clocks; timestamps of events are compared with the first, journal times and fault
    windows are of the second.
    """

    def __init__(
        self,
        config: SandboxConfig | None = None,
        faults: Iterable[Fault] = (),
        *,
        unix_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = Exchange(config or SandboxConfig(), tuple(faults), unix_s, monotonic_s)
        self._exchange.on_change = self._wake
        self._connections: set[Connection] = set()
        self._connections_opened = 0
        self._server: asyncio.Server | None = None
        self._emptied: asyncio.Future[None] | None = None
        self._stopped = False
        self._scheme = "http"
        self._waiters: list[tuple[Callable[[Journal], bool], asyncio.Future[None]]] = []
        self.address: tuple[str, int] | None = None
        self.max_body_bytes = max(CONTROL_BODY_BYTES, self._exchange.config.max_request_bytes)

    @property
    def journal(self) -> Journal:
        """Every request since the start or the last `reset`."""
        return self._exchange.journal

    @property
    def connections_opened(self) -> int:
        """How many connections were accepted since the start."""
        return self._connections_opened

    @property
    def base_url(self) -> str:
        """Scheme, host and port of a started sandbox, as `adjust.base_url` takes it."""
        if self.address is None:
            raise RuntimeError("the sandbox is not started")
        host, port = self.address
        return f"{self._scheme}://[{host}]:{port}" if ":" in host else f"{self._scheme}://{host}:{port}"

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Listen on `host` and `port` (0 takes a free one) and return both. `tls` serves https.

        Raises `ServiceUnavailableError` where the address cannot be had, `UsageError` for a port that does not exist.
        """
        if not 0 <= port <= MAX_PORT:  # libuv would listen on another port without a word
            raise UsageError(f"port {port} does not exist: ports are 0 to {MAX_PORT}, and 0 takes a free one")
        loop = asyncio.get_running_loop()
        self._stopped = False
        try:
            self._server = await loop.create_server(lambda: Connection(self, loop), host, port, ssl=tls, backlog=1024)
        except OSError as error:
            raise ServiceUnavailableError(_why_not(host, port, error)) from None
        self._scheme = "http" if tls is None else "https"
        name = self._server.sockets[0].getsockname()
        self.address = (name[0], name[1])
        return self.address

    async def stop(self) -> None:
        """Stop listening and cut every connection; what was not answered is noted so. Can be called twice."""
        if self._server is None:
            return
        server, self._server, self._stopped = self._server, None, True
        server.close()
        for connection in tuple(self._connections):
            connection.close()
        if self._connections:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    def set_faults(self, *faults: Fault) -> None:
        """Put `faults` in force from now on; none ends all of them. Attempts are counted anew."""
        self._exchange.set_faults(faults)

    def reset(self) -> None:
        """Forget every request, device, order and attempt. Configuration and faults stay."""
        self._exchange.reset()

    async def until(self, condition: Callable[[Journal], bool]) -> None:
        """Wait until `condition` holds of the journal; it is asked again when a request arrives and when one ends."""
        if condition(self.journal):
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((condition, waiter))
        await waiter

    def _wake(self) -> None:
        if not self._waiters:
            return
        for condition, waiter in self._waiters:
            if not waiter.done() and condition(self.journal):
                waiter.set_result(None)
        self._waiters = [item for item in self._waiters if not item[1].done()]

    # What a connection asks (`connector.sandbox.connection.Router`).

    def receive(self, request: HttpRequest, connection: int) -> Plan | ControlAnswer:
        """Answer a call of the control API, or plan what is done about a request to Adjust."""
        if request.target.startswith(PREFIX):
            return control(self._exchange, request)
        plan = self._exchange.receive(request, connection)
        if self._waiters:
            self._wake()
        return plan

    def finish(self, plan: Plan, *, answered: bool) -> None:
        """Note how a plan ended."""
        self._exchange.finish(plan, answered=answered)

    def malformed(self) -> None:
        """Count bytes that were no request."""
        self._exchange.journal.malformed += 1

    def opened(self, connection: Connection) -> int:
        """Note a new connection and number it."""
        self._connections.add(connection)
        self._connections_opened += 1
        if self._stopped:  # accepted by the loop just before it stopped listening
            asyncio.get_running_loop().call_soon(connection.close)
        return self._connections_opened

    def closed(self, connection: Connection) -> None:
        """Note that a connection is gone."""
        self._connections.discard(connection)
        if self._emptied is not None and not self._connections and not self._emptied.done():
            self._emptied.set_result(None)


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: stop what listens there, or choose another port (0 takes a free one)"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"
