"""Maps, phase images, subtractions and fused images are converted and go no further; anatomy does."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sarcoma_core.dicom.maps import map_in
from sarcoma_core.provenance import Outcome
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.fault_maker import Limb, convert_one, in_series, run, write_session
from tests.dicom.series_maker import Stack
from tests.dicom.truth import assert_same_image

STACK = Limb()
WORDS = {
    "ADC": "ADC|diffusion",
    "FA": r"\bFA\b|anisotropy|diffusion",
    "TRACE": "TRACE|diffusion",
    "perfusion": "perfusion|CBF|CBV|MTT|TTP|blood",
    "enhancement": "enhancement|perfusion",
    "subtraction": "subtract",
    "fused": "fus(ed|ion)",
    "phase": "phase|velocity",
    "real": "real",
    "imaginary": "imaginary",
    "parametric": "map",
}
"""What names a kind, in a reason."""


class Case(NamedTuple):
    """What makes an image a map, and the kind that its reason has to name."""

    kind: str
    image_type: str
    component: str = ""


MAPS = [
    Case("ADC", r"DERIVED\PRIMARY\DIFFUSION\ADC\ND\NORM"),
    Case("ADC", r"DERIVED\SECONDARY\ADC"),
    Case("ADC", r"DERIVED\PRIMARY\ADC_MAP"),
    Case("ADC", r"ORIGINAL\PRIMARY\ADC\NONE"),
    Case("ADC", r"derived\primary\diffusion\adc"),
    Case("ADC", "DERIVED\\PRIMARY\\DIFFUSION\\ ADC "),
    Case("FA", r"DERIVED\PRIMARY\DIFFUSION\FA\ND\NORM"),
    Case("FA", r"DERIVED\SECONDARY\FA"),
    Case("TRACE", r"DERIVED\PRIMARY\DIFFUSION\TRACEW\ND\DIS2D"),
    Case("TRACE", r"DERIVED\PRIMARY\DIFFUSION\TRACE"),
    *[
        Case("perfusion", rf"DERIVED\PRIMARY\PERFUSION\{word}")
        for word in ("CBF", "CBV", "MTT", "TTP", "RCBV", "RCBF", "RELCBV", "TMAX")
    ],
    Case("perfusion", r"DERIVED\SECONDARY\CBF"),
    Case("enhancement", r"DERIVED\SECONDARY\KTRANS"),
    Case("enhancement", r"DERIVED\SECONDARY\ENHANCEMENT"),
    Case("enhancement", r"DERIVED\PRIMARY\PERFUSION\NEI"),
    Case("subtraction", r"DERIVED\SECONDARY\SUB"),
    Case("subtraction", r"DERIVED\PRIMARY\M\SUB\ND"),
    Case("subtraction", r"DERIVED\SECONDARY\SUBTRACTION"),
    Case("fused", r"DERIVED\SECONDARY\FUSED"),
    Case("fused", r"DERIVED\SECONDARY\FUSION"),
    Case("phase", r"ORIGINAL\PRIMARY\P\ND"),
    Case("phase", r"ORIGINAL\PRIMARY\P"),
    Case("phase", r"ORIGINAL\PRIMARY\PHASE"),
    Case("phase", r"ORIGINAL\PRIMARY\PHASE MAP\P\SE"),
    Case("phase", r"ORIGINAL\PRIMARY\VELOCITY MAP\P\PCA"),
    Case("phase", r"ORIGINAL\PRIMARY\p"),
    Case("phase", r"ORIGINAL\PRIMARY\OTHER", "PHASE"),
    Case("phase", r"ORIGINAL\PRIMARY\OTHER", "phase"),
    Case("real", r"ORIGINAL\PRIMARY\R\ND"),
    Case("real", r"ORIGINAL\PRIMARY\R_FFE\R\FFE"),
    Case("real", r"ORIGINAL\PRIMARY\REAL"),
    Case("real", r"ORIGINAL\PRIMARY\OTHER", "REAL"),
    Case("imaginary", r"ORIGINAL\PRIMARY\I_FFE\I\FFE"),
    Case("imaginary", r"ORIGINAL\PRIMARY\IMAGINARY"),
    Case("imaginary", r"ORIGINAL\PRIMARY\OTHER", "IMAGINARY"),
    Case("parametric", r"DERIVED\PRIMARY\T1 MAP\T1\UNSPECIFIED"),
    Case("parametric", r"DERIVED\PRIMARY\T2 MAP\T2\UNSPECIFIED"),
]
ANATOMY = [
    Case("", image_type)
    for image_type in (
        r"DERIVED\PRIMARY\AXIAL",
        r"DERIVED\PRIMARY",
        r"DERIVED\SECONDARY",
        r"ORIGINAL\PRIMARY",
        r"ORIGINAL\PRIMARY\M",
        r"ORIGINAL\PRIMARY\M\ND\NORM\DIS2D\FM\FIL",
        r"ORIGINAL\PRIMARY\M\NORM\DIS3D\MFSPLIT",
        r"ORIGINAL\PRIMARY\OTHER",
        r"DERIVED\SECONDARY\MPR",
        r"DERIVED\PRIMARY\MPR\CSA MPR",
        r"ORIGINAL\PRIMARY\M_SE\M\SE",
        r"ORIGINAL\PRIMARY\M_FFE\M\FFE",
        r"ORIGINAL\PRIMARY\M_IR\M\IR",
        r"DERIVED\SECONDARY\REFORMATTED",
        r"DERIVED\SECONDARY\REFORMATTED\AVERAGE",
        r"DERIVED\PRIMARY\DIXON\WATER",
        r"DERIVED\PRIMARY\DIXON\FAT",
        r"DERIVED\PRIMARY\M\DIXON\IN_PHASE",
        r"DERIVED\PRIMARY\M\DIXON\OPP_PHASE",
        r"DERIVED\PRIMARY\M\OUT_PHASE",
        r"DERIVED\PRIMARY\W\W\DERIVED",
        r"DERIVED\PRIMARY\F\F\DERIVED",
        r"ORIGINAL\PRIMARY\IP\IP\UNSPECIFIED",
        r"ORIGINAL\PRIMARY\OP\OP\UNSPECIFIED",
        r"ORIGINAL\PRIMARY\T1\NONE",
        r"ORIGINAL\PRIMARY\T2\NONE",
        r"ORIGINAL\PRIMARY\DIFFUSION\NONE",
        r"ORIGINAL\PRIMARY\FAST",
        "ORIGINAL\\PRIMARY\\m\\ nd ",
    )
] + [
    Case("", r"ORIGINAL\PRIMARY\OTHER", "MAGNITUDE"),
    Case("", r"ORIGINAL\PRIMARY\M", " magnitude"),
]
CASES = {f"{index}": case for index, case in enumerate([*MAPS, *ANATOMY])}
IN_THE_CHAIN = (
    r"DERIVED\PRIMARY\AXIAL",
    r"ORIGINAL\PRIMARY\M_SE\M\SE",
    r"DERIVED\SECONDARY\REFORMATTED",
    r"DERIVED\PRIMARY\DIXON\WATER",
)
"""Anatomy that is followed to the end; of the others it is enough that `convert` calls them no map."""
STEPS = ("convert", "bias-field", "normalise")


def name(scan: str) -> str:
    """How a case is called in a test's id."""
    return f"{scan} {CASES[scan].image_type} {CASES[scan].component}".replace("\\", " ").strip()


