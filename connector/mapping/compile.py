"""The rules of one topic and an Avro schema become a `Plan`; everything that is wrong between the two becomes problems.

**Rule**: rules are compiled once for a schema, never for an event. Every problem is found in one pass; only errors break a
rule. Does not fetch schemas and does not know why a schema is looked at: at a start an error stops the connector, while one
that a newly seen schema brings breaks only the rules it touches.
"""

from __future__ import annotations

from connector.document import Path, Problem
from connector.mapping.cel.compiler import Compiler
from connector.mapping.cel.expression import EvaluationError, Event
from connector.mapping.cel.shapes import SchemaProblem
from connector.mapping.parse import MappingFile, PlacedRule, TopicMapping
from connector.mapping.places import Compiles, Places
from connector.mapping.plan import CompiledRule, Order, Plan, broken
from connector.mapping.rule_names import with_rule_names
from connector.mapping.rules import compile_rule
from connector.outcome import Filtered, Invalid, Reason
from connector.record import Record

_KEYS = frozenset({"string", "bytes", "int", "uint", "bool"})
_UNMATCHED: dict[str, Filtered | Invalid] = {
    "drop": Filtered("unmatched"),
    "dead_letter": Invalid(Reason.UNMATCHED, "no rule matches the event"),
}


def compile_topic(
    mapping: MappingFile, topic_name: str, schema: object, *, at_start: bool = False
) -> tuple[Plan, tuple[Problem, ...]]:
    """Return the plan of `topic_name` for events of `schema` (parsed Avro JSON), and the problems, warnings included.

    `at_start` says that the schema is the one the rules were written for: a text that is no symbol of an enum is then an error.
    Of an older or newer schema it is none, since it may lack a symbol that the other has.
    Raises `KeyError` where the mapping has no such topic.
    """
    plan, problems = _compile(mapping, mapping.topics[topic_name], schema, at_start=at_start)
    return plan, with_rule_names(mapping.document, problems)


def _compile(mapping: MappingFile, topic: TopicMapping, schema: object, *, at_start: bool) -> tuple[Plan, list[Problem]]:
    try:
        compiler = Compiler(schema)
    except SchemaProblem as error:
        problem = mapping.document.problem(("topics", topic.name, "schema"), f"the schema cannot be used: {error}")
        return _without_schema(topic, str(error)), [problem]
    order, problems = _order(mapping, topic, compiler)
    rules = []
    for placed in topic.rules:
        rule, found = compile_rule(mapping, placed, Places(mapping.document, compiler, at_start=at_start), order)
        rules.append(rule)
        problems += found
    problems += _unreachable(mapping, topic, rules)
    return Plan(rules, _UNMATCHED[topic.unmatched]), problems


def _without_schema(topic: TopicMapping, why: str) -> Plan:
    rules = [CompiledRule(placed.rule.name, None, broken(placed.rule.name, why)) for placed in topic.rules]
    return Plan(rules, _UNMATCHED[topic.unmatched])


def _unreachable(mapping: MappingFile, topic: TopicMapping, rules: list[CompiledRule]) -> list[Problem]:
    """Report the rules that stand after one that takes every event."""
    final = next((index for index, rule in enumerate(rules) if rule.when is None), len(rules))
    return [_unreachable_rule(mapping, placed, rules[final].name) for placed in topic.rules[final + 1 :]]


def _unreachable_rule(mapping: MappingFile, placed: PlacedRule, taker: str) -> Problem:
    hint = f"move it before {taker}, or give {taker} a condition that can fail"
    return mapping.document.problem(placed.path, f"no event reaches this rule: {taker} takes them all", hint=hint)


def _order(mapping: MappingFile, topic: TopicMapping, compiler: Compiles) -> tuple[Order | None, list[Problem]]:
    if topic.order_by is None:
        return None, []
    places = Places(mapping.document, compiler)
    path: Path = ("topics", topic.name, "order_by")
    key = places.typed(topic.order_by, path, _KEYS, "a text, bytes, a whole number or a boolean")
    if key is None:
        invalid = Invalid(Reason.SCHEMA_BREAKS_RULE, f"order_by: {places.problems[0].message}")
        return (lambda _event, _record: invalid), places.problems
    read, text = key.evaluate, key.text

    def order(event: Event, record: Record) -> bytes | str | Invalid | None:
        value = read(event, record)
        if value is None or isinstance(value, str | bytes):
            return value
        if isinstance(value, EvaluationError):
            return Invalid(Reason.EVALUATION_FAILED, f"order_by: {value.message}, in: {text}")
        return str(value)

    return order, places.problems
