"""Small inputs that fail, each with a good series beside it, from the import to the end of `prepare`.

What is right for each folder stands in the README there; the voxels that are read back are compared with
the bytes that pydicom finds.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from sarcoma_core.archive.importing import ImportReport, import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.chain import SessionResult
from sarcoma_core.provenance import Outcome, read_record
from tests.dicom.fault_maker import Limb
from tests.dicom.series_maker import save
from tests.dicom.truth import assert_same_image
from tests.launch.test_chain import prepare
from tests.laws import assert_every_series_has_one_outcome

BESIDE = "90"
"""The scan of the good series that is put beside every fault."""

Check = Callable[[Outcome], bool]


@dataclass(frozen=True)
class Right:
    """What is right for one scan.

    Args:
        status: the statuses of `convert` that are right.
        reason: a pattern that its reason has.
        units: of the values, where it is done.
        warning: a pattern that its warnings have.
        files: the pattern of the files that it is made of, where it is done.
        is_map: whether the steps after `convert` leave it.
    """

    status: tuple[str, ...] = ("done",)
    reason: str = "^$"
    units: str = "arbitrary"
    warning: str = ""
    files: str = "*.dcm"
    is_map: bool = False


@dataclass(frozen=True)
class Fault:
    """What is right for one folder.

    Args:
        scans: by their ids.
        rejected: a pattern for the reason of each file that is not imported, by its name.
    """

    scans: Mapping[str, Right]
    rejected: Mapping[str, str] = field(default_factory=dict)


REFUSED = ("refused",)
APART = ("set apart", "refused")
ONE_STACK = Right(APART, "(?s)(?=.*SeriesInstanceUID)(?=.*one stack)(?=.*2)")
FAULTS = {
    "rescale_missing_ct": Fault({"2": Right(REFUSED, "RescaleSlope is absent in 2 of 8 images")}),
    "rescale_missing_pt": Fault({"3": Right(REFUSED, "RescaleSlope is absent in 2 of 8 images")}),
    "ct_without_rescale": Fault({"1": Right(units="unknown", warning="RescaleSlope")}),
    "ct_modality_lut": Fault({"2": Right(REFUSED, "Modality ?LUT")}),
    "unknown_transfer_syntax": Fault(
        {"1": Right(files="[0-9].dcm")}, {"ge_private.dcm": "(?i)transfer ?syntax"}
    ),
    "reference_without_series_uid": Fault(
        {"1-MR1": Right(files="[0-9].dcm"), "1-MR2": Right(("set apart",), "single slice")}
    ),
    "per_frame_groups_as_un": Fault(
        {
            "1": Right(files="plain.dcm"),
            "2": Right(files="un_small.dcm"),
            "3": Right(("done", "refused"), "^$|FunctionalGroups|functional groups", files="un_large.dcm"),
        }
    ),
    "mosaic_csa1_header": Fault({"1": Right(REFUSED, "CSA"), "2": Right(files="good_*.dcm")}),
    "mosaic_csa_cut": Fault({"1": Right(REFUSED, "CSA"), "2": Right(files="good_*.dcm")}),
    "mosaic_word_on_slices": Fault(
        {"1": Right(files="plain.dcm"), "2": Right(files="xa.dcm"), "3": Right(files="classic_*.dcm")}
    ),
    "series_over_two_numbers": Fault({"5": ONE_STACK, "6": ONE_STACK}),
    "frames_zero": Fault({"1": Right()}),
    "presentation_state_in_series": Fault({"1": Right(warning="(?i)presentation state", files="[0-9].dcm")}),
    "real_world_value_slope": Fault({"1": Right(warning="RealWorldValue")}),
    "maps_and_phase": Fault(
        {
            "1": Right(files="adc_*.dcm", is_map=True),
            "2": Right(files="phase_*.dcm", is_map=True),
            "3": Right(files="sub_*.dcm", is_map=True),
        }
    ),
}
MAPS = {"1": "ADC|diffusion", "2": "phase", "3": "subtract"}


class Ran(NamedTuple):
    """An import and a run of the chain."""

    export: Path
    report: ImportReport
    result: SessionResult

    def outcome(self, label: str, scan: str) -> Outcome:
        record = read_record(self.result.session.resource(label))
        assert record, self.result.reason
        return next(o for o in record.outcomes if o.scan == scan)


def beside(folder: Path) -> tuple[Limb, list[Dataset]]:
    """A good series of the same patient, study and modality."""
    like = dcmread(min(folder.glob("*.dcm")), stop_before_pixels=True)
    stack = Limb(modality=like.Modality, series="1.2.826.0.1.3680043.8.498.90")
    same = ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate")
    values = {keyword: like.get(keyword) for keyword in same}
    return stack, stack.datasets(SeriesNumber=int(BESIDE), PatientBirthDate=None, **values)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Run the chain on a folder and the good series beside it, once."""
    done: dict[str, Ran] = {}

    def once(name: str) -> Ran:
        if name not in done:
            root = tmp_path_factory.mktemp(name)
            export = Path(shutil.copytree(data / "faults" / name, root / "export"))
            save(beside(export)[1], export / "beside")
            archive = Archive(root / "archive")
            report = import_folder(archive, "P", export)
            (result,), _ = prepare(archive)
            done[name] = Ran(export, report, result)
        return done[name]

    return once


