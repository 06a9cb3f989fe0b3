"""What somebody may have meant: the known name that is close to a wrong one.

**Rule**: a suggestion is only ever text in a hint; nothing is corrected silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LISTED = 12
"""Known names that a hint lists when none is close."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return a hint for the wrong `name`: the close one of `known`, or all of them where they are few, or None."""
    names = list(known)
    folded = {candidate.lower().replace("-", "_"): candidate for candidate in names}
    close = get_close_matches(name.lower().replace("-", "_"), folded, n=1, cutoff=0.7)
    if close:
        return f"did you mean {folded[close[0]]}?"
    if not names or len(names) > MAX_LISTED:
        return None
    return f"known here: {', '.join(names)}"
