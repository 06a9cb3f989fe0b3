"""How the stand-in for Adjust behaves in the demo.

**Rule**: what is scripted here is what the generator's fates expect, and no fault makes Adjust count an event whose sender
is told otherwise.
"""

from __future__ import annotations

from connector.demo.cast import Cast
from connector.sandbox import Fault, SandboxApp, SandboxConfig

SHOP, GAME = "4w565xzmb54d", "9k3mzq7t1xva"
"""The app tokens of the demo's mapping."""

TOKENS = {"SHOP_S2S_TOKEN": "demo-shop-s2s-token-not-a-secret", "GAME_S2S_TOKEN": "demo-game-s2s-token-not-a-secret"}
"""What `${NAME}` stands for in the demo's mapping."""

REFUSALS_OF_AN_UNKNOWN_DEVICE = 3


def sandbox_config(cast: Cast) -> SandboxConfig:
    """Return the account: two apps with S2S tokens, an event counted once, one refused, and two devices with a part."""
    return SandboxConfig(
        apps={
            SHOP: SandboxApp(s2s_tokens=frozenset({TOKENS["SHOP_S2S_TOKEN"]})),
            GAME: SandboxApp(
                s2s_tokens=frozenset({TOKENS["GAME_S2S_TOKEN"]}),
                unique_event_tokens=frozenset({"5rt8yn"}),
                blocklisted_event_tokens=frozenset({"b2m6vd"}),
            ),
        },
        unknown_devices=frozenset(cast.unknown.identifiers),
        known_after_requests=REFUSALS_OF_AN_UNKNOWN_DEVICE,
        opted_out_devices=frozenset(cast.opted_out.identifiers),
        latency_ms=20,
    )


def faults() -> tuple[Fault, ...]:
    """Return what goes wrong on the way: a throttle, connections closed without an answer, and first attempts answered 500."""
    return (
        Fault(name="throttled", status=429, body='{"error":"Too many requests"}', retry_after_s=1, rate=0.002, limit=1),
        Fault(name="closed without an answer", action="close", rate=0.002, limit=3),
        Fault(name="server error", status=500, attempts=1, rate=0.03),
    )
