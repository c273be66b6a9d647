"""Changes that no test can notice, because what is computed stays the same, each with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
