import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.xnat.command.model import CommandInput
from sarcoma_core.xnat.resolution.refusals import IllegalInputError, NotEvaluatedError
from sarcoma_core.xnat.resolution.templates import fill, many_on_the_line, on_the_line, refuse_illegal, words


def test_every_key_is_replaced_and_one_without_a_value_by_nothing() -> None:
    assert fill("#a#/#b#/#a#", {"#a#": "x", "#b#": None}) == "x//x"


def test_a_blank_template_and_a_template_without_any_input_stay_as_they_are() -> None:
    assert fill(None, {"#a#": "x"}) is None
    assert fill("  ", {" ": "x"}) == "  "
    assert fill("^kept^", {}) == "^kept^"


def test_a_pair_of_carets_is_not_evaluated_offline_and_one_alone_is_text() -> None:
    assert fill("2^3", {"#a#": "x"}) == "2^3"
    with pytest.raises(NotEvaluatedError, match="pair of carets"):
        fill("^wrapper:$.name^", {"#a#": "x"})


@pytest.mark.parametrize("illegal", [";", "&&", "||", "`", "("])
def test_a_value_that_a_shell_would_act_on_is_refused(illegal: str) -> None:
    with pytest.raises(IllegalInputError) as caught:
        refuse_illegal("note", f"a {illegal} b")
    assert caught.value.message == f'Input "note" has a value containing illegal string "{illegal}".'


def test_single_ampersands_pipes_and_dollars_are_legal() -> None:
    refuse_illegal("note", "a & b | c $d ) <x> 'y'")


@pytest.mark.parametrize(
    ("spec", "value", "line"),
    [
        (CommandInput(name="a"), "x", "x"),
        (CommandInput(name="a", command_line_flag="--a"), "x", "--a x"),
        (CommandInput(name="a", command_line_flag="--a", command_line_separator="="), "x", "--a=x"),
        (CommandInput(name="a", command_line_flag="-a", command_line_separator=""), "x", "-ax"),
        (CommandInput(name="a", command_line_flag=" ", command_line_separator="="), "x", "x"),
        (CommandInput(name="a", command_line_flag="--a"), " ", ""),
        (CommandInput(name="a", command_line_flag="--a"), None, ""),
        (
            CommandInput(name="a", type="select-many", command_line_flag="--a"),
            '["x", 2, true]',
            "--a x 2 true",
        ),
        (CommandInput(name="a", type="select-many", command_line_flag="--a"), "x", "--a x"),
        (CommandInput(name="a", type="select-many", command_line_flag="--a"), '[["x"]]', '--a [["x"]]'),
        (CommandInput(name="a", type="select-many", command_line_flag="--a"), "[]", ""),
        (CommandInput(name="a", command_line_flag="--a"), '["x"]', '--a ["x"]'),
    ],
)
def test_a_value_stands_on_the_line_with_its_flag_or_not_at_all(
    spec: CommandInput, value: str | None, line: str
) -> None:
    assert on_the_line(spec, value) == line


def test_a_repeated_flag_repeats_its_separator() -> None:
    spec = CommandInput(
        name="a", multiple_delimiter="flag", command_line_flag="--a", command_line_separator="="
    )
    assert many_on_the_line(spec, ["x", "y"]) == "--a=x --a=y"


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\\", categories=("L", "N", "P", "Zs")))))
def test_a_line_that_was_quoted_for_a_shell_is_split_into_the_words_it_was_made_of(line: list[str]) -> None:
    assert words(shlex.join(line)) == tuple(line)


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("  a  b\tc\n", ("a", "b", "c")),
        ("--x='a b' \"c d\"e", ("--x=a b", "c de")),
        ("'' \"\"", ("", "")),
        (r"a\ b \"c", ("a b", '"c')),
        (r'"a\nb"', ("anb",)),
        ("don't stop", ("dont stop",)),
        ("a\\", ("a",)),
        ("$HOME && ls *", ("$HOME", "&&", "ls", "*")),
        ("", ()),
    ],
)
def test_a_line_is_split_at_blanks_with_quotes_honoured_and_no_shell(
    line: str, split: tuple[str, ...]
) -> None:
    assert words(line) == split
