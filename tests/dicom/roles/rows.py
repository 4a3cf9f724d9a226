"""For each row of the rule table: a series in which it decides, and a near miss in which it does not fire."""

from dataclasses import dataclass, replace
from typing import Any

from sarcoma_core.archive.roles import Role
from sarcoma_core.dicom.roles.facts import SeriesFacts, SeriesGrid

GE, SIEMENS = "GE MEDICAL SYSTEMS", "SIEMENS"
GRID = SeriesGrid((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (0.98, 0.98, 3.27), (512, 512, 40))
PET = SeriesFacts("8", "PT", manufacturer=GE, study="1.2", frame_of_reference="1.3")
CT = replace(PET, series="9", modality="CT", grid=GRID)


def mr(**values: Any) -> SeriesFacts:
    return SeriesFacts(series="1", modality="MR", manufacturer=values.pop("manufacturer", SIEMENS), **values)


def said(text: str, **values: Any) -> SeriesFacts:
    return mr(description=text, **values)


def terms(*words: str) -> frozenset[str]:
    return frozenset(words)


@dataclass(frozen=True)
class Row:
    """An example of a rule.

    Args:
        role: of the example.
        example: the rule fires.
        miss: it does not, though nearly.
        others: the series beside the example.
        others_of_miss: the series beside the near miss; those of the example where it is None.
    """

    role: Role
    example: SeriesFacts
    miss: SeriesFacts
    others: tuple[SeriesFacts, ...] = ()
    others_of_miss: tuple[SeriesFacts, ...] | None = None


SE, GR, EP, IR = terms("SE"), terms("GR"), terms("EP", "SE"), terms("SE", "IR")
_T1 = {"scanning_sequence": SE, "repetition_time": 550.0, "echo_time": 12.0}
_T2 = {"scanning_sequence": SE, "repetition_time": 4000.0, "echo_time": 85.0}
_FSPGR = {"scanning_sequence": GR, "repetition_time": 6.0, "echo_time": 2.2, "flip_angle": 12.0}
_T1_MR = mr(**_T1)
_AGENT = tuple(replace(_T1_MR, series=name, agent=True) for name in ("2", "3"))

ROWS: dict[str, Row] = {
    "spin-echo-t1": Row("T1", mr(**_T1), mr(**{**_T1, "scanning_sequence": GR})),
    "spin-echo-t2": Row("T2", mr(**_T2), mr(**{**_T2, "echo_time": 45.0})),
    "spin-echo-pd": Row("OTHER", mr(**{**_T2, "echo_time": 15.0}), mr(**_T1)),
    "spin-echo-intermediate": Row("T2", mr(**{**_T2, "echo_time": 42.0}), mr(**_T2)),
    "stir": Row(
        "T2FS",
        mr(**{**_T2, "inversion_time": 150.0}),
        mr(**{**_T2, "inversion_time": 150.0, "scanning_sequence": EP}),
    ),
    "inversion-t1": Row(
        "T1",
        mr(scanning_sequence=terms("GR", "IR"), inversion_time=900.0, echo_time=3.0, repetition_time=1900.0),
        mr(scanning_sequence=terms("GR", "IR"), inversion_time=900.0, echo_time=80.0, repetition_time=1900.0),
    ),
    "inversion-of-fluid": Row(
        "OTHER",
        said("T2 fs", **{**_T2, "inversion_time": 2400.0}),
        said("T2 fs", **{**_T2, "inversion_time": 160.0}),
    ),
    "inversion-of-unknown-time": Row(
        "T2FS",
        mr(scanning_sequence=IR, repetition_time=4000.0),
        said("T1", scanning_sequence=IR, repetition_time=4000.0),
    ),
    "gradient-echo-t1": Row("T1", mr(**_FSPGR), mr(**{**_FSPGR, "sequence_variant": terms("TRSS")})),
    "gradient-echo-t2-star": Row(
        "OTHER",
        said("vibe", **{**_FSPGR, "echo_time": 20.0}),
        said("vibe", **{**_FSPGR, "echo_time": 10.0}),
    ),
    "echo-planar": Row("T2", said("T2", scanning_sequence=EP), said("T2", scanning_sequence=SE)),
    "b-value": Row("DWI", mr(scanning_sequence=EP, b_value=800.0), mr(scanning_sequence=EP, b_value=0.0)),
    "fat-saturation-option": Row(
        "T2FS", mr(**_T2, scan_options=terms("FS")), mr(**_T2, scan_options=terms("SFS"))
    ),
    "spectral-suppression": Row("T2FS", mr(**_T2, suppression="FAT"), mr(**_T2, suppression="NONE")),
    "contrast-agent": Row("T1CE", mr(**_T1, agent=True), mr(**_T1, agent=False)),
    "t1-without-fat": Row(
        "T1", mr(**_T1, scan_options=terms("FS")), mr(**_T1, scan_options=terms("FS"), description="pre")
    ),
    "enhanced-t1": Row("T1", mr(acquisition_contrast="T1"), mr(acquisition_contrast="UNKNOWN")),
    "enhanced-t2": Row("T2", mr(acquisition_contrast="T2"), mr(acquisition_contrast="T2_STAR")),
    "enhanced-pd": Row(
        "OTHER", mr(acquisition_contrast="PROTON_DENSITY"), mr(acquisition_contrast="UNKNOWN")
    ),
    "enhanced-stir": Row("T2FS", mr(acquisition_contrast="STIR"), mr(acquisition_contrast="T2")),
    "enhanced-diffusion": Row(
        "DWI", mr(acquisition_contrast="DIFFUSION"), mr(acquisition_contrast="UNKNOWN")
    ),
    "enhanced-other": Row(
        "OTHER",
        said("T2", acquisition_contrast="FLUID_ATTENUATED"),
        said("T2", acquisition_contrast="UNKNOWN"),
    ),
    "sop-class": Row("OTHER", said("T1", not_a_volume="a secondary capture"), said("T1")),
    "other-modality": Row(
        "OTHER", SeriesFacts("1", "OT", description="ADC"), SeriesFacts("1", "MR", description="ADC")
    ),
    "map": Row("MAP", mr(**_T1, map="an ADC map"), mr(**_T1)),
    "localizer": Row("LOCALIZER", mr(**_T1, image_type=terms("LOCALIZER")), mr(**_T1, image_type=terms("M"))),
    "reformatted": Row("DERIVED", mr(**_T1, image_type=terms("CSA MPR")), mr(**_T1, image_type=terms("CSA"))),
    "derived": Row(
        "DERIVED",
        said("T1 box", image_type=terms("DERIVED"), series_number=20000),
        said("T1 box", image_type=terms("ORIGINAL"), series_number=20000),
    ),
    "screen": Row("OTHER", mr(**_T1, image_type=terms("SCREEN SAVE")), mr(**_T1, image_type=terms("SAVE"))),
    "dixon-water": Row("T2FS", mr(**_T2, dixon="water"), mr(**_T2)),
    "dixon-in-phase": Row(
        "T2",
        mr(**_T2, dixon="in-phase", scan_options=terms("FS")),
        mr(**_T2, dixon="water", scan_options=terms("FS")),
    ),
    "dixon-fat": Row("OTHER", mr(**_T1, dixon="opposed-phase"), mr(**_T1, dixon="in-phase")),
    "other-grid": Row(
        "DERIVED",
        mr(**_T1, grid=GRID),
        mr(**_T1, grid=replace(GRID, origin=(0.5, 0.0, 0.0))),
        (CT,),
    ),
    "other-frame": Row(
        "DERIVED", mr(**_T1, frame_of_reference="1.3"), mr(**_T1, frame_of_reference="1.4"), (CT,)
    ),
    "orientations": Row("LOCALIZER", said("sag", orientations=3), said("sag", orientations=1)),
    "few-images": Row(
        "LOCALIZER", said("sag", orientations=3, images=3), said("sag", orientations=3, images=9)
    ),
    "second-software": Row(
        "DERIVED",
        said("T1 box", manufacturer="SIEMENS / MIM Software"),
        said("T1 box", manufacturer="SIEMENS / MIMOSA"),
    ),
    "other-maker": Row(
        "DERIVED",
        mr(**_T1, study="1.2", series_number=20000),
        mr(**_T1, study="1.2", series_number=20000, manufacturer=GE),
        (PET,),
    ),
    "filed-with-pet-ct": Row(
        "DERIVED",
        mr(**_T1, study="1.2", series_number=200000, manufacturer=GE),
        mr(**_T1, study="1.2", series_number=200000, manufacturer=GE),
        (PET, CT),
        (PET,),
    ),
    "older-than-study": Row(
        "DERIVED",
        mr(
            **_T1,
            study="1.2",
            series_number=20000,
            series_date="20050101",
            study_date="20050115",
            manufacturer=GE,
        ),
        mr(
            **_T1,
            study="1.2",
            series_number=20000,
            series_date="20050115",
            study_date="20050115",
            manufacturer=GE,
        ),
        (CT,),
    ),
    "high-number": Row("DERIVED", said("T1 box", series_number=48044), said("T1 box", series_number=901)),
    "very-high-number": Row(
        "DERIVED", said("T1 box", series_number=6564013), said("T1 box", series_number=1001)
    ),
    "agent-in-all": Row("T1CE", mr(**_T1, agent=True), mr(**_T1, agent=True), _AGENT, _AGENT[:1]),
    "agent-in-others": Row(
        "T1",
        said("T1 fs", **_T1),
        said("T1 fs", **_T1),
        _AGENT,
        (),
    ),
    "says-t1": Row("T1", said("AXT1"), said("PART1")),
    "says-t1-technique": Row("T1", said("ax vibe"), said("ax vibes")),
    "says-t2": Row("T2", said("sag T2 tse"), said("set 2 sag")),
    "says-stir": Row("T2FS", said("T2ST RT"), said("T2 ST RT")),
    "says-inversion": Row("T2FS", said("AX IR"), said("AX IR T1")),
    "says-pd": Row("OTHER", said("PDW TSE"), said("PDA TSE")),
    "says-diffusion": Row("DWI", said("ep2d b800"), said("ep2d b8")),
    "says-special": Row("OTHER", said("T2* gre"), said("T2 tse")),
    "says-fat-suppressed": Row("T2FS", said("T2 F.S."), said("T2 FSX")),
    "says-not-fat-suppressed": Row("T2", said("STIR no FS"), said("STIR")),
    "says-contrast": Row("T1CE", said("T1 C+"), said("T1 C-SPINE")),
    "says-phase": Row("T1CE", said("T1 portal"), said("T1 port")),
    "says-no-contrast": Row("T1", said("T1 C-", agent=True), said("T1", agent=True)),
    "says-before-and-after": Row("T1CE", said("T1 pre post"), said("T1 pre")),
    "says-t1-without-fat": Row("T1", said("T1 fs"), said("T1 fs pre")),
    "says-map": Row("MAP", said("T1 sub"), said("T1 subtle")),
    "says-localizer": Row("LOCALIZER", said("3-plane T2"), said("plane T2")),
    "says-aligned": Row("DERIVED", said("T1toPET"), said("T1 PET")),
    "says-reformatted": Row("DERIVED", said("T1 MPR"), said("T1 MPRS2")),
    "says-reconstruction": Row("DERIVED", said("T1 recon"), said("T1 recondite")),
    "says-box": Row("DERIVED", said("T1 box", series_number=20000), said("T1 boxing", series_number=20000)),
    "says-calibration": Row("OTHER", said("T1 calibration"), said("T1 calibrated")),
    "says-no-image": Row("OTHER", said("T1 screen save"), said("T1 safe")),
    "says-dixon-water": Row("T2FS", said("T2 dixon W"), said("T2 tse W")),
    "says-dixon-in-phase": Row("T2", said("T2 dixon fs in"), said("T2 fs in")),
    "says-dixon-fat": Row("OTHER", said("T1 dixon F"), said("T1 tse F")),
}
