"""`sarcoma readers`, from the work lists to the locked reference; in an archive and on a server."""

import csv
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import read_masks
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main, parser
from sarcoma_core.cli.readers import AGREE_AT, METHODS, WHYS
from sarcoma_core.imaging.nifti_masks import read_mask, write_mask
from sarcoma_core.launch.readers import locking
from sarcoma_core.segmentation.readers import consensus, records
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from tests.launch.readers.planted import (
    CASES,
    PROJECT,
    READERS,
    SCAN,
    drawings_of,
    planted_archive,
    put_case,
    version_of,
)
from tests.report.masked import block, file_masks
from tests.report.sessions import AFFINE, Builder
from tests.standin.conftest import LOGIN, PASSWORD

FEW = ("C01", "C03", "C11", "C12")
Said = pytest.CaptureFixture[str]
Fault = Callable[[Archive], None]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return planted_archive(tmp_path / "archive", FEW)


@pytest.fixture
def here(archive: Archive) -> list[str]:
    return ["--project", PROJECT, "--archive", str(archive.root)]


@pytest.fixture(params=["archive", "server"])
def place(
    request: pytest.FixtureRequest, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """The words that name the project, in an archive folder and on a stand-in."""
    if request.param == "archive":
        yield ["--project", PROJECT, "--archive", str(archive.root)]
        return
    with serving(StandIn(StandInSettings(archive.root, login=LOGIN, password=PASSWORD))) as url:
        for name, value in (("HOST", url), ("USER", LOGIN), ("PASS", PASSWORD)):
            monkeypatch.setenv(f"XNAT_{name}", value)
        yield ["--project", PROJECT]


def run(*words: str, code: int = 0) -> None:
    assert main(["readers", *words]) == code


def assign(place: list[str], *more: str) -> None:
    names = ("--name", "anna=Doe^Anna", "--name", "cleo=Roe^Cleo")
    run("assign", *place, "--readers", ",".join(READERS), "--per-case", "3", *names, *more)


def rows(said: Said) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(said.readouterr().out)))


def test_the_round_from_the_lists_to_the_reference(place: list[str], archive: Archive, capsys: Said) -> None:
    assign(place)
    run("status", *place)
    said = capsys.readouterr().out
    assert "4 cases: 11 of 12 readings in, 1 missing, 0 adjudicated, 0 locked" in said
    run("next", *place, "-q")
    assert capsys.readouterr().out.split() == ["C12", "C11", "C03", "C01"]
    run("adjudicate", *place, "--session", "C03", "--take", "anna", "--by", "A. Chair")
    said = capsys.readouterr().out
    assert "2/tumour-v1" in said
    [after] = [line.removeprefix("next: ") for line in said.splitlines() if line.startswith("next: ")]
    assert main(shlex.split(after)[1:]) == 0
    capsys.readouterr()
    run("status", *place, "-o", "csv")
    told = {(row["case"], row["reader"]): row for row in rows(capsys)}
    assert {row["reference"] for (case, _), row in told.items() if case == "C03"} == {"2/tumour-v1"}
    assert told["C12", "cleo"]["state"] == "missing"
    run("next", *place, "-q")
    assert capsys.readouterr().out.split() == ["C12", "C11", "C01"]
    held = sorted(p.name for p in (archive.resources_path(PROJECT) / "READERS").rglob("*-*.json"))
    assert held == ["assignments-1.json", "tumour-1.json", "tumour-1.json"]