def text_values(dataset: Dataset, keyword: str, text: str) -> None:
    """Set a value with its case and blanks as they are; pydicom would complain of them."""
    dataset.add_new(keyword, "LO", text.split("\\"))
    dataset[keyword].VR = "CS"


def classic(case: Case, seed: int) -> list[Dataset]:
    datasets = in_series(replace(STACK, seed=seed).datasets(), number=seed)
    for dataset in datasets:
        text_values(dataset, "ImageType", case.image_type)
        if case.component:
            text_values(dataset, "ComplexImageComponent", case.component)
    return datasets


def in_frames(case: Case, *, shared: bool, root: str = r"DERIVED\PRIMARY\MIXED\MIXED") -> list[Dataset]:
    """An enhanced object whose frames say what they are, each for itself or all at once."""
    whole = enhanced([STACK])
    text_values(whole, "ImageType", root)
    frame_type = Dataset()
    text_values(frame_type, "FrameType", case.image_type)
    frame_type.ComplexImageComponent = case.component or "MAGNITUDE"
    places = [whole.SharedFunctionalGroupsSequence[0]] if shared else whole.PerFrameFunctionalGroupsSequence
    for place in places:
        place.MRImageFrameTypeSequence = Sequence([frame_type])
    return in_series([whole])


class Ran(NamedTuple):
    """A session on which three steps have run."""

    session: Path
    outcomes: Mapping[str, Mapping[str, Outcome]]


