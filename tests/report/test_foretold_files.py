"""PREDICTION as it lies there: read as its manifest lists it, believed as far as it holds together."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.folder import resource
from sarcoma_core.archive.predicted import BaselineEndpoint, SessionPrediction, SurvivalBound
from sarcoma_core.provenance import Status, list_files, read_record, write_record
from sarcoma_core.report.foretold import tell_foretold
from sarcoma_core.report.foretold_files import FiledPrediction, holds_together, read_foretold
from sarcoma_core.report.stages import read_runs
from tests.report.foretold_made import (
    CLINICAL_ONLY,
    NAME,
    PREDICTED,
    SAID,
    abstaining,
    baseline,
    file_prediction,
    foretold_endpoint,
    heat_picture,
    page_of,
    part_of,
    predicted,
)
from tests.report.segmented import plain
from tests.report.sessions import Builder, as_read
from tests.report.test_masks import section

(PICTURE,) = (one.picture for one in SAID.heat)


def bare(path: Path) -> Builder:
    """A session that was converted, without a volume."""
    builder = Builder(path)
    builder.record("NIFTI")
    return builder


def found(path: Path) -> FiledPrediction:
    session = as_read(path)
    return read_foretold(session, read_runs(session))


@pytest.mark.parametrize("said", [SAID, CLINICAL_ONLY, abstaining()], ids=["all", "clinical", "abstains"])
def test_what_predict_wrote_is_read(tmp_path: Path, said: SessionPrediction) -> None:
    file_prediction(bare(tmp_path), said)
    held = found(tmp_path)
    assert (held.said, held.fault, held.current) == (said, "", True)
    assert list(held.pictures) == [one.picture for one in said.heat]


def test_a_picture_is_read_as_it_is(tmp_path: Path) -> None:
    file_prediction(bare(tmp_path), picture=heat_picture((30, 20)))
    picture = found(tmp_path).pictures[PICTURE]
    assert (picture.width, picture.height) == (30, 20)
    assert picture.source.startswith("data:image/png;base64,iVBOR")


def test_a_refusal_has_no_document(tmp_path: Path) -> None:
    file_prediction(bare(tmp_path), None, reason="so")
    held = found(tmp_path)
    assert held.outcome
    assert (held.outcome.reason, held.said, held.fault) == ("so", None, "")


@pytest.mark.parametrize("status", ["set apart", "not applicable"])
def test_what_was_not_done_without_a_document_tells_its_reason(tmp_path: Path, status: Status) -> None:
    file_prediction(bare(tmp_path), None, status=status, reason="so")
    assert tell_foretold(found(tmp_path)).state == "refused"


def test_what_became_of_custom_fields_is_not_taken_for_it(tmp_path: Path) -> None:
    file_prediction(bare(tmp_path))
    folder = resource(tmp_path, "PREDICTION")
    record = read_record(folder)
    assert record
    assert len(record.outcomes) == 2
    write_record(folder, replace(record, outcomes=tuple(reversed(record.outcomes))))
    assert found(tmp_path).said == SAID


def test_where_no_step_has_written_there_is_nothing(tmp_path: Path) -> None:
    bare(tmp_path)
    assert found(tmp_path) == FiledPrediction()


def harm(path: Path, how: str) -> None:
    """Damage the resource PREDICTION of a session."""
    place = resource(path, "PREDICTION")
    document, manifest = place / NAME / "prediction.json", place / "run.json"
    match how:
        case "document gone":
            document.unlink()
        case "document changed":
            document.write_text(document.read_text().replace("0.31", "0.13"))
        case "document a link":
            other = path / "other.json"
            document.rename(other)
            document.symlink_to(other)
        case "manifest cut":
            manifest.write_text("{")
        case "manifest gone":
            manifest.unlink()
        case "later schema":
            manifest.write_text(manifest.read_text().replace('"schema": 2', '"schema": 99'))
        case "no outcome":
            tree = json.loads(manifest.read_text())
            manifest.write_text(json.dumps({**tree, "outcomes": []}))
        case "no document listed":  # and yet it was done
            tree = json.loads(manifest.read_text())
            tree["outcomes"][0]["files"] = []
            manifest.write_text(json.dumps(tree))


@pytest.mark.parametrize(
    "how",
    [
        *("document gone", "document changed", "document a link", "manifest cut", "manifest gone"),
        *("later schema", "no outcome", "no document listed"),
    ],
)
def test_a_damaged_resource_is_told_and_says_no_number(tmp_path: Path, how: str) -> None:
    file_prediction(bare(tmp_path))
    harm(tmp_path, how)
    held = found(tmp_path)
    assert (held.said, dict(held.pictures)) == (None, {})
    assert "PREDICTION" in held.fault


def test_a_damaged_resource_stops_no_page_which_says_so(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    before = page_of(tmp_path)
    file_prediction(builder)
    harm(tmp_path, "manifest cut")
    page = page_of(tmp_path)
    assert "The prediction cannot be shown. PREDICTION/run.json" in part_of(tmp_path)
    for name in ("outcomes", "series-1"):
        assert section(page, name) == section(before, name)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"<svg onload='x'/>", heat_picture()[:200]])
def test_a_picture_that_is_none_is_not_shown(tmp_path: Path, content: bytes) -> None:
    file_prediction(bare(tmp_path), picture=content)
    held = found(tmp_path)
    assert held.said == SAID
    assert held.pictures[PICTURE].source == ""


def test_a_picture_that_has_changed_since_is_not_shown(tmp_path: Path) -> None:
    file_prediction(bare(tmp_path))
    (resource(tmp_path, "PREDICTION") / PICTURE).write_bytes(heat_picture((3, 3)))
    assert found(tmp_path).pictures[PICTURE].source == ""


@pytest.mark.parametrize("place", ["../../NIFTI/run.json", "/etc/hostname", "elsewhere.png"])
def test_a_picture_that_is_not_listed_is_not_opened(tmp_path: Path, place: str) -> None:
    file_prediction(bare(tmp_path))
    other = replace(SAID, heat=(replace(SAID.heat[0], picture=place),))
    folder = resource(tmp_path, "PREDICTION")
    (folder / NAME / "prediction.json").write_bytes(other.document())
    record = read_record(folder)
    assert record
    write_record(folder, replace(record, files=list_files(folder)))
    held = found(tmp_path)
    assert (held.said, held.pictures[place].source) == (other, "")


def changed(change: Callable[[Any], Any]) -> SessionPrediction:
    """The document with its first endpoint changed."""
    first, *others = PREDICTED.timed
    return predicted(timed=(change(first), *others))


def with_year(**changes: Any) -> SessionPrediction:
    return changed(lambda one: replace(one, years=(replace(one.years[0], **changes), *one.years[1:])))


NAN = math.nan
BROKEN = {
    "a chance above 1": with_year(most=1.1),
    "a chance below 0": with_year(least=-0.1),
    "no number": with_year(incidence=NAN),
    "a mean outside its spread": with_year(incidence=0.9),
    "event and death above 1": with_year(competing=0.9),
    "a negative death": with_year(competing=-0.1),
    "year 0": with_year(years=0),
    "year 110": with_year(years=110),
    "a curve that falls": changed(lambda one: replace(one, curve=tuple(reversed(one.curve)))),
    "a curve that is short": changed(lambda one: replace(one, curve=one.curve[:-1])),
    "a network that is short": changed(lambda one: replace(one, each=(one.each[0][1:], *one.each[1:]))),
    "no network": changed(lambda one: replace(one, each=())),
    "times that go back": changed(lambda one: replace(one, days=(*one.days[:-1], 1.0))),
    "a time before 0": changed(lambda one: replace(one, days=(-1.0, *one.days[1:]))),
    "endless time": changed(lambda one: replace(one, days=(*one.days[:-1], math.inf))),
    "one time": changed(
        lambda one: replace(one, years=(), days=(0.0,), curve=(0.0,), each=tuple((0.0,) for _ in one.each))
    ),
    "no risk": changed(lambda one: replace(one, risk=NAN)),
    "no cut": changed(lambda one: replace(one, cut=math.inf)),
    "an endpoint twice": predicted(timed=(foretold_endpoint(), foretold_endpoint())),
    "a bound before 0": predicted(bounds=(SurvivalBound(0.8, -1.0),)),
    "an endless bound": predicted(bounds=(SurvivalBound(0.8, math.inf),)),
    "a coverage of all": predicted(bounds=(SurvivalBound(1.0, 30.0),)),
    "a coverage of none": predicted(bounds=(SurvivalBound(0.0, 30.0),)),
    "a grade above 1": predicted(graded={"grade G1": 1.1}),
    "a head without a number": predicted(heads={"overall_survival": {"image": NAN}}),
    "a baseline above 1": replace(SAID, baseline=(replace(baseline(), years={"1": 1.1}),)),
    "a baseline without a year": replace(SAID, baseline=(replace(baseline(), years={"soon": 0.1}),)),
    "a baseline of endless years": replace(SAID, baseline=(replace(baseline(), years={5000 * "1": 0.1}),)),
    "a baseline without a curve": replace(SAID, baseline=(BaselineEndpoint("overall_survival"),)),
    "a map outside": replace(SAID, heat=(replace(SAID.heat[0], part_in_tumour=1.1),)),
    "a map like no other": replace(SAID, heat=(replace(SAID.heat[0], like_random=-1.1),)),
    "a negative volume": replace(SAID, inputs=replace(SAID.inputs, volume_ml=-1.0)),
    "an endless volume": replace(SAID, inputs=replace(SAID.inputs, volume_ml=math.inf)),
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN.keys())
def test_numbers_that_cannot_be_are_not_shown(said: SessionPrediction) -> None:
    assert holds_together(SAID)
    assert not holds_together(said)


def test_a_document_that_does_not_hold_together_is_told_as_damaged(tmp_path: Path) -> None:
    file_prediction(bare(tmp_path), BROKEN["no number"])
    held = found(tmp_path)
    assert held.said is None
    assert "chances of 0 to 1" in held.fault


@pytest.mark.parametrize(("part", "holds"), [(1 + 0.9e-6, True), (1 + 1.1e-6, False)])
def test_sums_of_chances_may_be_off_by_a_rounding(part: float, *, holds: bool) -> None:
    one = replace(foretold_endpoint(ends=(1.0,)), years=())
    one = replace(one, curve=(*one.curve[:-1], part))
    assert holds_together(predicted(timed=(one,), heads={})) is holds


def test_a_horizon_may_be_as_far_as_a_life() -> None:
    assert holds_together(with_year(years=90))