def test_agreement_of_all_cases_is_that_which_was_planted(tmp_path: Path, capsys: Said) -> None:
    archive = planted_archive(tmp_path / "all")
    words = ["--project", PROJECT, "--archive", str(archive.root)]
    assign(words)
    capsys.readouterr()
    run("agree", *words, "-o", "json")
    told = json.loads(capsys.readouterr().out)
    assert len(told["cases"]) == 12
    biases = {one["reader"]: one for one in told["biases"]}
    assert biases["anna"]["bias_ml"] == pytest.approx(-0.4)
    assert biases["ben"]["bias_ml"] == pytest.approx(-1.4)
    assert biases["cleo"]["bias_ml"] == pytest.approx(21.6 / 11)
    pair = next(one for one in told["pairs"] if (one["first"], one["second"]) == ("anna", "ben"))
    assert (pair["n"], pair["n_failed"]) == (12, 1)
    assert pair["dice"] == pytest.approx((11 - 1.5) / 12)  # shifts of 15 voxels in sum, a tenth each
    assert pair["volumes"]["sd"] == pytest.approx((16 / 3) ** 0.5)
    assert told["missing"] == [{"case": "C12", "reader": "cleo"}]
    assert [one["target"] if "target" in one else one["case"] for one in told["cases"]] == list(CASES)
    by_case = {one["case"]: one for one in told["cases"]}
    assert by_case["C11"]["failed"]
    assert by_case["C12"]["consensus"] == {"prior": None, "performance": []}
    ben = next(one for one in by_case["C11"]["consensus"]["performance"] if one["reader"] == "ben")
    assert ben["sensitivity"] == pytest.approx(0, abs=1e-6)


def test_agreement_of_a_server_has_the_same_page(place: list[str], tmp_path: Path, capsys: Said) -> None:
    assign(place)
    page = tmp_path / "sub" / "agreement.html"
    run("agree", *place, "--page", str(page))
    assert "4 cases compared, 1 failed" in capsys.readouterr().out
    text = page.read_text()
    assert text.count("data:image/png") >= 4
    assert "No image" not in text
    assert [path.name for path in page.parent.iterdir()] == ["agreement.html"]


def secrets_of(case: str, *, but: str) -> set[str]:
    """What would tell a reader of the others: their ids and names, and the versions."""
    return {*(reader for reader in READERS if reader != but), "Doe", "Roe", "tumour-v", f"{case}_"}


@pytest.mark.parametrize("action", ["status", "next"])
@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_readers_list_is_blind_whatever_the_others_did(
    archive: Archive, here: list[str], capsys: Said, action: str, output: str
) -> None:
    """The list of ben is the same, byte for byte, whether the others have read or not."""
    assign(here)
    capsys.readouterr()
    run(action, *here, "--reader", "ben", "-o", output)
    before = capsys.readouterr().out
    for case in FEW:
        assert not any(word in before for word in secrets_of(case, but="ben"))
    for case in FEW:
        builder = Builder(archive.session_path(PROJECT, case))
        mask = drawings_of(case)["ben"]
        file_masks(builder, [version_of(builder, "ben", mask, 1)])
    run(action, *here, "--reader", "ben", "-o", output)
    assert capsys.readouterr().out == before


def test_a_readers_list_is_the_same_whichever_scan_the_others_read(
    archive: Archive, here: list[str], capsys: Said
) -> None:
    """Of two scans anna drew on both, on the second one later: on which of them ben draws does not matter."""
    builder = Builder(archive.session_path(PROJECT, "C03"))
    held = drawings_of("C03")
    own = [
        version_of(builder, "anna", held["anna"], 1, scan="2", time="2024-01-01T10:00:00"),
        version_of(builder, "anna", held["anna"], 1, scan="3", time="2024-01-02T11:11:00"),
    ]
    assign(here)
    seen = set()
    for scans in ((), ("2",), ("3",), ("2", "3")):
        file_masks(
            builder, [*own, *(version_of(builder, "ben", held["ben"], 2, scan=scan) for scan in scans)]
        )
        capsys.readouterr()
        run("status", *here, "--reader", "anna", "-o", "csv")
        seen |= {row["drawn"] for row in rows(capsys) if row["case"] == "C03"}
    assert seen == {"2024-01-02 11:11"}


