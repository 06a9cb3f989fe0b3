"""The way from the text of an expression to something that can be evaluated, or to what is wrong with it.

**Rule**: the official checker decides on syntax and types; beyond it, null safety and what the evaluator has are decided here,
before the first record. What leaves here never raises when evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from connector.mapping.cel.compiled import UnsupportedError
from connector.mapping.cel.diagnose import Diagnosis
from connector.mapping.cel.evaluate import Translator
from connector.mapping.cel.expression import EvaluationError, Event, Expression, ExpressionProblem
from connector.mapping.cel.forms import FAILURES, Run
from connector.mapping.cel.messages import build_pool
from connector.mapping.cel.null_branches import MARK, marked, restored
from connector.mapping.cel.nullness import Nullness
from connector.mapping.cel.places import EVENT, RECORD, Key, children, reads, slot_of
from connector.mapping.cel.schema import read_schema
from connector.mapping.cel.shapes import MapShape, RecordShape, Scalar, SchemaProblem, Slot, records, walk
from connector.mapping.cel.symbols import impossible, symbols_of
from connector.mapping.cel.tree import Call, Comprehension, Name, Node, Select, read_tree
from connector.mapping.cel.values import EXPORTS, FailedError
from connector.record import Record

__all__ = ["Compiler", "SchemaProblem"]

_AS_IT_IS = frozenset({"null", "bool", "int", "double", "string", "bytes"})
"""The kinds whose run-time value is what a caller gets."""

_WRONG_SHAPE = EvaluationError("the event does not have the shape of the schema that the expression was checked against")


class Compiler:
    """Compiles expressions against one Avro schema: the parsed JSON of an `.avsc` whose top level is a record.

    In scope are `event`, the decoded record, and `record`, the Kafka record: `topic` (string), `partition` and `offset` (int),
    `timestamp` (timestamp; null where the broker gave none), `key` (bytes; null without a key; `string(record.key)` for a key of
    text), `headers` (map from string to bytes; of one name the last; without those whose value is null).
    Raises `SchemaProblem` where the schema cannot be shown to CEL.
    """

    def __init__(self, schema: object) -> None:
        self._root = read_schema(schema)
        kafka_record = _kafka_record(self._root)
        self._kafka_record = kafka_record.name
        self._shown = {**records(self._root), kafka_record.name: kafka_record}
        self._fields = tuple(walk(self._root))
        self._translator = Translator(self._root)
        try:
            self._env = self._environment()
        except RuntimeError as error:
            raise SchemaProblem(f"the schema cannot be shown to CEL: {error}") from error

    def _environment(self, **more: str) -> cel.Env:
        """Return what the checker knows: the record types, the two variables and those of `more`, by the name of their type."""
        variables = {EVENT: self._root.name, RECORD: self._kafka_record, **more}
        return cel.NewEnv(
            descriptor_pool=build_pool(self._shown),
            variables={name: cel.Type(kind) for name, kind in variables.items()},
            extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """The dotted paths of all fields of the schema, through nested records, without `event.` before them."""
        return self._fields

    def compile(self, text: str, given: str | None = None) -> Expression | tuple[ExpressionProblem, ...]:
        """Return the expression, or everything that is wrong with it.

        `given` is the text of a condition that holds whenever the expression is evaluated: what it shows not to be null is not
        null here. A condition that does not compile shows nothing.
        """
        node = self._checked(text)
        known = frozenset[Key]() if given is None else self._known(given)
        return node if isinstance(node, tuple) else self._compiled(text, node, known)

    def _checked(self, text: str) -> Node | tuple[ExpressionProblem, ...]:
        """Return the checked tree, or what the checker has against the text."""
        if unusable := _unusable(text):
            return (unusable,)
        try:
            return read_tree(self._env.compile(text).serialize())
        except RuntimeError as error:
            report = str(error)
        if "'_?_:_'" in report and (with_marks := marked(text)) is not None:
            return self._with_null_branches(text, with_marks)
        return self._diagnosed(text, report)

    def _with_null_branches(self, text: str, with_marks: str) -> Node | tuple[ExpressionProblem, ...]:
        try:
            return restored(read_tree(self._environment(**{MARK: "dyn"}).compile(with_marks).serialize()))
        except RuntimeError as error:
            return self._diagnosed(text, str(error))

    def _diagnosed(self, text: str, report: str) -> tuple[ExpressionProblem, ...]:
        return Diagnosis(text, self._shown, self._kafka_record, self._fields).problems(report)

    def _known(self, given: str) -> frozenset[Key]:
        node = self._checked(given)
        return frozenset() if isinstance(node, tuple) else Nullness(self._root, self._shown).known(node)

    def _compiled(self, text: str, node: Node, known: frozenset[Key]) -> Expression | tuple[ExpressionProblem, ...]:
        nullness = Nullness(self._root, self._shown)
        nullable = nullness.nullable(node, known)
        try:
            run = self._translator.whole(node)
        except UnsupportedError as error:
            return (_refusal(error, text), *nullness.problems)
        if nullness.problems:
            return tuple(nullness.problems)
        return self._expression(text, node, run, nullable=nullable)

    def _expression(self, text: str, node: Node, run: Run, *, nullable: bool) -> Expression:
        path = _path(node, self._root)
        slot = slot_of(node, self._root) if path is not None else None
        return Expression(
            text=text,
            type=node.type.label,
            nullable=nullable or node.type.kind == "optional",  # an absent value leaves as null
            constant=not any(isinstance(inner, Name) for inner in _every(node)),
            reads=frozenset(reads(node, self._root)),
            path=path,
            avro_logical=slot.shape.logical if slot is not None and isinstance(slot.shape, Scalar) else None,
            evaluate=_total(run, exports=node.type.kind not in _AS_IT_IS),
            symbols=symbols_of(node, self._root),
            impossible=tuple(dict.fromkeys(impossible(node, self._root))),
        )


def _total(run: Run, *, exports: bool) -> Callable[[Event, Record], object]:
    """Return the closure callers get: failures are values, and so are timestamps Python cannot hold."""

    def evaluate(event: Event, record: Record) -> object:
        try:
            return run(event, record)
        except FailedError as error:
            return EvaluationError(str(error))
        except FAILURES:
            return _WRONG_SHAPE

    def evaluate_and_export(event: Event, record: Record) -> object:
        try:
            value = run(event, record)
            export = EXPORTS.get(type(value))
            return value if export is None else export(value)
        except FailedError as error:
            return EvaluationError(str(error))
        except FAILURES:
            return _WRONG_SHAPE

    return evaluate_and_export if exports else evaluate


def _kafka_record(root: RecordShape) -> RecordShape:
    name = "KafkaRecord"
    taken = {found.partition(".")[0] for found in records(root)}
    while name in taken:
        name += "_"
    text, whole, data = Slot(Scalar("string")), Slot(Scalar("int")), Scalar("bytes")
    moment = Slot(Scalar("timestamp", "timestamp-millis"), nullable=True)
    fields = {"topic": text, "partition": whole, "offset": whole, "timestamp": moment, "key": Slot(data, nullable=True)}
    return RecordShape(name, {**fields, "headers": Slot(MapShape(Slot(data)))})


def _path(node: Node, root: RecordShape) -> tuple[str, ...] | None:
    """Return the path, where the whole expression is a path through records and nothing else."""
    steps: list[str] = []
    while isinstance(node, Select) and not node.test:
        slot = slot_of(node.operand, root)
        if slot is None or not isinstance(slot.shape, RecordShape):
            return None
        steps.append(node.field)
        node = node.operand
    return tuple(reversed(steps)) if steps and isinstance(node, Name) and node.name == EVENT else None


def _refusal(error: UnsupportedError, text: str) -> ExpressionProblem:
    """Return the problem; a call stands at its parenthesis and is shown at its name, which of a macro the tree no longer says."""
    name = re.search(r"[\w.]*?(\w+)\s*$", text[: error.offset]) if text[error.offset :].startswith("(") else None
    if name is None or not isinstance(error.node, Call | Comprehension):
        return ExpressionProblem(error.message, error.offset, error.hint)
    message = f"the macro `{name[1]}` is not supported" if isinstance(error.node, Comprehension) else error.message
    return ExpressionProblem(message, name.start(1), error.hint)


def _every(node: Node) -> list[Node]:
    return [node, *(inner for child in children(node) for inner in _every(child))]


def _unusable(text: str) -> ExpressionProblem | None:
    """Refuse what the checker's own reader would cut or stumble over."""
    if (at := text.find("\0")) >= 0:
        return ExpressionProblem("an expression cannot hold the character U+0000", at, r'in a string, write "\u0000"')
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return ExpressionProblem("half of a surrogate pair is not a character", error.start)
    return None
