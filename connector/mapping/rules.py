"""One rule and one schema become a `CompiledRule`, with everything that is wrong between the two.

**Rule**: a rule with an error is broken, never half used: events that reach its broken condition, or that match it, are
Invalid. Does not know the other rules (`connector.mapping.compile`).
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.adjust.endpoints import ENDPOINTS
from connector.adjust.parameters import PARAMETERS, Parameter
from connector.document import Path, Problem
from connector.mapping import custom, doubts, pieces
from connector.mapping.cel.expression import Event, Expression
from connector.mapping.cel.symbols import no_symbol
from connector.mapping.file_shape import TokenTable, Written
from connector.mapping.form import encode, start_of
from connector.mapping.laws import problems_of
from connector.mapping.parse import MappingFile, PlacedRule
from connector.mapping.pieces import Piece
from connector.mapping.places import NO_RECORD, Places, constant_value
from connector.mapping.plan import Act, CompiledRule, Destination, Order, broken, drop, send
from connector.outcome import Invalid, Reason
from connector.record import Record

_BOOL = frozenset({"bool"})
_TABLE_KEYS = frozenset({"string", "int", "uint", "bool"})


def compile_rule(
    mapping: MappingFile, placed: PlacedRule, places: Places, order: Order | None
) -> tuple[CompiledRule, list[Problem]]:
    """Return the rule compiled against the schema of `places`, and its problems."""
    compiling = _Compiling(mapping, placed, places)
    when = compiling.when()
    if errors := _errors(places.problems):
        broken_condition = compiling.broken(errors)
        rule = CompiledRule(placed.rule.name, broken_condition, broken_condition)
        compiling.act(order)
        return rule, places.problems
    act = compiling.act(order)
    if errors := _errors(places.problems):
        act = compiling.broken(errors, compiling.app)
    text = str(placed.rule.when)
    return CompiledRule(placed.rule.name, when.evaluate if when else None, act, text), places.problems


def _errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


class _Compiling:
    """The compilation of one rule."""

    def __init__(self, mapping: MappingFile, placed: PlacedRule, places: Places) -> None:
        self._mapping = mapping
        self._placed = placed
        self._places = places
        self._rule = placed.rule
        self._given = self._rule.when if isinstance(self._rule.when, str) else None
        self._expressions: dict[str, Expression] = {}

    def when(self) -> Expression | None:
        """Return the condition, or None where it always holds."""
        if self._rule.when is None:
            return None
        path = self._path("when")
        when = self._places.typed(self._rule.when, path, _BOOL, "true or false")
        if when is None:
            self._given = None
            return None
        if when.nullable:
            hint = f"write {when.text} == true"
            self._places.problem(path, "this can be null, which is neither true nor false", when.text, 0, hint)
        elif when.constant:
            value = constant_value(when)
            if value is True:
                return None
            self._places.warning(path, "this never holds", when.text)
        return when

    @property
    def app(self) -> str | None:
        """The name of the app that the rule sends to, where there is such an app."""
        return self._rule.app if self._rule.app in self._mapping.apps else None

    def broken(self, errors: list[Problem], app: str | None = None) -> Act:
        """Return the act of the rule where `errors` break it. An error's message names fields, never their values."""
        inside = ".".join(str(step) for step in errors[0].path[len(self._placed.path) :])
        return broken(self._rule.name, f"{inside}: {errors[0].message}" if inside else errors[0].message, app)

    def act(self, order: Order | None) -> Act:
        """Return what the rule does. Laws and expressions are all checked, whatever is wrong before them."""
        name, rule = self._rule.name, self._rule
        self._places.problems += problems_of(self._mapping, self._placed)
        token = self._event_token()
        written = {
            key: piece
            for key, text in rule.params.items()
            if key in PARAMETERS and (piece := self._parameter(PARAMETERS[key], text))
        }
        self._doubt(doubts.of_money(rule.endpoint, self._expressions))
        objects = [self._custom("callback_params", rule.callback_params), self._custom("partner_params", rule.partner_params)]
        app = self._mapping.apps.get(rule.app or "")
        if rule.drop:
            return drop(name)
        if app is None:
            return broken(name, "its app cannot be used")
        self._with_currency(written)
        devices = [written[key] for key in PARAMETERS if key in written and PARAMETERS[key].identifies_device]
        others = [written[key] for key in PARAMETERS if key in written and not PARAMETERS[key].identifies_device]
        others += [piece for piece in (token, *objects) if piece is not None]
        facts = ENDPOINTS[rule.endpoint]
        constants = {"s2s": "1", "app_token": app.app_token}
        if isinstance(rule.event_token, str):
            constants["event_token"] = rule.event_token
        if app.environment is not None:
            constants["environment"] = app.environment.value
        constants |= facts.constants
        head = "".join(start_of(key) + encode(value) for key, value in constants.items()).removeprefix("&")
        return send(name, Destination(app.name, facts.path, head), devices, others, order)

    def _parameter(self, parameter: Parameter, written: Written) -> Piece | None:
        name, form, path = parameter.name, parameter.format_at(self._rule.endpoint), self._path("params", parameter.name)
        expression = self._places.typed(written, path, form.accepts, form.means, self._given)
        must_be_there = any(name in group for group in ENDPOINTS[self._rule.endpoint].required)
        if must_be_there:
            expression = self._places.never_null(expression, path)
        if expression is None:
            return None
        self._expressions[name] = expression
        self._doubt(doubts.of_symbols(name, form, expression))
        piece = pieces.parameter(name, form, expression, self._rule.name)
        if expression.constant:
            return self._constant(piece, expression, path)
        return pieces.required(piece, name, self._rule.name) if must_be_there else piece

    def _doubt(self, found: Iterable[doubts.Doubt]) -> None:
        for name, message, hint in found:
            self._places.warning(self._path("params", name), message, self._expressions[name].text, hint)

    def _constant(self, piece: Piece, expression: Expression, path: Path) -> Piece | None:
        text = piece({}, NO_RECORD)
        if isinstance(text, Invalid):
            self._places.problem(path, text.detail.partition(": ")[2], expression.text)
            return None
        if not text:
            self._places.problem(path, "this is always left out", expression.text, hint="remove it")
        return pieces.fixed(text)

    def _with_currency(self, written: dict[str, Piece]) -> None:
        """Join the amount and its currency, so that the one does not leave without the other."""
        amount = next((name for name in ("revenue", "amount") if name in written), None)
        if amount is not None and "currency" in written:
            written[amount] = pieces.money(written[amount], written.pop("currency"), self._rule.name)

    def _event_token(self) -> Piece | None:
        table = self._rule.event_token
        if not isinstance(table, TokenTable):
            return None
        path = self._path("event_token", "from")
        source = self._places.typed(table.source, path, _TABLE_KEYS, "a text, a whole number or a boolean", self._given)
        source = self._places.never_null(source, path)
        if source is None:
            return None
        for key in table.tokens if source.symbols else ():
            if key not in source.symbols:
                message, hint = no_symbol(key, source.symbols)
                self._places.no_symbol(self._path("event_token", "tokens", key), message, None, None, hint)
        return _from_table(source, table, self._rule.name)

    def _custom(self, name: str, entries: dict[str, Written]) -> Piece | None:
        compiled = []
        for key, written in entries.items():
            path = self._path(name, key)
            expression = self._places.typed(written, path, custom.ACCEPTS, "a text, a number or a boolean", self._given)
            if expression is not None:
                compiled.append((key, pieces.reader(expression), expression.text))
        return custom.custom_parameters(name, compiled, self._rule.name) if compiled else None

    def _path(self, *inside: str) -> Path:
        return (*self._placed.path, *inside)


def _from_table(source: Expression, table: TokenTable, rule: str) -> Piece:
    read, start = pieces.reader(source), start_of("event_token")
    found = {value: start + encode(token) for value, token in table.tokens.items()}
    missing = Invalid(Reason.MISSING_EVENT_TOKEN, f"rule {rule}: no event token for this value of {source.text}", rule)

    def write(event: Event, record: Record) -> str | Invalid:
        value = read(event, record)
        text = value if value.__class__ is str else custom.text_of(value)
        if text.__class__ is str:
            return found.get(text, missing)
        return pieces.failure(value, rule, source.text) or missing

    return write
