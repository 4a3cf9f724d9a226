"""Truths: the README of json-path ("Filter Operators") and its operators' Java source."""

import pytest

from sarcoma_core.xnat.resolution.matchers import matching, property_text
from sarcoma_core.xnat.resolution.objects import XnatObject, from_json
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError

SESSION = from_json(
    {
        "type": "Session",
        "id": "XNAT_E1",
        "label": "S1",
        "scans": [
            {
                "type": "Scan",
                "id": "4",
                "scan-type": "T1 post",
                "series-description": "AX T1 FS +C",
                "frames": 24,
                "resources": [{"type": "Resource", "label": "DICOM"}, {"type": "Resource", "label": "NIFTI"}],
            },
            {
                "type": "Scan",
                "id": "7",
                "scan-type": "T2",
                "frames": 3,
                "resources": [{"type": "Resource", "label": "DICOM"}],
            },
            {"type": "Scan", "id": "9", "resources": []},
        ],
    }
)


def scans(matcher: str) -> list[str]:
    found = matching(SESSION.below["scans"], matcher, root=SESSION)
    return [str(scan.keys["id"]) for scan in found]


@pytest.mark.parametrize(
    ("matcher", "ids"),
    [
        ("@.id == '7'", ["7"]),
        ("@['scan-type'] == 'T2'", ["7"]),
        ('@.scan-type in ["T2", "PD"]', ["7"]),
        ("@.scan-type in ['T2','PD']", ["7"]),
        ("'NIFTI' in @.resources[*].label", ["4"]),
        ("'DICOM' in @.resources[*].label && @.frames > 10", ["4"]),
        ("@.frames >= 3", ["4", "7"]),
        ("@.frames < 24", ["7"]),
        ("@.frames <= 24", ["4", "7"]),
        ("@.series-description contains 'FS'", ["4"]),
        ("@.resources[1].label == 'NIFTI'", ["4"]),
        ("@.scan-type", ["4", "7"]),
        ("!@.scan-type", ["9"]),
        ("!(@.scan-type == 'T2')", ["4", "9"]),
        ("$.label == 'S1'", ["4", "7", "9"]),
        ("@.scan-type > 'T1 z'", ["7"]),
        ("@.scan-type < 'T2'", ["4"]),
        ("@.resources[*].label contains 'NIFTI'", ["4"]),
        ("@.frames contains 4", []),
        ("@.frames =~ /2./", ["4"]),
        ("@.frames == 'many'", []),
        ("/T2/ =~ @.scan-type", ["7"]),
        ("@.scan-type =~ @.id", []),
        ("@.scan-type > null", []),
        ("@.resources > @.resources", []),
        ("true > false", []),
        ("'T2' in $.scans[1]", []),
        ("'T2' in $.scans[1].*", ["4", "7", "9"]),
        ("@.resources == @.resources", ["4", "7", "9"]),
    ],
)
def test_an_operator_means_what_its_documentation_says(matcher: str, ids: list[str]) -> None:
    assert scans(matcher) == ids


def test_a_regular_expression_has_to_match_the_whole_text() -> None:
    assert scans("@.series-description =~ /T1/") == []
    assert scans("@.series-description =~ /.*T1.*/") == ["4"]
    assert scans("@.series-description =~ /.*t1.*/i") == ["4"]


def test_a_missing_value_is_an_empty_text_to_a_regular_expression() -> None:
    assert scans("@.series-description =~ /.*/") == ["4", "7", "9"]


def test_a_missing_value_equals_nothing_not_even_null() -> None:
    assert scans("@.scan-type == null") == []
    assert scans("@.scan-type != 'T2'") == ["4", "9"]


def test_a_text_equals_the_number_that_it_spells() -> None:
    assert scans("@.id == 4") == ["4"]
    assert scans("@.frames == '24'") == ["4"]


def test_a_wildcard_gives_a_list_even_when_it_finds_one_value() -> None:
    assert scans("@.resources[*].label == 'DICOM'") == []
    assert scans("@.resources[*].label =~ /NIF.*/") == ["4"]


def test_and_binds_tighter_than_or() -> None:
    assert scans("@.id == '4' || @.id == '7' && @.frames > 10") == ["4"]
    assert scans("(@.id == '4' || @.id == '7') && @.frames < 10") == ["7"]


def test_a_flag_is_the_word_true_to_a_regular_expression() -> None:
    flagged = from_json({"type": "Session", "shared": True})
    assert matching((flagged,), "@.shared =~ /tr.e/", root=flagged)


def test_true_is_not_one() -> None:
    flagged = from_json({"type": "Session", "label": "x", "shared": True})
    assert matching((flagged,), "@.shared == true", root=flagged)
    assert not matching((flagged,), "@.shared == 1", root=flagged)


@pytest.mark.parametrize(
    "matcher",
    [
        "@.scan-type nin ['T2']",
        "@.resources size 2",
        "@.scan-type empty false",
        "@.label === 'x'",
        "@.resources[*].label anyof ['DICOM']",
        "length(@.scan-type) > 1",
        "@.resources[?(@.label == 'DICOM')].label == 'x'",
        "@..label == 'x'",
        "@.resources[0:1].label == 'x'",
        "@.resources[*]",
        "@.id > 3",
        "'a' in @.id",
        "'a' in @.nothing[*].label",
        "@.id =~ /\\Q4\\E/",
        "@.id == '4' and @.frames > 1",
        "@.label == 'it's'",
        "'T2'",
        "@.id in [/4/]",
        "match(@.id, '4')",
        "(@.id | @.label) == '4'",
        "@.id == length(@.id)",
        "",
        "@.id)] || $[?(@.id",
    ],
)
def test_what_cannot_be_told_is_said_and_never_taken_for_no_match(matcher: str) -> None:
    with pytest.raises(NotEvaluatedError, match="must be one that can be evaluated offline"):
        scans(matcher)


def test_a_refused_matcher_is_not_repeated_as_a_value_may_stand_in_it() -> None:
    with pytest.raises(NotEvaluatedError) as caught:
        scans("@.label nin ['Jane Doe']")
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("scan-type", "T1 post"),
        ("frames", "24"),
        ("resources[0].label", "DICOM"),
        ("note", None),
        ("resources", None),
        ("resources[*].label", None),
    ],
)
def test_a_property_is_a_text_and_a_list_is_none(path: str, text: str | None) -> None:
    assert property_text(SESSION.below["scans"][0], path) == text


def test_true_as_a_property_is_written_as_in_json() -> None:
    flagged: XnatObject = from_json({"type": "Session", "shared": True})
    assert property_text(flagged, "shared") == "true"


def test_a_property_that_is_no_path_is_refused() -> None:
    with pytest.raises(NotEvaluatedError):
        property_text(SESSION, "a b")
