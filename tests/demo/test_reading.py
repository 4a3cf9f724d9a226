"""The demo's model, as it is committed: its card is true, and it says for whom it is."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from sarcoma_core.demo.reading.judging import UNSEEN, judge, threshold_dice, tuned_threshold
from sarcoma_core.demo.reading.model import NAME, demo_model
from sarcoma_core.demo.reading.patients import SEQUENCES, SETTINGS, Sequence, phantom_case
from sarcoma_core.demo.reading.training import LIMITS, MEMBERS, TRAINED_ON
from sarcoma_core.models.architectures import load
from sarcoma_core.models.folder import ModelFolder
from sarcoma_core.models.model_set import open_model_folder, open_set
from sarcoma_core.segmentation.inference.predicting import Segmenter

pytestmark = pytest.mark.torch
SETTING = "as in the training"
MOST_MEGABYTES = 5


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def members() -> Mapping[str, ModelFolder]:
    return open_set(open_model_folder(demo_model())).members


def dice_of(model: ModelFolder, sequences: tuple[Sequence, ...]) -> list[float]:
    task = model.config.segmentation
    assert task is not None
    device = torch.device("cpu")
    segmenter = Segmenter(task, load(model, device), device)
    found = judge(segmenter, sequences, SETTINGS[SETTING], UNSEEN[SETTING])
    return [one.scores["tumour"].dice for one in found]


@pytest.mark.parametrize("sequences", MEMBERS, ids="_".join)
def test_the_numbers_of_the_card_are_those_of_patients_that_it_never_saw(
    members: Mapping[str, ModelFolder], sequences: tuple[Sequence, ...]
) -> None:
    model = members["_".join(sequences)]
    (number,) = (
        one for one in model.card.numbers if (one.setting, one.measure) == (f"tumour, {SETTING}", "Dice")
    )
    assert number.n == len(UNSEEN[SETTING]) >= 50
    assert not set(UNSEEN[SETTING]) & set(TRAINED_ON)
    dice = dice_of(model, sequences)
    assert np.median(dice) == pytest.approx(number.median, abs=0.01)
    assert np.percentile(dice, 5) == pytest.approx(number.p5, abs=0.01)


def test_both_sequences_reach_the_bar_and_beat_a_tuned_threshold(members: Mapping[str, ModelFolder]) -> None:
    card = members["T1CE_T2FS"].card
    (number,) = (one for one in card.numbers if (one.setting, one.measure) == (f"tumour, {SETTING}", "Dice"))
    assert number.median is not None
    assert number.p5 is not None
    assert number.median >= 0.94
    assert number.p5 >= 0.85
    setting = SETTINGS[SETTING]
    level = tuned_threshold([phantom_case(seed, SEQUENCES, setting) for seed in TRAINED_ON[:10]])
    plain = [threshold_dice(phantom_case(seed, SEQUENCES, setting), level) for seed in UNSEEN[SETTING]]
    assert number.median - np.median(plain) >= 0.10


def test_it_says_on_whom_it_was_trained_and_is_small(members: Mapping[str, ModelFolder]) -> None:
    assert sorted(members) == sorted("_".join(one) for one in MEMBERS)
    for model in members.values():
        assert model.card.synthetic
        assert model.card.name == NAME
        assert model.card.limits == LIMITS
        assert model.card.permitted_use == ("research",)
    size = sum(path.stat().st_size for path in demo_model().rglob("*") if path.is_file())
    assert size < MOST_MEGABYTES * 2**20
