"""What was foretold of a session is not of another subject: moved or renamed, it is done again."""

import json
from pathlib import Path

import pytest

from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.targets import session_target
from sarcoma_core.launch.work import Work, already_done
from sarcoma_core.provenance import Outcome, list_files, write_record
from sarcoma_core.steps.naming import WHOSE, labels_hash
from sarcoma_core.steps.predict import LABEL, STEP
from tests.archive.filed import session
from tests.records import record_of


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A session of a subject, and what was foretold of it."""
    archive = Archive(tmp_path)
    made = session(archive, "ADA", "S1")
    folder = made.resource(LABEL)
    (folder / "X").mkdir(parents=True)
    (folder / "X" / "prediction.json").write_text("{}")
    told = Outcome("", "", "done", files=("X/prediction.json",), facts={WHOSE: labels_hash("S1", "ADA")})
    inputs = fingerprint(FolderHoldings(made.path), STEP.reads, "")
    write_record(folder, record_of(STEP, told, inputs=inputs, files=list_files(folder)))
    return archive


def is_done(archive: Archive) -> bool:
    [one] = archive.sessions("P")
    return bool(already_done(session_target(one).place, Work(STEP, STEP.defaults)))


def test_what_was_foretold_of_the_very_session_is_done(archive: Archive) -> None:
    assert is_done(archive)


def test_a_session_that_is_of_another_subject_now_is_foretold_again(archive: Archive) -> None:
    [record] = (archive.root / "P" / "database").glob("*.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), "subject": "EVE"}))
    assert not is_done(Archive(archive.root))
