"""What a demo that keeps running offers, each address in full: to be clicked and copied.

**Rule**: every line says what is there and an address that answers as it stands.
"""

from __future__ import annotations

from connector.errors import InvariantViolationError


def addresses(admin: str | None, sandbox: str, bootstrap_servers: str, topics: tuple[str, ...], folder: str) -> str:
    """Return the lines. `admin` and `sandbox` are URLs with their scheme.

    Raises `InvariantViolationError` where a connector runs without an admin address.
    """
    if admin is None:
        raise InvariantViolationError("the connector runs without an admin address")
    offers = (
        ("alive", f"{admin}/livez"),
        ("ready", f"{admin}/readyz"),
        ("metrics", f"{admin}/metrics"),
        ("what Adjust received", f"{sandbox}/sandbox/requests"),
        ("the same, counted", f"{sandbox}/sandbox/summary"),
        ("Kafka", bootstrap_servers),
        ("topics", ", ".join(topics)),
        ("connector's files", folder),
        ("more events", f"connector demo --produce-only --seed 2 --bootstrap-servers {bootstrap_servers}"),
    )
    return "\n".join(("", "Everything stays up until Ctrl-C:", *(f"  {name:<21} {where}" for name, where in offers)))
