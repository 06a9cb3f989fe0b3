"""Form encoding: how a text stands in the body of a request.

**Rule**: every text is encoded exactly once and arrives whole, whatever it holds: NUL, emoji, 900 KB. A space becomes `%20`,
which every decoder reads alike. A text that is no Unicode (a lone surrogate) is refused with `UnicodeEncodeError`.
"""

from __future__ import annotations

import re

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_ENCODED = [chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256)]
_ASCII = dict(enumerate(_ENCODED[:128]))
is_unreserved = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""Gives None for a text that needs encoding."""


def encode(text: str) -> str:
    """Return `text` percent-encoded as UTF-8 (RFC 3986: everything but unreserved characters). Raises `UnicodeEncodeError`."""
    if is_unreserved(text) is not None:
        return text
    if text.isascii():
        return text.translate(_ASCII)
    encoded = _ENCODED
    return "".join([encoded[byte] for byte in text.encode()])


def start_of(text: str) -> str:
    """Return the start of a parameter called `text`: `&text=`."""
    return f"&{encode(text)}="
