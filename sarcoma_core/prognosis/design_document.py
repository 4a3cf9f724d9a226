"""What was learned of clinical columns, as JSON that can leave the site: as it is written, and read again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, get_args

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Known, Levels, require_known
from sarcoma_core.prognosis.design import Design, LevelColumns, NumberColumn, Part
from sarcoma_core.provenance import typed
from sarcoma_core.segmentation.radiomics.features import FEATURES

_KINDS: Final[Mapping[str, type[Part]]] = {"number": NumberColumn, "levels": LevelColumns}


def design_tree(design: Design) -> dict[str, Any]:
    """A design as JSON."""
    return {
        "prediction_time": design.when,
        "parts": [_part_tree(part) for part in design.parts],
        "left_out": dict(design.left_out),
        "columns": list(design.columns),
    }


def design_of(tree: Mapping[str, Any]) -> Design:
    """A design of its JSON; fields of others beside it are not looked at.

    Args:
        tree: as `design_tree`.

    Raises:
        InputError: what it tells of a variable cannot be, or a variable is not known when it predicts.
        UsageError: there is no such variable.
        KeyError: a field is missing.
        TypeError: a field is of another type.
    """
    when = tree["prediction_time"]
    if when not in get_args(Known):
        raise _impossible("its prediction time")
    parts = tuple(_part(raw, when) for raw in tree["parts"])
    return Design(parts, when, typed(Mapping[str, str], tree["left_out"]))


def _part_tree(part: Part) -> Mapping[str, Any]:
    return {"kind": "number" if isinstance(part, NumberColumn) else "levels", **asdict(part)}


def _part(raw: Mapping[str, Any], when: Known) -> Part:
    part: Part = typed(_KINDS[raw["kind"]], {key: value for key, value in raw.items() if key != "kind"})
    if part.name not in FEATURES:
        require_known((part.name,), when)
    if not (_is_number(part) if isinstance(part, NumberColumn) else _are_levels(part)):
        raise _impossible(part.name)
    return part


def _is_number(part: NumberColumn) -> bool:
    return part.spread > 0 and bool(np.isfinite([part.fill, part.centre, part.spread]).all())


def _are_levels(part: LevelColumns) -> bool:
    kind, levels = BY_NAME[part.name].kind, {part.reference, *part.levels}
    known = isinstance(kind, Levels) and levels <= set(kind.words) and len(levels) == len(part.levels) + 1
    return known and len(part.means) == len(part.levels) and all(0 <= mean <= 1 for mean in part.means)


def _impossible(name: str) -> InputError:
    return InputError(f"what it tells of {name} cannot be")
