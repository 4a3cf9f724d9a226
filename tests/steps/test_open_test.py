"""`train-prognosis --open-test`: by name, over launches, a second one in red, and nothing else is unequal."""

import getpass
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.models.card import opened_before  # noqa: E402
from sarcoma_core.models.folder import CARD, CARD_TEXT, CONFIG, ModelCard, describe  # noqa: E402
from sarcoma_core.prognosis.openings import OPENINGS_FILE  # noqa: E402
from sarcoma_core.provenance import RunRecord  # noqa: E402
from sarcoma_core.steps.running import run_step  # noqa: E402
from sarcoma_core.steps.train_prognosis import LABEL, STEP, STUDY_LABEL  # noqa: E402
from tests.laws import assert_manifest_is_the_folder, outputs  # noqa: E402
from tests.prognosis.made_networks import rows_of  # noqa: E402
from tests.prognosis.made_project import MadeProject  # noqa: E402

QUICK = {
    "endpoints": "os,dm",
    "modalities": "clinical",
    "size": "tiny",
    "folds": 3,
    "seeds": 1,
    "epochs": 2,
    "test": 30,
    "calibration": 0,
    "least_events": 5,
}
MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
TELL_OPENINGS = {"card.json", "card.md", "study.html", "reporting.md", "reporting.json"}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    """Networks of a few numbers wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    return MadeProject(tmp_path_factory.mktemp("made"), tuple(rows_of(2, 120)))


def run(project: MadeProject, out: Path, earlier: Path | None = None, **params: Any) -> dict[str, RunRecord]:
    assets = {"cohort": project.freeze()} | ({"earlier": earlier / LABEL} if earlier else {})
    records = run_step(STEP, project.sessions, out, {**QUICK, **params}, target="projects/P", assets=assets)
    found = dict(zip(STEP.labels, records, strict=True))
    for label, record in found.items():
        assert_manifest_is_the_folder(out / label, record)
    return found


@pytest.fixture(scope="module")
def closed(project: MadeProject) -> Path:
    """A training whose test set nobody has opened."""
    run(project, project.root / "closed")
    return project.root / "closed"


@pytest.fixture(scope="module")
def opened(project: MadeProject) -> Path:
    """One that opened it as it ended."""
    run(project, project.root / "opened", open_test=True)
    return project.root / "opened"


def card(out: Path) -> ModelCard:
    return describe((out / LABEL / CONFIG).read_bytes(), (out / LABEL / CARD).read_bytes())[1]


def changed(one: Path, other: Path) -> set[str]:
    """Names of files that differ in content."""
    found = set()
    for label in (LABEL, STUDY_LABEL):
        files, others = outputs(one / label), outputs(other / label)
        assert files.keys() == others.keys()
        found |= {name for name in files if files[name] != others[name]}
    return found


def test_the_card_tells_who_opened_it_when_and_which_patients(opened: Path) -> None:
    (one,) = card(opened).openings
    splits = (opened / STUDY_LABEL / "splits.json").read_bytes()
    test = json.loads(splits)["test"]
    assert one.who == getpass.getuser()
    assert MOMENT.fullmatch(one.when.encode())
    assert one.patients == len(test) == 36
    assert one.test_sha256 == hashlib.sha256("\n".join(test).encode()).hexdigest()
    assert one.splits_sha256 == hashlib.sha256(splits).hexdigest()
    settings = {number.setting for number in one.numbers if number.measure == "Harrell's C"}
    assert settings == {
        f"{title}, test set, {name}"
        for title in ("Overall survival", "Distant metastasis")
        for name in ("clinical", "clinical baseline")
    }


def test_nothing_tells_of_an_opening_where_there_was_none(closed: Path, opened: Path) -> None:
    assert card(closed).openings == ()
    assert "openings" not in json.loads((closed / LABEL / CARD).read_text())
    assert "Nobody has opened it" in (closed / STUDY_LABEL / "study.html").read_text()
    assert changed(closed, opened) == TELL_OPENINGS


def test_a_training_that_was_done_before_is_opened_without_training_again(
    project: MadeProject, closed: Path, opened: Path, tmp_path: Path
) -> None:
    """What is read from the model foretells the very numbers that the training itself foretold."""
    records = run(project, tmp_path / "later", closed, open_test=True)
    assert records[LABEL].outcomes[0].reason == "this very training was done before"
    assert records[LABEL].outcomes[1].reason == "the test set of 36 patients was opened"
    assert card(tmp_path / "later").openings[0].numbers == card(opened).openings[0].numbers
    assert changed(closed, tmp_path / "later") == TELL_OPENINGS


def test_openings_are_unequal_in_their_time_alone(
    project: MadeProject, closed: Path, opened: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    run(project, later, closed, open_test=True)
    for label in (LABEL, STUDY_LABEL):
        first, second = outputs(opened / label), outputs(later / label)
        for name, content in first.items():
            assert MOMENT.sub(b"then", content) == MOMENT.sub(b"then", second[name]), name


def test_a_second_opening_stands_beside_the_first_in_red_and_with_a_caution(
    project: MadeProject, opened: Path, tmp_path: Path
) -> None:
    records = run(project, tmp_path / "again", opened, open_test=True)
    found = card(tmp_path / "again").openings
    assert found[0] == card(opened).openings[0]
    assert opened_before(found) == (False, True)
    assert "was opened again: the same patients had been opened before" in records[LABEL].outcomes[1].reason
    pages = [(out / STUDY_LABEL / "study.html").read_text() for out in (opened, tmp_path / "again")]
    assert [page.count('<p class="again">') for page in pages] == [0, 1]
    assert [page.count('<li class="again">') for page in pages] == [0, 1]
    assert "**Again: " in (tmp_path / "again" / LABEL / CARD_TEXT).read_text()


def test_openings_are_kept_where_nothing_is_opened(
    project: MadeProject, opened: Path, tmp_path: Path
) -> None:
    """The launch that finds all done leaves every byte as it is."""
    run(project, tmp_path / "again", opened)
    assert changed(opened, tmp_path / "again") == set()


def test_other_weights_opened_on_the_same_patients_are_a_second_opening_over_a_stop(
    project: MadeProject, opened: Path, tmp_path: Path
) -> None:
    """A training of other epochs that is stopped takes the first opening along, and ends with both."""
    stopped = tmp_path / "stopped"
    records = run(project, stopped, opened, open_test=True, epochs=3, max_hours=0)
    assert records[LABEL].outcomes[0].status == "set apart"
    assert (stopped / LABEL / OPENINGS_FILE).is_file()
    assert not (stopped / LABEL / CARD).exists()
    run(project, tmp_path / "ended", stopped, open_test=True, epochs=3)
    first, second = card(tmp_path / "ended").openings
    assert first == card(opened).openings[0]
    assert second.test_sha256 == first.test_sha256
    assert second.weights_sha256 != first.weights_sha256
    assert opened_before((first, second)) == (False, True)


def test_where_nobody_was_set_aside_it_is_refused_before_anything_is_trained(
    project: MadeProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="--open-test: must find patients who were set aside for the test"):
        run(project, tmp_path / "out", open_test=True, test=0)
    assert list((tmp_path / "out").iterdir()) == []
    assert "epoch" not in capsys.readouterr().err


def test_openings_that_cannot_be_read_stop_it_before_anything_is_trained(
    project: MadeProject, opened: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else they would be forgotten: who looked, and when."""
    earlier = tmp_path / "earlier" / LABEL
    earlier.mkdir(parents=True)
    tree = json.loads((opened / LABEL / CARD).read_text()) | {"openings": "none"}
    (earlier / CARD).write_text(json.dumps(tree))
    (earlier / CONFIG).write_bytes((opened / LABEL / CONFIG).read_bytes())
    with pytest.raises(InputError, match=r"card\.json must tell openings"):
        run(project, tmp_path / "out", tmp_path / "earlier", epochs=3)
    assert "epoch" not in capsys.readouterr().err
