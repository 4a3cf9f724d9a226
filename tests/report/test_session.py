"""What is read of a session: every series, the volumes that are current, and nothing that is not listed."""

from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive import folder
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.session import SeriesReport, SessionReport, read_session
from tests.report.sessions import AFFINE, Builder, as_read, body, full, passes, prepared, save


def read(path: Path, slices: int = 1) -> dict[str, SeriesReport]:
    return {one.name: one for one in read_session(as_read(path), slices=slices).series}


def stages_drawn(series: SeriesReport) -> list[str]:
    assert series.pictures is not None
    return [tile.title for tile in series.pictures.rows[0]]


def test_each_series_is_drawn_at_every_stage_that_made_something_of_it(tmp_path: Path) -> None:
    full(tmp_path)
    series = read(tmp_path)
    assert stages_drawn(series["2"]) == ["Converted", "Bias-corrected", "Normalised"]
    assert stages_drawn(series["3"]) == stages_drawn(series["5"]) == ["Converted"]
    assert series["4"].pictures is None
    assert series["10"].pictures is None


def test_the_counts_are_those_of_the_table(tmp_path: Path) -> None:
    full(tmp_path)
    assert read_session(as_read(tmp_path), slices=1).counts() == {
        "series": 5,
        "ready": 3,
        "unfinished": 0,
        "set_apart": 1,
        "refused": 1,
    }


def test_a_session_without_series_counts_none() -> None:
    assert SessionReport((), ()).counts()["series"] == 0


def test_a_volume_that_is_out_of_date_is_not_shown_as_if_it_were_current(tmp_path: Path) -> None:
    builder = full(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"), started="later")
    assert stages_drawn(read(tmp_path)["2"]) == ["Converted"]


def test_a_volume_on_another_grid_is_not_laid_beside_the_converted_one(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    name = builder.volume("N4", "2", body()[::2])
    builder.record("N4", Outcome("2", "MR", "done", files=(name,)))
    assert stages_drawn(read(tmp_path)["2"]) == ["Converted"]


def test_a_volume_of_the_same_size_that_lies_elsewhere_is_not_laid_beside_it_either(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    aside = AFFINE.copy()
    aside[2, 3] = 1.0
    builder.record("N4", Outcome("2", "MR", "done", files=(builder.volume("N4", "2", body(), aside),)))
    assert stages_drawn(read(tmp_path)["2"]) == ["Converted"]


def test_a_session_of_the_whole_chain_is_drawn_at_the_stages_of_its_own_grid(tmp_path: Path) -> None:
    prepared(tmp_path)
    series = read(tmp_path)
    assert stages_drawn(series["2"]) == ["Converted", "Bias-corrected", "Normalised"]
    assert stages_drawn(series["5"]) == ["Converted", "SUV"]
    assert stages_drawn(series["4"]) == ["Converted"]


def test_a_pet_is_drawn_in_suv_from_0_to_10_and_dark_where_uptake_is_high(tmp_path: Path) -> None:
    prepared(tmp_path)
    pictures = read(tmp_path)["5"].pictures
    assert pictures
    assert pictures.windows[1] == "SUV: 0 to 10 SUV (high uptake is dark)"
    assert pictures.rows[0][1].inverted
    assert [histogram.unit for histogram in pictures.histograms] == ["BQML", "SUV"]


def test_roles_are_told_in_the_heading_and_not_again_in_a_receipt(tmp_path: Path) -> None:
    prepared(tmp_path)
    series = read(tmp_path)["3"]
    assert series.role
    assert series.role.role == "T2FS"
    told = {receipt.stage.label: [fact.label for fact in receipt.facts] for receipt in series.receipts}
    assert "SERIES_ROLES" not in told
    assert told["REGISTERED"] == ["Read from the resource"]


def test_the_grid_is_told_in_one_line(tmp_path: Path) -> None:
    full(tmp_path)
    assert read(tmp_path)["2"].grid == "48 \u00d7 40 \u00d7 12 voxels of 2 \u00d7 2 \u00d7 5 mm, axial"


def test_receipts_are_shown_of_the_steps_that_recorded_something(tmp_path: Path) -> None:
    full(tmp_path)
    series = read(tmp_path)
    assert [receipt.stage.label for receipt in series["2"].receipts] == ["NIFTI", "NORMALISED"]
    assert series["10"].receipts == ()


def test_a_volume_of_one_value_has_slices_all_the_same(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    name = builder.volume("NIFTI", "2", np.zeros((8, 8, 4), dtype=np.float32))
    builder.record("NIFTI", Outcome("2", "MR", "done", files=(name,)))
    assert stages_drawn(read(tmp_path)["2"]) == ["Converted"]


def test_a_listed_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    builder = full(tmp_path)
    (folder.resource(builder.path, "N4") / "2" / "2.nii.gz").unlink()
    with pytest.raises(ArchiveError, match="not there"):
        read_session(as_read(tmp_path), slices=1)


def test_a_file_that_no_manifest_lists_is_not_shown(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"), passes("7", "CT"))
    save(folder.resource(tmp_path, "NIFTI") / "9" / "9.nii.gz", body())
    assert list(read(tmp_path)) == ["2", "7"]
