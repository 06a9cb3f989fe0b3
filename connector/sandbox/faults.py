"""Scripted faults: which request is answered otherwise than by Adjust's rules, and how.

**Rule**: repeatable whatever the order in which concurrent requests arrive. Whether a fault with a rate strikes is a
function of the seed, the fault's place in the list, the identity of the request and its attempt; nothing is drawn from a
running generator.

Does not know how an action is carried out (`connector.sandbox.connection`), nor the clock.
"""

from __future__ import annotations

import hashlib
from email.utils import formatdate
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from connector.adjust.responses import INTERNAL_ERROR
from connector.document import Path
from connector.sandbox.wording import lines, wording

ENDED_ACTIONS = frozenset({"close", "reset", "hang"})
"""Actions after which no answer leaves."""

MAX_IDENTITIES = 1_000_000
"""How many identities' attempts are remembered; beyond, the oldest are forgotten and count from 1 again."""


class Fault(BaseModel):
    """One fault. A request that fits all of the upper fields meets it; the first fault in the list that strikes is carried out.

    `action`:
    - "answer": `status` with `body` (`content_type`; a `Retry-After` of `retry_after_s` in the given form);
    - "delay": the documented answer, `latency_s` later;
    - "close": the request is read, then the connection is closed without an answer;
    - "reset": the same with a TCP reset;
    - "cut": the head and half of the body of "answer", then the connection is closed;
    - "slow": "answer" with its body trickled over `latency_s`;
    - "hang": nothing at all, until the client gives up.

    With `counts` the request is judged first and changes what the sandbox knows, as a server does that fails after its work;
    otherwise it leaves no trace but the journal's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="", description="What the journal calls it; its action and place where not given.")
    path: str | None = Field(default=None, description="/event, /ad_revenue or /session.")
    app_token: str | None = Field(default=None, description="Value of the parameter.")
    event_token: str | None = Field(default=None, description="Value of the parameter.")
    parameters: dict[str, str] = Field(
        default_factory=dict, description="Further parameters by name; callback_params.NAME looks inside."
    )
    identity: str | None = Field(
        default=None, description="Parameter that says which requests are the same event; default: all of it."
    )
    attempts: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Only the first so many attempts of an identity."
    )
    rate: Annotated[float, Field(ge=0, le=1)] = Field(default=1.0, description="Share of the attempts that it strikes.")
    limit: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Strikes at most so often in all.")
    start_s: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Seconds after the faults were set at which it begins."
    )
    end_s: Annotated[float, Field(ge=0)] | None = Field(default=None, description="Seconds after which it ends.")

    action: Literal["answer", "delay", "close", "reset", "cut", "slow", "hang"] = Field(
        default="answer", description="What happens."
    )
    status: Annotated[int, Field(ge=200, le=599)] = Field(default=500, description="Status of the answer.")
    body: str = Field(default=f'{{"error":"{INTERNAL_ERROR}"}}', description="Body of the answer.")
    content_type: str = Field(default="application/json", pattern=r"^[\x20-\x7e]*$", description="Its media type.")
    retry_after_s: Annotated[int, Field(ge=0)] | None = Field(default=None, description="Seconds in a Retry-After header.")
    retry_after_form: Literal["seconds", "date"] = Field(default="seconds", description="Form of that header.")
    latency_s: Annotated[float, Field(ge=0, le=86_400)] = Field(default=0.0, description="Seconds of delay and slow.")
    counts: bool = Field(default=False, description="true: Adjust's rules judge the request first, and remember it.")

    def retry_after(self, now_unix_s: float) -> str | None:
        """Return the value of `Retry-After`, in the form of RFC 9110 that was asked for."""
        if self.retry_after_s is None:
            return None
        return (
            str(self.retry_after_s)
            if self.retry_after_form == "seconds"
            else formatdate(now_unix_s + self.retry_after_s, usegmt=True)
        )


_FAULTS = TypeAdapter(tuple[Fault, ...])


class WrongFaultsError(ValueError):
    """A text that is no list of faults; `problems` are all there is wrong with it, each with its place in the list."""

    def __init__(self, problems: list[tuple[Path, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(lines(problems)))


def parse_faults(body: bytes) -> tuple[Fault, ...]:
    """Return the faults in a JSON list. Raises `WrongFaultsError` where it is none.

    Each must say what happens, by an `action` or by the `status` that answers: an object that was left empty by mistake would
    otherwise answer everything with 500.
    """
    try:
        faults = _FAULTS.validate_json(body)
    except ValidationError as error:
        raise WrongFaultsError(wording(error)) from None
    idle = [index for index, fault in enumerate(faults) if not fault.model_fields_set & {"action", "status"}]
    if idle:
        raise WrongFaultsError([((index, "action"), "required, or a status to answer with") for index in idle])
    return faults


def faults_as_json(faults: tuple[Fault, ...]) -> list[dict[str, object]]:
    """Return the faults as the JSON that `parse_faults` takes."""
    dumped: list[dict[str, object]] = _FAULTS.dump_python(faults, mode="json")
    return dumped


class FaultPlan:
    """The faults in force, since `started_s` of the monotonic clock, and the attempts seen."""

    def __init__(self, faults: tuple[Fault, ...], seed: int, started_s: float) -> None:
        self.faults = tuple(
            fault if fault.name else fault.model_copy(update={"name": f"{fault.action}#{index}"})
            for index, fault in enumerate(faults)
        )
        self._seed = str(seed).encode()
        # Two parameters may hold the same text: what is counted is told apart by the parameter's name.
        self._persons = [hashlib.blake2b((fault.identity or "").encode(), digest_size=16).digest() for fault in faults]
        self._started_s = started_s
        self._attempts: dict[bytes, int] = {}
        self._struck = [0] * len(faults)

    def choose(self, path: str, parameters: dict[str, str], content: bytes, now_s: float) -> tuple[Fault | None, int]:
        """Return the fault that strikes this request, if any, and which attempt of its identity it is (0: not asked for).

        `content` is all of the request that tells it from others: query and body.
        """
        elapsed_s, first_attempt = now_s - self._started_s, 0
        counted: dict[bytes, int] = {}
        chosen: Fault | None = None
        for index, fault in enumerate(self.faults):
            if not _fits(fault, path, parameters):
                continue
            identity = _digest(_identity(fault, parameters, content), self._persons[index])
            attempt = counted.get(identity) or self._count(identity)
            counted[identity] = attempt
            first_attempt = first_attempt or attempt
            if chosen is None and self._strikes(index, fault, identity, attempt, elapsed_s):
                self._struck[index] += 1
                chosen = fault
        return chosen, first_attempt

    def _strikes(self, index: int, fault: Fault, identity: bytes, attempt: int, elapsed_s: float) -> bool:
        if elapsed_s < fault.start_s or (fault.end_s is not None and elapsed_s >= fault.end_s):
            return False
        if (fault.attempts is not None and attempt > fault.attempts) or (
            fault.limit is not None and self._struck[index] >= fault.limit
        ):
            return False
        return fault.rate >= 1.0 or self._share(index, identity, attempt) < fault.rate

    def _share(self, index: int, identity: bytes, attempt: int) -> float:
        """Return a number from 0 to 1 that looks like chance and depends on nothing but its arguments and the seed."""
        drawn = hashlib.blake2b(b"%s/%d/%d/%s" % (self._seed, index, attempt, identity), digest_size=8).digest()
        return int.from_bytes(drawn, "big") / 2.0**64

    def _count(self, identity: bytes) -> int:
        attempt = self._attempts.get(identity, 0) + 1
        if attempt == 1 and len(self._attempts) >= MAX_IDENTITIES:
            del self._attempts[next(iter(self._attempts))]
        self._attempts[identity] = attempt
        return attempt


def _fits(fault: Fault, path: str, parameters: dict[str, str]) -> bool:
    return (
        (fault.path is None or fault.path == path)
        and (fault.app_token is None or parameters.get("app_token") == fault.app_token)
        and (fault.event_token is None or parameters.get("event_token") == fault.event_token)
        and all(_value(parameters, name) == value for name, value in fault.parameters.items())
    )


def _identity(fault: Fault, parameters: dict[str, str], content: bytes) -> bytes:
    value = None if fault.identity is None else _value(parameters, fault.identity)
    return content if value is None else value.encode("utf-8", "surrogatepass")


def _digest(identity: bytes, person: bytes) -> bytes:
    return hashlib.blake2b(identity, digest_size=8, person=person).digest()


def _value(parameters: dict[str, str], name: str) -> str | None:
    """Return a parameter, or for `callback_params.NAME` (or `partner_params.NAME`) a value inside its JSON object."""
    outer, dot, inner = name.partition(".")
    if not dot:
        return parameters.get(name)
    try:
        tree = orjson.loads(parameters.get(outer, ""))
    except orjson.JSONDecodeError:
        return None
    value = tree.get(inner) if isinstance(tree, dict) else None
    return value if isinstance(value, str) else None
