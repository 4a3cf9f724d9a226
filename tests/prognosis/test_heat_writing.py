"""Heat maps as files: NIfTI, picture and DICOM of one map; what the DICOM lacks takes no other file down."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.archive.folder import SeriesFiles  # noqa: E402
from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.imaging.volume import read_nifti  # noqa: E402
from sarcoma_core.models.prognosis_task import GRADE, GradedOutcome  # noqa: E402
from sarcoma_core.prognosis.drawn_session import DrawnSession  # noqa: E402
from sarcoma_core.prognosis.heat_maps import heat_cube, like_random, random_models  # noqa: E402
from sarcoma_core.prognosis.heat_writing import NO_SERIES, part_inside, write_heat  # noqa: E402
from sarcoma_core.prognosis.network_model import PrognosisModel  # noqa: E402
from sarcoma_core.prognosis.tumour_image import TumourImage, tumour_image  # noqa: E402
from sarcoma_core.provenance import Outcome  # noqa: E402
from tests.dicom.seg.seg_maker import grid_of  # noqa: E402
from tests.dicom.series_maker import Stack, save  # noqa: E402
from tests.dicom.test_parametric_map import by_positions  # noqa: E402
from tests.prognosis.made_networks import OS  # noqa: E402
from tests.prognosis.planted_spots import ROW, TASK, config_of, fresh, model_of  # noqa: E402

STACK = Stack(slices=12, shape=(30, 28), gap=5.0, pixel_spacing=(2.0, 2.0))
BELOW = "MODEL_PROG_A"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few voxels wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model() -> PrognosisModel:
    config = config_of(outputs=3)
    task = replace(TASK, graded=GradedOutcome(("1", "2", "3")))
    return model_of((fresh(5, config), fresh(6, config)), config, task)


@pytest.fixture(scope="module")
def drawn() -> DrawnSession:
    """A box in noise, T1CE alone."""
    image = grid_of(STACK)
    mask = np.zeros(image.array.shape, bool)
    mask[8:20, 9:22, 3:9] = True
    rng = np.random.default_rng(4)
    values = rng.normal(size=mask.shape).astype(np.float32)
    series = SeriesFiles("NORMALISED", Outcome("4", "MR", "done", files=("4/4.nii.gz",)), (Path("4.nii.gz"),))
    images = {"T1CE": image.with_array(values)}
    return DrawnSession(images, mask, False, {"T1CE": series}, series, "MASKS", {})  # noqa: FBT003


@pytest.fixture(scope="module")
def image(model: PrognosisModel, drawn: DrawnSession) -> TumourImage:
    return tumour_image(drawn.images, drawn.mask, replace(model.folder.cube, margin_mm=12.0))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return save(STACK.datasets(), tmp_path_factory.mktemp("dicom"))


def test_one_map_is_in_all_its_files(
    model: PrognosisModel, drawn: DrawnSession, image: TumourImage, sources: list[Path], tmp_path: Path
) -> None:
    told = write_heat(
        tmp_path, BELOW, model, ROW, image, drawn=drawn, dicom_files=sources, endpoints=(OS, GRADE)
    )
    assert [one.endpoint for one in told] == [OS, GRADE]
    listed = [path for one in told for path in (one.volume, one.picture, one.dicom)]
    assert sorted(listed) == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    for one in told:
        assert one.volume == f"{BELOW}/heat-{one.endpoint}.nii.gz"
        assert one.no_dicom == ""
        heat = read_nifti(tmp_path / one.volume)
        np.testing.assert_allclose(heat.affine, STACK.affine, atol=1e-5)
        cube = heat_cube(model, ROW, image, one.endpoint)
        np.testing.assert_allclose(heat.array, image.on_session(cube), atol=1e-6)
        assert 0 <= heat.array.min() < heat.array.max() <= 1
        on_grid = drawn.images["T1CE"]
        np.testing.assert_array_equal(by_positions(tmp_path / one.dicom, on_grid), heat.array)
        assert (tmp_path / one.picture).read_bytes().startswith(b"\x89PNG")
        inside = np.asarray(nib.load(tmp_path / one.volume).dataobj)[drawn.mask].sum() / heat.array.sum()
        assert one.part_in_tumour == pytest.approx(inside, rel=1e-4)
        others = [heat_cube(random, ROW, image, one.endpoint) for random in random_models(model)]
        assert one.like_random == pytest.approx(like_random(cube, others))


def test_the_dicom_map_says_of_which_endpoint_it_is_and_that_it_is_for_research(
    model: PrognosisModel, drawn: DrawnSession, image: TumourImage, sources: list[Path], tmp_path: Path
) -> None:
    (one,) = write_heat(tmp_path, BELOW, model, ROW, image, drawn=drawn, dicom_files=sources, endpoints=(OS,))
    dataset = pydicom.dcmread(tmp_path / one.dicom)
    assert dataset.SeriesDescription == "Heat map: overall survival"
    assert dataset.ContentDescription.startswith("Research only")
    assert len(dataset.ContentDescription) <= 64


def test_equal_maps_give_equal_bytes(
    model: PrognosisModel, drawn: DrawnSession, image: TumourImage, sources: list[Path], tmp_path: Path
) -> None:
    written = []
    for turn in ("a", "b"):
        write_heat(
            tmp_path / turn, BELOW, model, ROW, image, drawn=drawn, dicom_files=sources, endpoints=(OS,)
        )
        written.append({path.name: path.read_bytes() for path in (tmp_path / turn / BELOW).iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 3


def test_without_the_series_or_with_one_that_does_not_fit_the_other_files_are_there_and_it_is_told(
    model: PrognosisModel, drawn: DrawnSession, image: TumourImage, sources: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "bad.dcm").write_bytes(b"no DICOM")
    cases = {
        "none": ([], NO_SERIES),
        "cut": (sources[:5], "an image for each slice of the map"),
        "bad": ([tmp_path / "bad.dcm"], "DICOM"),
        "gone": ([tmp_path / "gone.dcm"], "cannot be read"),
    }
    for name, (files, reason) in cases.items():
        folder = tmp_path / name
        (one,) = write_heat(folder, BELOW, model, ROW, image, drawn=drawn, dicom_files=files, endpoints=(OS,))
        assert one.dicom == ""
        assert reason in one.no_dicom
        assert not one.no_dicom.endswith(".")
        assert {path.name for path in (folder / BELOW).iterdir()} == {
            f"heat-{OS}.nii.gz",
            f"heat-{OS}.png",
        }


def test_a_map_of_0_is_written_as_such(
    drawn: DrawnSession, image: TumourImage, sources: list[Path], tmp_path: Path
) -> None:
    config = config_of()
    network = fresh(1, config)
    with torch.no_grad():
        network.head_of("image").weight.zero_()
    blind = model_of((network,), config)
    (one,) = write_heat(tmp_path, BELOW, blind, ROW, image, drawn=drawn, dicom_files=sources, endpoints=(OS,))
    assert (read_nifti(tmp_path / one.volume).array == 0).all()
    assert (one.part_in_tumour, one.like_random) == (0, 0)
    assert one.dicom


def test_an_endpoint_that_is_not_foretold_is_refused(
    model: PrognosisModel, drawn: DrawnSession, image: TumourImage, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="endpoints: must be of"):
        write_heat(tmp_path, BELOW, model, ROW, image, drawn=drawn, dicom_files=[], endpoints=("other",))


def test_the_part_inside_is_of_the_sum() -> None:
    heat = np.array([0.0, 0.5, 1.0, 0.5], np.float32)
    assert part_inside(heat, np.array([True, True, False, False])) == pytest.approx(0.25)
    assert part_inside(heat, np.zeros(4, bool)) == 0
    assert part_inside(heat * 0, np.ones(4, bool)) == 0
