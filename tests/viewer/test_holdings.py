"""What of a session the viewer is given: images, and what was drawn, each told by its place."""

from collections import Counter
from pathlib import Path

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.provenance import Outcome
from sarcoma_core.viewer.holdings import HEAT_MAP, shown_files
from tests.archive.filed import filed, put, session
from tests.viewer.phantom_study import PhantomStudy, write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PhantomStudy:
    return write_study(tmp_path_factory.mktemp("study"))


def test_all_images_and_collections_are_shown_and_nothing_else(study: PhantomStudy) -> None:
    drawn = study.session.resource("DRAWN")
    drawn.mkdir(parents=True)
    (seg,) = study.session.path.glob("ASSESSORS/*/SEG/*.dcm")
    (drawn / "mine.dcm").write_bytes(seg.read_bytes())  # what `import-masks` is to bring in first
    files = list(shown_files(study.session))
    (scan,) = study.session.scans
    label = study.session.label
    assert Counter((one.place, one.kind) for one in files) == {
        (f"scan {scan.id} of {label}", ""): 19,
        (f"collection TRUE_SEG of {label}", "SEG"): 1,
        (f"collection TRUE_RTSTRUCT of {label}", "RTSTRUCT"): 1,
    }
    assert len({one.path for one in files}) == len(files)
    assert not any(one.path.name.endswith(".xml") for one in files)


def test_what_was_drawn_and_came_with_the_images_is_told_as_drawn(
    study: PhantomStudy, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    export.mkdir()
    for number, path in enumerate(study.session.path.rglob("*.dcm")):
        (export / f"{number}.dcm").write_bytes(path.read_bytes())
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", export)
    (session,) = archive.sessions("P")
    files = list(shown_files(session))
    assert Counter(one.kind for one in files) == {"": 19, "SEG": 1, "RTSTRUCT": 1}
    assert all(one.place.startswith("scan ") for one in files)


def test_heat_maps_that_the_manifest_lists_are_shown_and_no_other_file_of_a_prediction(
    tmp_path: Path,
) -> None:
    made = session(Archive(tmp_path / "archive"), "S", "S_MR")
    folder = made.path / "RESOURCES" / "PREDICTION"
    names = ("heat-overall_survival.dcm", "heat-overall_survival.nii.gz", "prediction.json", "other.dcm")
    filed(folder, Outcome("4", "MR", "done", files=tuple(f"MODEL_A/{name}" for name in names)))
    put(folder, "MODEL_A/heat-grade.dcm")  # of an earlier run
    outside = put(tmp_path, "elsewhere/heat-x.dcm")
    (folder / "heat-top.dcm").write_bytes(b"")
    found = [one for one in shown_files(made) if one.kind == HEAT_MAP]
    assert [(one.path.name, one.place) for one in found] == [
        ("heat-overall_survival.dcm", "PREDICTION MODEL_A of S_MR")
    ]
    (folder / "MODEL_A" / names[0]).unlink()
    (folder / "MODEL_A" / names[0]).symlink_to(outside)
    assert not [one for one in shown_files(made) if one.kind == HEAT_MAP]
