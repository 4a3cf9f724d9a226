"""The openings of a test set over launches: on the card of a model, and beside a training that has not ended.

They are those of a project, not of one model: another training finds the earlier ones in the resource that it
replaces, and takes them over, so that patients who were looked at stay so, whatever the weights are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.models.card import CardOpening, opened_before, parse_openings
from sarcoma_core.models.card_text import OPENED_BEFORE
from sarcoma_core.models.folder import CARD, CONFIG, describe, write_card
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.prognosis.opened_test import OpenedEndpoint, opened_numbers
from sarcoma_core.provenance import contents_hash
from sarcoma_core.text import counted, json_bytes

OPENINGS_FILE: Final = "openings.json"
"""Where they stand while there is no card."""
SCHEMA: Final = 1


def new_opening(
    planned: PlannedPrognosis,
    opened: Sequence[OpenedEndpoint],
    weights: Mapping[str, str],
    *,
    who: str,
    when: datetime,
) -> CardOpening:
    """An opening as it is kept.

    Args:
        planned: whose test set it is.
        opened: what was seen.
        weights: SHA-256 of each file of weights, by name.
        who: looked.
        when: in UTC.
    """
    return CardOpening(
        who=who,
        when=when.isoformat(timespec="seconds"),
        patients=len(planned.parts.test),
        test_sha256=planned.parts.part_sha256("test"),
        splits_sha256=planned.parts.sha256,
        weights_sha256=contents_hash(weights),
        numbers=opened_numbers(opened),
    )


def earlier_openings(asset: AssetFolder | None) -> tuple[CardOpening, ...]:
    """Those that an earlier training has left, done or not.

    Args:
        asset: the resource; None where there is none.

    Raises:
        InputError: its card, or the file of openings, cannot be read: what was looked at would be forgotten.
    """
    if asset is None:
        return ()
    if _has(asset, CARD):
        _, card = describe(asset.file(CONFIG).read_bytes(), asset.file(CARD).read_bytes())
        return card.openings
    if not _has(asset, OPENINGS_FILE):
        return ()
    try:
        tree = json.loads(asset.file(OPENINGS_FILE).read_bytes())
        if tree["schema"] == SCHEMA:
            return parse_openings(tree["openings"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InputError(
        f"earlier: must have an {OPENINGS_FILE} as train-prognosis wrote it; it has another.",
        hint="Put back the file as it was: it tells who has looked at the test set.",
    )


def openings_document(openings: Sequence[CardOpening]) -> bytes:
    """Openings as a file, to stand where there is no card yet.

    Args:
        openings: the first one first.
    """
    return json_bytes({"schema": SCHEMA, "openings": [asdict(one) for one in openings]})


def write_openings(folder: Path, openings: Sequence[CardOpening]) -> None:
    """Put openings on the card of a model; all else of it stays.

    Args:
        folder: of the model.
        openings: all of them, the first one first.

    Raises:
        InputError: the card cannot be read, or an opening breaks a rule.
        OSError: the folder cannot be written.
    """
    config, card = describe((folder / CONFIG).read_bytes(), (folder / CARD).read_bytes())
    write_card(folder, config, replace(card, openings=tuple(openings)))


def told_openings(openings: Sequence[CardOpening]) -> tuple[str, ...]:
    """A line for each opening, with a caution where the same patients had been opened before.

    Args:
        openings: the first one first.
    """
    pairs = zip(openings, opened_before(openings), strict=True)
    return tuple(
        f"the test set of {counted(one.patients, 'patient')} was opened"
        + (f" again: {OPENED_BEFORE}" if before else "")
        for one, before in pairs
    )


def _has(asset: AssetFolder, name: str) -> bool:
    try:
        asset.file(name)
    except InputError:
        return False
    return True
