"""Absent is not 1 and 0: what turns stored values into units is there in every image or in none, and told."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sarcoma_core.provenance import Outcome
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.fault_maker import Change, convert, convert_one, holding, some, volume_of, without
from tests.dicom.series_maker import Stack
from tests.dicom.truth import assert_same_image

FLOAT32 = 2.0**-22
MR, CT, PT = (Stack(slices=8, modality=modality) for modality in ("MR", "CT", "PT"))
RESCALED_MR = {"RescaleSlope": 2, "RescaleIntercept": 0, "RescaleType": "US"}


def lut() -> Sequence:
    """A Modality LUT that keeps every value (PS3.3, C.11.1)."""
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [4, 0, 16], "HU"
    item.add_new("LUTData", "OW", np.arange(4, dtype="<u2").tobytes())
    return Sequence([item])


def told(outcome: Outcome) -> str:
    """All warnings of a scan in one text."""
    return "\n".join(outcome.facts["warnings"])


MISSING: dict[str, tuple[list[Dataset], Change, str]] = {
    "slope and intercept absent, CT": (
        CT.datasets(),
        without("RescaleSlope", "RescaleIntercept"),
        "RescaleSlope",
    ),
    "slope and intercept absent, PET": (
        PT.datasets(),
        without("RescaleSlope", "RescaleIntercept"),
        "RescaleSlope",
    ),
    "slope and intercept absent, MR": (
        MR.datasets(**RESCALED_MR),
        without("RescaleSlope", "RescaleIntercept"),
        "RescaleSlope",
    ),
    "slope alone absent": (CT.datasets(), without("RescaleSlope"), "RescaleSlope"),
    "intercept alone absent": (CT.datasets(), without("RescaleIntercept"), "RescaleIntercept"),
    "slope empty": (CT.datasets(), holding(RescaleSlope=None), "RescaleSlope"),
    "intercept empty": (CT.datasets(), holding(RescaleIntercept=None), "RescaleIntercept"),
    "slope empty, PET": (PT.datasets(), holding(RescaleSlope=None), "RescaleSlope"),
    "type absent, CT": (CT.datasets(RescaleType="HU"), without("RescaleType"), "RescaleType"),
    "type empty, CT": (CT.datasets(RescaleType="HU"), holding(RescaleType=""), "RescaleType"),
    "type absent, MR": (MR.datasets(**RESCALED_MR), without("RescaleType"), "RescaleType"),
    "units absent": (PT.datasets(), without("Units"), "Units"),
    "units empty": (PT.datasets(), holding(Units=""), "Units"),
}


@pytest.mark.parametrize(
    "which", [(2, 5), (0,), (1, 2, 3, 4, 5, 6, 7)], ids=["2 of 8", "first of 8", "7 of 8"]
)
@pytest.mark.parametrize("name", MISSING)
def test_what_some_images_lack_is_refused_with_the_count(
    name: str, which: tuple[int, ...], tmp_path: Path
) -> None:
    datasets, change, keyword = MISSING[name]

    outcome = convert_one(tmp_path, some(deepcopy(datasets), which, change))

    assert (outcome.status, outcome.files) == ("refused", ())
    assert outcome.reason.startswith(keyword)
    assert f"{len(which)} of 8 images" in outcome.reason


def test_a_slope_that_is_absent_is_told_in_these_words(tmp_path: Path) -> None:
    datasets = some(CT.datasets(), (2, 5), without("RescaleSlope", "RescaleIntercept"))

    assert "RescaleSlope is absent in 2 of 8 images" in convert_one(tmp_path, datasets).reason


@pytest.mark.parametrize(
    ("datasets", "change", "keyword"),
    [
        (CT.datasets(RescaleType="HU"), holding(RescaleType="US"), "RescaleType"),
        (MR.datasets(**RESCALED_MR), holding(RescaleType="PCT"), "RescaleType"),
        (PT.datasets(), holding(Units="CNTS"), "Units"),
        (PT.datasets(), holding(Units="GML"), "Units"),
    ],
    ids=["HU and US", "US and PCT", "BQML and CNTS", "BQML and GML"],
)
@pytest.mark.parametrize("which", [(0,), (3, 4), (7,)])
def test_values_of_two_units_are_refused(
    datasets: list[Dataset], change: Change, keyword: str, which: tuple[int, ...], tmp_path: Path
) -> None:
    outcome = convert_one(tmp_path, some(deepcopy(datasets), which, change))

    assert (outcome.status, outcome.files) == ("refused", ())
    assert keyword in outcome.reason


@pytest.mark.parametrize("stack", [MR, CT, PT], ids=["MR", "CT", "PT"])
@pytest.mark.parametrize("which", [(3,), range(8)], ids=["one image", "all images"])
@pytest.mark.parametrize("rescaled", [True, False], ids=["beside a slope", "alone"])
def test_a_modality_lut_is_refused_by_its_name(
    stack: Stack, which: Any, *, rescaled: bool, tmp_path: Path
) -> None:
    datasets = some(stack.datasets(), which, holding(ModalityLUTSequence=lut()))
    if not rescaled:
        some(datasets, which, without("RescaleSlope", "RescaleIntercept"))

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert re.search("Modality ?LUT", outcome.reason)


def test_a_modality_lut_beside_the_frames_of_an_enhanced_object_is_refused(tmp_path: Path) -> None:
    whole = enhanced([MR])
    whole.ModalityLUTSequence = lut()

    outcome = convert_one(tmp_path, [whole])

    assert (outcome.status, outcome.files) == ("refused", ())
    assert re.search("Modality ?LUT", outcome.reason)


def rescale_of(whole: Dataset, frame: int) -> Dataset:
    item: Dataset = whole.PerFrameFunctionalGroupsSequence[frame].PixelValueTransformationSequence[0]
    return item


FRAMES: dict[str, tuple[Callable[[Dataset, int], None], str]] = {
    "no transformation": (
        lambda whole, frame: without("PixelValueTransformationSequence")(
            whole.PerFrameFunctionalGroupsSequence[frame]
        ),
        "RescaleSlope",
    ),
    "an empty transformation": (
        lambda whole, frame: setattr(
            whole.PerFrameFunctionalGroupsSequence[frame], "PixelValueTransformationSequence", Sequence()
        ),
        "RescaleSlope",
    ),
    "no slope": (lambda whole, frame: without("RescaleSlope")(rescale_of(whole, frame)), "RescaleSlope"),
    "an empty slope": (
        lambda whole, frame: holding(RescaleSlope=None)(rescale_of(whole, frame)),
        "RescaleSlope",
    ),
    "no intercept": (
        lambda whole, frame: without("RescaleIntercept")(rescale_of(whole, frame)),
        "RescaleIntercept",
    ),
    "no type": (lambda whole, frame: without("RescaleType")(rescale_of(whole, frame)), "RescaleType"),
}


@pytest.mark.parametrize("which", [(1, 4), (0,)], ids=["2 frames", "the first"])
@pytest.mark.parametrize("name", FRAMES)
def test_what_some_frames_lack_is_refused_with_the_count(
    name: str, which: tuple[int, ...], tmp_path: Path
) -> None:
    change, keyword = FRAMES[name]
    whole = enhanced([MR])
    for frame in which:
        change(whole, frame)

    outcome = convert_one(tmp_path, [whole])

    assert (outcome.status, outcome.files) == ("refused", ())
    assert outcome.reason.startswith(keyword)
    assert f"{len(which)} of 8" in outcome.reason


def test_frames_of_two_rescale_types_are_refused(tmp_path: Path) -> None:
    whole = enhanced([MR])
    rescale_of(whole, 5).RescaleType = "PCT"

    outcome = convert_one(tmp_path, [whole])

    assert (outcome.status, outcome.files) == ("refused", ())
    assert "RescaleType" in outcome.reason


def test_frames_that_all_lack_a_transformation_are_as_they_are_stored(tmp_path: Path) -> None:
    whole = enhanced([MR])
    for frame in range(8):
        without("PixelValueTransformationSequence")(whole.PerFrameFunctionalGroupsSequence[frame])

    outcome = convert_one(tmp_path, [whole])

    assert (outcome.status, outcome.facts["units"], outcome.facts["warnings"]) == ("done", "arbitrary", [])
    assert_same_image(volume_of(tmp_path, outcome), MR.stored, MR.affine)


def test_a_transformation_that_all_frames_share_is_theirs(tmp_path: Path) -> None:
    whole = enhanced([MR], slopes=[2.0] * 8)
    shared = rescale_of(whole, 0)
    for frame in range(8):
        without("PixelValueTransformationSequence")(whole.PerFrameFunctionalGroupsSequence[frame])
    whole.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = Sequence([shared])

    outcome = convert_one(tmp_path, [whole])

    assert outcome.status == "done"
    assert_same_image(volume_of(tmp_path, outcome), MR.stored * 2.0, MR.affine)


@pytest.mark.parametrize("empty", [False, True], ids=["absent", "empty"])
def test_a_ct_without_rescale_has_unknown_units_and_a_warning(*, empty: bool, tmp_path: Path) -> None:
    change = (
        holding(RescaleSlope=None, RescaleIntercept=None)
        if empty
        else without("RescaleSlope", "RescaleIntercept")
    )

    outcome = convert_one(tmp_path, some(CT.datasets(), range(8), change))

    assert (outcome.status, outcome.facts["units"]) == ("done", "unknown")
    assert "RescaleSlope" in told(outcome)
    assert_same_image(volume_of(tmp_path, outcome), CT.stored, CT.affine)


@pytest.mark.parametrize("change", [without("RescaleSlope", "RescaleIntercept"), holding(RescaleSlope=None)])
def test_a_pet_without_slope_has_unknown_units_and_a_warning(change: Change, tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, some(PT.datasets(), range(8), change))

    assert (outcome.status, outcome.facts["units"]) == ("done", "unknown")
    assert "RescaleSlope" in told(outcome)


@pytest.mark.parametrize("change", [without("Units"), holding(Units=""), holding(Units=" ")])
def test_a_pet_without_units_has_unknown_units_and_a_warning(change: Change, tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, some(PT.datasets(), range(8), change))

    assert (outcome.status, outcome.facts["units"]) == ("done", "unknown")
    assert "Units" in told(outcome)
    assert_same_image(volume_of(tmp_path, outcome), PT.stored, PT.affine)


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_ct_that_lacks_one_half_of_its_rescale_everywhere_is_never_hounsfield_units(
    keyword: str, tmp_path: Path
) -> None:
    """Both are mandatory in CT (PS3.3, C.8.2.1): one half alone says nothing of the unit."""
    outcome = convert_one(tmp_path, some(CT.datasets(), range(8), without(keyword)))

    if outcome.status == "refused":
        assert keyword in outcome.reason
    else:
        assert (outcome.status, outcome.facts["units"]) == ("done", "unknown")
        assert keyword in told(outcome)


def test_an_mr_without_rescale_is_normal(tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, MR.datasets())

    assert (outcome.status, outcome.facts["units"], outcome.facts["warnings"]) == ("done", "arbitrary", [])
    assert_same_image(volume_of(tmp_path, outcome), MR.stored, MR.affine)


@pytest.mark.parametrize(
    "words", [{}, {"RescaleType": ""}, {"RescaleType": "HU"}], ids=["absent", "empty", "HU"]
)
def test_a_ct_with_rescale_is_in_hounsfield_units(words: dict[str, str], tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, CT.datasets(**words))

    assert (outcome.status, outcome.facts["units"], outcome.facts["warnings"]) == ("done", "HU", [])
    assert_same_image(volume_of(tmp_path, outcome), CT.stored - 1024, CT.affine)


def test_a_ct_that_says_that_its_values_are_unspecified_is_not_in_hounsfield_units(tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, CT.datasets(RescaleType="US"))

    assert outcome.facts["units"] != "HU"


@pytest.mark.parametrize("stack", [MR, PT], ids=["MR", "PT"])
def test_a_slope_that_differs_from_slice_to_slice_is_normal(stack: Stack, tmp_path: Path) -> None:
    slopes = np.array([0.5, 1.25, 2, 0.75, 3, 1, 4, 0.125])
    datasets = stack.datasets(RescaleIntercept=0)
    for ds, slope in zip(datasets, slopes, strict=True):
        ds.RescaleSlope = slope

    outcome = convert_one(tmp_path, datasets)

    assert outcome.status == "done"
    expected = stack.stored * slopes[:, None, None]
    assert_same_image(volume_of(tmp_path, outcome), expected, stack.affine, relative=FLOAT32)


@pytest.mark.parametrize("largest", [1e-7, 1e-9, 1e-12])
@pytest.mark.parametrize("maker", ["SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems"])
def test_tiny_slopes_that_differ_from_slice_to_slice_are_rescaled_right(
    maker: str, largest: float, tmp_path: Path
) -> None:
    slopes = largest * np.linspace(1, 0.31, 8)
    datasets = PT.datasets(Manufacturer=maker)
    for ds, slope in zip(datasets, slopes, strict=True):
        ds.RescaleSlope = f"{slope:.8g}"

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.reason) == ("done", "")
    stored = np.array([float(ds.RescaleSlope) for ds in datasets])
    expected = PT.stored * stored[:, None, None]
    assert_same_image(volume_of(tmp_path, outcome), expected, PT.affine, relative=FLOAT32)


@pytest.mark.parametrize(("stack", "value"), [(MR, "0"), (CT, "0.0"), (PT, "-0")], ids=["MR", "CT", "PT"])
@pytest.mark.parametrize("which", [(0,), (4,), range(8)], ids=["the first", "one image", "all images"])
def test_a_slope_of_0_is_refused(stack: Stack, which: Any, value: str, tmp_path: Path) -> None:
    datasets = some(stack.datasets(RescaleSlope=1, RescaleIntercept=0), which, holding(RescaleSlope=value))

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert "RescaleSlope" in outcome.reason


def test_a_slope_of_0_in_a_frame_is_refused(tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, [enhanced([MR], slopes=[1, 1, 1, 0, 1, 1, 1, 1])])

    assert (outcome.status, outcome.files) == ("refused", ())
    assert "RescaleSlope" in outcome.reason


def test_the_scan_beside_a_refused_one_is_done(tmp_path: Path) -> None:
    bad = some(CT.datasets(), (2, 5), without("RescaleSlope", "RescaleIntercept"))
    good = replace(CT, series="1.2.826.0.1.3680043.8.498.77", seed=5)

    outcomes = convert(tmp_path, _3=bad, _4=good.datasets())

    assert [outcomes[scan].status for scan in ("3", "4")] == ["refused", "done"]
    assert_same_image(volume_of(tmp_path, outcomes["4"]), good.stored - 1024, good.affine)


@pytest.mark.parametrize(
    ("keyword", "values"), [("SUVType", ("BW", "LBM")), ("DecayCorrection", ("START", "NONE"))]
)
def test_pet_values_of_two_kinds_are_refused(keyword: str, values: tuple[str, str], tmp_path: Path) -> None:
    datasets = Stack(modality="PT").datasets(Units="GML")
    for k, dataset in enumerate(datasets):
        setattr(dataset, keyword, values[k % 2])

    outcome = convert_one(tmp_path, datasets)

    assert outcome.status == "refused"
    assert f"{keyword} must be the same" in outcome.reason


def test_an_absent_suvtype_means_body_weight(tmp_path: Path) -> None:
    datasets = Stack(modality="PT").datasets(Units="GML")
    for dataset in datasets[:3]:
        dataset.SUVType = "BW"

    assert convert_one(tmp_path, datasets).status == "done"
