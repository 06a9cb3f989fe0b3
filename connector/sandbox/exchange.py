"""One request's way through the sandbox: entered in the journal, met by a fault or by Adjust's rules, answered.

**Rule**: decides and never waits or writes; what comes back is a plan that the connection carries out. Everything the
sandbox knows is owned here, by one object in one event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import orjson

from connector.adjust import responses as said
from connector.sandbox.config import SandboxConfig
from connector.sandbox.faults import Fault, FaultPlan
from connector.sandbox.http1 import HttpRequest
from connector.sandbox.journal import Entry, Journal
from connector.sandbox.parameters import ENDPOINTS, parse_form
from connector.sandbox.world import Answer, World, refusal

_NAMES = {name.encode(): name for name in ("GET", "POST", *ENDPOINTS)}
"""Frequent names, so that a million journal entries share them."""


class Plan(NamedTuple):
    """What the connection is to do: wait `delay_s`, then carry out `action` (see `Fault.action`) with `answer`.

    A slow body takes `slow_s` to leave.
    """

    entry: Entry
    journal: Journal
    answer: Answer
    action: str
    delay_s: float
    content_type: str
    retry_after: str | None
    slow_s: float = 0.0


class Exchange:
    """The sandbox but for its sockets. `unix_s` and `monotonic_s` are its clocks."""

    def __init__(
        self, config: SandboxConfig, faults: tuple[Fault, ...], unix_s: Callable[[], float], monotonic_s: Callable[[], float]
    ) -> None:
        self.config = config
        self.unix_s = unix_s
        self.monotonic_s = monotonic_s
        self.world = World(config)
        self.journal = Journal(config.journal_size)
        self.plan = FaultPlan(faults, config.seed, monotonic_s())
        self.on_change: Callable[[], None] | None = None

    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Put `faults` in force from now on; attempts are counted anew."""
        self.plan = FaultPlan(faults, self.config.seed, self.monotonic_s())

    def reset(self) -> None:
        """Forget every request: journal, attempts, devices, uniqueness and order. Configuration and faults stay."""
        self.journal = Journal(self.config.journal_size)
        self.world = World(self.config)
        self.set_faults(self.plan.faults)

    def receive(self, request: HttpRequest, connection: int) -> Plan:
        """Enter `request` in the journal and return what is to be done about it."""
        target, _, query = request.target.partition(b"?")
        path = _NAMES.get(target) or target[:200].decode("latin-1")
        now_s = self.monotonic_s()
        method = _NAMES.get(request.method) or request.method.decode("latin-1")
        entry = self.journal.enter(now_s, connection, method, path, query, request.body)
        token = bearer_token(request.headers)
        entry.token_sent = token is not None
        refused = self._refused(request, path)
        if refused is not None:
            return self._documented(entry, refused)
        parameters = parse_form(query)
        if request.body:
            parameters.update(parse_form(request.body))
        if not self.plan.faults:
            return self._documented(entry, self._judged(entry, path, parameters, token))
        fault, entry.attempt = self.plan.choose(path, parameters, query + b"\0" + request.body, now_s)
        if fault is None:
            return self._documented(entry, self._judged(entry, path, parameters, token))
        return self._faulty(entry, fault, parameters, token)

    def finish(self, plan: Plan, *, answered: bool) -> None:
        """Note how `plan` ended: with its answer sent, or without one."""
        if answered:
            plan.journal.finish(plan.entry, self.monotonic_s(), plan.answer.status, plan.answer.error)
        else:
            plan.journal.finish(plan.entry, None, None, None)
        if self.on_change is not None:
            self.on_change()

    def _refused(self, request: HttpRequest, path: str) -> Answer | None:
        """Refuse what is no request of the S2S API at all. Adjust documents no text for it."""
        if path not in ENDPOINTS:
            return refusal(path, 404, "Not found")
        if request.method not in {b"GET", b"POST"}:
            return refusal(path, 405, "Method not allowed")
        if len(request.target) + len(request.body) > self.config.max_request_bytes:
            return refusal(path, 413, said.REQUEST_SIZE_TOO_LARGE)
        content_type = request.headers.get(b"content-type", b"")
        if request.body and content_type.partition(b";")[0].strip().lower() != b"application/x-www-form-urlencoded":
            return refusal(path, 400, said.BAD_EVENT_STATE, "the body is not application/x-www-form-urlencoded")
        return None

    def _judged(self, entry: Entry, path: str, parameters: dict[str, str], token: str | None) -> Answer:
        answer = self.world.answer(path, parameters, token, self.unix_s())
        entry.counted = answer.status == 200
        return answer

    def _documented(self, entry: Entry, answer: Answer) -> Plan:
        return Plan(entry, self.journal, answer, "answer", self.config.latency_ms / 1000, "application/json", None)

    def _faulty(self, entry: Entry, fault: Fault, parameters: dict[str, str], token: str | None) -> Plan:
        entry.fault = fault.name
        documented = self._judged(entry, entry.path, parameters, token) if fault.counts or fault.action == "delay" else None
        slow_s = fault.latency_s if fault.action == "slow" else 0.0
        delay_s = self.config.latency_ms / 1000 + fault.latency_s - slow_s
        if documented is not None and fault.action == "delay":
            return Plan(entry, self.journal, documented, "answer", delay_s, "application/json", None)
        body = fault.body.encode("utf-8", "surrogatepass")
        answer = Answer(fault.status, body, None if fault.status == 200 else _error_text(body))
        return Plan(
            entry, self.journal, answer, fault.action, delay_s, fault.content_type, fault.retry_after(self.unix_s()), slow_s
        )


def _error_text(body: bytes) -> str:
    """Return the `error` of a scripted body in Adjust's form, else how the body begins."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:100].decode("utf-8", "replace")
    error = tree.get("error") if isinstance(tree, dict) else None
    return error if isinstance(error, str) else body[:100].decode("utf-8", "replace")


def bearer_token(headers: dict[bytes, bytes]) -> str | None:
    """Return the token of `Authorization: Bearer` (Adjust: S2S security), None where there is none."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" and token.strip() else None