def test_what_was_taken_is_told_to_a_reader_when_all_have_read_and_it_is_adjudicated(
    here: list[str], capsys: Said
) -> None:
    assign(here)
    for case, method in (("C03", ()), ("C12", ("--method", "majority"))):  # of C12 cleo's is missing
        run("adjudicate", *here, "--session", case, "--take", "consensus", "--by", "A", *method)
    capsys.readouterr()
    run("status", *here, "--reader", "ben", "-o", "csv")
    told = {row["case"]: row for row in rows(capsys)}
    assert set(told["C03"]["readers"].split(", ")) == set(READERS)
    assert told["C03"]["taken"].startswith("consensus (staple)")
    assert (told["C12"]["readers"], told["C12"]["taken"]) == ("", "")
    assert (told["C01"]["readers"], told["C01"]["taken"]) == ("", "")


def test_a_reader_who_has_not_read_is_told_what_to_read(here: list[str], capsys: Said) -> None:
    assign(here)
    capsys.readouterr()
    run("next", *here, "--reader", "CLEO")
    said = capsys.readouterr().out
    assert "C12\tto read" in said
    assert "C01" not in said
    assert said.endswith("4 cases of cleo: 1 to read\n")


def test_a_consensus_is_put_where_it_is_imported_from_and_is_locked_after(
    place: list[str], archive: Archive, capsys: Said
) -> None:
    """Of columns 10 to 19, 11 to 20 and 10 to 21 most marked 10 to 20: so no reader drew it."""
    assign(place)
    words = [*place, "--session", "C01", "--by", "A. Chair"]
    run("adjudicate", *words, "--take", "consensus", "--method", "majority")
    said = capsys.readouterr().out
    assert "import-masks" in said
    folder = archive.session_path(PROJECT, "C01")
    drawn = folder / "RESOURCES" / "DRAWN" / SCAN / "consensus" / "tumour.nii.gz"
    mask, volume = read_mask(drawn)
    held = drawings_of("C01")
    np.testing.assert_array_equal(mask, sum(map(np.asarray, held.values()), np.zeros(mask.shape, int)) >= 2)
    np.testing.assert_allclose(volume.affine, AFFINE)
    run("lock", *words, code=1)
    assert "must be imported first" in capsys.readouterr().err
    builder = Builder(folder)
    versions = [version_of(builder, reader, one, n) for n, (reader, one) in enumerate(held.items(), 1)]
    origin = f"DRAWN/{SCAN}/consensus/tumour.nii.gz"
    file_masks(builder, [*versions, version_of(builder, "ben", mask, 4, reader="", origin=origin)])
    run("lock", *words)
    assert "2/tumour-v4" in capsys.readouterr().out
    run("status", *place)
    assert "11 of 12 readings in, 1 missing" in capsys.readouterr().out


def test_of_two_readers_a_consensus_has_to_be_asked_for(here: list[str], capsys: Said) -> None:
    assign(here)
    words = [*here, "--session", "C12", "--by", "A", "--take", "consensus"]
    run("adjudicate", *words, code=2)
    assert "STAPLE cannot tell who of two is right" in capsys.readouterr().err
    run("adjudicate", *words, "--method", "staple")


