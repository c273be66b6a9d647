"""Changes that no test can notice, because what is computed stays the same, each with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {
    "lower.py Lowering.add: False -> True": "an operation on literals comes to the same literal in the init graph",
}
