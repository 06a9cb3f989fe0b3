"""What Adjust answers to a request: its documented rules, in the order in which they are asked, and what they remember.

    app -> token -> s2s, device -> event token -> values -> known device -> uniqueness -> order

**Rule**: every refusal is one of Adjust's documented texts, word for word, in its documented form. Where the documentation
gives no text for a rule, it is the catch-all "Bad event state"; what exactly is wrong follows in a second pair of
parentheses, where Adjust itself puts its context (Adjust: ad revenue). A refused request changes nothing that is remembered.

Does not know HTTP; the clock is an argument.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import orjson

from connector.adjust import responses as said
from connector.sandbox import values
from connector.sandbox.config import SandboxApp, SandboxConfig
from connector.sandbox.parameters import device_of

MAX_REMEMBERED = 2_000_000
"""How many pairs of device and event token, and how many devices, are remembered; beyond, the oldest are forgotten."""

ASK_IN_MS = 2000
"""`ask_in` of a session's answer (Adjust: S2S developer guide, sample)."""


_K = TypeVar("_K")
_V = TypeVar("_V")


class Answer(NamedTuple):
    """Status and body of an answer; `error` is the text of a refusal, None for a success."""

    status: int
    body: bytes
    error: str | None = None


class _Refused(NamedTuple):
    status: int
    text: str
    detail: str = ""


OK = Answer(200, said.OK_BODY)


def refusal(path: str, status: int, text: str, detail: str = "") -> Answer:
    """Return a refusal in the form of the endpoint at `path`."""
    error = f"{said.FAILED_PREFIX.get(path, 'Request failed')} ({text})" + (f" ({detail})" if detail else "")
    return Answer(status, orjson.dumps({"error": error}), error)