def test_a_decision_is_replaced_when_asked_and_kept_beside(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    assign(here)
    words = [*here, "--session", "C03", "--by", "A"]
    run("adjudicate", *words, "--take", "anna")
    run("adjudicate", *words, "--take", "ben", code=2)
    assert "--replace: must be given where a decision stands; A took 2/tumour-v1" in capsys.readouterr().err
    run("adjudicate", *words, "--take", "2/tumour-v2", "--replace", "--why", "third reader")
    folder = archive.resources_path(PROJECT) / "READERS" / "decisions" / "C03" / SCAN
    first, second = (json.loads((folder / f"tumour-{n}.json").read_bytes()) for n in (1, 2))
    assert (first["handle"], second["handle"]) == ("2/tumour-v1", "2/tumour-v2")
    assert (second["why"], second["by"]) == ("third reader", "A")


def test_a_reference_is_not_replaced_but_released_by_name_and_its_record_stays(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    assign(here)
    run("adjudicate", *here, "--session", "C03", "--take", "anna", "--by", "A")
    run("lock", *here, "--session", "C03", "--by", "A. Chair")
    for again in (["lock", "--by", "B"], ["adjudicate", "--take", "ben", "--by", "B", "--replace"]):
        run(again[0], *here, "--session", "C03", *again[1:], code=1)
        assert "by A. Chair (2/tumour-v1)" in capsys.readouterr().err
    run("lock", *here, "--session", "C03", "--release", "--by", "B")
    run("lock", *here, "--session", "C03", "--release", "--by", "B", code=2)
    assert "--release: must be of what is locked" in capsys.readouterr().err
    run("adjudicate", *here, "--session", "C03", "--take", "ben", "--by", "B", "--replace")
    run("lock", *here, "--session", "C03", "--by", "B")
    folder = archive.resources_path(PROJECT) / "READERS" / "references" / "C03" / SCAN
    told = [json.loads((folder / f"tumour-{n}.json").read_bytes()) for n in (1, 2, 3)]
    assert [(one["state"], one["handle"], one["by"]) for one in told] == [
        ("locked", "2/tumour-v1", "A. Chair"),
        ("released", "2/tumour-v1", "B"),
        ("locked", "2/tumour-v2", "B"),
    ]


def test_readers_who_agree_need_no_judge(here: list[str], capsys: Said) -> None:
    """C01: ben is shifted by one voxel of ten, so the lowest Dice is 0.9."""
    assign(here)
    words = [*here, "--session", "C01", "--by", "A"]
    run("lock", *words, "--agree-at", "0.901", code=2)
    assert "the lowest Dice of two readers must be 0.901 or more; found 0.900" in capsys.readouterr().err
    run("lock", *words, "--agree-at", "0.899")
    assert "readers agree" in capsys.readouterr().out


def test_what_is_missing_is_waited_for(here: list[str], archive: Archive, capsys: Said) -> None:
    assign(here)
    run("lock", *here, "--session", "C12", "--by", "A", code=2)
    assert "must be read by all who are assigned; missing: cleo" in capsys.readouterr().err
    builder = Builder(archive.session_path(PROJECT, "C12"))
    file_masks(builder, [version_of(builder, "anna", drawings_of("C12")["anna"], 1)])
    run("lock", *here, "--session", "C12", "--by", "A", code=2)
    assert "--single: must be given" in capsys.readouterr().err
    run("lock", *here, "--session", "C12", "--by", "A", "--single")
    assert "only reading" in capsys.readouterr().out


TWO_AT_ONCE = """
import sys, time
from pathlib import Path
from sarcoma_core.archive.readings import FolderRecords
from sarcoma_core.cli.main import main
meeting, create = Path(sys.argv[1]), FolderRecords.create
def together(book, path, content):
    (meeting / sys.argv[2]).touch()
    while len(list(meeting.iterdir())) < 2:
        time.sleep(0.001)
    return create(book, path, content)
FolderRecords.create = together
sys.exit(main(sys.argv[3:]))
"""


def test_of_two_locks_at_once_one_wins_and_the_other_is_told(
    here: list[str], tmp_path: Path, archive: Archive
) -> None:
    assign(here)
    run("adjudicate", *here, "--session", "C03", "--take", "anna", "--by", "A")
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    words = ["readers", "lock", *here, "--session", "C03", "--by"]
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, meeting, name, *words, name],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    }
    ended = {name: (process.communicate()[1], process.returncode) for name, process in started.items()}
    assert sorted(code for _, code in ended.values()) == [0, 1]
    winner, loser = sorted(ended, key=lambda name: ended[name][1])
    assert f"by {winner} (2/tumour-v1)" in ended[loser][0]
    assert "must not be locked; it is since 20" in ended[loser][0]
    [held] = (archive.resources_path(PROJECT) / "READERS" / "references").rglob("*.json")
    assert json.loads(held.read_bytes())["by"] == winner