def ran(session: Path) -> Ran:
    return Ran(session, {step: run(step, session) for step in STEPS})


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One session with a scan for each map."""
    folder = tmp_path_factory.mktemp("maps") / "session"
    return ran(write_session(folder, {s: classic(case, int(s)) for s, case in CASES.items() if case.kind}))


@pytest.fixture(scope="module")
def anatomy(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """What `convert` says of a session with a scan for each image that is no map."""
    folder = tmp_path_factory.mktemp("anatomy") / "session"
    scans = {scan: classic(case, int(scan)) for scan, case in CASES.items() if not case.kind}
    return run("convert", write_session(folder, scans))


@pytest.mark.parametrize("scan", [scan for scan, case in CASES.items() if case.kind], ids=name)
def test_a_map_is_converted_and_goes_no_further(maps: Ran, scan: str) -> None:
    converted = maps.outcomes["convert"][scan]
    stack = replace(STACK, seed=int(scan))

    assert (converted.status, converted.reason) == ("done", "")
    assert converted.facts["map"]
    assert_same_image(maps.session / "RESOURCES/NIFTI" / converted.files[0], stack.stored, stack.affine)
    for step in ("bias-field", "normalise"):
        outcome = maps.outcomes[step][scan]
        assert (outcome.status, outcome.files) == ("not applicable", ())
        assert re.search(WORDS[CASES[scan].kind], outcome.reason, re.IGNORECASE), outcome.reason
        assert "mask" not in outcome.reason


@pytest.mark.parametrize("scan", [scan for scan, case in CASES.items() if not case.kind], ids=name)
def test_anatomy_is_no_map(anatomy: Mapping[str, Outcome], scan: str) -> None:
    assert (anatomy[scan].status, anatomy[scan].facts["map"]) == ("done", "")


@pytest.mark.parametrize("image_type", IN_THE_CHAIN)
def test_anatomy_goes_through_every_step(image_type: str, tmp_path: Path) -> None:
    done = ran(write_session(tmp_path / "session", {"4": classic(Case("", image_type), 4)})).outcomes

    assert [(done[step]["4"].status, done[step]["4"].reason) for step in STEPS] == [("done", "")] * 3


FRAME_CASES: dict[str, tuple[Case, bool]] = {
    "an ADC map, told in each frame": (Case("ADC", r"DERIVED\PRIMARY\DIFFUSION\ADC"), False),
    "an ADC map, told once": (Case("ADC", r"DERIVED\PRIMARY\DIFFUSION\ADC"), True),
    "an anisotropy map": (Case("FA", r"DERIVED\PRIMARY\DIFFUSION\DIFFUSION_ANISO"), True),
    "a phase image, told in each frame": (Case("phase", r"ORIGINAL\PRIMARY\M\NONE", "PHASE"), False),
    "a phase image, told once": (Case("phase", r"ORIGINAL\PRIMARY\OTHER\NONE", "PHASE"), True),
    "a real part": (Case("real", r"ORIGINAL\PRIMARY\OTHER\NONE", "REAL"), True),
    "an imaginary part": (Case("imaginary", r"ORIGINAL\PRIMARY\OTHER\NONE", "IMAGINARY"), True),
    "a subtraction by its derived contrast": (Case("subtraction", r"DERIVED\PRIMARY\T1\SUBTRACTION"), True),
}


@pytest.mark.parametrize("named", FRAME_CASES)
def test_so_is_a_map_whose_frames_say_so(named: str, tmp_path: Path) -> None:
    case, shared = FRAME_CASES[named]

    done = ran(write_session(tmp_path / "session", {"4": in_frames(case, shared=shared)})).outcomes

    assert done["convert"]["4"].status == "done"
    assert done["convert"]["4"].facts["map"]
    assert [done[step]["4"].status for step in STEPS[1:]] == ["not applicable"] * 2
    assert re.search(WORDS[case.kind], done["bias-field"]["4"].reason, re.IGNORECASE)


@pytest.mark.parametrize(
    ("keyword", "value", "kind"),
    [
        ("ImageType", r"DERIVED\PRIMARY\DIFFUSION\ADC", "ADC"),
        ("ImageType", r"DERIVED\PRIMARY\T1\SUBTRACTION", "subtraction"),
        ("ComplexImageComponent", "PHASE", "phase"),
    ],
)
def test_so_is_a_map_whose_enhanced_object_says_so(
    keyword: str, value: str, kind: str, tmp_path: Path
) -> None:
    whole = enhanced([STACK])
    text_values(whole, keyword, value)

    done = ran(write_session(tmp_path / "session", {"4": [whole]})).outcomes

    assert done["convert"]["4"].facts["map"]
    assert [done[step]["4"].status for step in STEPS[1:]] == ["not applicable"] * 2
    assert re.search(WORDS[kind], done["bias-field"]["4"].reason, re.IGNORECASE)


@pytest.mark.parametrize("image_type", [r"ORIGINAL\PRIMARY\M\NONE", r"DERIVED\PRIMARY\T1\FILTERED"])
def test_enhanced_anatomy_goes_through_every_step(image_type: str, tmp_path: Path) -> None:
    datasets = in_frames(Case("", image_type), shared=True, root=image_type)

    done = ran(write_session(tmp_path / "session", {"4": datasets})).outcomes

    assert done["convert"]["4"].facts["map"] == ""
    assert [done[step]["4"].status for step in STEPS] == ["done"] * 3


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, ""), (1, "a phase image"), (2, "a real part of a complex image"), (3, "an imaginary part"), (4, "")],
)
def test_ge_tells_the_part_of_a_complex_image_in_an_element_of_its_own(
    number: int, kind: str, tmp_path: Path
) -> None:
    datasets = Stack().datasets(ImageType=["ORIGINAL", "PRIMARY", "OTHER"])
    for dataset in datasets:
        dataset.private_block(0x43, "GEMS_PARM_01", create=True).add_new(0x2F, "SS", number)

    found = convert_one(tmp_path, datasets).facts["map"]

    assert found.startswith(kind)
    assert bool(found) == bool(kind)


@pytest.mark.parametrize(
    "image_type",
    [
        r"DERIVED\PRIMARY\FF\FF\DERIVED",
        r"ORIGINAL\PRIMARY\R2_STAR_UNSPECI\R2_STAR\UNSPECIFIED",
        r"ORIGINAL\PRIMARY\B0\B0\FFE",
        r"DERIVED\PRIMARY\T2MAP",
        r"DERIVED\PRIMARY\ADCMAP",
        r"DERIVED\PRIMARY\K_TRANS",
        r"DERIVED\PRIMARY\IAUC60",
        r"DERIVED\ADC",
        r"DERIVED\PRIMARY\DIFFUSION\LAMBDA1",
        r"DERIVED\PRIMARY\M\T_TEST",
        r"DERIVED\PRIMARY\FILT_PHASE",
        r"ORIGINAL\PRIMARY\REAL_FFE",
        r"derived\primary\qsm ",
    ],
)
def test_words_of_makers_mean_a_map(image_type: str) -> None:
    assert map_in(image_type.split("\\"))


@pytest.mark.parametrize(
    "image_type",
    [
        r"DERIVED\PRIMARY\AXIAL\T1",
        r"DERIVED\PRIMARY\REFORMAT\T2",
        r"DERIVED\PRIMARY\PERFUSION\NONE",
        r"ORIGINAL\PRIMARY\SE\PE",
        r"ORIGINAL\PRIMARY\FSE\EXP",
        r"ORIGINAL\PRIMARY\M\R",
        r"DERIVED\PRIMARY\DIXON\IN_PHASE",
        r"DERIVED\PRIMARY\DIXON\OPP_PHASE",
        r"ORIGINAL\PRIMARY\M_FFE\M\FFE",
        r"ORIGINAL\PRIMARY",
        "",
    ],
)
def test_words_of_makers_mean_anatomy(image_type: str) -> None:
    assert map_in(image_type.split("\\")) == ""
