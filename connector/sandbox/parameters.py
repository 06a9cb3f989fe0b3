"""The parameters of a request, from the three forms that Adjust documents: GET query, POST query, POST form.

**Rule**: never raises. What is no valid UTF-8 or percent-encoding is kept as replacement characters, and the rules that
look at the value refuse it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from connector.adjust import endpoints
from connector.adjust.parameters import DEVICE_PARAMETERS

ENDPOINTS = frozenset(facts.path for facts in endpoints.ENDPOINTS.values())
"""The paths of Adjust's S2S API that the sandbox serves."""

_ZEROES = re.compile(r"[0-]*")


def parse_form(encoded: bytes) -> dict[str, str]:
    """Return the parameters in a query or an `application/x-www-form-urlencoded` body; of a repeated name the last counts."""
    parameters: dict[str, str] = {}
    for pair in encoded.decode("utf-8", "replace").split("&"):
        name, _, value = pair.partition("=")
        if name:
            if "%" in value or "+" in value:
                value = unquote_plus(value)  # few values need it
            parameters[unquote_plus(name) if "%" in name or "+" in name else name] = value
    return parameters


def device_of(parameters: dict[str, str]) -> tuple[str, str] | None:
    """Return name and value of the first device identifier that is neither empty nor all zeroes, else None."""
    for name in DEVICE_PARAMETERS:
        value = parameters.get(name)
        if value and not _ZEROES.fullmatch(value):
            return name, value
    return None
