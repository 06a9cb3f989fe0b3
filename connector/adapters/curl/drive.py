"""libcurl's sockets and its one timer, served by the running event loop.

libcurl says which sockets it wants to hear of and when it wants to be woken; this file passes that on to the loop, tells
libcurl what happened, and hands finished transfers over, all of one loop turn together.

**Rule**: the loop never holds a registration for a socket that is closed. A kept-alive connection stays registered between
two requests, which saves two system calls and two callbacks a request; it is taken out when libcurl closes it, and at the
first event nobody asked for (the server closed an idle connection), since the loop would spin on it otherwise.
libcurl looks only at connections idle for a second whether they still live. A connection that the server was seen to close is
therefore shut down by us: a request on it then fails before its first byte, and not after its last.
For libcurl's word on a closed socket to reach us, a handle stays attached when its transfer is done, until its next one: pycurl
passes it on only through the handle that opened the connection, and only while that is attached.
Does not know what a transfer carries.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import warnings
from collections.abc import Callable

import pycurl

_CLOSED_BY_PEER = select.POLLHUP | getattr(select, "POLLRDHUP", 0)

_GOODBYE_S = 0.05
"""Seconds after unexpected bytes at which the end of the connection is looked for: TLS says goodbye before it closes."""

Finished = Callable[[pycurl.Curl, int, str], None]
"""Takes a handle whose transfer is done, libcurl's error code (0: success) and its text."""


