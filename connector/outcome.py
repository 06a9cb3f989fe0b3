"""What can become of a record, step by step, as values to be matched exhaustively.

    decode, map   -> Mapped | Filtered | Invalid
    send          -> Response | TransportFailure
    judge         -> Verdict
    decide        -> Settle | Retry | Park | Hold

**Rule**: a reason comes from the closed list below, since it becomes a metric label and a dead-letter header; free text
beside it never holds payload, tokens or device identifiers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from connector.record import Request


class Reason(StrEnum):
    """Why a record was not simply delivered. Closed list."""

    # found while decoding
    EMPTY_VALUE = "empty_value"
    CORRUPT_AVRO = "corrupt_avro"
    TRAILING_BYTES = "trailing_bytes"
    UNKNOWN_SCHEMA_ID = "unknown_schema_id"
    NO_SCHEMA = "no_schema"
    UNUSABLE_SCHEMA = "unusable_schema"
    # found while mapping
    UNMATCHED = "unmatched"
    SCHEMA_BREAKS_RULE = "schema_breaks_rule"
    EVALUATION_FAILED = "evaluation_failed"
    MISSING_DEVICE_ID = "missing_device_id"
    MISSING_PARAMETER = "missing_parameter"
    MISSING_EVENT_TOKEN = "missing_event_token"
    INVALID_VALUE = "invalid_value"
    REVENUE_OUT_OF_RANGE = "revenue_out_of_range"
    REVENUE_WITHOUT_CURRENCY = "revenue_without_currency"
    OVERSIZED = "oversized"
    # said by Adjust
    EARLIER_UNIQUE_EVENT = "earlier_unique_event"
    BAD_EVENT_STATE = "bad_event_state"
    INVALID_APP_TOKEN = "invalid_app_token"
    INVALID_EVENT_TOKEN = "invalid_event_token"
    INVALID_REVENUE = "invalid_revenue"
    INVALID_CALLBACK_PARAMETERS = "invalid_callback_parameters"
    BAD_REQUEST = "bad_request"
    AUTHENTICATION = "authentication"
    FORBIDDEN = "forbidden"
    APP_INACTIVE = "app_inactive"
    TRACKING_DISABLED = "tracking_disabled"
    EVENT_TOKEN_BLOCKLISTED = "event_token_blocklisted"
    APP_TOKEN_NOT_FOUND = "app_token_not_found"
    DEVICE_NOT_FOUND = "device_not_found"
    NOT_FOUND = "not_found"
    REQUEST_TOO_LARGE = "request_too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    DEVICE_OPTED_OUT = "device_opted_out"
    RETRY_REQUESTED = "retry_requested"
    SERVER_ERROR = "server_error"
    UNEXPECTED_RESPONSE = "unexpected_response"
    # the way there
    NEVER_SENT = "never_sent"
    MAYBE_SENT = "maybe_sent"


class Mapped(NamedTuple):
    """The event becomes this request; requests with an equal `order_key` in one partition leave one after the other."""

    request: Request
    order_key: bytes | str


class Filtered(NamedTuple):
    """A rule says that the event is not to be sent."""

    rule: str


class Invalid(NamedTuple):
    """The event cannot become a request, for a reason in the event itself: it goes to the dead-letter topic."""

    reason: Reason
    detail: str
    rule: str | None = None
    schema_id: int | None = None
    app: str | None = None


Interpretation = Mapped | Filtered | Invalid


class Response(NamedTuple):
    """A complete answer of Adjust: status, the whole body, and the raw `Retry-After` header."""

    status: int
    body: bytes
    retry_after: str | None = None


class TransportFailure(NamedTuple):
    """No complete answer. `maybe_sent` is False only where it is certain that no byte of the request left."""

    kind: str
    maybe_sent: bool


SendResult = Response | TransportFailure


class VerdictKind(StrEnum):
    """What an answer means, by who has to act."""

    DELIVERED = "delivered"
    DUPLICATE = "duplicate"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    NOT_YET = "not_yet"
    REJECTED = "rejected"
    MISCONFIGURED = "misconfigured"


class Verdict(NamedTuple):
    """What an answer means for its event. `wait_s` is a waiting time that Adjust asked for, in seconds."""

    kind: VerdictKind
    reason: Reason | None = None
    wait_s: float | None = None


class Settle(NamedTuple):
    """The record is done: delivered, or delivered before (`duplicate`)."""

    duplicate: bool = False


class Retry(NamedTuple):
    """Send again after `delay_s`; only the record's key waits, or the whole destination if `everything`."""

    delay_s: float
    everything: bool = False


class Park(NamedTuple):
    """Write the record to the dead-letter topic, then settle it."""

    reason: Reason


class Hold(NamedTuple):
    """Nothing of the record's app is sent, but a slow probe, until the answer changes."""

    reason: Reason


Disposition = Settle | Retry | Park | Hold
