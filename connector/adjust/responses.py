"""Adjust's documented answers, word for word, and what each of them means for an event.

The texts are shared by the classifier (`connector.delivery.verdict`) and by the sandbox, so that both speak of the same
answers. `RESPONSE_RULES` is read from top to bottom and the first row that fits decides.

**Rule**: only a 200 is ever read as delivered, and only the documented "earlier unique event tracked" as a duplicate.
Whatever is not understood goes to the one who can act: nobody, where waiting heals it (a proxy's or a gateway's page); the
operator, where another answer of that class says that the address or the account is wrong; the owner of the data, where
Adjust itself refuses the request.

Does not know how an answer travels, nor what is done about a verdict.
"""

from __future__ import annotations

from typing import NamedTuple

from connector.outcome import Reason, VerdictKind

OK_BODY = b'{"status":"OK"}'
"""Body of an accepted `/event` or `/ad_revenue` (Adjust: S2S developer guide, ad revenue)."""

# Adjust: S2S API, "Responses"; the comment gives the status that each text comes with.
MISSING_AUTHENTICATION_TOKEN = "Missing authentication token"  # 202  # noqa: S105  # an error text
WRONG_AUTHENTICATION_TOKEN = "Wrong authentication token"  # 202  # noqa: S105  # an error text
BAD_EVENT_STATE = "Bad event state"  # 400
INVALID_APP_TOKEN = "Invalid app token"  # 400  # noqa: S105  # an error text
INVALID_EVENT_TOKEN = "Invalid event token"  # 400  # noqa: S105  # an error text
INVALID_REVENUE = "Invalid revenue"  # 400
INVALID_CALLBACK_PARAMETERS = "Invalid callback parameters"  # 400
EARLIER_UNIQUE_EVENT = "Ignoring event, earlier unique event tracked"  # 400
FAILED_TO_AUTHORIZE = "Failed to authorize request"  # 401
INSUFFICIENT_SCOPE = "insufficient scope"  # 401, as in "Session failed (insufficient scope)"
APP_IS_INACTIVE = "App is inactive"  # 403
TRACKING_DISABLED = "Tracking disabled"  # 403
EVENT_TOKEN_BLOCKLISTED = "Event token blocklisted"  # 403  # noqa: S105  # an error text
APP_TOKEN_NOT_FOUND = "App token not found"  # 404  # noqa: S105  # an error text
DEVICE_NOT_FOUND = "Device not found"  # 404
REQUEST_SIZE_TOO_LARGE = "Request size too large"  # 413
DEVICE_IS_OPTED_OUT = "Device is opted out"  # 451
INTERNAL_ERROR = "Internal error, contact support@adjust.com"  # 500

INSTALL_TRACKED = "Install tracked"
"""`message` of the 200 that answers a device's first session (Adjust: S2S developer guide)."""

SESSION_TRACKED = "Session tracked"
"""`message` of the 200 that answers its later sessions (Adjust: S2S developer guide)."""

FAILED_PREFIX = {"/event": "Event request failed", "/ad_revenue": "Ad revenue request failed", "/session": "Session failed"}
"""How `error` begins, by endpoint; the text follows in parentheses (Adjust: S2S events, ad revenue; web SDK's tests)."""


class Voice:
    """Whose words a body may be, from the surest to anyone's."""

    ADJUST = 0
    """A JSON object: Adjust's own form of an answer."""
    PLAIN = 1
    """That, or plain text: Adjust documents some texts without their form. Markup is a gateway's page."""
    ANYONE = 2
    """Anything: the status alone decides."""


class ResponseRule(NamedTuple):
    """One row: an answer with this `status` (or one in the range, or any) whose text contains `contains` means `kind`.

    The text is the value of `error` in a JSON object, else a plain body as it came. `voice` is a constant of `Voice`.
    """

    status: int | range | None
    contains: str
    kind: VerdictKind
    reason: Reason | None
    voice: int = Voice.PLAIN

    def covers(self, status: int) -> bool:
        """Say whether an answer with `status` can fit this row."""
        if self.status is None:
            return True
        return status in self.status if isinstance(self.status, range) else status == self.status


_SUCCESS, _REDIRECT, _CLIENT, _SERVER = range(200, 300), range(300, 400), range(400, 500), range(500, 600)
_DUPLICATE, _NOT_YET, _REJECTED = VerdictKind.DUPLICATE, VerdictKind.NOT_YET, VerdictKind.REJECTED
_THROTTLED, _UNAVAILABLE, _MISCONFIGURED = VerdictKind.THROTTLED, VerdictKind.UNAVAILABLE, VerdictKind.MISCONFIGURED

