"""CEL: the expressions of a mapping file, checked by the CEL project's own checker, evaluated by closures of ours.

**Rule**: the official checker decides syntax and types, once, at load time. Evaluation is total: it returns a value or an
`EvaluationError`, and it never changes what CEL means. What the evaluator does not know is refused when compiling.
"""

from __future__ import annotations
