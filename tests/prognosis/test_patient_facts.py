"""What is known of a patient besides the images: of the row, and of the tumour in its cube."""

import numpy as np
import pytest

from sarcoma_core.imaging.volume import Volume
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.patient_facts import patient_facts
from sarcoma_core.prognosis.tumour_image import CubeRules, ImageOrigin, TumourImage, tumour_image
from sarcoma_core.prognosis.unlike_training import seen_patients

RULES = CubeRules(("T1CE", "T2FS"), edge=24, spacing_mm=2.0)
ROW = ClinicalRow("S1", centre="A", values={"age_years": 61.0, "diagnosis": "leiomyosarcoma"})


def image(level: float, *, roles: tuple[str, ...] = ("T1CE", "T2FS")) -> TumourImage:
    """A cube of 16 x 16 x 24 mm at one level, in an image of slices of 6 mm."""
    mask = np.zeros((30, 30, 12), bool)
    mask[10:18, 10:18, 4:8] = True
    values = np.where(mask, level, -1.0).astype(np.float32)
    volume = Volume(values, np.diag([2.0, 2.0, 6.0, 1.0]))
    origins = dict.fromkeys(roles, ImageOrigin("MR", "ACME 3"))
    return tumour_image(dict.fromkeys(roles, volume), mask, RULES, origins)


def test_row_and_tumour_are_told() -> None:
    facts = patient_facts(ROW, image(2.0), RULES.sequences)
    assert (facts.histology, facts.centre, facts.age_years) == ("leiomyosarcoma", "A", 61.0)
    assert facts.volume_ml == pytest.approx(8 * 8 * 4 * 24 / 1000)
    for channel in facts.channels.values():
        assert (channel.modality, channel.in_plane_mm, channel.slice_mm) == ("MR", 2.0, 6.0)
        assert channel.scanner == "ACME 3"
        assert channel.tumour[2] == pytest.approx(2.0, abs=1e-3)


def test_only_sequences_that_are_there_are_told_and_what_is_missing_is_not_known() -> None:
    facts = patient_facts(ClinicalRow("S2"), image(2.0, roles=("T1CE",)), RULES.sequences)
    assert set(facts.channels) == {"T1CE"}
    assert (facts.histology, facts.centre, facts.age_years) == ("", "", None)
    without = patient_facts(ROW, None, RULES.sequences)
    assert (without.volume_ml, without.channels) == (None, {})


@pytest.mark.parametrize(("level", "unlike"), [(2.05, False), (9.0, True)])
def test_a_tumour_that_is_much_brighter_than_those_of_the_training_is_unlike_them(
    level: float, *, unlike: bool
) -> None:
    levels = np.linspace(1.5, 2.5, 20)
    seen = seen_patients([patient_facts(ROW, image(float(one)), RULES.sequences) for one in levels])
    reasons = seen.reasons(patient_facts(ROW, image(level), RULES.sequences))
    assert bool(reasons) is unlike
    assert all("brighter" in reason for reason in reasons)
