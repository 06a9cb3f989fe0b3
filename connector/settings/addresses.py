"""What must hold of the addresses in `connector.yaml`: Adjust's, the registry's, the proxy's.

**Rule**: an address is refused where the client behind it would fail, or would do something else than it says; no message repeats
one, since it may hold a password. Like every law, these take a tree of any shape.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from connector.document import Document, Path, Problem

_WEB = frozenset({"http", "https"})
_PROXIES = {"libcurl": ("http", "https", "socks4", "socks4a", "socks5", "socks5h"), "httpx": ("http", "https")}
"""Proxies that each transport takes."""


def address_laws(document: Document, tree: dict[str, object]) -> list[Problem]:
    """Return what is wrong with the addresses in `tree`."""
    schemas = tree.get("schemas")
    adjust, registry = tree.get("adjust"), schemas.get("registry") if isinstance(schemas, dict) else None
    problems: list[Problem] = []
    if isinstance(adjust, dict):
        problems += [*_base_url(document, adjust), *_proxy(document, adjust)]
    if isinstance(registry, dict):
        problems += _registry(document, registry)
    return problems


def _base_url(document: Document, adjust: dict[str, object]) -> list[Problem]:
    path, base_url = ("adjust", "base_url"), adjust.get("base_url")
    if not isinstance(base_url, str):
        return []
    parts = _parts(base_url, _WEB)
    if parts is None:
        return [document.problem(path, "not an http:// or https:// URL with a host")]
    if parts.query or parts.fragment or parts.username is not None or parts.path not in {"", "/"}:
        hint = "leave the rest out: /event, /ad_revenue and /session are added"
        return [document.problem(path, "only scheme, host and port are taken", hint=hint)]
    if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not _allows_plain_http(adjust):
        return [
            document.problem(
                path,
                f"plain http to {parts.hostname}: S2S tokens would travel in the clear",
                hint="use https://, or set adjust.allow_plain_http: true for a network you trust",
            )
        ]
    return []


def _allows_plain_http(adjust: dict[str, object]) -> bool:
    return str(adjust.get("allow_plain_http")).lower() in {"true", "yes", "on", "1"}  # from the environment it is a text


def _proxy(document: Document, adjust: dict[str, object]) -> list[Problem]:
    path: Path = ("adjust", "proxy")
    proxy, transport = adjust.get("proxy"), adjust.get("transport")
    if not isinstance(proxy, str):
        return []
    schemes = _PROXIES.get(transport if isinstance(transport, str) else "libcurl", _PROXIES["libcurl"])
    if _parts(proxy, frozenset(schemes)) is not None:
        return []
    hint = f"write one such as {schemes[0]}://proxy.example:3128; leave the key out to use none"
    return [document.problem(path, f"not a URL with a host that begins with {_listed(schemes)}", hint=hint)]


def _registry(document: Document, registry: dict[str, object]) -> list[Problem]:
    path, url = ("schemas", "registry", "url"), registry.get("url")
    if not isinstance(url, str):
        return []
    parts = _parts(url, _WEB)
    if parts is None:
        return [document.problem(path, "not an http:// or https:// URL with a host")]
    if parts.username is not None:
        hint = "use schemas.registry.username and schemas.registry.password"
        return [document.problem(path, "a user and a password do not stand in the URL", hint=hint)]
    return []


def _parts(url: str, schemes: frozenset[str]) -> SplitResult | None:
    """Return the parts of a URL of one of `schemes` with a host, or None where it is none."""
    try:
        parts = urlsplit(url)
        sound = parts.port != 0 and parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return None
    return parts if sound and not any(character.isspace() for character in url) else None


def _listed(schemes: tuple[str, ...]) -> str:
    return ", ".join(f"{scheme}://" for scheme in schemes[:-1]) + f" or {schemes[-1]}://"


def is_loopback(host: str) -> bool:
    """Say whether `host` (a name or an address) is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
