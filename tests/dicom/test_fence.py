"""What is wrong in one scan costs no other its volume, whatever attribute it is and whatever form it has.

With `SARCOMA_FENCE=all` every attribute is put into every form in every kind of object that is asked for it;
without, into every form in the first such kind, and into every eighth form in the others.
"""

import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from sarcoma_core.provenance import Outcome
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import run_step
from tests.dicom.truth import assert_same_image
from tests.laws import assert_every_series_has_one_outcome
from tests.recording import KINDS, Kind, csa, numbered, read_by_convert
from tests.wrong_forms import (
    FORMS,
    MARKER,
    Element,
    Elements,
    Place,
    as_unknown,
    damaged,
    faults_of,
    find,
    name,
    parse,
    place_of,
    put,
)

GOOD = "good"
FRAMES, SHARED = (place_of(f"{which}FunctionalGroupsSequence") for which in ("PerFrame", "Shared"))
CSA_HEADER = (0x0029_1010,)
LONG: Elements = {tag: Element("LT", b"a comment " * 4000) for tag in (0x00204000, 0x00209158)}
"""ImageComments and FrameComments of 40 kB each, which VR LT can hold."""


def _cases() -> Iterator[object]:
    seen: set[Place] = set()
    for number, kind in enumerate(KINDS):
        places = sorted(read_by_convert(kind))
        for place in places:
            every = place not in seen or os.environ.get("SARCOMA_FENCE") == "all"
            some = [*FORMS] if every else [*FORMS][(number + places.index(place)) % 8 :: 8]
            yield pytest.param(kind, place, some, id=f"{kind}-{name(place)}")
        seen.update(places)


@pytest.mark.parametrize(("kind", "place", "forms"), [*_cases()])
def test_an_attribute_in_a_wrong_form_costs_no_other_scan_its_volume_and_is_never_silently_wrong(
    kind: str, place: Place, forms: list[str], tmp_path: Path
) -> None:
    if place == place_of("PixelData"):
        forms = [
            form for form in forms if form != "UN of 70 kB"
        ]  # these are other pixels, and enough of them
    scans = {form: hurt(KINDS[kind], lambda file, form=form: damaged(file, place, form)) for form in forms}
    assert_fenced(scans, KINDS[kind], tmp_path)


@pytest.mark.parametrize(
    "keyword", ["Rows", "ImageOrientationPatient", "ImageType", "NumberOfFrames", "Modality"]
)
def test_a_damaged_scan_of_the_same_series_costs_the_good_one_nothing(keyword: str, tmp_path: Path) -> None:
    place = place_of(keyword)
    scans = {form: hurt(KINDS["MR"], lambda file, form=form: damaged(file, place, form)) for form in FORMS}
    assert_fenced(scans, KINDS["MR"], tmp_path, one_series=True)


@pytest.mark.parametrize("kind", ["MR", "CT", "enhanced MR", "mosaic", "contours"])
def test_a_transfer_syntax_that_nobody_knows_refuses_its_scan_at_most(kind: str, tmp_path: Path) -> None:
    syntaxes = {
        "GE": b"1.2.840.113619.5.2",
        "Philips": b"1.3.46.670589.33.1.4.1",
        "unused": b"1.2.840.10008.1.2.4.999\0",
        "SOP class": b"1.2.840.10008.5.1.4.1.1.4\0",
        "no UID": MARKER.encode(),
        "none": b"",
    }
    place = place_of("TransferSyntaxUID")
    assert_fenced(
        {
            title: hurt(KINDS[kind], lambda file, uid=uid: put(file, place, Element("UI", uid)))
            for title, uid in syntaxes.items()
        },
        KINDS[kind],
        tmp_path,
    )


@pytest.mark.parametrize("place", [FRAMES, SHARED], ids=name)
@pytest.mark.parametrize("more", [{}, LONG], ids=["small", "over 64 kB"])
def test_functional_groups_as_un_are_the_sequence_that_they_are_or_refuse_their_scan(
    place: Place, more: Elements, tmp_path: Path
) -> None:
    """PS3.5, 6.2.2, note 3: a sequence as UN is in Implicit VR Little Endian."""
    kind = KINDS["enhanced MR"]
    good = find(parse(kind.files[0]), place)
    assert good is not None
    assert isinstance(good.value, list)
    longer = Element("SQ", [{**item, **more} for item in good.value])
    scans = {
        "as it is": [put(kind.files[0], place, longer)],
        "UN": [put(kind.files[0], place, as_unknown(longer))],
    }
    told = assert_fenced(scans, kind, tmp_path)
    assert told["as it is"].status == "done"
    assert told["UN"].status in ("done", "refused"), told["UN"].reason


def test_sequences_of_4_bytes_refuse_their_scan_at_most(tmp_path: Path) -> None:
    kind = KINDS["enhanced MR"]
    places = [place for place in read_by_convert("enhanced MR") if place[-1] in {p[-2] for p in _nested()}]
    assert len(places) > 10
    scans = {
        f"{name(place)} {vr}": [put(kind.files[0], place, Element(vr, b"\1\2\3\4"))]
        for place in places
        for vr in ("SQ", "UN", "OB")
    }
    assert_fenced(scans, kind, tmp_path)


def _nested() -> list[Place]:
    return [place for place in read_by_convert("enhanced MR") if len(place) > 1]


