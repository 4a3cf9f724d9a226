"""Java's habits, against values that OpenJDK 17 and commons-lang3 3.12 gave."""

import pytest

from sarcoma_core.xnat.command.java import copied_order, hash_code, hash_order, is_blank, shown, trim

# `new HashSet<>(n)` filled in the order on the left, read back by OpenJDK 17.
JDK_SETS = [
    (["x", "session2", "project_a", "nifti", "nifti"], ["x", "project_a", "session2", "nifti"]),
    (["log_a", "MODE", "in_a"], ["in_a", "log_a", "MODE"]),
    ([":", "session", "MODE2", "dicom1", "MODE"], [":", "MODE2", "session", "dicom1", "MODE"]),
    (["/ ", "@a/", "label2", " 1", "out"], ["/ ", " 1", "@a/", "label2", "out"]),
    (["out", "in", "0"], ["0", "in", "out"]),
    (["h1", "nifti2", "input1"], ["input1", "h1", "nifti2"]),
]


@pytest.mark.parametrize(("given", "read_back"), JDK_SETS)
def test_names_come_in_the_order_of_a_java_hash_set(given: list[str], read_back: list[str]) -> None:
    assert list(hash_order(given, capacity=len(given))) == read_back


def test_a_copied_set_keeps_all_names() -> None:
    assert sorted(str(name) for name in copied_order(("out", "in", "0"))) == ["0", "in", "out"]


def test_an_empty_set_has_no_order() -> None:
    assert hash_order([], capacity=0) == ()


@pytest.mark.parametrize(
    # "hello" and "polygenelubricants" are the textbook values of String.hashCode.
    ("text", "code"),
    [("hello", 99162322), ("polygenelubricants", 0x80000000), ("", 0), (None, 0), ("\U0001f600", 1772899)],
)
def test_hash_codes_are_those_of_java_lang_string(text: str | None, code: int) -> None:
    assert hash_code(text) == code


@pytest.mark.parametrize("text", [None, "", " ", "\t\n\r", "\u2003", "\u2028", "\x1c\x1f", "\u3000"])
def test_java_white_space_is_blank(text: str | None) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " a ", "\u00a0", "\u2007", "\u202f", "\u0085", "\u200b", "\x00"])
def test_no_break_spaces_and_other_controls_are_not_blank(text: str) -> None:
    assert not is_blank(text)


def test_trim_takes_everything_up_to_a_space_and_no_wider_blank() -> None:
    assert trim("\x00\t a b \n") == "a b"
    assert trim("\u2003a\u00a0") == "\u2003a\u00a0"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), (True, "true"), (("a", None), "[a, null]"), ("x", "x"), (5, "5")]
)
def test_values_are_shown_as_string_concatenation_shows_them(value: object, text: str) -> None:
    assert shown(value) == text
