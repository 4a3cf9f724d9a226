"""Descriptions are read by their words, in seven languages, and a word is never a part of another one."""

import pytest

from sarcoma_core.dicom.roles.dictionary import GLUED, SAYS
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.weighing import REVIEW_BELOW, verdict_of
from sarcoma_core.dicom.roles.words import is_dictionary_text, normalised, read_words
from tests.dicom.roles.descriptions import CT, MR, PT


@pytest.mark.parametrize(
    ("modality", "text", "role"),
    [(m, *one) for m, texts in (("MR", MR), ("CT", CT), ("PT", PT)) for one in texts],
)
def test_a_description_alone_tells_the_role(modality: str, text: str, role: str) -> None:
    verdict = verdict_of(SeriesFacts("1", modality, description=text))
    assert (verdict.role, verdict.confidence >= REVIEW_BELOW) == (role, True), verdict


@pytest.mark.parametrize(
    "text",
    ["ART1", "PART1", "PORT1", "START1", "REST1 w SMS", "CHEST2", "set 1", "T10", "AT2X", "T 1"],
)
def test_t1_and_t2_inside_another_word_say_nothing(text: str) -> None:
    assert not {"T1", "T2"} & set(read_words(text))


@pytest.mark.parametrize("text", ["C-SPINE T1", "T1 ABC+D", "T1 DISC-", "T1 +CERVICAL", "T1 -CERV"])
def test_signs_beside_other_words_say_nothing_of_contrast(text: str) -> None:
    assert not {"contrast", "no contrast"} & set(read_words(text))


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("without contrast", "no contrast"),
        ("sans contraste", "no contrast"),
        ("ohne KM", "no contrast"),
        ("senza mdc", "no contrast"),
        ("non contrast", "no contrast"),
        ("with contrast", "contrast"),
        ("après injection", "contrast"),
        ("nach KM", "contrast"),
        ("dopo mdc", "contrast"),
    ],
)
def test_a_longer_phrase_takes_its_words_from_a_shorter_one(text: str, group: str) -> None:
    assert {"contrast", "no contrast"} & set(read_words(text)) == {group}


def test_b_values_are_read_from_50_up() -> None:
    said = {number: bool(read_words(f"b{number}")) for number in (0, 45, 49, 50, 55, 800, 1000)}
    assert said == {0: True, 45: False, 49: False, 50: True, 55: True, 800: True, 1000: True}


def test_b_values_of_four_digits_are_multiples_of_50() -> None:
    said = {number: bool(read_words(f"b{number}")) for number in (1000, 1050, 1234, 1400, 1948, 1049, 1051)}
    assert [number for number, read in said.items() if read] == [1000, 1050, 1400]
    assert not read_words("b012")
    assert not read_words("b10000")


def test_accents_case_and_signs_make_no_difference() -> None:
    assert normalised("  T1_AX é/Ü ") == "t1 ax e u"
    assert read_words("REPÉRAGE") == read_words("reperage")


def test_what_is_told_of_a_text_are_phrases_of_the_dictionary_and_b_values() -> None:
    phrases = {phrase.replace("-", " ") for group in SAYS.values() for phrase in group.split()}
    told = read_words("DOE^JOHN T1 tse post 19560203 b800 hôpital")
    assert {phrase for found in told.values() for phrase in found} <= phrases | {"a b-value"}
    assert told["diffusion"] == ("a b-value",)
    assert "doe" not in str(told)


def test_a_text_with_a_word_of_its_own_is_no_dictionary_text() -> None:
    assert is_dictionary_text("AX T1 FS 3mm C+")
    assert not is_dictionary_text("AX T1 FS DOE")
    assert not is_dictionary_text("")


@pytest.mark.parametrize(
    "text",
    [
        *("AX T1 19560203", "T1 TSE 12.03.48", "T2 FS 943-476-591", "t1 48 03 12", "T1 12 03 948"),
        *("T1 B1948", "T1 948", "T1 3 3", "T1 1 2 3 plane", "12 03", "T1 5000mm"),
    ],
)
def test_a_text_that_may_hold_a_date_or_a_number_of_a_patient_is_no_dictionary_text(text: str) -> None:
    assert not is_dictionary_text(text)


@pytest.mark.parametrize(
    "text", ["T1 3D", "T1 12", "T2 FS 5mm", "dwi b50 b800 b1000", "AX T1 3.5mm", "3 plane"]
)
def test_numbers_of_a_sequence_and_one_short_one_are_dictionary_text(text: str) -> None:
    assert is_dictionary_text(text)


def test_phrases_are_written_as_texts_are_read() -> None:
    phrases = [phrase.replace("-", " ") for group in SAYS.values() for phrase in group.split()]
    assert all(phrase == normalised(phrase) for phrase in phrases)
    assert all(word == normalised(word) for word in GLUED.split())
