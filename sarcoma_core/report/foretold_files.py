"""PREDICTION of a session as it lies there: the document, whether it holds together, and its pictures.

No number of it is believed as it stands: a chance above 1, or a curve that falls, would be drawn as well.
"""

import base64
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from PIL import Image

from sarcoma_core.archive.folder import SessionFolder, not_written, visible_files
from sarcoma_core.archive.predicted import (
    PREDICTION_FILE,
    PREDICTION_LABEL,
    BaselineEndpoint,
    ForetoldEndpoint,
    SessionPrediction,
    read_prediction,
)
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, RunRecord, sha256
from sarcoma_core.report.stages import StageRun

_ROUNDING: Final = 1e-6
"""By so much a sum of chances may be off."""
_MOST_YEARS: Final = 100
"""A horizon beyond it is none of a patient's."""


@dataclass(frozen=True)
class MapPicture:
    """A picture of a heat map, as the page holds it.

    Args:
        source: the picture as a data URI; empty where it cannot be shown.
        width: pixels.
        height: pixels.
    """

    source: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class FiledPrediction:
    """What PREDICTION holds.

    Args:
        outcome: what became of the session; None where no step has written.
        said: the document; None where there is none.
        pictures: of heat maps, by their path.
        current: whether nothing that was read has changed since.
        fault: why it cannot be read; empty where it can.
    """

    outcome: Outcome | None = None
    said: SessionPrediction | None = None
    pictures: Mapping[str, MapPicture] = field(default_factory=dict)
    current: bool = True
    fault: str = ""


def read_foretold(session: SessionFolder, runs: Iterable[StageRun]) -> FiledPrediction:
    """What was foretold of a session's patient: a model can foretell again, so a damaged one stops no page.

    Args:
        session: the session.
        runs: its stages.
    """
    run = next((one for one in runs if one.stage.label == PREDICTION_LABEL), None)
    current = run is None or run.current
    try:
        record = session.record(PREDICTION_LABEL)
        if record is None:
            _require_empty(session)
            return FiledPrediction()
        return _read(session.resource(PREDICTION_LABEL), record, current=current)
    except ArchiveError as error:
        return FiledPrediction(fault=error.message, current=current)


def _require_empty(session: SessionFolder) -> None:
    if visible_files(session.resource(PREDICTION_LABEL)):
        raise not_written(session.path, (PREDICTION_LABEL,))


def _read(folder: Path, record: RunRecord, *, current: bool) -> FiledPrediction:
    whole = [one for one in record.outcomes if not one.scan]
    if not whole:
        raise _damaged("an outcome of the session", "none")
    outcome = next((one for one in whole if _document(one)), whole[0])
    name = _document(outcome)
    if not name:
        if outcome.status == "done":
            raise _damaged(PREDICTION_FILE, "none")
        return FiledPrediction(outcome, current=current)
    said = read_prediction(listed_file(folder, record, name))
    if not holds_together(said):
        raise _damaged("chances of 0 to 1 on curves of one length that never fall", "others")
    pictures = {one.picture: _picture(folder, record, one.picture) for one in said.heat}
    return FiledPrediction(outcome, said, pictures, current)


def _document(outcome: Outcome) -> str:
    """The document that an outcome lists; that of custom fields, which is told beside it, lists none."""
    return next((path for path in outcome.files if path.rsplit("/", 1)[-1] == PREDICTION_FILE), "")


def listed_file(folder: Path, record: RunRecord, name: str) -> Path:
    """A file of a resource, as its manifest lists it.

    Args:
        folder: of the resource.
        record: its manifest.
        name: path below the folder.

    Raises:
        ArchiveError: it is not listed, is not there, leads out of the resource or has changed since.
    """
    digest = next((entry.sha256 for entry in record.files if entry.path == name), "")
    path = folder / name
    if not digest or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise _damaged("every file that it tells of", "one that is not there")
    if sha256(path) != digest:
        raise _damaged("files as they were written", "one that has changed since")
    return path


def _picture(folder: Path, record: RunRecord, name: str) -> MapPicture:
    """A picture that can be shown, or an empty one: the numbers of its map hold without it."""
    try:
        content = listed_file(folder, record, name).read_bytes()
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            image.verify()
            width, height = image.size
    except (ArchiveError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return MapPicture()
    return MapPicture("data:image/png;base64," + base64.b64encode(content).decode("ascii"), width, height)


def _damaged(rule: str, found: str) -> ArchiveError:
    return ArchiveError(
        f"{PREDICTION_LABEL}: must hold {rule}; found {found}.",
        hint="Run it again: sarcoma run predict --archive DIR --project P",
    )


def holds_together(said: SessionPrediction) -> bool:
    """Whether the numbers of a prediction can be what they are called: chances, curves and times.

    Args:
        said: as it was read.
    """
    told = said.prediction
    names = [one.endpoint for one in told.timed]
    volume = said.inputs.volume_ml
    return (
        len(set(names)) == len(names)
        and all(
            _are_chances(_chances(one)) and _is_curve(one.days, one.curve, *one.each) for one in told.timed
        )
        and all(one.each and _finite(one.risk, one.cut) and _spans(one) for one in told.timed)
        and all(_finite(*heads.values()) for heads in told.heads.values())
        and all(0 < one.coverage < 1 and _finite(one.days) and one.days >= 0 for one in told.bounds)
        and _are_chances(told.graded.values())
        and all(one.absent or _is_baseline(one) for one in said.baseline)
        and _are_chances(one.part_in_tumour for one in said.heat)
        and _are_chances(abs(one.like_random) for one in said.heat)
        and (volume is None or (_finite(volume) and volume >= 0))
    )


def _chances(one: ForetoldEndpoint) -> Iterator[float]:
    for year in one.years:
        yield from (year.incidence, year.least, year.most, year.incidence + (year.competing or 0.0))


def _spans(one: ForetoldEndpoint) -> bool:
    """Whether each mean lies between the lowest and the highest of the networks."""
    return all(
        0 < year.years <= _MOST_YEARS
        and year.least - _ROUNDING <= year.incidence <= year.most + _ROUNDING
        and (year.competing is None or year.competing >= 0)
        for year in one.years
    )


def _is_baseline(one: BaselineEndpoint) -> bool:
    named = all(re.fullmatch("[0-9]{1,3}", years) for years in one.years)
    return named and _is_curve(one.days, one.curve) and _are_chances(one.years.values())


def _is_curve(days: Sequence[float], *curves: Sequence[float]) -> bool:
    """Whether values belong to times from 0 on, are chances and never fall."""
    return (
        len(days) > 1
        and _finite(*days)
        and days[0] >= 0
        and all(a < b for a, b in pairwise(days))
        and all(len(one) == len(days) and _are_chances(one) for one in curves)
        and all(a <= b + _ROUNDING for one in curves for a, b in pairwise(one))
    )


def _are_chances(values: Iterable[float]) -> bool:
    return all(-_ROUNDING <= one <= 1 + _ROUNDING for one in values)


def _finite(*values: float) -> bool:
    return all(map(math.isfinite, values))
