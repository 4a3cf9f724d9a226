"""`sarcoma masks compare`: two files, two folders, as a table and as JSON."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.cli.main import main, parser
from sarcoma_core.imaging.volume import Mask
from sarcoma_core.segmentation.definitions import DEFINITIONS, TOLERANCE_MM
from tests.segmentation.shapes import ball, cube, voxels
from tests.segmentation.test_mask_files import saved

CUBES = np.eye(4)


def masks(folder: Path, **arrays: Mask) -> list[str]:
    """Files of these names, as words of a command line."""
    return [
        str(saved(folder / f"{name}.nii.gz", array.astype(np.uint8), CUBES)) for name, array in arrays.items()
    ]


def test_two_masks_are_told_measure_by_measure_with_the_definition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["masks", "compare", *masks(tmp_path, a=ball(20), b=ball(23))]) == 0
    said = capsys.readouterr().out.splitlines()
    assert {"dice\t0.7926", "f2\t0.9052", "hd_mm\t3.4641", "hd95_mm\t3.3166", "assd_mm\t2.8675"} < set(said)
    assert said[-2] == "HD95: maximum of the directed 95th percentiles of surface voxel distances (directed)"
    assert said[-1] == "surface Dice (nsd): within 2 mm"


@pytest.mark.parametrize(
    ("definition", "hd95"), [("directed", 3.3166), ("area-weighted", 3.0), ("pooled", 3.1623)]
)
def test_json_of_one_pair_is_its_case_with_the_definition_the_tolerance_and_all_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], definition: str, hd95: float
) -> None:
    words = [*masks(tmp_path, a=ball(20), b=ball(23)), "--definition", definition, "--tolerance", "3.5"]
    assert main(["masks", "compare", *words, "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["definition"], told["tolerance_mm"], told["case"]) == (definition, 3.5, "b.nii.gz")
    assert told["hd95_mm"] == pytest.approx(hd95, abs=1e-3)
    assert (told["surface_dice"], told["failed"]) == (1, False)
    assert not {"summary", "n", "cases"} & set(told)


def test_a_volume_error_that_there_is_not_is_an_empty_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["masks", "compare", *masks(tmp_path, a=voxels(), b=voxels((1, 1, 1)))]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "volume_error\t" in said
    assert said[-1] == "failed: one of both is empty"


def test_two_folders_are_told_pair_by_pair_and_summed_up_with_the_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks(tmp_path / "a", one=cube(), two=voxels((1, 1, 1)), three=voxels())
    masks(tmp_path / "b", one=cube((3, 0, 0)), two=voxels(), three=voxels())
    words = ["masks", "compare", str(tmp_path / "a"), str(tmp_path / "b")]
    assert main(words) == 0
    said = capsys.readouterr().out.splitlines()
    rows = [line.split("\t") for line in said[1:4]]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("one", "0.7000", ""),
        ("three", "1.0000", ""),
        ("two", "0.0000", "failed"),
    ]
    assert "dice\tall\t3\t0.5667\t0.7000\t0.3500\t0.8500" in said
    assert "dice\tnot failed\t2\t0.8500\t0.8500\t0.7750\t0.9250" in said
    assert said[-1] == "1 of 3 cases failed (one mask of both is empty)"
    assert main([*words, "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["definition"], told["tolerance_mm"], told["n"], told["n_failed"]) == ("directed", 2.0, 3, 1)
    assert (len(told["summary"]), told["refused"]) == (16, [])
    assert [case["failed"] for case in told["cases"]] == [False, False, True]
    assert told["cases"][2]["hd95_mm"] == pytest.approx(float(np.linalg.norm((12, 14, 10))))


def test_a_label_of_a_label_map_is_compared_and_one_that_no_mask_has_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = saved(tmp_path / "a.nii.gz", (cube() * 3 + cube((0, 0, 6)) * 1).astype(np.uint8), CUBES)
    second = saved(tmp_path / "b.nii.gz", (cube((3, 0, 0)) * 3).astype(np.uint8), CUBES)
    words = ["masks", "compare", str(first), str(second)]
    assert main(words) == 1
    assert "A: must hold 0 and 1 alone; found values from 0 to 3" in capsys.readouterr().err
    assert main([*words, "--label", "3"]) == 0
    assert "dice\t0.7000" in capsys.readouterr().out
    assert main([*words, "--label", "7"]) == 1
    assert "--label: must be a value of a mask; none of 1 pair holds 7" in capsys.readouterr().err


def spoiled(folder: Path) -> list[str]:
    """Two folders of five pairs: two that can be compared, one damaged, one of two grids, one no mask."""
    arrays = dict.fromkeys(("Ada", "Doe", "Eve", "Kim", "Roe"), cube())
    masks(folder / "a", **arrays)
    masks(folder / "b", **{**arrays, "Eve": voxels()})
    (folder / "b" / "Doe.nii.gz").write_bytes(b"no image")
    saved(folder / "b" / "Kim.nii.gz", cube().astype(np.uint8) * 7, CUBES)
    return ["masks", "compare", str(folder / "a"), str(folder / "b")]


REASONS = {
    "Doe": (2, "B: volume: must be a whole NIfTI file; found no header of one."),
    "Eve": (3, "A and B: must lie on one grid; found the shapes 24 x 24 x 16 and 12 x 14 x 10."),
    "Kim": (4, "B: must hold 0 and 1 alone; found values from 0 to 7."),
}


def test_pairs_that_cannot_be_compared_are_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(spoiled(tmp_path)) == 3
    out, err = capsys.readouterr()
    said = out.splitlines()
    rows = {row[0]: row for row in (line.split("\t") for line in said[1:6])}
    assert {name: (row[1], row[-1]) for name, row in rows.items()} == {
        "Ada": ("1.0000", ""),
        **dict.fromkeys(REASONS, ("", "not compared")),
        "Roe": ("1.0000", ""),
    }
    assert "dice\tall\t2\t1.0000\t1.0000\t1.0000\t1.0000" in said
    assert "0 of 2 cases failed (one mask of both is empty)" in said
    for number, reason in REASONS.values():
        assert f"pair {number} by name, not compared: {reason}" in said
    assert said[-1] == "3 of 5 pairs could not be compared"
    assert err == ""


def test_json_has_the_pairs_that_could_not_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*spoiled(tmp_path), "-o", "json"]) == 3
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert [case["case"] for case in told["cases"]] == ["Ada.nii.gz", "Roe.nii.gz"]
    assert told["refused"] == [
        {"case": f"{name}.nii.gz", "reason": reason} for name, (_, reason) in REASONS.items()
    ]
    assert told["n"] == 2
    assert err == "3 of 5 pairs could not be compared\n"


def test_where_no_pair_can_be_compared_that_is_an_error_without_a_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks(tmp_path / "a", Ada=cube(), Doe=cube())
    masks(tmp_path / "b", Ada=voxels(), Doe=voxels())
    assert main(["masks", "compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("next: Bring B onto the grid of A first")
    assert "found none in 2. Pair 1 by name: A and B: must lie on one grid; found the shapes 24 x" in err
    assert "Ada" not in err


def test_one_pair_that_cannot_be_compared_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["masks", "compare", *masks(tmp_path, a=cube(), Doe=voxels())]) == 1
    said = capsys.readouterr().err
    assert "error: A and B: must lie on one grid; found the shapes 24 x 24 x 16 and" in said
    assert "Doe" not in said


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--tolerance", "-0.1"], "--tolerance: must be 0 mm or more"),
        (["--tolerance", "nan"], "--tolerance: must be 0 mm or more"),
        (["--tolerance", "inf"], "--tolerance: must be 0 mm or more"),
        (["--label", "0"], "--label: must be 1 or more"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_a_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], rule: str
) -> None:
    assert main(["masks", "compare", *masks(tmp_path, a=cube(), b=cube()), *words]) == 2
    assert rule in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["masks", "compare", *masks(tmp_path, a=cube()), str(tmp_path / "Doe.nii.gz")]) == 2
    said = capsys.readouterr().err
    assert "B: must be a NIfTI file or a folder; found nothing there" in said
    assert "Doe" not in said


def test_the_verb_offers_what_the_science_has_without_importing_it() -> None:
    compare = parser().parse_args(["masks", "compare", "a", "b"])
    assert (compare.definition, compare.tolerance) == (DEFINITIONS[0], TOLERANCE_MM)
    for definition in DEFINITIONS:
        assert parser().parse_args(["masks", "compare", "a", "b", "--definition", definition])
    code = "import sys; from sarcoma_core.cli.main import parser; parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sarcoma_core.cli.masks" in loaded
    assert not loaded & {"SimpleITK", "nibabel", "sarcoma_core.segmentation.metrics", "sarcoma_core.imaging"}
