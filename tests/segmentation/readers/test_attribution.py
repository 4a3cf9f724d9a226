"""Who drew a version: the reader that it names, else a word of where it was found, else nobody."""

import unicodedata
from dataclasses import replace

import pytest

from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.segmentation.readers.attribution import drawn_by, plain_name
from sarcoma_core.segmentation.readers.records import CaseReader

READERS = (CaseReader("anna", ("Doe^Anna", "A. Doe")), CaseReader("ben", ("Roe, Ben",)), CaseReader("li"))
ONE = MaskVersion(
    scan="5",
    part="",
    roi="tumour",
    version=1,
    file="5/tumour-v1.nii.gz",
    sha256="0",
    meaning="",
    name="GTV",
    source="SEG",
    origin="collection x",
    uid="1",
    number=1,
    reader="",
    software="",
    time="",
    placement="as drawn",
    volume_ml=1.0,
)


@pytest.mark.parametrize(
    ("reader", "whose"),
    [
        ("anna", "anna"),
        ("ANNA", "anna"),
        ("Doe^Anna", "anna"),
        ("doe, anna", "anna"),
        ("Doe^Anna^^", "anna"),
        ("a. doe", "anna"),
        ("Roe^Ben", "ben"),
        ("Doe", "unattributed"),
        ("annabel", "unattributed"),
        ("", "unattributed"),
    ],
)
def test_the_reader_that_it_names(reader: str, whose: str) -> None:
    assert drawn_by(replace(ONE, reader=reader), READERS) == whose


@pytest.mark.parametrize(
    ("origin", "whose"),
    [
        ("collection S1_anna", "anna"),
        ("collection S1-Ben-final", "ben"),
        ("collection annabel", "unattributed"),
        ("collection anna_ben", "unattributed"),
        ("DRAWN/5/anna/tumour.nii.gz", "anna"),
        ("DRAWN/5/ben/sub/tumour.nii.gz", "ben"),
        ("DRAWN/5/tumour.nii.gz", "unattributed"),
        ("DRAWN/5/li.nii.gz", "unattributed"),  # a file's name may be a patient's
        ("DRAWN/li/tumour.nii.gz", "unattributed"),  # the folder of a scan
        ("scan 8", "unattributed"),
        ("DRAWN/5/consensus/tumour.nii.gz", "consensus"),
        ("", "unattributed"),
    ],
)
def test_a_word_of_where_it_was_found(origin: str, whose: str) -> None:
    assert drawn_by(replace(ONE, origin=origin), READERS) == whose


def test_the_reader_counts_before_the_place() -> None:
    assert drawn_by(replace(ONE, reader="Doe^Anna", origin="collection S1_ben"), READERS) == "anna"
    assert drawn_by(replace(ONE, reader="somebody", origin="collection S1_ben"), READERS) == "ben"


def test_the_label_of_the_session_does_not_count() -> None:
    """A session may be called as a reader is."""
    one = replace(ONE, origin="collection LI_2020_MR_anna")
    assert drawn_by(one, READERS) == "unattributed"
    assert drawn_by(one, READERS, case="LI_2020_MR") == "anna"
    assert (
        drawn_by(replace(ONE, origin="collection LI_2020_MR"), READERS, case="LI_2020_MR") == "unattributed"
    )


@pytest.mark.parametrize(
    ("case", "label", "whose"),
    [
        ("P_ANNA_01", "RtStruct_P_ANNA_01", "unattributed"),
        ("P_ANNA_01", "P_ANNA_01_ben", "ben"),
        ("P_ANNA_01", "RtStruct_P_ANNA_01_anna", "anna"),
        ("P_ANNA_01", "ANNA_01", "anna"),  # not the whole label
        ("P ANNA", "P_ANNA_4_SEG", "unattributed"),  # as XNAT takes it
        ("M\u00fcller LI", "SEG_M_ller_LI", "unattributed"),
        (unicodedata.normalize("NFD", "M\u00fcller LI"), "M\u00fcller_LI_ben", "ben"),
        (unicodedata.normalize("NFD", "M\u00fcller LI"), "x_M_ller_LI", "unattributed"),
        ("AN", "ANNA_tumour", "anna"),  # a label is no part of a word
        ("S", "SARA_ben", "ben"),
        ("anna", "anna_ben", "ben"),
        ("", "x_anna", "anna"),
        ("_", "x_anna", "anna"),
    ],
)
def test_the_words_of_the_sessions_label_are_nobodys_wherever_they_stand(
    case: str, label: str, whose: str
) -> None:
    assert drawn_by(replace(ONE, origin=f"collection {label}"), READERS, case=case) == whose


@pytest.mark.parametrize(("held", "told"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_an_accent_is_part_of_its_letter_however_it_is_written(held: str, told: str) -> None:
    readers = (CaseReader("ben", (unicodedata.normalize(held, "M\u00fcller^Ben"),)),)  # type: ignore[arg-type]
    one = replace(ONE, reader=unicodedata.normalize(told, "M\u00dcLLER, Ben"))  # type: ignore[arg-type]
    assert drawn_by(one, readers) == "ben"


def test_a_name_has_one_blank_between_its_parts() -> None:
    assert plain_name(" Doe^ Anna,,B ") == "doe anna b"
