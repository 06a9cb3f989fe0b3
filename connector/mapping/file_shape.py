"""The shape of `mapping.yaml`: which keys stand where, and of what type their values are.

**Rule**: only the shape: whether the expressions compile and the names exist is decided elsewhere (`connector.mapping.laws`,
`connector.mapping.compile`). A secret never shows in a `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, StringConstraints, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from connector.adjust.endpoints import Endpoint, Environment

_STRICT_KEYS = ConfigDict(extra="forbid", hide_input_in_errors=True)
Written = str | bool | int | float
"""What stands where an expression is expected: CEL text, or a number or boolean that means itself."""


def _expression(value: object) -> object:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool | int | float):
        return value
    if value is None or value == "":
        raise PydanticCustomError("empty", "an expression is required here")
    raise PydanticCustomError("expression", "an expression is a text, a number or a boolean")


def _expression_text(value: object) -> object:
    if isinstance(value, str) and value.strip():
        return value
    raise PydanticCustomError("expression_text", "an expression is required here, as a text")


Expression = Annotated[
    Written,
    PlainValidator(_expression),
    WithJsonSchema({"type": ["string", "number", "boolean"], "description": "A CEL expression."}),
]
ExpressionText = Annotated[
    str, PlainValidator(_expression_text), WithJsonSchema({"type": "string", "description": "A CEL expression."})
]
Condition = Annotated[str | bool, PlainValidator(_expression), WithJsonSchema({"type": ["string", "boolean"]})]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Token = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
AppToken = Annotated[str, StringConstraints(pattern=r"^[0-9a-z]{1,64}$")]
FILE, SUBJECT, CONSTANT, TABLE = "<file>", "<subject>", "<constant>", "<table>"
"""Tags of alternatives. They stand in the places of errors, between keys, and must not be taken for keys."""


@dataclass(frozen=True, slots=True)
class AppShape:
    """An entry of `apps`."""

    __pydantic_config__ = _STRICT_KEYS
    app_token: AppToken
    s2s_token: str | None = field(default=None, repr=False)
    environment: Environment | None = None


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """The name of an Avro schema file in the folder of schemas."""

    name: str


@dataclass(frozen=True, slots=True)
class SchemaSubject:
    """A subject of the schema registry; its latest version is what rules are checked against."""

    __pydantic_config__ = _STRICT_KEYS
    subject: Name


@dataclass(frozen=True, slots=True)
class TokenTable:
    """An event token by the value of an expression: `{from: event.name, tokens: {purchase: f0ob4r}}`."""

    __pydantic_config__ = _STRICT_KEYS
    source: Annotated[str, PlainValidator(_expression_text), Field(alias="from")]
    tokens: Annotated[dict[str, Token], Field(min_length=1)]


def _kind_of_token(value: object) -> str | None:
    return CONSTANT if isinstance(value, str) else TABLE if isinstance(value, dict | TokenTable) else None


def _kind_of_schema(value: object) -> str | None:
    return FILE if isinstance(value, str | SchemaFile) else SUBJECT if isinstance(value, dict | SchemaSubject) else None


EventToken = Annotated[
    Annotated[Token, Tag(CONSTANT)] | Annotated[TokenTable, Tag(TABLE)],
    Discriminator(
        _kind_of_token,
        custom_error_type="token",
        custom_error_message="an event token is a text (in quotes if it looks like a number), or from: and tokens:",
    ),
]
Schema = Annotated[
    Annotated[SchemaFile, BeforeValidator(lambda name: SchemaFile(name) if isinstance(name, str) else name), Tag(FILE)]
    | Annotated[SchemaSubject, Tag(SUBJECT)],
    Discriminator(
        _kind_of_schema,
        custom_error_type="schema",
        custom_error_message="a schema is the name of a file, or subject: and its name",
    ),
]


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry of `rules`."""

    __pydantic_config__ = _STRICT_KEYS
    name: Name
    when: Condition | None = None
    drop: bool = False
    app: Name | None = None
    endpoint: Endpoint = Endpoint.EVENT
    event_token: EventToken | None = None
    params: dict[str, Expression] = field(default_factory=dict)
    callback_params: dict[str, Expression] = field(default_factory=dict)
    partner_params: dict[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicShape:
    """An entry of `topics`, without its rules, which are read one by one so that each reports its own problems."""

    __pydantic_config__ = _STRICT_KEYS
    schema: Schema
    rules: Annotated[list[object], Field(min_length=1)]
    order_by: ExpressionText | None = None
    unmatched: Literal["dead_letter", "drop"] = "dead_letter"
    framing: Literal["auto", "confluent", "bare"] = "auto"


@dataclass(frozen=True, slots=True)
class FileShape:
    """The whole file, without the entries of its two parts."""

    __pydantic_config__ = _STRICT_KEYS
    apps: Annotated[dict[str, object], Field(min_length=1)]
    topics: Annotated[dict[str, object], Field(min_length=1)]