class Drive:
    """A multi handle on `loop`. Everything but the constructor runs in the loop's thread.

    `max_connections` limits open connections, in use and idle together; transfers beyond it wait inside libcurl.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_connections: int, finished: Finished) -> None:
        self.loop = loop
        self._finished = finished
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, max_connections)
        self._multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, max_connections)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_interest)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._under_way = 0
        self._resting: set[pycurl.Curl] = set()
        self._interest: dict[int, int] = {}
        self._connections: dict[int, int | None] = {}
        self._readers: set[int] = set()
        self._writers: set[int] = set()
        self._kick_is_due = False
        self._collect_is_due = False
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def registered_sockets(self) -> int:
        """The number of sockets that the loop watches for this multi handle."""
        return len(self._readers | self._writers)

    def watch_connections_of(self, easy: pycurl.Curl) -> None:
        """Have `easy` report the sockets it opens and closes here."""
        easy.setopt(pycurl.SOCKOPTFUNCTION, self._on_open)
        easy.setopt(pycurl.CLOSESOCKETFUNCTION, self._on_close)

    def start(self, easy: pycurl.Curl) -> None:
        """Start the transfer of `easy`; `finished` hears of its end in a later loop turn."""
        if easy in self._resting:
            self._resting.discard(easy)
            self._multi.remove_handle(easy)
        self._multi.add_handle(easy)
        self._under_way += 1

    def stop(self, easy: pycurl.Curl) -> None:
        """End the transfer of `easy` at once, and with it the connection that it uses. `easy` must be started again."""
        self._multi.remove_handle(easy)
        self._under_way -= 1

    def close(self) -> None:
        """Close every connection, and with it every transfer, and take everything out of the loop."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for fd in self._readers | self._writers:
            self._forget(fd)
        with warnings.catch_warnings():
            # pycurl detaches the handles first, cannot reach `_on_close` then, and warns of it. Its newer versions close the
            # socket themselves, the older ones leave it open.
            warnings.simplefilter("ignore", RuntimeWarning)
            self._multi.close()
        for fd, inode in self._connections.items():
            if _inode(fd) == inode:
                os.close(fd)
        self._connections.clear()

    # What libcurl tells us. It runs inside a call into libcurl, and must not call back into it.

    def _on_interest(self, what: int, fd: int, _multi: object, _assigned: object) -> None:
        if what == pycurl.POLL_REMOVE:
            if fd in self._connections:
                self._interest[fd] = 0
                self._unwatch_writes(fd)
            else:  # a socket of libcurl's own, such as the name resolver's: closed without a word to us
                self._forget(fd)
            return
        self._interest[fd] = what
        if what & pycurl.POLL_IN and fd not in self._readers and not self._closed:
            self._readers.add(fd)
            self.loop.add_reader(fd, self._on_readable, fd)
        if not what & pycurl.POLL_OUT:
            self._unwatch_writes(fd)
        elif fd not in self._writers and not self._closed:
            self._writers.add(fd)
            self.loop.add_writer(fd, self._on_writable, fd)

    def _on_open(self, fd: int, _purpose: int) -> int:
        self._forget(fd)
        self._connections[fd] = _inode(fd)
        return 0  # SOCKOPT_OK: libcurl goes on and connects it

    def _on_close(self, fd: int) -> int:
        self._connections.pop(fd, None)
        self._forget(fd)
        os.close(fd)
        return 0

    def _on_timer(self, timeout_ms: int) -> None:
        if timeout_ms == 0:
            self._due = None
            if not self._kick_is_due and not self._closed:
                self._kick_is_due = True
                self.loop.call_soon(self._kick)
        elif timeout_ms < 0:
            self._due = None
        elif not self._closed:
            self._due = self.loop.time() + timeout_ms / 1000
            if self._timer is None or self._timer.when() > self._due:
                self._set_timer(self._due)

    # What the loop tells us.

    def _on_readable(self, fd: int) -> None:
        if self._interest.get(fd, 0) & pycurl.POLL_IN:
            self._act(fd, pycurl.CSELECT_IN)
            return
        self._readers.discard(fd)
        self.loop.remove_reader(fd)
        inode = self._connections.get(fd)
        if inode is not None and not self._shut_down_if_closed(fd, inode):
            self.loop.call_later(_GOODBYE_S, self._shut_down_if_closed, fd, inode)

    def _shut_down_if_closed(self, fd: int, inode: int) -> bool:
        idle = self._connections.get(fd) == inode and not self._interest.get(fd)
        closed = idle and _peer_has_closed(fd)
        if closed:
            _shut_down(fd)
        return closed

    def _on_writable(self, fd: int) -> None:
        self._act(fd, pycurl.CSELECT_OUT)

    def _kick(self) -> None:
        self._kick_is_due = False
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _on_due(self) -> None:
        # Most timeouts move on before they are due, so the timer is only ever moved forward here, when it has fired.
        self._timer = None
        if self._due is None:
            return
        if self._due > self.loop.time():
            self._set_timer(self._due)
        else:
            self._due = None
            self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, events: int) -> None:
        if self._closed:
            return
        _, running = self._multi.socket_action(fd, events)
        if running < self._under_way and not self._collect_is_due:
            self._collect_is_due = True
            self.loop.call_soon(self._collect)

    def _collect(self) -> None:
        self._collect_is_due = False
        left = not self._closed
        while left:
            left, done, failed = self._multi.info_read()
            for easy in done:
                self._rest(easy)
                self._finished(easy, 0, "")
            for easy, code, text in failed:
                self._rest(easy)
                self._finished(easy, code, text)

    def _rest(self, easy: pycurl.Curl) -> None:
        self._under_way -= 1
        self._resting.add(easy)

    # The loop's registrations.

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(due, self._on_due)

    def _unwatch_writes(self, fd: int) -> None:
        if fd in self._writers:
            self._writers.discard(fd)
            self.loop.remove_writer(fd)

    def _forget(self, fd: int) -> None:
        self._interest.pop(fd, None)
        self._unwatch_writes(fd)
        if fd in self._readers:
            self._readers.discard(fd)
            self.loop.remove_reader(fd)


def _inode(fd: int) -> int | None:
    """Return what tells one socket from another that got its number later, or None where there is none."""
    try:
        return os.fstat(fd).st_ino
    except OSError:
        return None


def _peer_has_closed(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, _CLOSED_BY_PEER)
    return bool(poll.poll(0))


def _shut_down(fd: int) -> None:
    borrowed = socket.socket(fileno=fd)
    try:
        borrowed.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was reset: nothing can be written to it either
    finally:
        borrowed.detach()
