"""Facts that a page can lay out: those of a foreign step may have any shape."""

import json
from dataclasses import replace
from typing import Any

from sarcoma_core.provenance import Outcome

_SCALARS = (str, int, float, type(None))


def legible(outcome: Outcome) -> Outcome:
    """The same, with facts of scalars, lists, matrices and mappings, and with warnings that are sentences."""
    facts = {name: _plain(value) for name, value in outcome.facts.items()}
    warnings = facts.get("warnings") or []
    listed = warnings if isinstance(warnings, list) else [warnings]
    return replace(outcome, facts={**facts, "warnings": [str(warning) for warning in listed]})


def _plain(value: object, depth: int = 4) -> Any:  # noqa: ANN401  JSON has no type of its own
    """JSON that is a scalar, a list, a matrix or a mapping of those; anything else as its text."""
    if isinstance(value, dict) and depth:
        return {name: _plain(item, depth - 1) for name, item in value.items()}
    if not isinstance(value, list):
        return value if isinstance(value, _SCALARS) else json.dumps(value)
    is_matrix = all(isinstance(item, list) for item in value)
    items = [entry for row in value for entry in row] if is_matrix else value
    return value if all(isinstance(item, _SCALARS) for item in items) else json.dumps(value)
