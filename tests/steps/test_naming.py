"""Labels of session and subject: as given, else as an archive of ours knows them, else nobody does."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.interface import LabelSpec, ObjectLabel
from sarcoma_core.steps.naming import object_labels
from sarcoma_core.steps.probe import STEP
from tests.archive.filed import session

NAMED = replace(
    STEP,
    object_labels=tuple(LabelSpec(f"{of}_label", ObjectLabel(of, "h")) for of in ("session", "subject")),
)


@pytest.fixture
def held(tmp_path: Path) -> Path:
    return session(Archive(tmp_path / "archive"), "SUBJ", "SESS").path


def test_an_archive_of_ours_knows_both(held: Path) -> None:
    assert object_labels(NAMED, {}, held) == {"session_label": "SESS", "subject_label": "SUBJ"}


def test_what_is_given_counts(held: Path) -> None:
    given = {"session_label": " OTHER ", "subject_label": ""}
    assert object_labels(NAMED, given, held) == {"session_label": "OTHER", "subject_label": "SUBJ"}


def test_of_a_folder_by_itself_nobody_knows_more_than_was_given(held: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(held, tmp_path / "SESS"))
    assert object_labels(NAMED, {}, alone) == {"session_label": "", "subject_label": ""}
    assert object_labels(NAMED, {"subject_label": "S"}, alone)["subject_label"] == "S"


def test_a_step_without_labels_is_told_none(tmp_path: Path) -> None:
    assert object_labels(STEP, {}, tmp_path / "nowhere") == {}
