"""What regions are called: names of people become keys of files, and nothing else does."""

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
        *(
            "GTV_Mass",
            "GTV_Mass_CT",
            "GTV_Mass_MR_T1",
            "GTV",
            "gtv 1",
            "GTVMass",
            "GTVp",
            "Tumor",
            "tumour 2",
        ),
        *("TUMEUR", "Tumore primario", "Sarkom", "lesion_1", "Läsion", "Primary neoplasm", "Geschwulst"),
    ],
)
def test_a_tumour_is_called_a_tumour(name: str) -> None:
    assert region_name(name) == TUMOUR


@pytest.mark.parametrize("name", ["GTV_Edema", "edema", "Oedema", "Ödem", "oedème", "GTVEdema 2", "EDEMA_T2"])
def test_oedema_is_called_oedema_also_where_it_is_a_target(name: str) -> None:
    assert region_name(name) == OEDEMA


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
        *("GTVn", "Segment 1", "ROI-1", "Prostate", "Femur", "biomass"),
    ],
)
def test_what_is_something_else_or_two_things_keeps_its_own_name(name: str) -> None:
    got = region_name(name)
    assert got.meaning == ""
    assert got.roi not in ("tumour", "oedema", "necrosis")


def test_a_code_tells_what_a_name_does_not() -> None:
    assert region_name("Segment 1", meaning="Neoplasm") == TUMOUR
    assert region_name("GTV_Edema", meaning="Neoplasm") == OEDEMA
    assert region_name("Segment 1", meaning="Prostate") == RegionName("segment_1", "Prostate")


def test_a_name_of_its_own_becomes_small_letters() -> None:
    assert region_name("Peripheral zone of the prostate").roi == "peripheral_zone_of_the_prostate"


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
    assert region_name("y" * 40).roi == "y" * 40


@given(st.lists(st.sampled_from(["tumour", "tumour_2", "x", "y" * 40]), max_size=8))
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
