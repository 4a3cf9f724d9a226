"""Echoes and Dixon images that share a scan: one volume each, like those of a scan of their own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from pydicom.dataset import Dataset

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.launch.chain import SessionResult, StepRun
from sarcoma_core.launch.summary import series_lines
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.dicom.fault_maker import in_series
from tests.dicom.series_maker import Stack, save

STACK = Stack(slices=6)


def convert(session: Path, datasets: Sequence[Dataset], beside: Sequence[Dataset] = ()) -> Outcomes:
    """What the step says of scan 5, beside scan 6."""
    save(in_series(list(datasets)), session / "SCANS" / "5" / "DICOM")
    if beside:
        save(in_series(list(beside)), session / "SCANS" / "6" / "DICOM")
    try:
        (record,) = run_step(step_named("convert"), session, session / "RESOURCES", {})
    except NothingUsableError as error:
        return error.outcomes
    return record.outcomes


def mixed(values: Sequence[dict[str, Any]]) -> list[Dataset]:
    """One volume for each set of values, numbered in turn, as scanners send echoes."""
    stacks = STACK.repeat(len(values))
    by_volume = [stack.datasets(**each) for stack, each in zip(stacks, values, strict=True)]
    datasets = [dataset for place in zip(*by_volume, strict=True) for dataset in place]
    for number, dataset in enumerate(datasets, start=1):
        dataset.InstanceNumber = number
    return datasets


def assert_voxels(session: Path, outcome: Outcome, stack: Stack) -> None:
    image = nib.load(session / "RESOURCES" / "NIFTI" / outcome.files[0])
    assert int(np.asarray(image.dataobj, np.int64).sum()) == int(stack.stored.astype(np.int64).sum())


@pytest.mark.parametrize("times", [(10, 80), (80, 10), (1.2, 2.4), (1.23, 2.46, 3.69), (1, 2, 3, 4)])
def test_each_echo_is_a_volume_named_in_the_order_of_the_echo_times(
    tmp_path: Path, times: tuple[float, ...]
) -> None:
    outcomes = convert(tmp_path, mixed([{"EchoTime": time} for time in times]))

    assert {outcome.status for outcome in outcomes} == {"done"}
    by_part = {outcome.part: outcome for outcome in outcomes}
    for stack, time in zip(STACK.repeat(len(times)), times, strict=True):
        outcome = by_part[f"echo{sorted(times).index(time) + 1}"]
        assert outcome.scan == "5"
        assert outcome.files[0] == f"5/5_{outcome.part}.nii.gz"
        assert_voxels(tmp_path, outcome, stack)
        assert outcome.facts["volumes_out"] == 1
        told = ", ".join(f"{each:g}" for each in sorted(times))
        assert outcome.facts["warnings"] == [
            f"one of {len(times)} volumes of the scan, which differ in EchoTime ({told} ms)"
        ]


@pytest.mark.parametrize("echoes", [4, 5, 8])
def test_a_train_of_more_than_four_echoes_is_one_4d_image(tmp_path: Path, echoes: int) -> None:
    outcomes = convert(tmp_path, mixed([{"EchoTime": 10.0 * n} for n in range(1, echoes + 1)]))

    if echoes == 4:
        assert [outcome.status for outcome in outcomes] == ["done"] * 4
        return
    (outcome,) = outcomes
    assert (outcome.status, outcome.part) == ("set apart", "")
    assert outcome.reason.startswith(f"4D: {echoes} volumes")


PARTS = ("in-phase", "opposed-phase", "water", "fat")


@pytest.mark.parametrize(
    "words",
    [
        ("IP", "OP", "W", "F"),
        ("IN", "OPP", "W", "F"),
        ("IN_PHASE", "OUT_PHASE", "WATER", "FAT"),
    ],
    ids="/".join,
)
@pytest.mark.parametrize("times", [None, (1.2, 2.4, 1.2, 1.2), (2.4, 1.2, 2.4, 2.4)], ids=str)
def test_each_dixon_image_is_a_volume_named_by_its_image_type(
    tmp_path: Path, words: tuple[str, ...], times: Any
) -> None:
    values = [
        {"ImageType": ["DERIVED", "PRIMARY", "M", word, word], "EchoTime": times[n] if times else 1.2}
        for n, word in enumerate(words)
    ]
    by_part = {outcome.part: outcome for outcome in convert(tmp_path, mixed(values))}

    assert set(by_part) == set(PARTS)
    for part, stack in zip(PARTS, STACK.repeat(4), strict=True):
        assert (by_part[part].status, by_part[part].map) == ("done", "")
        assert_voxels(tmp_path, by_part[part], stack)


@pytest.mark.parametrize(
    "values",
    [
        [{"DiffusionBValue": 0.0}, {"DiffusionBValue": 800.0}],
        [{"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}],
        [{"ImageType": ["DERIVED", "PRIMARY", w]} for w in ("W", "OTHER")],
        [{"EchoTime": e, "TemporalPositionIdentifier": t} for e in (10, 80) for t in (1, 2)],
        [{}, {}],
    ],
    ids=["b-values", "time points", "one word of no Dixon", "echoes in time", "nothing"],
)
def test_what_is_no_echo_and_no_dixon_stays_one_4d_image(tmp_path: Path, values: Any) -> None:
    stacks = STACK.repeat(len(values))
    (outcome,) = convert(
        tmp_path, [ds for stack, each in zip(stacks, values, strict=True) for ds in stack.datasets(**each)]
    )
    assert (outcome.status, outcome.part) == ("set apart", "")
    assert outcome.reason.startswith(f"4D: {len(values)} volumes")


def with_numbers_of_its_own(datasets: Sequence[Dataset], volumes: int) -> list[Dataset]:
    """InstanceNumber begins anew in every volume, and the names of the files say nothing."""
    for n, dataset in enumerate(datasets):
        dataset.InstanceNumber = n // volumes + 1
    return [datasets[n] for n in np.random.default_rng(5).permutation(len(datasets))]


AMBIGUOUS: dict[str, list[dict[str, Any]]] = {
    "two of three echoes are alike": [{"EchoTime": 10}, {"EchoTime": 80}, {"EchoTime": 80}],
    "each echo twice": [{"EchoTime": time} for time in (10, 10, 80, 80)],
    "an echo at 0 ms": [{"EchoTime": 0}, {"EchoTime": 10}],
    "one word twice": [{"ImageType": ["DERIVED", "PRIMARY", w]} for w in ("W", "W", "F")],
    "magnitude and phase of one echo": [
        {"EchoTime": time, "ImageType": ["ORIGINAL", "PRIMARY", kind]} for time in (10, 80) for kind in "MP"
    ],
}


@pytest.mark.parametrize("own_numbers", [False, True])
@pytest.mark.parametrize("values", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_what_does_not_tell_each_volume_from_each_other_makes_no_parts(
    tmp_path: Path, values: list[dict[str, Any]], *, own_numbers: bool
) -> None:
    datasets = mixed(values)
    if own_numbers:
        datasets = with_numbers_of_its_own(datasets, len(values))
    (outcome,) = convert(tmp_path, datasets)
    assert (outcome.part, outcome.status in ("set apart", "refused")) == ("", True)


@pytest.mark.parametrize("own_numbers", [False, True])
@pytest.mark.parametrize(("extra", "parts"), [(0, 2), (1, 0)])
def test_a_word_that_only_some_slices_have_makes_no_parts(
    tmp_path: Path, extra: int, parts: int, *, own_numbers: bool
) -> None:
    datasets = mixed([{"ImageType": ["DERIVED", "PRIMARY", word]} for word in ("W", "F")])
    for dataset in datasets[:extra]:
        dataset.ImageType = [*dataset.ImageType, "NORM"]
    if own_numbers:
        datasets = with_numbers_of_its_own(datasets, 2)
    outcomes = convert(tmp_path, datasets)
    assert [o.part for o in outcomes if o.part] == ["fat", "water"][:parts]


def test_words_that_contradict_the_echo_times_name_nothing(tmp_path: Path) -> None:
    datasets = mixed([{"EchoTime": t, "ImageType": ["D", "P", w]} for t, w in ((10, "W"), (80, "F"))])
    datasets[0].ImageType, datasets[1].ImageType = datasets[1].ImageType, datasets[0].ImageType
    by_part = {outcome.part: outcome for outcome in convert(tmp_path, datasets)}
    assert set(by_part) == {"echo1", "echo2"}
    for part, stack in zip(("echo1", "echo2"), STACK.repeat(2), strict=True):
        assert_voxels(tmp_path, by_part[part], stack)


@pytest.mark.parametrize(("modality", "parts"), [("MR", 2), ("CT", 0)])
def test_only_mr_has_echoes(tmp_path: Path, modality: str, parts: int) -> None:
    stacks = replace(STACK, modality=modality).repeat(2)
    datasets = [d for s, time in zip(stacks, (10, 80), strict=True) for d in s.datasets(EchoTime=time)]
    assert len([o for o in convert(tmp_path, datasets) if o.part]) == parts


def test_echoes_of_two_slices_are_not_taken_for_pieces_of_the_scan_beside(tmp_path: Path) -> None:
    stacks = replace(STACK, slices=2).repeat(2)
    datasets = [d for s, time in zip(stacks, (10, 80), strict=True) for d in s.datasets(EchoTime=time)]
    other = replace(STACK, slices=2, seed=9).datasets(SeriesNumber=6)
    outcomes = {o.series: o.status for o in convert(tmp_path, datasets, other)}
    assert outcomes == {"5 echo1": "done", "5 echo2": "done", "6": "done"}


def test_a_word_of_nobodys_is_not_repeated(tmp_path: Path) -> None:
    told = (("W", "DOE JANE"), ("F", "19600229"))
    values = [{"ImageType": ["DERIVED", "PRIMARY", word, name]} for word, name in told]
    outcomes = convert(tmp_path, mixed(values))
    assert [outcome.part for outcome in outcomes] == ["fat", "water"]
    warnings = str([outcome.facts["warnings"] for outcome in outcomes])
    assert "F/another word, W/another word" in warnings
    assert not any(value in warnings for value in ("DOE", "JANE", "1960"))


def test_a_slice_that_lacks_in_one_echo_refuses_the_scan_and_not_the_one_beside(tmp_path: Path) -> None:
    datasets = mixed([{"EchoTime": 10}, {"EchoTime": 80}])
    del datasets[5]
    other = Stack(slices=6, seed=9).datasets(SeriesNumber=6)

    outcomes = {outcome.series: outcome.status for outcome in convert(tmp_path, datasets, other)}

    assert outcomes == {"5": "refused", "6": "done"}


def test_an_echo_without_its_pixels_is_told_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    datasets = mixed([{"EchoTime": 10}, {"EchoTime": 80}])
    datasets[1].PixelData = datasets[1].PixelData[:-2]
    outcomes = convert(tmp_path, datasets)
    assert {outcome.status for outcome in outcomes} == {"refused"}
    assert not (tmp_path / "RESOURCES").exists() or not list((tmp_path / "RESOURCES").rglob("*.nii.gz"))


def test_copies_of_files_are_told_with_every_part(tmp_path: Path) -> None:
    datasets = mixed([{"EchoTime": 10}, {"EchoTime": 80}])
    save(in_series(list(datasets)), tmp_path / "SCANS" / "5" / "DICOM")
    first = min((tmp_path / "SCANS" / "5" / "DICOM").iterdir())
    (first.parent / "copy.dcm").write_bytes(first.read_bytes())
    (record,) = run_step(step_named("convert"), tmp_path, tmp_path / "RESOURCES", {})
    for outcome in record.outcomes:
        assert outcome.facts["files_in"] == 6
        assert "byte-equal copies of files of the scan, left out: 1" in outcome.facts["warnings"]


def test_both_echoes_go_through_the_chain_and_the_page_names_them(tmp_path: Path) -> None:
    """The volumes are noise: what is of interest is that both are seen, filed and told."""
    convert(tmp_path, mixed([{"EchoTime": 10}, {"EchoTime": 80}]))
    resources = tmp_path / "RESOURCES"
    (record,) = run_step(step_named("normalise"), tmp_path, resources, {"region": "whole"})
    assert [(o.series, o.status) for o in record.outcomes] == [("5 echo1", "done"), ("5 echo2", "done")]
    assert [o.files for o in record.outcomes] == [("5/5_echo1.nii.gz",), ("5/5_echo2.nii.gz",)]
    held = [series.volume.name for series in SessionFolder(tmp_path, ("NORMALISED",)).series()]
    assert held == ["5_echo1.nii.gz", "5_echo2.nii.gz"]
    run_step(step_named("report"), tmp_path, resources, {})
    page = (resources / "REPORT" / "report.html").read_text(encoding="utf-8")
    assert page.count("<h2") >= 2
    assert "Scan 5 echo1" in page
    assert "Scan 5 echo2" in page


def test_a_line_of_a_part_is_read_again() -> None:
    outcome = Outcome("5", "MR", "refused", "no", part="echo2")
    assert outcome.as_line() == "5 echo2\tMR\trefused\tno"
    assert Outcome.from_line(outcome.as_line()) == outcome


def test_a_run_tells_each_part_of_a_scan(tmp_path: Path) -> None:
    from sarcoma_core.archive.store import Scan, Session  # noqa: PLC0415

    scan = Scan("5", "1.2", 5, "MR", "PD/T2", 12)
    session = Session("P", "S", "E", "S", "1.1", "", "", (scan,), tmp_path)
    parts = tuple(Outcome("5", "MR", "done", part=part) for part in ("echo1", "echo2"))
    runs = (StepRun("convert", "done", series=parts), StepRun("bias-field", "done", series=parts[:1]))
    lines = [(line.scan, line.outcome) for line in series_lines(SessionResult(session, runs, ""))]
    assert lines == [("5 echo1", "convert, bias-field"), ("5 echo2", "convert")]
