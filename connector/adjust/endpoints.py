"""The three endpoints of Adjust's server-to-server API that the connector sends to, as data.

**Rule**: only what Adjust documents stands here, with the document named. Does not know how a value is written
(`connector.adjust.formats`) nor what an answer means (`connector.adjust.responses`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

MAX_REQUEST_BYTES = 1_048_576
"""Largest request that Adjust takes, 1 MB (Adjust: S2S index, error 413). The larger reading of the two, so that nothing
deliverable is refused here."""

APP_TOKEN_LENGTH = 12
"""Characters of an app token (Adjust: device API)."""

EVENT_TOKEN_LENGTH = 6
"""Characters of every event token in Adjust's examples; no document states it as a limit."""


class Endpoint(StrEnum):
    """An endpoint by the name that a rule uses."""

    EVENT = "event"
    AD_REVENUE = "ad_revenue"
    SESSION = "session"


class Environment(StrEnum):
    """Where Adjust counts a request (Adjust: S2S events). Production is Adjust's default."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What an endpoint demands.

    `required` holds groups of parameter names: one of each group must be there, beside `s2s`, `app_token` and a device
    identifier, which every endpoint requires. `constants` are parameters with one allowed value. `custom` are the
    custom-parameter objects that the endpoint documents.
    """

    path: str
    takes_event_token: bool
    required: tuple[tuple[str, ...], ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()


ENDPOINTS: Mapping[Endpoint, EndpointFacts] = MappingProxyType(
    {
        # Adjust: S2S events.
        Endpoint.EVENT: EndpointFacts("/event", takes_event_token=True, custom=frozenset({"callback_params", "partner_params"})),
        # Adjust: S2S ad revenue. `source` is always "publisher".
        Endpoint.AD_REVENUE: EndpointFacts(
            "/ad_revenue",
            takes_event_token=False,
            required=(("revenue", "amount"), ("currency",), ("ad_impressions_count",)),
            constants=MappingProxyType({"source": "publisher"}),
            custom=frozenset({"callback_params"}),
        ),
        # Adjust: S2S sessions.
        Endpoint.SESSION: EndpointFacts("/session", takes_event_token=False),
    }
)
"""What each endpoint demands."""
