"""The demo's model that foretells, as it is committed: whom it judges, and whom it does not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.archive.asset import AssetFolder  # noqa: E402
from sarcoma_core.demo.foretelling.judging import ELSEWHERE, OTHER_SITE, UNSEEN  # noqa: E402
from sarcoma_core.demo.foretelling.model import NAME, demo_prognosis  # noqa: E402
from sarcoma_core.demo.foretelling.patients import (  # noqa: E402
    CUBE,
    CUBE_SEQUENCES,
    DEMO_SITE,
    SCANNER,
    phantom_rows,
    scanned_image,
)
from sarcoma_core.demo.foretelling.training import LIMITS, ORDER, TRAINED_ON  # noqa: E402
from sarcoma_core.demo.patients import SEED, SEQUENCES  # noqa: E402
from sarcoma_core.imaging.body_mask import find_body  # noqa: E402
from sarcoma_core.imaging.normalise import z_score  # noqa: E402
from sarcoma_core.imaging.volume import Floats, Mask, Volume  # noqa: E402
from sarcoma_core.phantom.anatomy import limb  # noqa: E402
from sarcoma_core.phantom.grid import Grid  # noqa: E402
from sarcoma_core.phantom.protocol import draw_protocol  # noqa: E402
from sarcoma_core.phantom.study import acquire_series  # noqa: E402
from sarcoma_core.phantom.tissue import tumour_mask  # noqa: E402
from sarcoma_core.prognosis.network_model import PrognosisModel, load_prognosis, open_prognosis  # noqa: E402
from sarcoma_core.prognosis.prediction import predict_patient  # noqa: E402
from sarcoma_core.prognosis.tumour_image import ImageOrigin, tumour_image  # noqa: E402

SEED_OF_NOBODY = 21_300
MR = dict.fromkeys(CUBE_SEQUENCES, ImageOrigin("MR", SCANNER))
ROW = phantom_rows([SEED_OF_NOBODY])[0]
MOST_SILENT = 0.05
MOST_MEGABYTES = 3


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few voxels wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model() -> PrognosisModel:
    return load_prognosis(open_prognosis(AssetFolder(demo_prognosis(), None, "")), torch.device("cpu"))


def z_scored(image: Floats, affine: np.ndarray) -> Volume:
    volume = Volume(image.astype(np.float32), affine)
    return volume.with_array(z_score(volume.array, find_body(volume.array, volume.spacing).mask).values)


def test_its_card_is_true_and_says_for_whom_it_is(model: PrognosisModel) -> None:
    card = model.folder.model.card
    assert (card.name, card.synthetic, card.limits) == (NAME, True, LIMITS)
    assert len(model.networks) == ORDER.networks
    assert not {*UNSEEN, *ELSEWHERE, SEED_OF_NOBODY, *range(SEED, SEED + len(SEQUENCES))} & set(TRAINED_ON)
    size = sum(path.stat().st_size for path in demo_prognosis().iterdir())
    assert size < MOST_MEGABYTES * 2**20


def test_of_unseen_patients_it_judged_nearly_all_and_of_another_scanner_nobody(model: PrognosisModel) -> None:
    """As `make train-demo` measured it; some of them are looked at here again."""
    told = {(one.setting, one.measure): one for one in model.folder.model.card.numbers}
    unseen, elsewhere = told["unseen patients", "abstains"], told["another scanner", "abstains"]
    assert (unseen.n, elsewhere.n) == (len(UNSEEN), len(ELSEWHERE))
    assert unseen.median is not None
    assert unseen.median <= MOST_SILENT
    assert elsewhere.median == 1
    seeds = list(UNSEEN[:3])
    for row, seed in zip(phantom_rows(seeds), seeds, strict=True):
        assert not predict_patient(model, row, scanned_image(seed)).abstains
    found = predict_patient(model, ROW, scanned_image(SEED_OF_NOBODY, OTHER_SITE))
    assert any("scanner Virtual Spin Echo OTHER" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"diagnosis": "chordoma"}, "histology chordoma"),
        ({"location": "head and neck"}, "location head and neck"),
    ],
)
def test_what_the_table_tells_of_nobody_in_the_training_is_a_reason(
    model: PrognosisModel, values: Mapping[str, str], reason: str
) -> None:
    image = scanned_image(SEED_OF_NOBODY)
    assert not predict_patient(model, ROW, image).abstains
    found = predict_patient(model, replace(ROW, values={**ROW.values, **values}), image)
    assert any(one.startswith(reason) for one in found.reasons)


def head(seed: int) -> tuple[Floats, Mask, np.ndarray]:
    """A head of ellipsoids on slices as those of the demo: scalp, skull, brain, ventricles, a tumour."""
    shape, spacing = (150, 150, 36), np.array([1.5, 1.5, 5.0])
    places = np.stack(
        np.meshgrid(
            *[(np.arange(n) - n / 2) * mm for n, mm in zip(shape, spacing, strict=True)], indexing="ij"
        ),
        axis=-1,
    )

    def within(centre: tuple[int, int, int], radii: tuple[int, int, int]) -> Mask:
        return np.asarray((((places - np.array(centre)) / np.array(radii)) ** 2).sum(axis=-1) < 1)

    image = np.zeros(shape)
    for centre, radii, level in (
        ((0, 0, 0), (75, 95, 85), 200),
        ((0, 0, 0), (70, 90, 80), 30),
        ((0, 0, 0), (64, 84, 74), 420),
        ((0, 0, 5), (45, 62, 50), 500),
        ((12, 0, 5), (6, 25, 12), 90),
        ((-12, 0, 5), (6, 25, 12), 90),
        ((30, 20, 15), (22, 24, 20), 700),
        ((30, 20, 15), (9, 10, 8), 200),
    ):
        image[within(centre, radii)] = level
    noise = np.random.default_rng(seed).normal(0, 12, shape)
    return (
        np.abs(image + noise).astype(np.float32),
        within((30, 20, 15), (22, 24, 20)),
        np.diag([*spacing, 1.0]),
    )


@pytest.mark.parametrize("seed", range(2))
def test_a_head_is_no_limb_whatever_the_table_says(model: PrognosisModel, seed: int) -> None:
    """Of another session, say: the row tells of a lower limb, the header of the very scanner."""
    image, tumour, affine = head(seed)
    water = np.where((image > 20) & (image < 150), image * 8, image * 0.9)
    images = {"T1CE": z_scored(image, affine), "T2FS": z_scored(water, affine)}
    found = predict_patient(model, ROW, tumour_image(images, tumour, CUBE, MR))
    assert [reason.partition(":")[0] for reason in found.reasons] == ["features"]


@pytest.mark.parametrize(("modality", "by_name"), [("PT", True), ("MR", False)])
def test_a_pet_as_t1_is_not_judged_even_where_it_is_called_mr(
    model: PrognosisModel, modality: str, *, by_name: bool
) -> None:
    rest = limb(SEED_OF_NOBODY, Grid(shape=(110, 110, 80), spacing=(2.0, 2.0, 3.3), slice_thickness=3.3))
    series = draw_protocol(SEED_OF_NOBODY, sequences=("T1CE", "T2FS"), site=DEMO_SITE)["T1CE"]
    pet, t2 = (
        acquire_series(rest, replace(series, sequence=sequence), DEMO_SITE) for sequence in ("PET", "T2FS")
    )
    images = {
        role: z_scored(one.volume.array, one.volume.affine) for role, one in (("T1CE", pet), ("T2FS", t2))
    }
    origins = {**MR, "T1CE": ImageOrigin(modality, SCANNER)}
    found = predict_patient(model, ROW, tumour_image(images, tumour_mask(t2.labels), CUBE, origins))
    assert any(reason.startswith("features") for reason in found.reasons)
    assert any("an image of PT" in reason for reason in found.reasons) is by_name