def changed_mask(archive: Archive) -> None:
    """C03's masks written anew, all listed rightly; anna's is another."""
    builder = Builder(archive.session_path(PROJECT, "C03"))
    held = {**drawings_of("C03"), "anna": block(slice(1, 4), slice(1, 4), slice(1, 4))}
    file_masks(builder, [version_of(builder, r, mask, n) for n, (r, mask) in enumerate(held.items(), 1)])


def lost_mask(archive: Archive) -> None:
    builder = Builder(archive.session_path(PROJECT, "C03"))
    [version] = [version_of(builder, "ben", drawings_of("C03")["ben"], 2)]
    (builder.path / "RESOURCES" / "MASKS" / SCAN / "tumour-v1.nii.gz").unlink()
    file_masks(builder, [version])


def touched_mask(archive: Archive) -> None:
    path = archive.session_path(PROJECT, "C03") / "RESOURCES" / "MASKS" / SCAN / "tumour-v1.nii.gz"
    write_mask(path, drawings_of("C03")["ben"], AFFINE)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (changed_mask, "its mask file is another now"),
        (lost_mask, "its version is not there any more"),
        (touched_mask, "its masks cannot be read"),
    ],
)
def test_a_reference_that_is_not_what_was_locked_is_told_loudly(
    here: list[str], archive: Archive, capsys: Said, fault: Fault, why: str
) -> None:
    assign(here)
    run("adjudicate", *here, "--session", "C03", "--take", "anna", "--by", "A. Chair")
    run("lock", *here, "--session", "C03", "--by", "A. Chair")
    run("status", *here)
    assert "CHANGED" not in "".join(capsys.readouterr())
    fault(archive)
    for output in ("table", "json", "csv"):
        run("status", *here, "-o", output, code=1)
        said = capsys.readouterr()
        assert "CHANGED: C03, 2/tumour-v1: locked by A. Chair at 20" in said.err
        assert why in said.err
        assert "CHANGED 2/tumour-v1" in said.out


