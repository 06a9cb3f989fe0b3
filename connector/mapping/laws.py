"""What must hold of a rule whatever the schema: names that exist, parameters that fit together, what Adjust requires.

**Rule**: a law looks at one rule and gives every problem with its place; it reads the vocabulary (`connector.adjust`) and
holds no names of its own. Does not know what the expressions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connector.adjust.endpoints import ENDPOINTS, EVENT_TOKEN_LENGTH
from connector.adjust.parameters import PARAMETERS, SAME_MEANING, of_endpoint
from connector.document import Problem
from connector.mapping.file_shape import Rule, TokenTable
from connector.mapping.parse import MappingFile, PlacedRule
from connector.settings.suggest import nearest

_OWN_KEYS = {
    "app_token": "it is written from the rule's app",
    "s2s": "the connector writes it",
    "event_token": "it is a key of the rule itself, beside params",
    "callback_params": "it is a key of the rule itself, beside params",
    "partner_params": "it is a key of the rule itself, beside params",
}


def problems_of(mapping: MappingFile, placed: PlacedRule) -> list[Problem]:
    """Return everything that is wrong with the rule, errors and warnings."""
    if not placed.intact:
        return []
    laws = _drop(placed) if placed.rule.drop else (*_app(mapping, placed), *_token(placed), *_parameters(mapping, placed))
    return [
        mapping.document.problem((*placed.path, *inside), message, hint=hint, severity=severity)
        for inside, message, hint, severity in laws
    ]


Finding = tuple[tuple[str, ...], str, str | None, str]
"""The path inside the rule, the message, the hint, the severity."""


def _error(inside: Iterable[str], message: str, hint: str | None = None) -> Finding:
    return (tuple(inside), message, hint, "error")


def _warning(inside: Iterable[str], message: str, hint: str | None = None) -> Finding:
    return (tuple(inside), message, hint, "warning")


def _drop(placed: PlacedRule) -> Iterator[Finding]:
    rule = placed.rule
    given = {
        "app": rule.app,
        "event_token": rule.event_token,
        "params": rule.params,
        "callback_params": rule.callback_params,
        "partner_params": rule.partner_params,
    }
    for key, value in given.items():
        if value:
            yield _error([key], f"a rule that drops its events sends nothing: {key} has no meaning", "remove it, or remove drop")


def _app(mapping: MappingFile, placed: PlacedRule) -> Iterator[Finding]:
    tree = mapping.document.tree
    entries = tree.get("apps") if isinstance(tree, Mapping) else None
    known = list(entries) if isinstance(entries, Mapping) else []
    if placed.rule.app is None:
        yield _error([], "app is required", f"name one of the apps: {', '.join(known)}")
    elif placed.rule.app not in known:
        yield _error(["app"], "there is no such app under apps", nearest(placed.rule.app, known))


def _token(placed: PlacedRule) -> Iterator[Finding]:
    rule, token = placed.rule, placed.rule.event_token
    facts = ENDPOINTS[rule.endpoint]
    if facts.takes_event_token and token is None:
        yield _error([], f"event_token is required for {facts.path}")
    if token is not None and not facts.takes_event_token:
        yield _error(["event_token"], f"{facts.path} takes no event_token", "remove it")
    tokens = token.tokens if isinstance(token, TokenTable) else {} if token is None else {"": token}
    for value, text in tokens.items():
        if len(text) != EVENT_TOKEN_LENGTH:
            inside = ["event_token", "tokens", value] if value else ["event_token"]
            yield _warning(inside, f"Adjust's event tokens have {EVENT_TOKEN_LENGTH} characters, this one has {len(text)}")


def _parameters(mapping: MappingFile, placed: PlacedRule) -> Iterator[Finding]:
    rule = placed.rule
    facts, given = ENDPOINTS[rule.endpoint], rule.params
    yield from _vocabulary(rule)
    if not any(name in PARAMETERS and PARAMETERS[name].identifies_device for name in given):
        yield _error(
            ["params"], "Adjust requires a device identifier", "give idfa, gps_adid, or another; a backup such as idfv helps"
        )
    for group in facts.required:
        if not any(name in given for name in group):
            yield _error(["params"], f"{' or '.join(group)} is required for {facts.path}")
    for first, second, why in SAME_MEANING:
        if first in given and second in given:
            yield _error(["params", second], f"{first} is given too: {why}", "keep one of them")
    if "revenue" in given and "currency" not in given and not facts.required:
        yield _error(["params", "revenue"], "revenue needs a currency", "give currency too")
    app = mapping.apps.get(rule.app or "")
    if "environment" in given and app is not None and app.environment is not None:
        yield _error(["params", "environment"], f"the app {app.name} has an environment already", "keep one of them")


def _vocabulary(rule: Rule) -> Iterator[Finding]:
    facts = ENDPOINTS[rule.endpoint]
    known = of_endpoint(rule.endpoint)
    for name in rule.params:
        if name in _OWN_KEYS:
            yield _error(["params", name], f"{name} is not given here: {_OWN_KEYS[name]}", "move or remove it")
        elif name in facts.constants:
            yield _error(["params", name], f"{name} is always {facts.constants[name]}: the connector writes it", "remove it")
        elif name not in PARAMETERS:
            yield _error(["params", name], f"{facts.path} has no parameter of this name", nearest(name, known))
        elif name not in known:
            yield _error(["params", name], f"{name} is not a parameter of {facts.path}", "see the table in schemas/README.md")
    for name, entries in (("callback_params", rule.callback_params), ("partner_params", rule.partner_params)):
        if entries and name not in facts.custom:
            yield _warning([name], f"Adjust does not document {name} for {facts.path}")
