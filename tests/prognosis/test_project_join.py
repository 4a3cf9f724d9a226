"""What a join reads of a project: headers as they are, masks, genders; what cannot be read says nothing."""

import datetime as dt
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.table import HEAD_FILE, TABLE_FILE
from sarcoma_core.prognosis.preoperative import ImagingSession
from sarcoma_core.prognosis.project_join import look_into, read_table
from sarcoma_core.prognosis.witness import ImageFacts
from tests.archive.filed import put
from tests.prognosis.made_sessions import before, dated, header, masks, push, row

DAY = dt.date(2015, 1, 1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def folder(archive: Archive) -> Path:
    return dated(archive, "S1", "A", before(3))


def seen(folder: Path, gender: str = "") -> ImageFacts:
    return look_into({"A": folder}, {"S1": gender})(ImagingSession("S1", "A"))


def test_sex_and_age_are_those_of_the_header(folder: Path) -> None:
    header(folder, {"PatientSex": "F", "PatientAge": "061Y"})
    assert seen(folder) == ImageFacts("F", 61.0)


def test_without_an_age_birth_and_study_tell_it(folder: Path) -> None:
    header(folder, {"PatientBirthDate": "19540630", "StudyDate": "20150701"})
    assert seen(folder).age_years == pytest.approx(61.0, abs=0.01)
    header(folder, {"PatientBirthDate": "19540630", "StudyDate": "20150701", "PatientAge": "012Y"})
    assert seen(folder).age_years == 12, "the age itself comes first"


@pytest.mark.parametrize(
    ("birth", "study"), [("20160101", "20150101"), ("19540631", "20150101"), ("", "20150101")]
)
def test_dates_that_tell_no_age_say_nothing(folder: Path, birth: str, study: str) -> None:
    header(folder, {"PatientBirthDate": birth, "StudyDate": study})
    assert seen(folder).age_years is None


def test_a_file_that_cannot_be_read_and_a_scan_that_tells_nothing_are_passed_over(folder: Path) -> None:
    put(folder, "SCANS/4/DICOM/0.dcm", b"no DICOM")
    header(folder, {}, name="1.dcm")
    header(folder, {"PatientSex": "M"}, scan="5")
    assert seen(folder).sex == "M"


def test_after_de_identification_there_is_no_witness(folder: Path) -> None:
    header(folder, {"PatientSex": "", "PatientAge": ""})
    assert seen(folder) == ImageFacts()


@pytest.mark.parametrize(("told", "gender", "sex"), [("", "female", "F"), ("M", "female", "M"), ("", "", "")])
def test_the_gender_of_the_database_counts_where_the_header_is_silent(
    folder: Path, told: str, gender: str, sex: str
) -> None:
    header(folder, {"PatientSex": told})
    assert seen(folder, gender).sex == sex


def test_a_session_whose_folder_is_gone_says_nothing_but_the_gender() -> None:
    assert look_into({}, {"S1": "male"})(ImagingSession("S1", "A")) == ImageFacts("M")


def test_each_tumour_and_their_sum_on_each_series_are_volumes(folder: Path) -> None:
    masks(
        folder,
        {("4", "tumour"): 60.0, ("4", "tumour_2"): 20.0, ("5", "tumour"): 70.0, ("5", "oedema"): 500.0},
    )
    found = seen(folder)
    assert found.volumes_ml == (20.0, 60.0, 70.0, 80.0)
    assert (found.tumours, found.notes) == (2, ())


def test_a_region_whose_name_only_begins_as_a_tumours_is_none(folder: Path) -> None:
    masks(folder, {("4", "tumourbed"): 60.0})
    assert seen(folder) == ImageFacts()


def test_damaged_masks_say_nothing_and_are_told(folder: Path) -> None:
    masks(folder, {("4", "tumour"): 60.0})
    put(folder, "RESOURCES/MASKS/masks.json", b"{")
    assert seen(folder) == ImageFacts(notes=("its MASKS cannot be read",))


def test_a_table_that_was_pushed_is_read(archive: Archive) -> None:
    place = push(archive, [row("S1", sex="F")])
    table = read_table(lambda name: (place / name).read_bytes())
    assert [(one.subject, one.values) for one in table.rows] == [("S1", {"sex": "F"})]


@pytest.mark.parametrize("there", [(), (TABLE_FILE,), (HEAD_FILE,)])
def test_a_table_that_was_put_there_by_hand_is_refused_with_what_to_do(there: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"CLINICAL: must hold clinical\.csv and clinical\.json") as caught:
        read_table(lambda name: b"subject,age\nS1,60\n" if name in there else None)
    assert "sarcoma clinical push TABLE --project P" in caught.value.hint
    assert "60" not in str(caught.value)