def test_a_csa_header_that_is_old_cut_or_foreign_refuses_its_scan_at_most(tmp_path: Path) -> None:
    kind = KINDS["mosaic"]
    element = find(parse(kind.files[0]), CSA_HEADER)
    assert element is not None
    good = bytes(element.value)
    normal = ("FD", ("0.0", "0.0", "1.0"))
    headers = {
        "CSA1": _old(("NumberOfImagesInMosaic", "US", ("4",)), ("SliceNormalVector", *normal)),
        **{f"cut at {at}": good[:at] for at in (0, 1, 4, 8, 10, 16, 20, 50, 84, 100, 104, 150, 300)},
        "cut at its end": good[:-4],
        "zeros": bytes(600),
        "ones": b"\xff" * 600,
        "text": MARKER.encode() * 60,
        "beginning only": b"SV10\4\3\2\1" + bytes(600),
        "many tags": b"SV10\4\3\2\1" + struct.pack("<II", 2**31 - 1, 77) + good[16:],
        "many items": good.replace(
            struct.pack("<4sii", b"US\0\0", 0, 6), struct.pack("<4sii", b"US\0\0", 0, 2**30)
        ),
        **{
            f"{count!r} tiles": csa(NumberOfImagesInMosaic=("US", (count,)), SliceNormalVector=normal)
            for count in ("", "0", "-4", "1", "5", "17", "9999", "1000000", "4.5", "nan", MARKER)
        },
        "no count": csa(SliceNormalVector=normal),
        "no normal": csa(NumberOfImagesInMosaic=("US", ("4",))),
        **{
            f"normal {values}": csa(NumberOfImagesInMosaic=("US", ("4",)), SliceNormalVector=("FD", values))
            for values in (
                ("0.0", "1.0"),
                ("nan", "nan", "nan"),
                ("0", "0", "0"),
                ("1", "0", "0"),
                (MARKER,) * 3,
            )
        },
    }
    scans = {
        title: [put(kind.files[0], CSA_HEADER, Element("OB", header + bytes(len(header) % 2)))]
        for title, header in headers.items()
    }
    assert_fenced(scans, kind, tmp_path)


def _old(*tags: tuple[str, str, tuple[str, ...]]) -> bytes:
    """A Siemens CSA1 header: no signature, and to the first length of an item their count is added."""
    items = 6
    made = struct.pack("<II", len(tags), 77)
    for keyword, vr, texts in tags:
        made += struct.pack("<64si4siii", keyword.encode(), len(texts), vr.encode(), 0, items, 77)
        for text in (*texts, *[""] * (items - len(texts))):
            content = text.encode() + b"\0" if text else b""
            made += (
                struct.pack("<4i", len(content) + items, len(content), 77, 0)
                + content
                + bytes(-len(content) % 4)
            )
    return made


def hurt(kind: Kind, harm: Callable[[bytes], bytes]) -> list[bytes]:
    """The files of a scan, with harm done to those that its kind names."""
    return [harm(file) if number in kind.hurt else file for number, file in enumerate(kind.files)]


def assert_fenced(
    scans: Mapping[str, Sequence[bytes]], undamaged: Kind, folder: Path, *, one_series: bool = False
) -> dict[str, Outcome]:
    """Convert scans of which each has damage, and one that has none; what is wrong is told of all of them."""
    try:
        told, faults = _convert(scans, undamaged, folder / "all", one_series=one_series)
    except Exception as error:  # of whatever kind: the next lines find the scan that did it
        if len(scans) == 1:
            raise
        told, faults = {}, []
        for number, (title, files) in enumerate(scans.items()):
            try:
                _convert({title: files}, undamaged, folder / f"{number}", one_series=one_series)
            except Exception as own:  # noqa: BLE001  as above
                faults.append(f"{title}: nothing was converted: {type(own).__name__}: {own}")
        faults = faults or [f"all together: {type(error).__name__}: {error}"]
    assert not faults, "\n".join(faults)
    return told


def _convert(
    scans: Mapping[str, Sequence[bytes]], undamaged: Kind, folder: Path, *, one_series: bool
) -> tuple[dict[str, Outcome], list[str]]:
    """What became of the scans, and what is wrong with that."""
    titles = {GOOD: GOOD} | {f"{number}": title for number, title in enumerate(scans, start=1)}
    beside = KINDS["MR"]
    for number, (scan, files) in enumerate(zip(titles, (beside.files, *scans.values()), strict=True)):
        place = folder / "s" / "SCANS" / scan / "DICOM"
        place.mkdir(parents=True)
        for index, file in enumerate(files):
            (place / f"{index}.dcm").write_bytes(numbered(file, 0 if one_series else number))
    (record,) = run_step(step_named("convert"), folder / "s", folder / "out", {})
    assert_every_series_has_one_outcome(record, set(titles))
    told = {titles[outcome.scan]: outcome for outcome in record.outcomes}
    faults = [
        f"{title}: {fault}"
        for title, outcome in told.items()
        for fault in _faults(outcome, beside if title == GOOD else undamaged, folder / "out" / "NIFTI")
    ]
    if told[GOOD].status != "done":
        faults.append(f"the good scan is {told[GOOD].status}")
    return told, faults


def _faults(outcome: Outcome, undamaged: Kind, folder: Path) -> Iterator[str]:
    if outcome.status != "done":
        yield from (f"{outcome.status}: {fault}" for fault in faults_of(outcome.reason))
        return
    if undamaged.voxels is None:
        yield "done, and it is no image"
        return
    try:
        assert_same_image(folder / outcome.files[0], undamaged.voxels, undamaged.affine)
    except AssertionError:
        yield "done, but another image than the undamaged one"
