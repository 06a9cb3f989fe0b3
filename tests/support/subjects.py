"""Registering schemas in a Confluent-compatible registry."""

from __future__ import annotations

import json
from typing import Any

import httpx


def register(registry_url: str, subject: str, schema: dict[str, Any]) -> int:
    """Register `schema` under `subject` and return its id."""
    answer = httpx.post(
        f"{registry_url}/subjects/{subject}/versions",
        content=json.dumps({"schema": json.dumps(schema)}),
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
        timeout=15.0,
        trust_env=False,
    )
    answer.raise_for_status()
    return int(answer.json()["id"])