def test_every_folder_is_known(data: Path) -> None:
    assert {path.name for path in (data / "faults").iterdir() if path.is_dir()} == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_each_file_is_imported_or_rejected_with_its_reason(run: Callable[[str], Ran], name: str) -> None:
    report, fault = run(name).report, FAULTS[name]

    rejected = {file.path: file.reason for file in report.files if file.fate == "rejected"}
    assert set(rejected) == set(fault.rejected)
    for path, pattern in fault.rejected.items():
        assert re.search(pattern, rejected[path])
    assert report.count("imported") == len(report.files) - len(rejected)


@pytest.mark.parametrize("name", FAULTS)
def test_each_scan_ends_as_the_readme_says(run: Callable[[str], Ran], name: str) -> None:
    result, fault = run(name).result, FAULTS[name]

    outcomes = {outcome.scan: outcome for outcome in result.series}
    assert set(outcomes) == {*fault.scans, BESIDE}
    for scan, right in fault.scans.items():
        outcome = outcomes[scan]
        assert outcome.status in right.status, outcome.reason
        assert re.search(right.reason, outcome.reason)
        assert bool(outcome.files) == (outcome.status == "done")
        if outcome.status == "done":
            assert outcome.facts["units"] == right.units
            warnings = "\n".join(outcome.facts["warnings"])
            assert re.search(right.warning or "^$", warnings), warnings


@pytest.mark.parametrize("name", FAULTS)
def test_what_stands_beside_is_done_and_the_session_complete(run: Callable[[str], Ran], name: str) -> None:
    ran = run(name)
    stack, _ = beside(ran.export)

    assert ran.result.outcome == "complete", ran.result.reason
    outcome = ran.outcome("NIFTI", BESIDE)
    assert (outcome.status, outcome.facts["warnings"]) == ("done", [])
    offset = -1024 if stack.modality == "CT" else 0
    folder = ran.result.session.resource("NIFTI")
    assert_same_image(folder / outcome.files[0], stack.stored + offset, stack.affine)
    status = "done" if stack.modality == "MR" else "not applicable"
    assert [ran.outcome(label, BESIDE).status for label in ("N4", "NORMALISED")] == [status] * 2


@pytest.mark.parametrize("name", FAULTS)
def test_every_series_has_one_outcome(run: Callable[[str], Ran], name: str) -> None:
    session = run(name).result.session
    record = read_record(session.resource("NIFTI"))
    assert record
    assert_every_series_has_one_outcome(record, {scan.id for scan in session.scans})


def stored_values(files: list[Path]) -> tuple[npt.NDArray[np.float64], Limb]:
    """The values by pydicom, slices by increasing place, and where they lie; all these stacks are axial."""
    planes = []
    for path in files:
        dataset = dcmread(path)
        kind = "<i2" if dataset.PixelRepresentation else "<u2"
        frames = (
            np.frombuffer(dataset.PixelData, kind).reshape(-1, dataset.Rows, dataset.Columns).astype(float)
        )
        groups = (
            dcmread(path.parent / "plain.dcm").PerFrameFunctionalGroupsSequence if len(frames) > 1 else [None]
        )
        for frame, group in zip(frames, groups, strict=True):
            position = (group.PlanePositionSequence[0] if group else dataset).ImagePositionPatient
            planes.append((float(position[2]), tuple(map(float, position)), frame))
    planes.sort(key=lambda plane: plane[0])
    gap = planes[1][0] - planes[0][0]
    place = replace(Limb(), origin=planes[0][1], gap=gap, pixel_spacing=(1.0, 1.0))
    return np.stack([frame for _, _, frame in planes]), place


DONE = [
    (name, scan)
    for name, fault in FAULTS.items()
    for scan, right in fault.scans.items()
    if "done" in right.status
]


@pytest.mark.parametrize(("name", "scan"), DONE)
def test_what_is_converted_holds_the_stored_values(run: Callable[[str], Ran], name: str, scan: str) -> None:
    ran = run(name)
    outcome = ran.outcome("NIFTI", scan)
    if outcome.status != "done":
        assert outcome.status in FAULTS[name].scans[scan].status
        return
    values, place = stored_values(sorted(ran.export.glob(FAULTS[name].scans[scan].files)))

    assert_same_image(ran.result.session.resource("NIFTI") / outcome.files[0], values, place.affine)


@pytest.mark.parametrize("scan", MAPS)
def test_maps_are_not_corrected_nor_scored_as_anatomy(run: Callable[[str], Ran], scan: str) -> None:
    ran = run("maps_and_phase")

    assert re.search(MAPS[scan], ran.outcome("NIFTI", scan).facts["map"], re.IGNORECASE)
    for label in ("N4", "NORMALISED"):
        outcome = ran.outcome(label, scan)
        assert (outcome.status, outcome.files) == ("not applicable", ())
        assert re.search(MAPS[scan], outcome.reason, re.IGNORECASE)


def test_a_ct_without_rescale_is_told_as_one_of_unknown_units_to_the_end(run: Callable[[str], Ran]) -> None:
    ran = run("ct_without_rescale")
    (page,) = ran.result.session.resource("REPORT").glob("*.html")

    assert "RescaleSlope" in page.read_text()
    for label in ("N4", "NORMALISED"):
        outcome = ran.outcome(label, "1")
        assert outcome.status == "not applicable"
        assert "keeps its units" not in outcome.reason