def test_a_session_whose_masks_are_damaged_does_not_stop_the_others(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    assign(here)
    touched_mask(archive)
    run("status", *here, code=1)
    assert "NOT WHOLE: C03" in capsys.readouterr().err
    run("agree", *here)
    said = capsys.readouterr().out
    assert "C03: not compared: MASKS: must be as the step left it" in said
    assert "3 cases compared" in said


def test_readings_on_two_grids_and_on_two_scans_are_told_and_not_compared(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    held = drawings_of("C03")
    builder = Builder(archive.session_path(PROJECT, "C03"))
    versions = [version_of(builder, "anna", held["anna"], 1)]
    versions.append(version_of(builder, "ben", held["ben"][:-1], 2))
    file_masks(builder, versions)
    other = Builder(archive.session_path(PROJECT, "C01"))
    held = drawings_of("C01")
    versions = [version_of(other, r, held[r], n) for n, r in enumerate(("anna", "ben"), 1)]
    file_masks(other, [*versions, version_of(other, "cleo", held["cleo"], 1, scan="3")])
    assign(here)
    run("agree", *here)
    said = capsys.readouterr().out
    assert "C03: not compared: readings of anna and ben: must lie on one grid; found the shapes" in said
    assert "C01: not compared: cleo has read scan 3, and not scan 2 as others have" in said
    run("status", *here, "-o", "csv")
    assert {row["state"] for row in rows(capsys) if row["case"] == "C01"} == {"read", "read on scan 3"}
    words = [*here, "--session", "C01", "--take", "cleo", "--by", "A"]
    run("adjudicate", *words, code=2)
    assert "--scan: must say which series is meant; masks of tumour lie on 2, 3" in capsys.readouterr().err
    run("adjudicate", *words, "--scan", "3")
    run("adjudicate", *words[:-3], "consensus", "--by", "A", "--scan", "3", "--replace", code=2)
    assert "must be of two readers or more; 1 read scan 3" in capsys.readouterr().err


def test_a_case_that_is_drawn_on_two_scans_is_compared_on_both(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    builder = Builder(archive.session_path(PROJECT, "C03"))
    held = drawings_of("C03")
    versions = [
        version_of(builder, reader, mask, n, scan=scan)
        for scan, whose in (("2", held), ("3", {"anna": held["anna"], "ben": held["anna"]}))
        for n, (reader, mask) in enumerate(whose.items(), 1)
    ]
    file_masks(builder, versions)
    assign(here)
    capsys.readouterr()
    run("agree", *here, "-o", "csv")
    told = {row["scan"]: row for row in rows(capsys) if row["case"] == "C03"}
    assert (told["2"]["dice"], told["3"]["dice"]) == ("0.700", "1.000")
    words = [*here, "--session", "C03", "--by", "A"]
    run("lock", *words, "--scan", "3", code=2)
    assert "missing: cleo" in capsys.readouterr().err
    run("adjudicate", *words, "--scan", "3", "--take", "ben")
    run("lock", *words, "--scan", "3")
    assert "3/tumour-v2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "rule"),
    [
        (["status", "--reader", "nobody"], 2, "--reader: must be one of anna, ben, cleo; found 'nobody'"),
        (["next", "--reader", "nobody"], 2, "--reader: must be one of"),
        (["adjudicate", "--session", "nosuch", "--take", "anna", "--by", "A"], 1, "it has 4"),
        (["adjudicate", "--session", "a/b", "--take", "anna", "--by", "A"], 1, "found 'a/b'"),
        (
            ["adjudicate", "--session", "../C01", "--take", "anna", "--by", "A"],
            1,
            "--session: must be in project",
        ),
        (
            ["adjudicate", "--session", "C01", "--roi", "oedema", "--take", "anna", "--by", "A"],
            2,
            "--roi: must",
        ),
        (
            ["adjudicate", "--session", "C01", "--scan", "9", "--take", "anna", "--by", "A"],
            2,
            "--scan: must be",
        ),
        (
            ["adjudicate", "--session", "C01", "--take", "nobody", "--by", "A"],
            2,
            "--take: must be anna, ben, cleo",
        ),
        (["adjudicate", "--session", "C01", "--take", "2/tumour-v9", "--by", "A"], 2, "--take: must be"),
        (["lock", "--session", "C01", "--by", " "], 2, "--by: must be who does it"),
        (["lock", "--session", "C01", "--by", "x" * 65], 2, "--by: must be who does it"),
        (["lock", "--session", "C01", "--by", "A\tB"], 2, "--by: must be printable, without tabs"),
        (["lock", "--session", "C01", "--by", "A\u202eB"], 2, "found sign 2, which is not"),
        (["agree", "--roi", "../x"], 2, "--roi: must be the key of a region"),
        (["agree", "--roi", "TUMOUR"], 2, "--roi: must be the key of a region"),
        (["lock", "--session", "C01", "--by", "A", "--agree-at", "1.1"], 2, "--agree-at: must be a Dice"),
        (["assign", "--readers", "Anna B"], 2, "--readers: each must be small letters"),
        (["assign", "--readers", "consensus"], 2, "--readers: each must be"),
        (["assign", "--readers", "anna,seg"], 2, "and none of consensus, auto, rtstruct, seg; found 'seg'"),
        (["assign", "--readers", "zoe"], 2, "--per-case: must be 1 to the number of readers, 1; found 2"),
        (["assign", "--name", "dora=x"], 2, "--name: must be of a reader"),
        (["assign", "--name", "ben=doe, anna"], 2, "--name: must tell one reader"),
        (["assign", "--name", "ben"], 2, "--name: must be ID=NAME"),
        (["assign", "--roi", "oedema"], 2, "--roi: must be the region that is read"),
        (["assign", "--per-case", "9"], 2, "--per-case: must be 1 to the number of readers, 3"),
        (["assign", "--session", "nosuch"], 1, "--session: must be in project"),
        (["agree", "--worst", "-1"], 2, "--worst: must be 0 or more"),
    ],
)
def test_what_cannot_be_meant_is_told(
    here: list[str], capsys: Said, words: list[str], code: int, rule: str
) -> None:
    assign(here)
    capsys.readouterr()
    run(words[0], *here, *words[1:], code=code)
    assert rule in capsys.readouterr().err


@pytest.mark.parametrize("per_case", ["1", "3"])
def test_the_command_that_adds_a_reader_runs_as_it_is_told(
    here: list[str], archive: Archive, capsys: Said, per_case: str
) -> None:
    run("assign", *here, "--readers", "anna,ben,cleo", "--per-case", per_case)
    run("status", *here, "--reader", "Zoe", code=2)
    [hint] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("next: ")]
    words = shlex.split(hint.partition(": sarcoma ")[2])
    assert main(words) == 0
    one, two = (
        json.loads((archive.resources_path(PROJECT) / "READERS" / f"assignments-{n}.json").read_bytes())
        for n in (1, 2)
    )
    assert [reader["id"] for reader in two["readers"]] == ["anna", "ben", "cleo", "zoe"]
    assert two["cases"] == one["cases"]


def test_what_a_decision_passes_over_is_said_on_the_screen(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    """C12 cleo has not read; she does after the decision, and before the lock."""
    assign(here)
    words = [*here, "--session", "C12", "--by", "A"]
    run("adjudicate", *words, "--take", "anna")
    assert "decided all the same: cleo has not read scan 2" in capsys.readouterr().out
    run("lock", *words)
    assert "locked all the same: cleo has not read scan 2" in capsys.readouterr().out
    run("lock", *words, "--release")
    assert "all the same" not in capsys.readouterr().out
    builder = Builder(archive.session_path(PROJECT, "C12"))
    held = {**drawings_of("C12"), "cleo": drawings_of("C01")["cleo"]}
    file_masks(builder, [version_of(builder, r, mask, n) for n, (r, mask) in enumerate(held.items(), 1)])
    run("lock", *words)
    assert "locked all the same: 2/tumour-v3 of cleo came after the decision" in capsys.readouterr().out
    run("adjudicate", *here, "--session", "C03", "--by", "A", "--take", "anna")
    run("lock", *here, "--session", "C03", "--by", "A")
    assert "all the same" not in capsys.readouterr().out


def test_limits_of_agreement_are_told_from_three_cases_on(here: list[str], capsys: Said) -> None:
    for case, told in (("C01", "too few cases"), ("C03", "too few cases"), ("C11", " to ")):
        run("assign", *here, "--readers", "anna,ben", "--session", case)
        capsys.readouterr()
        run("agree", *here)
        [pair] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("anna, ben\t")]
        assert told in pair.split("\t")[-1]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schema": 2}', b"\xff", b'{"readers": [], "cases": []}'])
def test_damaged_assignments_are_told_and_kept(
    here: list[str], archive: Archive, capsys: Said, content: bytes
) -> None:
    assign(here)
    [file] = (archive.resources_path(PROJECT) / "READERS").glob("assignments-*.json")
    told = json.loads(file.read_bytes())
    broken = (
        content
        if content != b'{"readers": [], "cases": []}'
        else json.dumps({**told, "readers": []}).encode()
    )
    file.write_bytes(broken)
    for action in ("status", "assign", "agree"):
        run(action, *here, code=1)
        said = capsys.readouterr().err
        assert "READERS/assignments-1.json: must be as it was written" in said
        assert "Never delete it" in said
    assert file.read_bytes() == broken


def test_before_anything_is_assigned_the_command_that_assigns_is_told(here: list[str], capsys: Said) -> None:
    for action in ("status", "next", "agree"):
        run(action, *here, code=1)
        hint = capsys.readouterr().err.splitlines()[0].removeprefix("next: ")
        assert parser().parse_args(shlex.split(hint)[1:]).readers == "anna,ben"


def test_assigning_again_keeps_what_stands_and_writes_only_what_is_new(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    folder = archive.resources_path(PROJECT) / "READERS"
    run("assign", *here, "--readers", "anna,ben", "--per-case", "1", "--dry-run")
    assert not folder.exists()
    run("assign", *here, "--readers", "anna,ben", "--per-case", "1")
    run("assign", *here, "--per-case", "1")
    assert [path.name for path in folder.iterdir()] == ["assignments-1.json"]
    put_case(archive, "C02", drawings_of("C02"))
    run("assign", *here, "--readers", "cleo", "--per-case", "1")
    one, two = (json.loads((folder / f"assignments-{n}.json").read_bytes()) for n in (1, 2))
    new = [case for case in two["cases"] if case not in one["cases"]]
    assert [(case["case"], case["first"]) for case in new] == [("C02", "cleo")]
    assert [case for case in two["cases"] if case in one["cases"]] == one["cases"]
    del capsys


def test_drawings_that_are_nobodys_are_counted(here: list[str], archive: Archive, capsys: Said) -> None:
    builder = Builder(archive.session_path(PROJECT, "C03"))
    held = drawings_of("C03")
    versions = [version_of(builder, r, mask, n) for n, (r, mask) in enumerate(held.items(), 1)]
    strange = version_of(builder, "ben", held["anna"], 4, reader="somebody", origin="scan 8")
    file_masks(builder, [*versions, strange])
    assign(here)
    run("status", *here)
    assert "1 unattributed" in capsys.readouterr().out
    run("adjudicate", *here, "--session", "C03", "--take", "2/tumour-v4", "--by", "A")


def test_a_case_that_is_not_assigned_is_told(here: list[str], archive: Archive, capsys: Said) -> None:
    assign(here)
    put_case(archive, "C02", drawings_of("C02"))
    run("lock", *here, "--session", "C02", "--by", "A", code=2)
    assert "--session: must be assigned to readers; found 'C02'" in capsys.readouterr().err


def test_a_spreadsheet_takes_no_cell_for_a_formula(here: list[str], archive: Archive, capsys: Said) -> None:
    builder = Builder(archive.session_path(PROJECT, "C03"))
    mask = drawings_of("C03")["anna"]
    file_masks(builder, [version_of(builder, "anna", mask, 1, time="=1+1")])
    assign(here)
    capsys.readouterr()
    run("status", *here, "--reader", "anna", "-o", "csv")
    assert next(row["drawn"] for row in rows(capsys) if row["case"] == "C03") == "'=1+1"


def test_a_spreadsheet_holds_nothing_that_a_terminal_would_act_on(
    here: list[str], archive: Archive, capsys: Said
) -> None:
    builder = Builder(archive.session_path(PROJECT, "C03"))
    mask = drawings_of("C03")["anna"]
    file_masks(builder, [version_of(builder, "anna", mask, 1, time="\x1b[31m\t1")])
    assign(here)
    capsys.readouterr()
    run("status", *here, "--reader", "anna", "-o", "csv")
    assert next(row["drawn"] for row in rows(capsys) if row["case"] == "C03") == "?[31m?1"


def test_the_choices_of_the_command_line_are_those_of_the_science() -> None:
    assert records.WHYS == WHYS
    assert consensus.METHODS == METHODS
    assert locking.AGREE_AT == AGREE_AT


def test_no_mask_is_changed_by_any_of_it(here: list[str], archive: Archive, capsys: Said) -> None:
    before = {case: read_masks(SessionFolder(archive.session_path(PROJECT, case))) for case in FEW}
    assign(here)
    run("adjudicate", *here, "--session", "C03", "--take", "consensus", "--by", "A")
    run("adjudicate", *here, "--session", "C11", "--take", "anna", "--by", "A")
    run("lock", *here, "--session", "C11", "--by", "A")
    for case, masks in before.items():
        assert read_masks(SessionFolder(archive.session_path(PROJECT, case))) == masks
    del capsys
