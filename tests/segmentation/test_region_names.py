"""What regions are called: names of people become keys of files, and nothing else does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.masks import is_roi
from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.region_names import (
    NameRule,
    RegionName,
    distinct,
    read_name_rules,
    region_name,
)

TUMOUR, OEDEMA = RegionName("tumour", "Neoplasm"), RegionName("oedema", "Edema")


@pytest.mark.parametrize(
    "name",
    [
        *("GTV_Mass", "GTV_Mass_CT", "GTV_Mass_MR_T1", "GTV", "GTVMass", "GTVp", "Tumor", "TUMEUR", "Läsion"),
        *("Tumore primario", "Sarkom", "Primary neoplasm", "Geschwulst", "soft tissue mass", "tumour (MRI)"),
    ],
)
def test_a_tumour_is_called_a_tumour(name: str) -> None:
    assert region_name(name) == TUMOUR


@pytest.mark.parametrize(
    "name", ["GTV_Edema", "edema", "Oedema", "Ödem", "oedème", "peritumoral edema", "EDEMA_T2"]
)
def test_oedema_is_called_oedema_also_where_it_is_a_target(name: str) -> None:
    assert region_name(name) == OEDEMA


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Tumor 2", "tumour_2"),
        ("Lesion_01", "tumour_1"),
        ("tumour left", "tumour_left"),
        ("GTV rechts 3", "tumour_right_3"),
        ("GTVEdema 2", "oedema_2"),
        ("tumour_reader2", "tumour"),
        ("tumour 3 version 2", "tumour_3"),
    ],
)
def test_sides_and_numbers_tell_lesions_apart(name: str, key: str) -> None:
    assert region_name(name).roi == key


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Tumour bed",
            "GTV_Mass and Edema",
            "tumour without necrosis",
            "CTV tumour",
            "PTV",
            "Tumor ring 5mm",
        ),
        *(
            "GTVn",
            "GTV_N1",
            "GTV-N",
            "lymph node mass",
            "Prostate",
            "Femur",
            "biomass",
            "muscle mass",
            "GTV 2001",
        ),
        *("Lungs-GTV", "Body - GTV", "Lung (GTV subtracted)", "GTV-necrosis", "GTV+Edema", "GTV incl. edema"),
        *("no lesion", "not tumour", "exclude_tumor", "Tumor_old_DO_NOT_USE", "Resected tumor", "zGTV_opt"),
        *(
            "normal muscle contralateral to mass",
            "peritumoral muscle",
            "Tumour necrosis",
            "ROI 1",
            "Segment 3",
        ),
    ],
)
def test_what_is_something_else_or_two_things_is_no_tumour(name: str) -> None:
    got = region_name(name)
    assert got.meaning == ""
    assert not re.fullmatch(r"(tumour|oedema|necrosis)(_left|_right|_\d+)*", got.roi)


def test_a_code_tells_what_a_name_leaves_open() -> None:
    assert region_name("Segment 1", meaning="Neoplasm") == TUMOUR
    assert region_name("Segment 2", meaning="Neoplasm").roi == "tumour_2"
    assert region_name("GTV_Edema", meaning="Neoplasm") == OEDEMA
    assert region_name("Segment 1", meaning="Prostate") == RegionName("segment_1", "Prostate")


def test_a_code_does_not_overrule_a_name() -> None:
    """Many tools write `Mass` wherever nobody chose."""
    assert region_name("Femur", meaning="Mass") == RegionName("femur", "Mass")


def test_a_name_of_known_words_stays_legible() -> None:
    assert region_name("Peripheral zone of the prostate").roi == "peripheral_zone_of_the_prostate"
    assert region_name("Femur left").roi == "femur_left"


@pytest.mark.parametrize("name", ["SMITH_JANE_19700101", "Mass Anna Meier", "tumour 19700101", "GTV Miller"])
def test_what_may_hold_a_patient_s_name_or_number_is_called_by_a_digest(name: str) -> None:
    assert re.fullmatch("roi_[0-9a-f]{6}", region_name(name).roi)
    assert region_name(name, meaning="Skin").roi == "skin"


@given(st.text(max_size=200))
def test_every_name_becomes_a_key_that_is_one_part_of_a_path(name: str) -> None:
    assert is_roi(region_name(name).roi)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b\\c", "腫瘍", "опухоль", "", " ", "x" * 300, "\x00", "CON."]
)
def test_hostile_names_become_keys_and_stay_different(name: str) -> None:
    key = region_name(name).roi
    assert is_roi(key)
    assert region_name(name + "z").roi != key or not name.strip()


def test_names_that_lose_letters_stay_different() -> None:
    assert region_name("腫瘍 1").roi != region_name("浮腫 1").roi
    assert region_name("y" * 41).roi != region_name("y" * 42).roi


@given(st.lists(st.sampled_from(["tumour", "tumour_b", "x", "y" * 40]), max_size=60))
def test_no_two_regions_of_a_file_share_a_key(keys: list[str]) -> None:
    found = distinct(keys)
    assert len(set(found)) == len(found) == len(keys)
    assert all(map(is_roi, found))
    first = {key: keys.index(key) for key in keys if keys.index(key) == found.index(key)} if keys else {}
    assert all(found[place] == key for key, place in first.items())


def test_a_site_s_own_names_come_first() -> None:
    rules = read_name_rules("\ufeffname,roi\r\nTU *,tumour\r\nPTV,target_volume\r\n".encode())
    assert rules == (NameRule("tu *", "tumour"), NameRule("ptv", "target_volume"))
    assert region_name("TU links", rules=rules) == TUMOUR
    assert region_name("ptv", rules=rules).roi == "target_volume"
    assert region_name("GTV_Edema", rules=rules) == OEDEMA


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"name;roi\nx;y\n", "columns name and roi"),
        (b"name,roi\nx,../y\n", "row 1: roi must be"),
        (b"name,roi\nx,Tumour\n", "row 1: roi must be"),
        (b"name,roi\n ,tumour\n", "row 1: name must not be empty"),
        (b"name,roi,more\nx,y,z\n", "columns name and roi"),
        (b"name,roi\nx,tumour\ny\n", "row 2: roi must be"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_with_its_row(content: bytes, fault: str) -> None:
    with pytest.raises(InputError, match=fault) as error:
        read_name_rules(content)
    assert error.value.hint
