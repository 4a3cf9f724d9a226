"""The facts of a series are those of its headers, classic or enhanced, and a wrong form says nothing."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.reading import facts_of
from sarcoma_core.dicom.roles.telling import tell_session
from sarcoma_core.dicom.series import read_scan
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.series_maker import AXIAL, CORONAL, SAGITTAL, Stack, save
from tests.recording import KINDS, Kind, recorded
from tests.wrong_forms import FORMS, MARKER, Place, damaged, find, name, parse


def facts(datasets: list[Dataset], folder: Path, *, part: str = "") -> SeriesFacts:
    headers = read_scan(save(datasets, folder)).headers
    return facts_of(headers, f"1 {part}" if part else "1", part=part)


def item(**values: Any) -> Sequence:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


def role(series: SeriesFacts) -> str:
    return tell_session([series]).series[0].role


def test_the_tags_of_a_classic_image_are_read(tmp_path: Path) -> None:
    found = facts(
        Stack().datasets(
            RepetitionTime=4000,
            EchoTime=85,
            InversionTime=160,
            FlipAngle=150,
            ScanningSequence=["SE", "IR"],
            SequenceVariant="SK",
            ScanOptions="FAST_GEMS\\FS",
            ContrastBolusAgent="10 ml",
            SeriesDescription="a",
            ProtocolName="b",
            SequenceName="*tir2d1",
        ),
        tmp_path,
    )
    assert (found.repetition_time, found.echo_time, found.inversion_time, found.flip_angle) == (
        4000,
        85,
        160,
        150,
    )
    assert found.scanning_sequence == {"SE", "IR"}
    assert found.scan_options == {"FAST_GEMS", "FS"}
    assert found.agent is True
    assert (found.description, found.protocol, found.sequence_name) == ("a", "b", "*tir2d1")
    assert (found.modality, found.images, found.orientations, found.manufacturer) == ("MR", 6, 1, "SIEMENS")


def test_the_grid_is_that_of_the_positions(tmp_path: Path) -> None:
    stack = Stack(
        orientation=CORONAL, gap=4.0, origin=(1.0, 2.0, 3.0), pixel_spacing=(1.5, 1.25), shape=(12, 10)
    )
    grid = facts(stack.datasets(), tmp_path).grid
    assert grid is not None
    assert grid.spacing == pytest.approx((1.25, 1.5, 4.0))
    assert grid.shape == (10, 12, 6)
    assert grid.origin == pytest.approx((1.0, 2.0, 3.0))
    assert (grid.plane, grid.coverage, grid.voxel) == ("coronal", pytest.approx(24), pytest.approx(7.5))


@pytest.mark.parametrize("text", ["NONE", "no", "0", " ", "ohne", "Sans"])
def test_no_agent_is_recorded_by_a_word_for_none(text: str, tmp_path: Path) -> None:
    assert not facts(Stack().datasets(ContrastBolusAgent=text), tmp_path).agent


def test_an_inversion_time_of_0_is_none(tmp_path: Path) -> None:
    assert facts(Stack().datasets(InversionTime=0), tmp_path).inversion_time is None


@pytest.mark.parametrize(
    ("place", "vr", "value", "weight"),
    [
        ((0x0019, "SIEMENS MR HEADER", 0x0C), "IS", "800", 800),
        ((0x0043, "GEMS_PARM_01", 0x39), "IS", ["1000000800", "8", "0", "0"], 800),
        ((0x0043, "GEMS_PARM_01", 0x39), "IS", ["700", "8", "0", "0"], 700),
        ((0x2001, "Philips Imaging DD 001", 0x03), "FL", 600.0, 600),
    ],
)
def test_a_b_value_is_read_where_makers_keep_it(
    place: tuple[int, str, int], vr: str, value: object, weight: float, tmp_path: Path
) -> None:
    group, creator, element = place
    datasets = Stack().datasets()
    for dataset in datasets:
        dataset.private_block(group, creator, create=True).add_new(element, vr, value)
    assert facts(datasets, tmp_path).b_value == weight


def test_an_enhanced_object_says_the_same_in_its_functional_groups(tmp_path: Path) -> None:
    whole = enhanced([Stack()], echo_times=[90.0])
    shared = whole.SharedFunctionalGroupsSequence[0]
    shared.MRTimingAndRelatedParametersSequence = item(RepetitionTime=4500.0, FlipAngle=150.0)
    shared.MRModifierSequence = item(InversionRecovery="YES", InversionTimes=[170.0, 170.0])
    del whole["ScanningSequence"], whole["RepetitionTime"]
    whole.EchoPulseSequence, whole.SpectrallySelectedSuppression = "SPIN", "FAT"
    whole.ContrastBolusAgentSequence = item(ContrastBolusAgentNumber=1)
    found = facts([whole], tmp_path)
    assert (found.repetition_time, found.echo_time, found.inversion_time, found.flip_angle) == (
        4500,
        90,
        170,
        150,
    )
    assert found.scanning_sequence == {"SE", "IR"}
    assert (found.suppression, found.agent, found.images) == ("FAT", True, 6)
    assert found.grid is not None
    assert role(found) == "T2FS"


@pytest.mark.parametrize(
    ("word", "expected"), [("T1", "T1"), ("T2", "T2"), ("STIR", "T2FS"), ("DIFFUSION", "DWI")]
)
def test_an_enhanced_object_says_its_contrast_in_a_word(word: str, expected: str, tmp_path: Path) -> None:
    whole = enhanced([Stack()])
    del whole["ScanningSequence"], whole["RepetitionTime"]
    whole.AcquisitionContrast = word
    assert role(facts([whole], tmp_path)) == expected


def test_the_largest_b_value_of_the_frames_counts(tmp_path: Path) -> None:
    whole = enhanced([Stack(), Stack(seed=1)])
    for number, frame in enumerate(whole.PerFrameFunctionalGroupsSequence):
        frame.MRDiffusionSequence = item(DiffusionBValue=0.0 if number < 6 else 800.0)
    found = facts([whole], tmp_path)
    assert found.b_value == 800
    assert role(found) == "DWI"


def test_each_echo_is_a_series_with_its_own_echo_time(tmp_path: Path) -> None:
    first, second = Stack().repeat(2)
    datasets = first.datasets(EchoTime=14, RepetitionTime=3000) + second.datasets(
        EchoTime=95, RepetitionTime=3000
    )
    echoes = [facts(datasets, tmp_path, part=f"echo{n}") for n in (1, 2, 3)]
    assert [(one.echo_time, one.images) for one in echoes] == [(14, 6), (95, 6), (None, 0)]
    assert [role(one) for one in echoes[:2]] == ["OTHER", "T2"]


def test_each_image_of_a_dixon_is_a_series_of_its_own(tmp_path: Path) -> None:
    water, fat = Stack().repeat(2)
    values = {"RepetitionTime": 4000, "EchoTime": 80}
    datasets = water.datasets(ImageType=["ORIGINAL", "PRIMARY", "W"], **values)
    datasets += fat.datasets(ImageType=["ORIGINAL", "PRIMARY", "F"], **values)
    parts = {part: facts(datasets, tmp_path, part=part) for part in ("water", "fat")}
    assert {part: (one.dixon, one.images, role(one)) for part, one in parts.items()} == {
        "water": ("water", 6, "T2FS"),
        "fat": ("fat", 6, "OTHER"),
    }


def test_three_planes_in_one_series_are_a_localizer(tmp_path: Path) -> None:
    datasets = [
        dataset
        for number, orientation in enumerate((AXIAL, CORONAL, SAGITTAL))
        for dataset in Stack(slices=1, orientation=orientation, seed=number).datasets(
            EchoTime=2, RepetitionTime=None
        )
    ]
    found = facts(datasets, tmp_path)
    assert (found.orientations, found.images, found.grid) == (3, 3, None)
    assert role(found) == "LOCALIZER"


@pytest.mark.parametrize(("degrees", "orientations"), [(0.9 * 20, 1), (1.1 * 20, 2)])
def test_slices_that_are_tilted_by_little_look_in_one_direction(
    degrees: float, orientations: int, tmp_path: Path
) -> None:
    from math import cos, radians, sin  # noqa: PLC0415

    tilted = (1.0, 0.0, 0.0, 0.0, cos(radians(degrees)), sin(radians(degrees)))
    datasets = [d for o in (AXIAL, tilted) for d in Stack(slices=3, orientation=o).datasets()]
    assert facts(datasets, tmp_path).orientations == orientations


def test_a_scan_of_which_nothing_can_be_read_is_told_and_not_usable(tmp_path: Path) -> None:
    broken = tmp_path / "1.dcm"
    broken.write_bytes(b"no DICOM")
    found = facts_of(read_scan([broken]).headers, "1", modality="MR")
    assert (found.usable, found.images, found.modality) == (False, 0, "MR")
    (told,) = tell_session([found]).series
    assert "none of its headers can be read" in told.evidence
    assert told.needs_review == ""


@cache
def asked(kind: str) -> tuple[Place, ...]:
    """Every attribute that the facts of a scan of a kind are read from."""
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, recorded() as places:
        _read(KINDS[kind].files, Path(folder))
    return tuple(sorted(places))


def _read(files: tuple[bytes, ...], folder: Path) -> SeriesFacts:
    paths = []
    for number, content in enumerate(files):
        paths.append(folder / f"{number}.dcm")
        paths[-1].write_bytes(content)
    return facts_of(read_scan(paths).headers, "1", modality="MR")


def _hurts() -> Iterator[object]:
    seen: set[Place] = set()
    for kind in KINDS:
        for number, place in enumerate(asked(kind)):
            if place not in seen:
                yield pytest.param(kind, place, list(FORMS)[number % 4 :: 4], id=f"{kind}-{name(place)}")
        seen.update(asked(kind))


def test_more_than_the_conversions_attributes_are_asked_for() -> None:
    told = {name(place) for kind in ("MR", "enhanced MR") for place in asked(kind)}
    assert {
        "ContrastBolusAgent",
        "ScanOptions",
        "SeriesDescription",
        "AcquisitionContrast",
        "SeriesDate",
    } <= told


@pytest.mark.parametrize(("kind", "place", "forms"), list(_hurts()))
def test_an_attribute_in_a_wrong_form_is_one_that_says_nothing(
    kind: str, place: Place, forms: list[str], tmp_path: Path
) -> None:
    for form in forms:
        hurt: Kind = KINDS[kind]
        files = tuple(
            _damaged(file, place, form) if number in hurt.hurt else file
            for number, file in enumerate(hurt.files)
        )
        session = tell_session([_read(files, tmp_path)])
        assert MARKER not in str([told.as_json() for told in session.series])
        assert 0 <= session.series[0].confidence <= 1


def _damaged(content: bytes, place: Place, form: str) -> bytes:
    """The file with the attribute in a wrong form; as it is where the sequence that holds it is not there."""
    if len(place) > 1 and find(parse(content), place[:-1]) is None:
        return content
    try:
        return damaged(content, place, form)
    except AssertionError:
        return content
