"""Synthetic patients for networks: a function of the seed, with the true tumour and the true story."""

from dataclasses import replace

import numpy as np
import pytest

from sarcoma_core.demo.foretelling.patients import (
    CUBE,
    GRID,
    all_but_age_of_others,
    phantom_image,
    phantom_rows,
    row_of_phantom,
)
from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.clinical_rows import clinical_rows
from sarcoma_core.phantom.competing import COURSE, draw_stories
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.patient import draw_patient
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Quantity
from sarcoma_core.prognosis.tumour_image import TumourImage
from tests.prognosis.made_sessions import of_phantom

COARSE = Grid(shape=(32, 32, 20), spacing=(6.875, 6.875, 11.0), slice_thickness=11.0)
SMALL = replace(CUBE, edge=16, spacing_mm=12.0)
SEEDS = range(40)


def coarse(seed: int) -> TumourImage:
    return phantom_image(seed, SMALL, COARSE)


def test_an_image_is_a_function_of_the_seed() -> None:
    one, same, other = coarse(3), coarse(3), coarse(4)
    np.testing.assert_array_equal(one.array, same.array)
    assert one.volume_ml == same.volume_ml
    assert (one.array != other.array).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_cube_holds_the_tumour_that_was_drawn(seed: int) -> None:
    found = phantom_image(seed)
    true = draw_patient(seed).target_volume
    held = float(found.array[-1].astype(np.float64).sum()) * CUBE.spacing_mm**3 / 1000
    assert held == pytest.approx(true, rel=0.15)
    assert found.volume_ml == pytest.approx(true, rel=0.15)
    assert found.cut < 0.01
    assert found.array.shape == (3, 32, 32, 32)
    assert found.present.all()
    np.testing.assert_allclose(found.spacing_mm, GRID.spacing)


def test_volumes_on_a_coarse_grid_go_with_the_true_ones() -> None:
    pairs = [(coarse(seed).volume_ml, draw_patient(seed).target_volume) for seed in range(8)]
    found, true = np.log(np.array(pairs)).T
    assert np.abs(found - true).max() < 0.3


def test_images_are_z_scores() -> None:
    """Of the body: about 0 in the mean, and within a few spreads."""
    found = coarse(5).array[:2].astype(np.float64)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 20
    assert 0.2 < found[found > found.min() + 0.1].std() < 3


def test_rows_are_a_function_of_the_seeds_and_know_no_others() -> None:
    assert phantom_rows(SEEDS) == phantom_rows(SEEDS)
    assert phantom_rows([7, 3]) == [phantom_rows([7])[0], phantom_rows([3])[0]]
    with pytest.raises(UsageError, match="seed"):
        phantom_rows([-1])


def test_a_row_tells_what_the_phantoms_table_tells() -> None:
    made = clinical_rows(SEEDS)
    assert [row_of_phantom(one) for one in made] == [of_phantom(one) for one in made]


def test_values_are_of_their_variables() -> None:
    for row in phantom_rows(SEEDS):
        for name, value in row.values.items():
            kind = BY_NAME[name].kind
            if isinstance(kind, Quantity):
                assert isinstance(value, float)
                assert kind.holds(value)
            else:
                assert value in kind.words


def test_what_happened_is_the_story_of_the_seed() -> None:
    stories, rows = draw_stories(SEEDS), phantom_rows(SEEDS)
    for number, row in enumerate(rows):
        assert row.events["death"] == bool(stories.death.event[number])
        assert row.days["overall_survival_days"] == np.ceil(stories.death.time[number])
        assert row.metastatic == bool(stories.at_presentation[number])
    assert all(any(row.followed(one.name) for row in rows) for one in ENDPOINTS)


def test_in_the_null_cohort_the_patients_are_the_same_and_what_happens_to_them_is_not() -> None:
    null = phantom_rows(SEEDS, course=COURSE.null())
    for own, other in zip(phantom_rows(SEEDS), null, strict=True):
        assert own.subject == other.subject
        assert own.values == other.values
    assert [row.days for row in null] != [row.days for row in phantom_rows(SEEDS)]


def test_age_stays_and_all_other_variables_are_those_of_the_next_patient() -> None:
    rows = phantom_rows(SEEDS)
    kept = ("age_years", "metastasis_at_presentation")
    for place, (own, found) in enumerate(zip(rows, all_but_age_of_others(rows), strict=True)):
        other = rows[(place + 1) % len(rows)]
        assert (found.subject, found.events, found.days) == (own.subject, own.events, own.days)
        for name in set(BY_NAME) - set(kept):
            assert found.values.get(name) == other.values.get(name)
        assert all(found.values.get(name) == own.values.get(name) for name in kept)


def test_the_others_variables_tell_nothing_of_the_patients_own_tumour() -> None:
    rows = phantom_rows(range(400))
    own, others = (
        np.log([float(row.values["volume_cm3"]) for row in one])
        for one in (rows, all_but_age_of_others(rows))
    )
    assert abs(np.corrcoef(own, others)[0, 1]) < 3 / np.sqrt(400)
    np.testing.assert_array_equal(np.sort(own), np.sort(others))
