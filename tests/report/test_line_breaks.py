"""Texts in drawings break so that they fit, and lose nothing."""

from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.report.line_breaks import broken, text_width

TEXTS = st.text(alphabet=st.sampled_from("aiW.-é局 \u00df<&Q9"), max_size=80)


@given(TEXTS, st.floats(1.2, 30), st.sampled_from([False, True]))
def test_no_line_is_wider_than_it_may_be_and_no_letter_is_lost(text: str, width: float, bold: object) -> None:
    lines = broken(text, width, bold=bool(bold))
    assert all(text_width(line, bold=bool(bold)) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_text_breaks_between_words_where_it_can() -> None:
    width = text_width("With both MR")
    assert broken("With both MR sequences", width) == ["With both MR", "sequences"]
    assert broken("With both MR sequences", 0.99 * width) == ["With both", "MR", "sequences"]


def test_a_long_word_breaks_within() -> None:
    assert broken("no xxxxxxx", text_width("xxx")) == ["no", "xxx", "xxx", "x"]


def test_an_ideograph_and_a_capital_are_wider_than_a_small_letter_and_bold_wider_still() -> None:
    assert text_width("i") < text_width("a") < text_width("A") < text_width("W") < text_width("局")
    assert text_width("a", bold=True) > text_width("a")


def test_no_text_is_one_empty_line() -> None:
    assert broken("", 10) == [""]
