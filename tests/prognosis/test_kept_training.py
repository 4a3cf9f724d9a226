"""A training that is read again from its model's folder is the one that wrote it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.clinical_beside import BASELINES_FILE, beside  # noqa: E402
from sarcoma_core.prognosis.clinical_fitting import fit_baselines  # noqa: E402
from sarcoma_core.prognosis.kept_training import kept_training  # noqa: E402
from sarcoma_core.prognosis.network_model import open_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_training import foretell  # noqa: E402
from sarcoma_core.prognosis.network_writing import PrognosisWords, write_prognosis_model  # noqa: E402
from tests.models.made import asset_of, spoil  # noqa: E402
from tests.prognosis.made_networks import DM, OS  # noqa: E402
from tests.prognosis.made_training import CPU, ROWS, small_judged, small_training  # noqa: E402

WORDS = PrognosisWords("MODEL_PROG_TEST", "1", "patients of numpy", "surgery")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few numbers wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("written") / "MODEL"
    write_prognosis_model(place, small_training(), small_judged(), (), WORDS)
    return place


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "MODEL"))


def test_networks_and_histories_are_those_of_the_training(folder: Path) -> None:
    training = small_training()
    found = kept_training(asset_of(folder), training.planned)
    assert found.has_ended
    for one, other in zip(found.networks, training.networks, strict=True):
        assert one.weights.keys() == other.weights.keys()
        assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)
        assert (one.number, one.times, one.features) == (other.number, other.times, other.features)
    for standing, was in zip(found.standings, training.standings, strict=True):
        assert (standing.key, standing.epoch, standing.best_epoch) == (was.key, was.epoch, was.best_epoch)
        assert standing.ended
        for row, before in zip(standing.history, was.history, strict=True):
            assert row.told.keys() == before.told.keys()
            assert row.loss == pytest.approx(before.loss, rel=1e-5)
            assert row.judged == pytest.approx(before.judged, rel=1e-5)


def test_it_foretells_what_the_training_foretells(folder: Path) -> None:
    training = small_training()
    found = kept_training(asset_of(folder), training.planned)
    patients = training.planned.patients.of(training.planned.parts.test)
    for one, other in zip(found.networks, training.networks, strict=True):
        told = foretell(training.planned, one, patients, CPU).timed["clinical"][OS]
        was = foretell(training.planned, other, patients, CPU).timed["clinical"][OS]
        assert (told.incidence == was.incidence).all()


@pytest.mark.parametrize(("file", "key"), [("training.json", "blend"), ("training.json", "epochs")])
def test_a_folder_without_its_history_is_refused(folder: Path, file: str, key: str) -> None:
    spoil(folder / file, key, None)
    with pytest.raises(InputError, match=r"earlier: must have a training\.json and a training\.csv"):
        kept_training(asset_of(folder), small_training().planned)


def test_the_folder_tells_its_baselines_in_the_order_of_its_endpoints(folder: Path) -> None:
    found = open_prognosis(asset_of(folder)).baselines
    assert [one.endpoint for one in found.endpoints] == [OS, DM]
    was = fit_baselines(small_training().planned, "surgery")
    assert beside(found, ROWS[0].values) == beside(was, ROWS[0].values)


def test_a_folder_of_an_earlier_release_tells_why_it_has_no_baselines(folder: Path) -> None:
    (folder / BASELINES_FILE).unlink()
    told = beside(open_prognosis(asset_of(folder)).baselines, ROWS[0].values)
    assert [one.endpoint for one in told] == [OS, DM]
    assert all("has no baselines.json: it is of an earlier release" in one.absent for one in told)


def test_baselines_of_other_endpoints_are_refused(folder: Path) -> None:
    tree = json.loads((folder / BASELINES_FILE).read_bytes())
    del tree["endpoints"][DM]
    text = json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / BASELINES_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"baselines\.json and config\.json must tell of the same endpoints"):
        open_prognosis(asset_of(folder))