RESPONSE_RULES: tuple[ResponseRule, ...] = (
    # A 200 is taken by `judge` before the table unless its body contradicts it; what is left here was not understood.
    # Any 2xx may have been counted, so it is repeated as seldom as possible: the app holds, and a slow probe asks again.
    ResponseRule(202, "", _MISCONFIGURED, Reason.AUTHENTICATION, Voice.ANYONE),
    ResponseRule(_SUCCESS, "", _MISCONFIGURED, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE),
    # Adjust redirects nowhere: the base URL is wrong, or something stands in the way.
    ResponseRule(_REDIRECT, "", _MISCONFIGURED, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE),
    ResponseRule(429, "", _THROTTLED, Reason.TOO_MANY_REQUESTS, Voice.ANYONE),
    ResponseRule(_SERVER, "", _UNAVAILABLE, Reason.SERVER_ERROR, Voice.ANYONE),
    # The request did not arrive whole, or at the wrong server: the same bytes may be welcome later.
    ResponseRule(408, "", _UNAVAILABLE, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE),
    ResponseRule(421, "", _UNAVAILABLE, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE),
    ResponseRule(425, "", _UNAVAILABLE, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE),
    # Texts, by who acts. Nobody: only Adjust's own form may settle an event.
    ResponseRule(400, "earlier unique event tracked", _DUPLICATE, Reason.EARLIER_UNIQUE_EVENT, Voice.ADJUST),
    ResponseRule(404, DEVICE_NOT_FOUND, _NOT_YET, Reason.DEVICE_NOT_FOUND),
    # The operator.
    ResponseRule(400, INVALID_APP_TOKEN, _MISCONFIGURED, Reason.INVALID_APP_TOKEN),
    ResponseRule(404, APP_TOKEN_NOT_FOUND, _MISCONFIGURED, Reason.APP_TOKEN_NOT_FOUND),
    ResponseRule(403, APP_IS_INACTIVE, _MISCONFIGURED, Reason.APP_INACTIVE),
    ResponseRule(401, "", _MISCONFIGURED, Reason.AUTHENTICATION, Voice.ANYONE),
    ResponseRule(407, "", _MISCONFIGURED, Reason.AUTHENTICATION, Voice.ANYONE),
    ResponseRule(_CLIENT, "authentication token", _MISCONFIGURED, Reason.AUTHENTICATION),
    ResponseRule(_CLIENT, INSUFFICIENT_SCOPE, _MISCONFIGURED, Reason.AUTHENTICATION),
    ResponseRule(_CLIENT, "failed to get app token", _MISCONFIGURED, Reason.INVALID_APP_TOKEN),
    # The owner of the data.
    ResponseRule(400, BAD_EVENT_STATE, _REJECTED, Reason.BAD_EVENT_STATE),
    ResponseRule(400, INVALID_EVENT_TOKEN, _REJECTED, Reason.INVALID_EVENT_TOKEN),
    ResponseRule(400, INVALID_REVENUE, _REJECTED, Reason.INVALID_REVENUE),
    ResponseRule(400, INVALID_CALLBACK_PARAMETERS, _REJECTED, Reason.INVALID_CALLBACK_PARAMETERS),
    ResponseRule(403, TRACKING_DISABLED, _REJECTED, Reason.TRACKING_DISABLED),
    ResponseRule(403, "blocklisted", _REJECTED, Reason.EVENT_TOKEN_BLOCKLISTED),
    ResponseRule(413, "", _REJECTED, Reason.REQUEST_TOO_LARGE, Voice.ANYONE),
    ResponseRule(451, "opted out", _REJECTED, Reason.DEVICE_OPTED_OUT),
    ResponseRule(451, "", _REJECTED, Reason.DEVICE_OPTED_OUT, Voice.ADJUST),
    # Unknown texts in Adjust's form. A path or method that is not served is no fault of the event: the base URL is wrong.
    ResponseRule(404, "", _MISCONFIGURED, Reason.NOT_FOUND, Voice.ADJUST),
    ResponseRule(405, "", _MISCONFIGURED, Reason.NOT_FOUND, Voice.ADJUST),
    ResponseRule(403, "", _REJECTED, Reason.FORBIDDEN, Voice.ADJUST),
    ResponseRule(_CLIENT, "", _REJECTED, Reason.BAD_REQUEST, Voice.ADJUST),
    # Pages and texts of whatever stands between: wait for Adjust's own answer.
    ResponseRule(None, "", _UNAVAILABLE, Reason.UNEXPECTED_RESPONSE, Voice.ANYONE),
)
"""The ordered verdict table for every answer that is not a plain 200. Its last row fits everything."""
