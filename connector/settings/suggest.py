"""What somebody may have meant: the known name that is close to a wrong one.

**Rule**: a suggestion is only ever text in a hint; nothing is corrected silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LISTED = 12
"""Known names that a hint lists when none is close."""


def close(name: str, known: Iterable[str]) -> str | None:
    """Return a hint for the wrong `name` where one of `known` is close to it."""
    folded = {candidate.lower().replace("-", "_"): candidate for candidate in known}
    found = get_close_matches(name.lower().replace("-", "_"), folded, n=1, cutoff=0.7)
    return f"did you mean {folded[found[0]]}?" if found else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return a hint for the wrong `name`: the close one of `known`, or all of them where they are few, or None."""
    names = list(known)
    if found := close(name, names):
        return found
    if not names or len(names) > MAX_LISTED:
        return None
    return f"known here: {', '.join(names)}"
