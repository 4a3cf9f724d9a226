"""What XNAT's Jackson parser reads and refuses; the cases were put to jackson-core 2.14 itself."""

import pytest

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command.json_text import JsonTextError, Members, Number, parse, tree_of

REFUSED = [
    "",
    "  \n",
    "# only a comment",
    "{",
    '{"a"}',
    '{"a":1,}',
    "[1,]",
    "{a:1}",
    '{"a":1 /* no */}',
    '{"a":1 // no\n}',
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":-}',
    '{"a":NaN}',
    '{"a":tru}',
    '{"a":truex}',
    '{"a":"b""c"}',
    '{"a":"line\nbreak"}',
    '{"a":"\x01"}',
    r'{"a":"\x"}',
    r'{"a":"\u12"}',
    "{'a':'open",
    '{"a":1\x0b}',
    '{"a":1 #\x01\n}',
    "\u00a0{}",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(JsonTextError, match="not JSON"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["{'a':'b'}", '{"a":"b"} trailing', '#c\n{"a":"b"#d\r}', '\ufeff{"a":"b"}', '\t{\r\n"a" :"b"}']
)
def test_the_two_liberties_and_what_is_ignored(text: str) -> None:
    assert parse(text) == Members((("a", "b"),))


def test_a_default_value_is_read_without_the_liberties() -> None:
    for text in ("['a']", "[#\n]", r'["\'"]'):
        with pytest.raises(JsonTextError):
            parse(text, lenient=False)


def test_escapes_are_decoded() -> None:
    assert parse(r"""'\" \' \\ \/ \b\f\n\r\t \u0041 \ud83d\ude00'""") == "\" ' \\ / \b\f\n\r\t A \U0001f600"


def test_numbers_keep_their_text() -> None:
    assert parse("[1.50, -0, 1e3]") == [Number("1.50"), Number("-0"), Number("1e3")]
    assert [Number(text).is_integer for text in ("5", "-0", "1.0", "1e3")] == [True, True, False, False]


def test_repeated_members_are_kept_in_order() -> None:
    assert parse('{"a":1,"a":2}') == Members((("a", Number("1")), ("a", Number("2"))))


def test_an_error_names_line_and_column() -> None:
    with pytest.raises(JsonTextError, match=r"line 2, column 3: expected a colon, found 'x'"):
        parse('{"a"\n  x')


def test_endless_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(JsonTextError, match="nested"):
        parse("[" * 100_000)


def test_a_python_value_becomes_the_same_tree() -> None:
    assert tree_of({"a": [1, 1.5, True, None, "b"]}) == parse('{"a":[1,1.5,true,null,"b"]}')


def test_a_value_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(CommandError, match="found set"):
        tree_of({"a": {1}})
