"""Fixtures of the transport's contract tests.

**Rule**: every case runs on both transports and on both event loops; what it leaves open fails it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest
import uvloop

from connector.adapters.curl import CurlTransport
from connector.adapters.http_sender import StockTransport
from support.loopback_tls import LoopbackTls, loopback_tls
from support.transports import Run, Way


@pytest.fixture(params=[Way(CurlTransport, tells_tunnel=True), Way(StockTransport, tells_tunnel=False)], ids=["libcurl", "httpx"])
def way(request: pytest.FixtureRequest) -> Way:
    """Give each transport that the settings offer."""
    chosen: Way = request.param
    return chosen


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Give a function that runs a coroutine, on each kind of event loop."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run
    gc.collect(1)  # a socket left open warns here, and warnings are errors


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> LoopbackTls:
    """Give an authority and a server certificate for 127.0.0.1."""
    return loopback_tls(tmp_path_factory.mktemp("tls"))
