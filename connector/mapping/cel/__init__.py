"""CEL: the expressions of a mapping file, checked by the CEL project's own checker, evaluated by closures of ours.

**Rule**: the official checker decides syntax and types, once, at load time. Evaluation is total: it returns a value or an
`EvaluationError`, and it never changes what CEL means. What the evaluator does not know is refused when compiling.

The way of an expression, file by file:

- `compiler` is the way in; `expression` is what comes out of it;
- `schema` reads the Avro schema into `shapes`, `messages` shows those to the checker as Protobuf message types;
- `diagnose` says what the checker found wrong, in the user's words;
- `null_branches` lets null stand in a branch of `? :`, `symbols` knows what an enum can never be;
- `tree` reads the checked tree (`wire`: its bytes), `places` says what of the record a node reads, `nullness` finds where null
  would make it fail;
- `evaluate` turns the tree into closures: `compiled` and `forms` are what they are made of, `paths` those that read, `decode` how
  a raw Avro value becomes a CEL value, `values` what CEL values are;
- `library` is the table of functions (`overload`): `operators`, `conversions`, `strings`, and `equality` under them.

What differs from CEL on Protobuf messages, because a record is not one: a field of a null record is null; `has(event.x)` says that
`x` is not null, for lists and maps too; of a union of several types the value has the type it was written with.
"""

from __future__ import annotations
