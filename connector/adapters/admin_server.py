"""The admin port: /livez, /readyz and /metrics.

**Rule**: /livez speaks of the event loop only (never of Kafka or Adjust, or an outage would restart the process over and over); /readyz
names what is missing; nothing here changes anything.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connector.errors import ServiceUnavailableError

Handler = Callable[[Request], Awaitable[Response]]
"""A coroutine function: plain functions would run on a thread of the server's, beside the loop that owns the state."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Server(uvicorn.Server):
    """Signals are the process's business, not the server's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AdminServer:
    """Serves on `host` and `port` (0 takes a free one); `not_ready` gives the reasons against readiness, `metrics` the exposition."""

    def __init__(self, host: str, port: int, not_ready: Callable[[], Sequence[str]], metrics: Callable[[], bytes]) -> None:
        self._socket = _listen(host, port)
        self.address = "http://{}:{}".format(*self._socket.getsockname()[:2])
        app = Starlette(
            routes=[
                Route("/livez", _livez),
                Route("/readyz", _readyz(not_ready)),
                Route("/metrics", _metrics(metrics)),
            ]
        )
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self._server = _Server(config)

    async def serve(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Ask `serve` to end."""
        self._server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ServiceUnavailableError(
            f"admin port {host}:{port} cannot be opened: {error.strerror}\n    hint: stop what listens there, or set admin.port in the settings"
        ) from error
    return listening


async def _livez(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _readyz(not_ready: Callable[[], Sequence[str]]) -> Handler:
    async def readyz(_: Request) -> Response:
        reasons = not_ready()
        return PlainTextResponse("".join(f"{reason}\n" for reason in reasons) or "ok\n", 503 if reasons else 200)

    return readyz


def _metrics(metrics: Callable[[], bytes]) -> Handler:
    async def exposition(_: Request) -> Response:
        return Response(metrics(), media_type=METRICS_TYPE)

    return exposition
