"""The lists that people keep as CSV: what a spreadsheet writes is read, and no wrong line is passed over."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.lists import Consent, read_consents, read_exclusions
from sarcoma_core.errors import InputError
from tests.archive.filed import put

WHO = "DOE-JANE"
"""A label that is a name, though it should not be: no error may repeat it."""

LIST: dict[str, Consent] = {"S1": "granted", "S2": "refused", "S3": "withdrawn"}
TABLE = "subject,consent\nS1,granted\nS2,refused\nS3,withdrawn\n"


def consents(folder: Path, content: str | bytes) -> dict[str, Consent]:
    body = content if isinstance(content, bytes) else content.encode()
    return dict(read_consents(put(folder, "consent.csv", body)))


def exclusions(folder: Path, content: str | bytes) -> set[tuple[str, str]]:
    body = content if isinstance(content, bytes) else content.encode()
    return set(read_exclusions(put(folder, "exclusions.csv", body)))


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        TABLE.rstrip(),
        "\ufeff" + TABLE,
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("\n", "\r"),
        TABLE.replace("\n", "\n\n").removesuffix("\n"),
        TABLE.replace("\n", "\n,\n").replace("consent\n,", "consent"),
        TABLE + " , \n\n,,,\n",
        TABLE.replace(",", " , ").replace(" , consent", ",consent"),
        "consent,subject\ngranted,S1\nrefused,S2\nwithdrawn,S3\n",
        'subject,asked by,consent,note\nS1,x,granted,\nS2,x,refused,"a, b"\nS3,x,withdrawn,"two\nlines"\n',
        TABLE.replace("granted", "granted,more,and more"),
        '"subject","consent"\n"S1","granted"\n"S2","refused"\n"S3","withdrawn"\n',
    ],
    ids=[
        "plain",
        "no last line end",
        "mark of Excel",
        "CRLF",
        "CR",
        "blank lines",
        "rows of nothing",
        "blanks at the end",
        "blanks around",
        "order of columns",
        "further columns",
        "longer row",
        "quoted",
    ],
)
def test_what_a_spreadsheet_writes_is_read(tmp_path: Path, content: str) -> None:
    assert consents(tmp_path, content) == LIST


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "its first line must name each of the columns subject, consent once"),
        ("\n\n", "its first line must name each of the columns"),
        (TABLE.removeprefix("subject,consent\n"), "its first line must name each of the columns"),
        (f"subject\n{WHO}\n", "its first line must name each of the columns"),
        (f"{WHO},granted\n", "its first line must name each of the columns"),
        (f"subject;consent\n{WHO};granted\n", "its first line must name each of the columns"),
        (f"Subject,Consent\n{WHO},granted\n", "its first line must name each of the columns"),
        (
            f"subject,consent,consent\n{WHO},withdrawn,granted\n",
            "its first line must name each of the columns",
        ),
        (f"subject,consent\n{WHO},yes\n", "line 2 has another word"),
        (f"subject,consent\n{WHO},Granted\n", "line 2 has another word"),
        (f"subject,consent\n{WHO},not recorded\n", "line 2 has another word"),
        (f"subject,consent\n{WHO},\n", "line 2 has another word"),
        (f"subject,consent\n{WHO}\n", "line 2 has another word"),
        (f"subject,consent\nS1,granted\n\n{WHO},{WHO}\n", "line 4 has another word"),
        ("subject,consent\n,granted\n", "line 2 does not"),
        (f"subject,consent\n{WHO},granted\nS1,granted\n{WHO},granted\n", "line 4 repeats one"),
        (f"subject,consent\n{WHO},granted\n {WHO} ,withdrawn\n", "line 3 repeats one"),
        (f"subject,consent\n{WHO},granted\n".encode("utf-16"), "a CSV file in UTF-8"),
        (f"subject,consent\n{WHO},granted\nMÜLLER,granted\n".encode("latin-1"), "a CSV file in UTF-8"),
        (f"subject,consent\n{WHO},{'x' * 200_000}\n", "a CSV file in UTF-8"),
    ],
    ids=str,
)
def test_a_wrong_list_is_refused_with_its_line_and_without_a_label(
    tmp_path: Path, content: str | bytes, rule: str
) -> None:
    with pytest.raises(InputError, match=r"consent\.csv: ") as caught:
        consents(tmp_path, content)
    assert rule in caught.value.message
    assert not any(label in str(caught.value) for label in (WHO, "S1", "LLER"))
    assert "docs/outputs.md" in caught.value.hint


@pytest.mark.parametrize("note", ['"he said', '"he" said'])
def test_a_quote_out_of_place_swallows_no_withdrawal(tmp_path: Path, note: str) -> None:
    """RFC 4180, 2.5: a quote that opens and never closes would take all lines below into one value."""
    assert consents(tmp_path, f"subject,consent,note\nS1,granted,a\n{WHO},withdrawn,b\n")[WHO] == "withdrawn"
    with pytest.raises(InputError, match="a CSV file") as caught:
        consents(tmp_path, f"subject,consent,note\nS1,granted,{note}\n{WHO},withdrawn,\n")
    assert WHO not in str(caught.value)


def test_a_quote_out_of_place_swallows_no_exclusion(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a CSV file"):
        exclusions(tmp_path, f'subject,session\n"S1,\n{WHO},\n')


@pytest.mark.parametrize("read", [read_consents, read_exclusions])
def test_what_is_no_file_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(InputError, match="IsADirectoryError"):
        read(tmp_path)
    with pytest.raises(InputError, match="FileNotFoundError"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("content", "left_out"),
    [
        ("subject,session\n", set()),
        ("subject,session\nS1,\n", {("S1", "")}),
        ("subject,session\nS1\n", {("S1", "")}),
        ("subject,session\nS1,S1_MR\nS1,S1_CT\n", {("S1", "S1_MR"), ("S1", "S1_CT")}),
        ("subject,session\nS1,S1_MR\nS1,S1_MR\n", {("S1", "S1_MR")}),
        ("\ufeffsession,subject,why\r\nS1_MR, S1 ,motion\r\n\r\n", {("S1", "S1_MR")}),
    ],
    ids=["nobody", "subject", "short row", "two sessions", "twice", "of a spreadsheet"],
)
def test_exclusions_are_of_a_subject_or_of_a_session(
    tmp_path: Path, content: str, left_out: set[tuple[str, str]]
) -> None:
    assert exclusions(tmp_path, content) == left_out


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "must name each of the columns subject, session"),
        (f"subject,label\n{WHO},x\n", "must name each of the columns subject, session"),
        (f"subject,session\n,{WHO}\n", "line 2 does not"),
        (f"subject,session\nS1,\n\n ,{WHO}\n", "line 4 does not"),
    ],
)
def test_a_wrong_list_of_exclusions_is_refused(tmp_path: Path, content: str, rule: str) -> None:
    with pytest.raises(InputError, match=r"exclusions\.csv: ") as caught:
        exclusions(tmp_path, content)
    assert rule in caught.value.message
    assert WHO not in str(caught.value)


LABELS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)


@given(st.dictionaries(LABELS, st.sampled_from(["granted", "refused", "withdrawn"])))
def test_each_subject_has_the_word_of_its_line(
    tmp_path_factory: pytest.TempPathFactory, told: dict[str, Consent]
) -> None:
    quoted = [(label.replace('"', '""'), word) for label, word in told.items()]
    lines = ["subject,consent", *(f'"{label}",{word}' for label, word in quoted)]
    assert consents(tmp_path_factory.getbasetemp(), "\n".join(lines)) == told
