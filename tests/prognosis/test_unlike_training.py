"""Reasons not to judge a patient: each rule just inside and just outside, in words, of nobody's own value."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.unlike_training import (
    ChannelFacts,
    PatientFacts,
    SeenChannel,
    SeenPatients,
    SeenRange,
    seen_patients,
)
from sarcoma_core.provenance import typed

SEEN = SeenPatients(
    patients=60,
    histologies=("leiomyosarcoma", "myxofibrosarcoma"),
    locations=("thigh", "upper arm"),
    centres=("North", "South"),
    age_years=SeenRange(30, 80),
    volume_ml=SeenRange(15, 1200),
    channels={
        "T1CE": SeenChannel(
            always=True,
            modalities=("MR",),
            in_plane_mm=SeenRange(0.4, 0.8),
            slice_mm=SeenRange(3, 6),
            tumour=(SeenRange(-1, 1), SeenRange(0, 2), SeenRange(1, 4)),
            scanners=("ACME 3", "ACME 4"),
        ),
        "T2FS": SeenChannel(always=False, modalities=("MR",), in_plane_mm=None, slice_mm=None, tumour=()),
    },
)
T1CE = ChannelFacts("MR", 0.6, 4.0, (0.0, 1.0, 2.0), "ACME 3")
USUAL = PatientFacts(
    "leiomyosarcoma",
    "North",
    55,
    200,
    {"T1CE": T1CE, "T2FS": ChannelFacts("MR", 5.0, scanner="ACME 3")},
    "thigh",
)


def with_t1ce(**changes: object) -> PatientFacts:
    return replace(USUAL, channels={**USUAL.channels, "T1CE": replace(T1CE, **changes)})  # type: ignore[arg-type]


def test_a_usual_patient_has_no_reason_against() -> None:
    assert SEEN.reasons(USUAL) == ()
    assert SEEN.not_known(USUAL) == (
        "T2FS: scanner: not known of the training",
        "T2FS: spacing within a slice: not known of the training",
        "T2FS: spacing of slices: not known of the training",
        "T2FS: intensity of the tumour: not known of the training",
    )


@pytest.mark.parametrize(
    ("inside", "outside", "reason"),
    [
        (
            USUAL,
            replace(USUAL, histology="chordoma"),
            "histology chordoma: not among those of the training (at least 5 patients each)",
        ),
        (
            replace(USUAL, location="upper arm"),
            replace(USUAL, location="head"),
            "location head: not among those of the training (at least 5 patients each)",
        ),
        (
            with_t1ce(scanner="ACME 4"),
            with_t1ce(scanner="ACME 5"),
            "T1CE: scanner ACME 5: not among those of the training (at least 5 patients each)",
        ),
        (
            replace(USUAL, centre="South"),
            replace(USUAL, centre="West"),
            "centre West: not among those of the training (at least 5 patients each)",
        ),
        (
            replace(USUAL, age_years=20),
            replace(USUAL, age_years=19.9),
            "age: more than 10 years younger than the patients of the training (30 to 80 years)",
        ),
        (
            replace(USUAL, age_years=90),
            replace(USUAL, age_years=90.1),
            "age: more than 10 years older than the patients of the training (30 to 80 years)",
        ),
        (
            replace(USUAL, volume_ml=10),
            replace(USUAL, volume_ml=9.97),
            "tumour of 9.97 ml: the training has seen 15 to 1200 ml",
        ),
        (
            replace(USUAL, volume_ml=1800),
            replace(USUAL, volume_ml=1810),
            "tumour of 1810 ml: the training has seen 15 to 1200 ml",
        ),
        (
            with_t1ce(in_plane_mm=0.32),
            with_t1ce(in_plane_mm=0.319),
            "T1CE: voxels of 0.319 mm within a slice; the training has seen 0.4 to 0.8 mm",
        ),
        (
            with_t1ce(in_plane_mm=1.0),
            with_t1ce(in_plane_mm=1.01),
            "T1CE: voxels of 1.01 mm within a slice; the training has seen 0.4 to 0.8 mm",
        ),
        (
            with_t1ce(slice_mm=2.4),
            with_t1ce(slice_mm=2.39),
            "T1CE: slices of 2.39 mm apart; the training has seen 3 to 6 mm",
        ),
        (
            with_t1ce(slice_mm=7.5),
            with_t1ce(slice_mm=7.51),
            "T1CE: slices of 7.51 mm apart; the training has seen 3 to 6 mm",
        ),
        (
            with_t1ce(tumour=(-1.5, -0.5, 0.25)),
            with_t1ce(tumour=(-1.51, -0.6, 0.2)),
            "T1CE: the tumour is darker than those of the training (percentile 10)",
        ),
        (
            with_t1ce(tumour=(0.0, 2.5, 3.0)),
            with_t1ce(tumour=(0.0, 2.51, 3.0)),
            "T1CE: the tumour is brighter than those of the training (percentile 50)",
        ),
        (
            with_t1ce(tumour=(0.0, 1.0, 4.75)),
            with_t1ce(tumour=(0.0, 1.0, 4.76)),
            "T1CE: the tumour is brighter than those of the training (percentile 90)",
        ),
        (
            with_t1ce(modality=""),
            with_t1ce(modality="CT", tumour=(-99.0, 0.0, 99.0)),
            "T1CE: an image of CT; the training has seen MR",
        ),
        (
            replace(USUAL, channels={"T1CE": T1CE}),  # the training did without the other one too
            replace(USUAL, channels={}),
            "T1CE: there is no such image, and the model has learned with one",
        ),
        (
            replace(USUAL, volume_ml=1000),
            replace(USUAL, volume_ml=None),
            "tumour volume: not known, and the model reads the image inside the tumour",
        ),
    ],
)
def test_each_rule_tells_in_words_what_lies_just_outside(
    inside: PatientFacts, outside: PatientFacts, reason: str
) -> None:
    assert SEEN.reasons(inside) == ()
    assert SEEN.reasons(outside) == (reason,)


def test_what_is_not_known_is_told_and_is_no_reason() -> None:
    unknown = PatientFacts(volume_ml=200, channels={"T1CE": ChannelFacts(), "T2FS": ChannelFacts("MR")})
    assert SEEN.reasons(unknown) == ()
    assert SEEN.not_known(unknown)[:9] == (
        "histology: not known",
        "location: not known",
        "centre: not known",
        "age: not known",
        "T1CE: modality: not known",
        "T1CE: scanner: not known",
        "T1CE: spacing within a slice: not known",
        "T1CE: spacing of slices: not known",
        "T1CE: intensity of the tumour: not known",
    )
    nobody = PatientFacts()
    assert SEEN.reasons(nobody) == (
        "tumour volume: not known, and the model reads the image inside the tumour",
        "T1CE: there is no such image, and the model has learned with one",
    )


def test_of_what_the_training_knew_too_little_there_is_no_rule_and_that_is_told() -> None:
    seen = seen_patients([PatientFacts()] * 5)
    strange = PatientFacts("chordoma", "West", 3, 9000, {"T1CE": ChannelFacts("CT")})
    assert seen.reasons(strange) == ()
    assert seen.not_known(strange) == tuple(
        f"{name}: not known of the training"
        for name in ("histology", "location", "centre", "age", "tumour volume")
    )


def some(count: int, facts: PatientFacts) -> list[PatientFacts]:
    return [facts] * count


def test_five_patients_are_seen_and_four_are_not() -> None:
    for count, told in ((5, True), (4, False)):
        rare = PatientFacts("chordoma", "West", channels={"T1CE": ChannelFacts("CT"), "PET": ChannelFacts()})
        seen = seen_patients([*some(20, USUAL), *some(count, rare)])
        assert ("chordoma" in seen.histologies, "West" in seen.centres) == (told, told)
        assert ("CT" in seen.channels["T1CE"].modalities, "PET" in seen.channels) == (told, told)
        # so many lacked the other image
        assert seen.channels["T2FS"].always is not told


def test_a_range_needs_five_patients_and_its_ends_are_means_of_five_rounded_outwards() -> None:
    volumes = [11.3, 12, 13, 14, 15, 100, 901, 902, 903, 904, 905]
    seen = seen_patients([PatientFacts(age_years=40, volume_ml=one) for one in volumes])
    assert seen.volume_ml == SeenRange(13, 910)  # of 13.06 and 903
    assert seen.age_years == SeenRange(40, 40)
    for count, told in ((6, SeenRange(2, 2)), (5, SeenRange(2, 2)), (4, None)):
        t1ce = {"T1CE": ChannelFacts("MR", 2.0, 2.0, (2.0, 2.0, 2.0))}
        made = [*some(count, PatientFacts(age_years=2, volume_ml=2, channels=t1ce))]
        seen = seen_patients([*made, *some(6, PatientFacts(channels={"T1CE": ChannelFacts()}))])
        channel = seen.channels["T1CE"]
        assert {seen.age_years, seen.volume_ml, channel.in_plane_mm, channel.slice_mm} == {told}
        assert channel.tumour == ((told,) * 3 if told else ())


def cohort(seed: int, patients: int) -> list[PatientFacts]:
    """Patients of one practice; no value is a round number."""
    rng = np.random.default_rng(seed)
    return [
        PatientFacts(
            str(rng.choice(["leiomyosarcoma", "myxofibrosarcoma", "synovial sarcoma"])),
            str(rng.choice(["North", "South"])),
            float(np.clip(rng.normal(60, 14), 18, 95)),
            float(np.exp(rng.normal(np.log(340), 0.95))),
            {
                role: ChannelFacts(
                    "MR",
                    float(rng.uniform(0.45, 0.9)),
                    float(rng.uniform(3, 6)),
                    tuple(np.sort(rng.normal(1, 0.5, 3)).tolist()),
                )
                for role in ("T1CE", "T2FS")
            },
        )
        for _ in range(patients)
    ]


@pytest.mark.parametrize(("training", "most"), [(60, 0.12), (200, 0.04), (1000, 0.01)])
def test_of_patients_like_the_training_few_have_a_reason_against(training: int, most: float) -> None:
    """With few patients the means of five lie further inside, and more are refused: that errs to caution."""
    seen = seen_patients(cohort(1, training))
    refused = np.mean([bool(seen.reasons(one)) for one in cohort(2, 1000)])
    assert refused < most


def numbers(tree: object) -> Iterable[float]:
    if isinstance(tree, dict | list):
        for one in tree.values() if isinstance(tree, dict) else tree:
            yield from numbers(one)
    elif isinstance(tree, float):
        yield tree


def test_what_was_read_again_decides_the_same_and_the_order_of_patients_does_not_count() -> None:
    patients = cohort(3, 200)
    seen = seen_patients(patients)
    document = json.dumps(asdict(seen))
    again = typed(SeenPatients, json.loads(document))
    assert again == seen
    others = [*cohort(4, 50), replace(USUAL, histology="chordoma", age_years=2, volume_ml=9999)]
    assert [again.reasons(one) for one in others] == [seen.reasons(one) for one in others]
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(200)
        assert json.dumps(asdict(seen_patients([patients[n] for n in order]))) == document


def test_nothing_that_is_kept_is_a_patients_own() -> None:
    patients = cohort(5, 100)
    own = set(numbers(json.loads(json.dumps([asdict(one) for one in patients]))))
    kept = set(numbers(json.loads(json.dumps(asdict(seen_patients(patients))))))
    assert len(kept) >= 10
    assert not own & kept
    assert all(one == float(f"{one:.2g}") for one in kept)


def test_no_reason_tells_an_age() -> None:
    for age in (3.25, 97.25):
        (reason,) = SEEN.reasons(replace(USUAL, age_years=age))
        assert f"{int(age)}" not in reason.replace("30 to 80", "")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="patients: must be 5 or more; found 4"):
        seen_patients(some(4, USUAL))
    for age in (-0.1, float("inf"), float("nan")):
        with pytest.raises(InputError, match="age_years: must be 0 or more and finite"):
            PatientFacts(age_years=age)
    for volume in (0.0, float("inf")):
        with pytest.raises(InputError, match="volume_ml: must be above 0 and finite"):
            PatientFacts(volume_ml=volume)
    assert PatientFacts(age_years=0, volume_ml=0.5).volume_ml == 0.5
    for wrong in ({"in_plane_mm": 0.0}, {"slice_mm": float("nan")}):
        with pytest.raises(InputError, match="in_plane_mm and slice_mm: must be above 0"):
            ChannelFacts(**wrong)
    for tumour in ((1.0, 2.0), (1.0, 2.0, float("nan"))):
        with pytest.raises(InputError, match="tumour: must be 3 finite percentiles"):
            ChannelFacts(tumour=tumour)


def test_an_image_that_fewer_than_five_of_the_training_had_is_a_reason() -> None:
    """Networks were shown nothing of it, whatever they make of it."""
    plain = PatientFacts(channels={"T1CE": T1CE})
    both = replace(plain, channels={"T1CE": T1CE, "T2FS": T1CE})
    for had, unlike in ((4, True), (5, False)):
        seen = seen_patients([*some(20, plain), *some(had, both)])
        told = "T2FS: fewer than 5 patients of the training had such an image"
        assert (told in seen.reasons(both)) is unlike
        assert seen.reasons(plain) == ()


def test_where_images_were_taken_away_in_training_a_missing_one_is_a_known_case() -> None:
    both = PatientFacts(channels={"T1CE": T1CE, "T2FS": T1CE})
    lone = PatientFacts(channels={"T1CE": T1CE})
    for dropped, unlike in ((False, True), (True, False)):
        seen = seen_patients(some(20, both), dropped=dropped)
        assert bool(seen.reasons(lone)) is unlike
