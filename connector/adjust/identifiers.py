"""How Adjust wants device identifiers, their hashes and IP addresses written.

**Rule**: case and hyphens are put as Adjust documents them, an identifier of nothing but zeros is left out (devices report
it where the user opted out), a hash is never rewritten, and what cannot be the identifier is refused rather than sent.
Does not know which parameter has which format (`connector.adjust.parameters`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from connector.adjust.formats import Converted, Format, refused

_STRING = frozenset({"string"})
_UUID_TYPES = frozenset({"string", "bytes"})
_ZERO = "00000000-0000-0000-0000-000000000000"
_ZERO_DIGITS = "0" * 32
_UPPER = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}")
_LOWER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX32 = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"[0-9A-Za-z._~-]{1,256}")
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")


def _uuid_digits(value: object) -> Converted:
    """Return the 32 lower-case digits of a UUID given as text (with or without hyphens or braces) or as 16 bytes."""
    if value is None or value == "" or value == b"":  # noqa: PLR1714  # a list is not hashable, and may come
        return None
    if isinstance(value, bytes):
        digits = value.hex()
    elif isinstance(value, str):
        digits = value.strip().strip("{}").replace("-", "").lower()
    else:
        return refused("is not a text")
    if _HEX32.fullmatch(digits) is None:
        return refused("is not a UUID")
    return digits if digits.strip("0") else None


def _hyphenated(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid_upper(value: object) -> Converted:
    """Write a UUID in upper case with hyphens, as `idfa` and `idfv` want it."""
    if value.__class__ is str and _UPPER.fullmatch(value) is not None and value != _ZERO:
        return value
    digits = _uuid_digits(value)
    return _hyphenated(digits.upper()) if isinstance(digits, str) else digits


def uuid_lower(value: object) -> Converted:
    """Write a UUID in lower case with hyphens, as `gps_adid` and `fire_adid` want it."""
    if value.__class__ is str and _LOWER.fullmatch(value) is not None and value != _ZERO:
        return value
    digits = _uuid_digits(value)
    return _hyphenated(digits) if isinstance(digits, str) else digits


def uuid_short(value: object) -> Converted:
    """Write an IDFA without hyphens, as `idfa_short` wants it."""
    digits = _uuid_digits(value)
    return digits.upper() if isinstance(digits, str) else digits


def uuid_digits(value: object) -> Converted:
    """Write 32 lower-case hex digits, as `adid` wants them."""
    if value.__class__ is str and _HEX32.fullmatch(value) is not None and value != _ZERO_DIGITS:
        return value
    return _uuid_digits(value)


def _rewriting(rewrite: Callable[[str], str]) -> Callable[[object], Converted]:
    """Return a converter for identifiers that need not be UUIDs: `rewrite` puts case and hyphens."""

    def convert(value: object) -> Converted:
        if not isinstance(value, str):
            return None if value is None else refused("is not a text")
        found = rewrite(value.strip())
        if not found.strip("0-"):
            return None
        return found if _TOKEN.fullmatch(found) else refused("is not a device identifier")

    return convert


def _digest(length: int) -> Callable[[object], Converted]:
    pattern = re.compile(rf"[0-9A-Fa-f]{{{length}}}")

    def convert(value: object) -> Converted:
        if not isinstance(value, str):
            return None if value is None else refused("is not a text")
        if not value.strip("0-"):
            return None
        return value if pattern.fullmatch(value) else refused(f"is not a hash of {length} hex digits")

    return convert


def ip_address(value: object) -> Converted:
    """Write an IPv4 address (Adjust: S2S events takes no other); IPv6 is left out, an IPv4 inside IPv6 is unwrapped."""
    if not isinstance(value, str):
        return None if value is None else refused("is not a text")
    if _IPV4.fullmatch(value):
        return value
    if not value:
        return None
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return refused("is not an IP address")
    return None if address.ipv4_mapped is None else str(address.ipv4_mapped)


UUID_UPPER = Format("uuid_upper", uuid_upper, _UUID_TYPES, "a UUID")
UUID_LOWER = Format("uuid_lower", uuid_lower, _UUID_TYPES, "a UUID")
UUID_SHORT = Format("uuid_short", uuid_short, _UUID_TYPES, "a UUID")
UUID_DIGITS = Format("uuid_digits", uuid_digits, _UUID_TYPES, "32 hex digits")
AS_GIVEN = Format("identifier", _rewriting(lambda text: text), _STRING, "a device identifier")
LOWER = Format("identifier_lower", _rewriting(str.lower), _STRING, "a device identifier")
LOWER_SHORT = Format(
    "identifier_lower_short", _rewriting(lambda text: text.lower().replace("-", "")), _STRING, "a device identifier"
)
UPPER_SHORT = Format(
    "identifier_upper_short", _rewriting(lambda text: text.upper().replace("-", "")), _STRING, "a device identifier"
)
SHORT = Format("identifier_short", _rewriting(lambda text: text.replace("-", "")), _STRING, "a device identifier")
MD5 = Format("md5", _digest(32), _STRING, "an MD5 of 32 hex digits")
SHA1 = Format("sha1", _digest(40), _STRING, "a SHA-1 of 40 hex digits")
IPV4 = Format("ipv4", ip_address, _STRING, "an IPv4 address")
