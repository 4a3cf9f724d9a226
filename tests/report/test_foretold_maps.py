"""Heat maps in words: where they lie, what they mean, and from where on they are not to be read."""

from dataclasses import replace

import pytest

from sarcoma_core.report.foretold_files import MapPicture
from sarcoma_core.report.foretold_maps import MOST_LIKE_RANDOM, shown_map
from tests.report.foretold_made import SAID, foretold

(MAP,) = SAID.heat


@pytest.mark.parametrize("factor", [-1.1, 0.0, 0.9, 1.0, 1.1])
def test_a_map_that_untrained_networks_give_too_is_not_to_be_read(factor: float) -> None:
    said = replace(MAP, like_random=factor * MOST_LIKE_RANDOM)
    found = shown_map(said, {})
    assert bool(found.caution) is (factor >= 1)
    part = foretold(replace(SAID, heat=(said,)))
    assert ("Caution: Do not read this map" in part) is (factor >= 1)


def test_half_of_the_ranks_are_told_by_untrained_networks_at_the_bound() -> None:
    assert abs(MOST_LIKE_RANDOM**2 - 0.5) < 0.02


def test_its_numbers_and_its_files_are_told() -> None:
    found = shown_map(MAP, {MAP.picture: MapPicture("data:image/png;base64,", 2, 3)})
    assert found.told.replace("\u00a0", " ").startswith("64 % of the map lies inside the tumour.")
    assert "Rank correlation with untrained networks: 0.12, where 1 is the same map" in found.told
    assert found.files == (
        "PREDICTION/MODEL_PROG_STS/heat-overall_survival.nii.gz",
        "PREDICTION/MODEL_PROG_STS/heat-overall_survival.dcm",
    )
    assert (found.title, found.picture.width, found.no_dicom) == ("Overall survival", 2, "")


@pytest.mark.parametrize(("part", "like", "empty"), [(0.0, 0.0, True), (0.0, 0.1, False), (0.1, 0.0, False)])
def test_a_map_of_nothing_is_said_to_be_empty(part: float, like: float, *, empty: bool) -> None:
    found = shown_map(replace(MAP, part_in_tumour=part, like_random=like), {})
    assert found.told.startswith("The map is empty") is empty
    assert ("%" in found.told) is not empty


def test_a_correlation_below_0_keeps_its_sign() -> None:
    assert "networks: \u22120.20," in shown_map(replace(MAP, like_random=-0.2), {}).told


def test_why_there_is_no_dicom_file_is_told() -> None:
    found = shown_map(replace(MAP, dicom="", no_dicom="the headers of the reference are gone."), {})
    assert len(found.files) == 1
    part = foretold(replace(SAID, heat=(replace(MAP, dicom="", no_dicom="the headers are gone."),)))
    assert "No DICOM file of it: the headers are gone." in part


def test_what_a_map_means_and_does_not_mean_is_told_once() -> None:
    part = foretold(replace(SAID, heat=(MAP, replace(MAP, endpoint="local_recurrence"))))
    assert part.count("shows where the image raises the risk") == 1
    assert "no border of a tumour and no place for a biopsy" in part


def test_a_picture_that_is_not_there_is_said_to_be_missing() -> None:
    part = foretold(pictures={})
    assert "The picture cannot be shown" in part
    assert "64 % of the map" in part.replace("\u00a0", " ")
