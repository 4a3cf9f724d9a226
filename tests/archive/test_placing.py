"""Which session and which scan an instance belongs to."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.instance import Instance
from sarcoma_core.archive.placing import (
    group_series,
    legal,
    new_scan_ids,
    session_label,
    split_studies,
    subject_label,
    suffixed,
)


def instance(
    series: str,
    modality: str,
    *,
    study: str = "1",
    number: int | None = 1,
    about: tuple[str, ...] = (),
    patient: str = "P",
) -> Instance:
    return Instance(
        Path(f"{study}-{series}-{number}"),
        f"{series}.1",
        "",
        series,
        study,
        number,
        modality,
        patient,
        "",
        "",
        1,
        1,
        about,
    )


def parts(*instances: Instance) -> dict[str, set[str]]:
    return {p.part: {i.series_uid for i in p.instances} for p in split_studies(instances)}


def test_a_study_is_one_session() -> None:
    assert parts(instance("a", "MR"), instance("b", "MR")) == {"": {"a", "b"}}
    assert parts(instance("a", "PT"), instance("b", "CT")) == {"": {"a", "b"}}


def test_a_study_that_mixes_pet_and_mr_is_split_and_ct_goes_with_pet() -> None:
    split = parts(instance("a", "MR"), instance("b", "PT"), instance("c", "CT"))
    assert split == {"MR": {"a"}, "PT": {"b", "c"}}


def test_a_study_that_mixes_pet_and_mr_is_one_session_where_the_site_says_so() -> None:
    mixed = instance("a", "MR"), instance("b", "PT"), instance("c", "CT")
    (part,) = split_studies(mixed, petmr="pet")
    assert part.part == ""
    assert {i.series_uid for i in part.instances} == {"a", "b", "c"}


def test_contours_go_with_the_series_that_they_are_about() -> None:
    split = parts(
        instance("a", "MR"),
        instance("b", "PT"),
        instance("r", "RTSTRUCT", about=("a",)),
        instance("s", "RTSTRUCT", about=("b",)),
        instance("t", "SEG"),
    )
    assert split == {"MR": {"a", "r"}, "PT": {"b", "s", "t"}}


def test_contours_about_both_pet_and_mr_go_with_pet() -> None:
    """Where they belong is not told; PET takes whatever is not of MR alone, as it takes CT."""
    split = parts(
        instance("a", "MR"),
        instance("b", "PT"),
        instance("c", "CT"),
        instance("r", "RTSTRUCT", about=("a", "b")),
        instance("s", "SEG", about=("a", "c")),
        instance("t", "SEG", about=("a", "elsewhere")),
    )
    assert split == {"MR": {"a", "t"}, "PT": {"b", "c", "r", "s"}}


def test_a_second_import_splits_a_study_by_what_the_archive_holds() -> None:
    (part,) = split_studies([instance("b", "PT")], {("1", "P"): {"a": "MR"}})
    assert part.part == "PT"


def test_a_study_that_two_patients_share_is_a_session_for_each() -> None:
    split = split_studies([instance("a", "MR", patient="A"), instance("b", "MR", patient="B")])
    assert [(p.study_uid, p.subject, p.part) for p in split] == [("1", "A", ""), ("1", "B", "")]


def test_a_patients_study_is_not_split_by_what_another_patient_has_of_it() -> None:
    (part,) = split_studies([instance("b", "PT", patient="B")], {("1", "A"): {"a": "MR"}})
    assert part.part == ""


modalities = st.sampled_from(["MR", "PT", "CT", "RTSTRUCT", "SEG"])
anything = st.lists(
    st.builds(
        lambda series, modality, study, number: instance(series, modality, study=study, number=number),
        st.sampled_from("abcdef"),
        modalities,
        st.sampled_from("12"),
        st.one_of(st.none(), st.integers(0, 3)),
    )
)


@given(anything)
def test_splitting_and_grouping_lose_and_repeat_nothing(instances: list[Instance]) -> None:
    split = split_studies(instances)
    grouped = [i for part in split for members in group_series(part.instances).values() for i in members]
    assert sorted(map(id, grouped)) == sorted(map(id, instances))


@given(
    st.lists(
        st.tuples(st.tuples(st.text("ab", min_size=1, max_size=3), st.integers(0, 3)), modalities),
        unique_by=lambda t: t[0],
    )
)
def test_scan_ids_are_unique_and_stay_out_of_those_in_use(
    newcomers: list[tuple[tuple[str, int], str]],
) -> None:
    taken = frozenset({"1", "2-MR1"})
    ids = new_scan_ids(taken, newcomers)
    assert len(set(ids.values()) | taken) == len(newcomers) + len(taken)


def test_series_that_share_a_number_get_xnats_suffixes() -> None:
    ids = new_scan_ids(frozenset(), [(("a", 4), "MR"), (("b", 4), "MR"), (("c", 5), "CT")])
    assert ids == {("a", 4): "4-MR1", ("b", 4): "4-MR2", ("c", 5): "5"}


def test_a_negative_series_number_gives_an_id_that_no_option_or_other_number_looks_like() -> None:
    ids = new_scan_ids(
        frozenset(), [(("a", -1), "MR"), (("b", 1), "MR"), (("c", -2), "CT"), (("d", -2), "CT")]
    )
    assert ids == {("a", -1): "neg1", ("b", 1): "1", ("c", -2): "neg2-CT1", ("d", -2): "neg2-CT2"}
    assert suffixed("neg2", "CT", ids.values()) == "neg2-CT3"


def test_labels_hold_nothing_that_a_path_or_xnat_would_trip_over() -> None:
    assert legal("../../etc/passwd") == "etc_passwd"
    assert legal(" Doe^John ") == "Doe_John"
    assert legal("^") == "unknown"


def test_a_patient_id_that_is_a_legal_label_is_the_subjects_label() -> None:
    for patient in ("STS-PHANTOM-0008", "crlab", "A_B", "x" * 40):
        assert subject_label(patient, "1.2") == patient


@given(st.text(max_size=80), st.text(max_size=80))
def test_patients_with_different_ids_have_different_labels_that_are_legal_and_short(
    one: str, two: str
) -> None:
    labels = {subject_label(patient, "1.2") for patient in (one, two)}
    assert len(labels) == len({one, two})
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", found) for found in labels)


def test_patient_ids_that_differ_only_in_what_a_label_cannot_hold_stay_apart() -> None:
    patients = ["A B", "A_B", "A^B", "_A_B", "Ä", "Ö", "x" * 41, "x" * 42, "unknown"]
    assert len({subject_label(patient, "1.2") for patient in [*patients, ""]}) == len(patients) + 1


def test_without_a_patient_id_each_study_is_a_subject_of_its_own() -> None:
    one, two = subject_label("", "1.2"), subject_label("", "1.3")
    assert one != two
    assert re.fullmatch(r"unknown-[0-9a-f]{6}", one)
    assert subject_label("", "1.2") == one


def test_a_session_label_that_is_taken_gets_a_number() -> None:
    assert session_label("P1", "20200101", "MR", ()) == "P1_20200101_MR"
    assert session_label("P1", "20200101", "MR", {"P1_20200101_MR", "P1_20200101_MR-2"}) == "P1_20200101_MR-3"