class World:
    """Adjust's side: the configuration, and what past requests have left."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._last_s: dict[tuple[str, str, str], int] = {}
        self._unique: dict[tuple[str, str, str], None] = {}
        self._sessions: dict[tuple[str, str], None] = {}
        self._refusals: dict[tuple[str, str], int] = {}

    def answer(self, path: str, parameters: dict[str, str], token: str | None, now_unix_s: float) -> Answer:
        """Return what Adjust answers, and remember the request if it is accepted. `token` is the bearer token, if any."""
        app_token = parameters.get("app_token", "")
        if not values.is_app_token(app_token):
            return refusal(path, 400, said.INVALID_APP_TOKEN)
        app = self._config.app(app_token)
        if app is None:
            return refusal(path, 404, said.APP_TOKEN_NOT_FOUND)
        refused = self._account(app, token)
        return self._within(app, path, parameters, now_unix_s) if refused is None else refusal(path, *refused)

    def _account(self, app: SandboxApp, token: str | None) -> _Refused | None:
        if app.s2s_tokens and token not in app.s2s_tokens:
            if self._config.wrong_token_status == 401:
                return _Refused(401, said.FAILED_TO_AUTHORIZE)
            return _Refused(202, said.MISSING_AUTHENTICATION_TOKEN if token is None else said.WRONG_AUTHENTICATION_TOKEN)
        if not app.active:
            return _Refused(403, said.APP_IS_INACTIVE)
        return None if app.tracking else _Refused(403, said.TRACKING_DISABLED)

    def _within(self, app: SandboxApp, path: str, parameters: dict[str, str], now_unix_s: float) -> Answer:
        if parameters.get("s2s") != "1":
            return refusal(path, 400, said.BAD_EVENT_STATE, "s2s=1 is missing")
        identifier = device_of(parameters)
        if identifier is None:
            return refusal(path, 400, said.BAD_EVENT_STATE, "a device identifier is missing")
        device = identifier[1]
        created_s, refused = self._values(app, path, parameters, now_unix_s)
        refused = refused or self._device(path, parameters["app_token"], device)
        if refused is not None:
            return refusal(path, *refused)
        if path == "/session":
            return self._session(parameters, device, now_unix_s)
        return self._event(app, parameters, device, created_s) if path == "/event" else OK

    def _values(self, app: SandboxApp, path: str, parameters: dict[str, str], now_unix_s: float) -> tuple[int, _Refused | None]:
        """Return the time of the event in UNIX seconds, and what is wrong with a value, if anything."""
        refused = self._event_token(app, parameters.get("event_token", "")) if path == "/event" else None
        refused = refused or _revenue(path, parameters) or _custom(parameters)
        max_age_days = {"/event": self._config.event_max_age_days, "/ad_revenue": self._config.ad_revenue_max_age_days}.get(path)
        created_s, wrong = values.created_s(parameters, now_unix_s, milliseconds=path == "/session")
        if not wrong and max_age_days is not None and created_s < now_unix_s - max_age_days * 86_400:
            wrong = f"created_at is older than {max_age_days:g} days"
        return created_s, refused or (_Refused(400, said.BAD_EVENT_STATE, wrong) if wrong else None)

    def _event_token(self, app: SandboxApp, token: str) -> _Refused | None:
        if not values.is_event_token(token) or (app.event_tokens is not None and token not in app.event_tokens):
            return _Refused(400, said.INVALID_EVENT_TOKEN)
        if token in app.blocklisted_event_tokens or token in self._config.blocklisted_event_tokens:
            return _Refused(403, said.EVENT_TOKEN_BLOCKLISTED)
        return None

    def _device(self, path: str, app_token: str, device: str) -> _Refused | None:
        config = self._config
        if device in config.opted_out_devices:
            return _Refused(451, said.DEVICE_IS_OPTED_OUT)
        if path == "/session" or not (config.devices_need_session or device in config.unknown_devices):
            return None
        key = (app_token, device)
        if key in self._sessions:
            return None
        refusals = self._refusals.get(key, 0)
        if config.known_after_requests is not None and refusals >= config.known_after_requests:
            return None
        _remember(self._refusals, key, refusals + 1)
        return _Refused(404, said.DEVICE_NOT_FOUND)

    def _session(self, parameters: dict[str, str], device: str, now_unix_s: float) -> Answer:
        key = (parameters["app_token"], device)
        message = said.SESSION_TRACKED if key in self._sessions else said.INSTALL_TRACKED
        _remember(self._sessions, key, None)
        return Answer(
            200,
            orjson.dumps(
                {
                    "app_token": parameters["app_token"],
                    "adid": values.adid_of(*key),
                    "timestamp": values.timestamp(now_unix_s),
                    "message": message,
                    "ask_in": ASK_IN_MS,
                }
            ),
        )

    def _event(self, app: SandboxApp, parameters: dict[str, str], device: str, created_s: int) -> Answer:
        token = parameters["event_token"]
        key = (parameters["app_token"], device, token)
        unique = token in app.unique_event_tokens or token in self._config.unique_event_tokens
        if unique and key in self._unique:
            return refusal("/event", 400, said.EARLIER_UNIQUE_EVENT)
        if self._config.chronological and created_s < self._last_s.get(key, created_s):
            return refusal("/event", 400, said.BAD_EVENT_STATE, "created_at is earlier than that of an event already received")
        if unique:
            _remember(self._unique, key, None)
        if self._config.chronological:
            _remember(self._last_s, key, created_s)
        return OK


def _revenue(path: str, parameters: dict[str, str]) -> _Refused | None:
    if path == "/session":
        return None
    given = parameters.get("revenue", parameters.get("amount") if path == "/ad_revenue" else None)
    least = values.MIN_REVENUE if path == "/event" else 0.0
    if given is not None and not values.is_revenue(given, least):
        return _Refused(400, said.INVALID_REVENUE)
    currency = parameters.get("currency")
    if currency is not None and not values.is_currency(currency):
        return _Refused(400, said.INVALID_REVENUE, "currency is not three letters")
    return _ad_revenue(parameters, given) if path == "/ad_revenue" else None


def _ad_revenue(parameters: dict[str, str], revenue: str | None) -> _Refused | None:
    """Ask for what Adjust requires of ad revenue beyond an event's parameters (Adjust: ad revenue)."""
    if revenue is None:
        return _Refused(400, said.INVALID_REVENUE, "revenue is missing")
    if "currency" not in parameters:
        return _Refused(400, said.INVALID_REVENUE, "currency is missing")
    if not values.is_count(parameters.get("ad_impressions_count", "")):
        return _Refused(400, said.BAD_EVENT_STATE, "ad_impressions_count is missing or no number")
    return None if parameters.get("source") == "publisher" else _Refused(400, said.BAD_EVENT_STATE, "source is not publisher")


def _custom(parameters: dict[str, str]) -> _Refused | None:
    for name in ("callback_params", "partner_params"):
        given = parameters.get(name)
        if given is not None and not values.is_flat_json(given):
            return _Refused(400, said.INVALID_CALLBACK_PARAMETERS, f"{name} is not one flat JSON object of strings")
    return None


def _remember(memory: dict[_K, _V], key: _K, value: _V) -> None:
    if len(memory) >= MAX_REMEMBERED and key not in memory:
        del memory[next(iter(memory))]
    memory[key] = value
