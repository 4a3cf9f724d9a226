"""Names from outside: what may become a part of a path, and what may not."""

import pytest

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.names import require_file_name, require_label, split_path


def test_a_path_is_split_before_it_is_decoded() -> None:
    assert split_path(b"/data/projects/A%20B//files/x%3Fy.txt") == (
        "data",
        "projects",
        "A B",
        "files",
        "x?y.txt",
    )
    assert split_path(b"/data/Gr%C3%B6%C3%9Fe") == ("data", "Größe")


@pytest.mark.parametrize(
    "raw",
    [
        b"/a/../b",
        b"/a/%2e%2e/b",
        b"/a/./b",
        b"/a%2Fb",
        b"/a%5Cb",
        b"/a\\b",
        b"/a%00b",
        b"/a%0Ab",
        b"/%ff",
        b"/..",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        split_path(raw)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["a", "a/b/c.nii.gz", ".hidden", "a b", "x" * 255, "...", "-rf"])
def test_a_file_may_have_any_name_below_its_resource(name: str) -> None:
    assert "/".join(require_file_name(name)) == name


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a\\b", "a\0b", "a\nb", "x" * 256]
)
def test_a_file_name_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(Refusal):
        require_file_name(name)


@pytest.mark.parametrize("label", ["A", "t1_mprage", "4-MR1", "1.2.3", "A B", "x" * 64])
def test_a_label_is_letters_digits_and_some_marks(label: str) -> None:
    assert require_label(label, "Label") == label


@pytest.mark.parametrize("label", ["", ".", "..", ".a", "-a", "a ", "a.", "a/b", "a,b", "*", "é", "x" * 65])
def test_a_label_that_could_not_be_a_folder_is_refused(label: str) -> None:
    with pytest.raises(Refusal, match="Label must be"):
        require_label(label, "Label")
