"""A frozen cohort is read with its rows, and one that cannot be trained on says why and what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.frozen import read_frozen_cohort
from sarcoma_core.steps.cohort import STEP
from sarcoma_core.steps.running import run_step
from tests.prognosis.made_sessions import before, dated, push, row

ROWS = tuple(
    row(subject, sex="F", age_years=age, events={"death": True}, days={"overall_survival_days": 400.5})
    for subject, age in (("S1", 61.0), ("S2", 44.5))
)


def frozen(folder: Path, *, clinical: bool = True, **params: Any) -> AssetFolder:
    archive = Archive(folder / "archive")
    for one in ROWS:
        dated(archive, one.subject, f"{one.subject}_MR", before(12))
    place = push(archive, ROWS, time_zero="diagnosis")
    assets = {"clinical": place} if clinical else {}
    source = archive.session_path("P", "")
    (record,) = run_step(STEP, source, folder / "out", params, target="/archive/projects/P", assets=assets)
    return AssetFolder(folder / "out" / "COHORT", record, record.contents)


def changed(asset: AssetFolder, change: Callable[[dict[str, Any]], object]) -> AssetFolder:
    path = asset.path / "cohort.json"
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))
    return asset


def test_each_member_has_the_row_and_the_series_that_were_frozen(tmp_path: Path) -> None:
    asset = frozen(tmp_path)
    found = read_frozen_cohort(asset)
    assert (found.project, found.sha256, found.time_zero) == ("P", asset.sha256, "diagnosis")
    assert [(one.subject, one.session) for one in found.members] == [("S1", "S1_MR"), ("S2", "S2_MR")]
    for one, told in zip(found.members, ROWS, strict=True):
        assert one.row == told
        assert one.row.followed("overall_survival") == told.followed("overall_survival")
        assert (one.key, one.why.partition(";")[0]) == ("subject and date", "12 days before diagnosis")
        (series,) = one.series
        (file,) = series.files
        assert (series.scan, series.label, file.path) == ("4", "NORMALISED", "4/volume.nii.gz")
        assert set(one.labels) == {"NORMALISED"}
    assert [step.n for step in found.flow.steps] == [2] * 6
    assert found.flow.endpoints[0].events == 2


def test_one_that_was_frozen_without_a_table_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it was frozen without a clinical table") as caught:
        read_frozen_cohort(frozen(tmp_path, clinical=False))
    assert "sarcoma clinical push" in caught.value.hint


def test_one_of_an_earlier_schema_is_to_be_frozen_again(tmp_path: Path) -> None:
    asset = changed(frozen(tmp_path), lambda tree: tree.update(schema=1))
    with pytest.raises(InputError, match="its schema is another than 2") as caught:
        read_frozen_cohort(asset)
    assert "sarcoma run cohort" in caught.value.hint


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree["sessions"][0].pop("clinical"),
        lambda tree: tree["sessions"][0].update(clinical={}),
        lambda tree: tree["sessions"][0].update(subject="S2"),
        lambda tree: tree["sessions"][0]["clinical"].update(age_years="old"),
        lambda tree: tree["sessions"][0].pop("key"),
        lambda tree: tree["sessions"][0].update(series=3),
        lambda tree: tree["clinical"].update(time_zero="birth"),
        lambda tree: tree.pop("flow"),
        lambda tree: tree["flow"]["steps"][2].update(n=1),
        lambda tree: tree.update(sessions=None),
    ],
)
def test_one_that_is_not_as_it_was_written_is_refused_without_a_value(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(InputError) as caught:
        read_frozen_cohort(changed(frozen(tmp_path), change))
    assert not {"61", "44.5", "old", "400"} & set(str(caught.value).replace(".", " ").split())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b"{}"])
def test_what_is_no_cohort_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "cohort.json").write_bytes(body)
    with pytest.raises(InputError, match="it cannot be read"):
        read_frozen_cohort(AssetFolder(tmp_path, None, ""))


def test_a_resource_without_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must hold cohort\.json"):
        read_frozen_cohort(AssetFolder(tmp_path, None, ""))
