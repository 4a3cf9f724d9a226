"""The whole round with real imports: drawn by three, adjudicated to a consensus, imported, locked."""

import json
import shlex
from pathlib import Path

import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import read_masks
from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.cli.main import main
from sarcoma_core.imaging.nifti_masks import read_mask, write_mask
from sarcoma_core.segmentation.readers.attribution import drawn_by
from tests.segmentation.drawn import UID, affine, box, image
from tests.segmentation.drawn import session as converted

SCAN = "5"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """One session with three drawings, each in the folder of who drew it: columns 1-3, 2-4 and 1-4."""
    archive = Archive(tmp_path / "archive")
    place = archive.session_path("P", "S1")
    converted(place, image(SCAN))
    scans = (Scan(SCAN, f"{UID}{SCAN}", 1, "MR", "t1", 2),)
    archive.write(Session("P", "S1", "E1", "A", f"{UID}0", "", "20200101", scans, place))
    drawings = {"anna": box(1, 1, 1), "ben": box(2, 1, 1), "cleo": box(1, 1, 1) | box(2, 1, 1)}
    for reader, mask in drawings.items():
        file = place / "RESOURCES" / "DRAWN" / SCAN / reader / "tumour.nii.gz"
        file.parent.mkdir(parents=True)
        write_mask(file, mask, affine())
    return archive


def test_what_three_drew_becomes_one_reference(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--project", "P", "--archive", str(archive.root)]
    assert main(["run", "import-masks", *words]) == 0
    assert main(["readers", "assign", *words, "--readers", "anna,ben,cleo", "--per-case", "3"]) == 0
    capsys.readouterr()
    assert main(["readers", "status", *words]) == 0
    assert "3 of 3 readings in, 0 missing" in capsys.readouterr().out
    settle = ["readers", "adjudicate", *words, "--session", "E1", "--by", "A. Chair", "--take", "consensus"]
    assert main(settle) == 0
    said = capsys.readouterr().out.splitlines()
    [bring], [lock] = ([line for line in said if line.startswith(f"{word}: ")] for word in ("next", "then"))
    assert main(shlex.split(bring.removeprefix("next: "))[1:]) == 0
    assert main(shlex.split(lock.removeprefix("then: "))[1:]) == 0
    [reference] = archive.resources_path("P").rglob("references/S1/5/tumour-1.json")
    told = json.loads(reference.read_bytes())
    masks = read_masks(SessionFolder(archive.session_path("P", "S1")))
    [version] = [one for one in masks.versions if one.handle == told["handle"]]
    assert version.sha256 == told["sha256"]
    # Two of three marked each column, and cleo marked them all: STAPLE takes what cleo did.
    assert read_mask(masks.path(version))[0].sum() == 4 * 3 * 3
    assert main(["readers", "next", *words]) == 0
    assert "0 cases to do, 1 locked" in capsys.readouterr().out


def test_a_consensus_that_nobody_drew_is_locked_after_its_import(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    """Columns 1-3 and 2-4 of rows 1-3, and columns 1-3 of rows 2-4: two or more marked 8 pixels a slice."""
    words = ["--project", "P", "--archive", str(archive.root)]
    place = archive.session_path("P", "S1")
    write_mask(place / "RESOURCES" / "DRAWN" / SCAN / "cleo" / "tumour.nii.gz", box(1, 2, 1), affine())
    assert main(["run", "import-masks", *words]) == 0
    assert main(["readers", "assign", *words, "--readers", "anna,ben,cleo", "--per-case", "3"]) == 0
    case = [*words, "--session", "S1", "--by", "A"]
    assert main(["readers", "adjudicate", *case, "--take", "consensus", "--method", "majority"]) == 0
    assert main(["readers", "lock", *case]) == 1
    assert "must be imported first" in capsys.readouterr().err
    assert main(["run", "import-masks", *words]) == 0
    assert main(["readers", "lock", *case]) == 0
    assert "5/tumour-v4" in capsys.readouterr().out
    masks = read_masks(SessionFolder(place))
    [version] = [one for one in masks.versions if one.version == 4]
    assert drawn_by(version, ()) == "consensus"
    assert read_mask(masks.path(version))[0].sum() == 8 * 3
    assert main(["readers", "status", *words]) == 0
    assert "3 of 3 readings in" in capsys.readouterr().out
