"""What the stand-in knows of the world: apps, tokens, devices, and which documented rules it enforces.

**Rule**: with nothing configured it knows every well-formed app token and event token and every device, and asks for no S2S
token, so that Adjust's own samples are answered as documented at once.

Does not know the state that requests leave behind (`connector.sandbox.world`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.adjust.endpoints import MAX_REQUEST_BYTES
from connector.document import Document
from connector.errors import ConfigurationError
from connector.sandbox.wording import wording

MAX_LATENCY_MS = 600_000.0
"""Longest wait before every answer, in milliseconds."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SandboxApp(_Section):
    """One app of the Adjust account."""

    s2s_tokens: frozenset[str] = Field(default=frozenset(), description="Accepted bearer tokens; none: no token is asked for.")
    active: bool = Field(default=True, description="false answers 403 App is inactive.")
    tracking: bool = Field(default=True, description="false answers 403 Tracking disabled.")
    event_tokens: frozenset[str] | None = Field(
        default=None, description="Event tokens that exist; not given: every well-formed one."
    )
    unique_event_tokens: frozenset[str] = Field(default=frozenset(), description="Event tokens counted once for each device.")
    blocklisted_event_tokens: frozenset[str] = Field(default=frozenset(), description="Event tokens answered with 403.")


class SandboxConfig(_Section):
    """The whole of `sandbox.yaml`. Devices are named by the value of their identifier, whichever parameter carries it."""

    apps: dict[str, SandboxApp] | None = Field(
        default=None, description="Apps by app token; not given: every well-formed app token is an app with the defaults."
    )
    unique_event_tokens: frozenset[str] = Field(
        default=frozenset(), description="Event tokens counted once a device, in every app."
    )
    blocklisted_event_tokens: frozenset[str] = Field(
        default=frozenset(), description="Event tokens answered with 403, in every app."
    )
    wrong_token_status: Literal[202, 401] = Field(default=202, description="Status that answers a missing or wrong S2S token.")
    opted_out_devices: frozenset[str] = Field(default=frozenset(), description="Devices answered with 451.")
    unknown_devices: frozenset[str] = Field(default=frozenset(), description="Devices answered with 404 until they are known.")
    devices_need_session: bool = Field(default=False, description="true: every device is unknown until a session arrives.")
    known_after_requests: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="An unknown device is known after so many refused requests; not given: only after a session."
    )
    chronological: bool = Field(default=True, description="Refuse an event older than the last of its device and event token.")
    event_max_age_days: Annotated[float, Field(gt=0)] = Field(default=58.0, description="Oldest created_at of /event.")
    ad_revenue_max_age_days: Annotated[float, Field(gt=0)] = Field(default=28.0, description="Oldest created_at of /ad_revenue.")
    max_request_bytes: Annotated[int, Field(ge=1_000)] = Field(default=MAX_REQUEST_BYTES, description="Larger requests: 413.")
    latency_ms: Annotated[float, Field(ge=0, le=MAX_LATENCY_MS)] = Field(default=0.0, description="Wait before every answer.")
    journal_size: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=500_000, description="Requests kept in the journal, about 700 bytes each."
    )
    seed: int = Field(default=0, description="Seed of the faults that come with a rate.")

    def app(self, token: str) -> SandboxApp | None:
        """Return the app of a well-formed app token, None where there is none."""
        return _ANY_APP if self.apps is None else self.apps.get(token)


_ANY_APP = SandboxApp()


def parse(document: Document) -> SandboxConfig:
    """Return the configuration in `document`. Raises `ConfigurationError` with every problem in it."""
    try:
        return SandboxConfig.model_validate(document.tree if document.tree is not None else {})
    except ValidationError as error:
        raise ConfigurationError([document.problem(path, text) for path, text in wording(error)]) from None
