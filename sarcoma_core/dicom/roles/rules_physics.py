"""Rows of the rule table on how the images were acquired: physics tags of classic and enhanced MR.

Source: the terms are those of PS3.3, C.8.3.1 (MR Image) and C.8.13 (Enhanced MR Image). The limits of TR, TE
and TI are ours: wide enough for 0.5 to 3 T, with the ranges that textbooks give for T1, T2 and STIR inside.
"""

from sarcoma_core.dicom.roles.rule import DESCRIPTION, RoleRule, When

_MR = When("Modality", any_of=("MR",))
_NO_GRADIENT = When("ScanningSequence", none_of=("GR", "EP"))
_GRADIENT = When("ScanningSequence", any_of=("GR",))
_NO_PLANAR = When("ScanningSequence", none_of=("EP",))
_NO_INVERSION = When("InversionTime", absent=True)


def _unsaid(*groups: str) -> When:
    return When(DESCRIPTION, none_of=groups)


PHYSICS: tuple[RoleRule, ...] = (
    RoleRule(
        "spin-echo-t1",
        "physics",
        (
            _MR,
            _NO_GRADIENT,
            _NO_INVERSION,
            When("RepetitionTime", below=1000),
            When("EchoTime", below=30),
        ),
        {"T1": 5},
        "short TR and TE of a spin echo are T1 weighting",
    ),
    RoleRule(
        "spin-echo-t2",
        "physics",
        (_MR, _NO_GRADIENT, _NO_INVERSION, When("RepetitionTime", least=1500), When("EchoTime", least=50)),
        {"T2": 5},
        "long TR and TE of a spin echo are T2 weighting",
    ),
    RoleRule(
        "spin-echo-pd",
        "physics",
        (_MR, _NO_GRADIENT, _NO_INVERSION, When("RepetitionTime", least=1500), When("EchoTime", below=35)),
        {"proton density": 5},
        "long TR and short TE of a spin echo are proton density weighting",
    ),
    RoleRule(
        "spin-echo-intermediate",
        "physics",
        (
            _MR,
            _NO_GRADIENT,
            _NO_INVERSION,
            When("RepetitionTime", least=1500),
            When("EchoTime", least=35, below=50),
        ),
        {"proton density": 2, "T2": 2},
        "the echo time lies between those of proton density and T2 weighting",
    ),
    RoleRule(
        "stir",
        "physics",
        (_MR, _NO_PLANAR, When("InversionTime", least=80, below=300)),
        {"T2": 5, "fat-suppressed": 6},
        "an inversion time at which fat has no signal is STIR",
    ),
    RoleRule(
        "inversion-t1",
        "physics",
        (_MR, _NO_PLANAR, When("InversionTime", least=300, below=1500), When("EchoTime", below=40)),
        {"T1": 5},
        "an inversion before a short echo is T1 weighting",
    ),
    RoleRule(
        "inversion-of-fluid",
        "physics",
        (_MR, When("InversionTime", least=1500)),
        {"other sequence": 6},
        "an inversion time at which fluid has no signal is FLAIR",
    ),
    RoleRule(
        "inversion-of-unknown-time",
        "physics",
        (
            _MR,
            _NO_PLANAR,
            _NO_INVERSION,
            When("ScanningSequence", any_of=("IR",)),
            When("RepetitionTime", least=1500),
            _unsaid("T1", "special"),
        ),
        {"T2": 3.5, "fat-suppressed": 3.5},
        "an inversion recovery of unknown TI, which is STIR more often than not outside the brain",
    ),
    RoleRule(
        "gradient-echo-t1",
        "physics",
        (
            _MR,
            _GRADIENT,
            _NO_PLANAR,
            _NO_INVERSION,
            When("RepetitionTime", below=400),
            When("EchoTime", below=8),
            When("FlipAngle", least=8),
            When("SequenceVariant", none_of=("TRSS",)),
            _unsaid("special"),
        ),
        {"T1": 4.5},
        "short TR and TE and a flip angle beyond Ernst's of a spoiled gradient echo are T1 weighting",
    ),
    RoleRule(
        "gradient-echo-t2-star",
        "physics",
        (_MR, _GRADIENT, _NO_PLANAR, _NO_INVERSION, When("EchoTime", least=12)),
        {"other sequence": 4},
        "a long echo time of a gradient echo is T2* weighting",
    ),
    RoleRule(
        "echo-planar",
        "physics",
        (_MR, When("ScanningSequence", any_of=("EP",))),
        {"diffusion": 3, "other sequence": 3},
        "echo-planar imaging is diffusion, perfusion or function",
    ),
    RoleRule(
        "b-value",
        "physics",
        (_MR, When("DiffusionBValue", least=50)),
        {"diffusion": 7},
        "images with diffusion weighting",
    ),
    RoleRule(
        "fat-saturation-option",
        "physics",
        (_MR, When("ScanOptions", any_of=("FS",))),
        {"fat-suppressed": 5},
        "fat saturation",
    ),
    RoleRule(
        "spectral-suppression",
        "physics",
        (_MR, When("SpectrallySelectedSuppression", any_of=("FAT", "FAT_AND_WATER"))),
        {"fat-suppressed": 6},
        "fat saturation",
    ),
    RoleRule(
        "contrast-agent",
        "physics",
        (_MR, When("ContrastBolusAgent", any_of=("given",))),
        {"contrast": 6},
        "after contrast agent",
    ),
    RoleRule(
        "t1-without-fat",
        "session",
        (
            _MR,
            _NO_PLANAR,
            _NO_INVERSION,
            When("ScanOptions", any_of=("FS",)),
            When("RepetitionTime", below=1000),
            When("EchoTime", below=30),
            _unsaid("contrast", "no contrast"),
            When("ContrastBolusAgent", absent=True),
        ),
        {"contrast": 2},
        "T1 without fat is taken after contrast agent, as a rule",
    ),
    RoleRule(
        "enhanced-t1",
        "physics",
        (_MR, When("AcquisitionContrast", any_of=("T1",))),
        {"T1": 5},
        "the scanner calls it T1",
    ),
    RoleRule(
        "enhanced-t2",
        "physics",
        (_MR, When("AcquisitionContrast", any_of=("T2",))),
        {"T2": 5},
        "the scanner calls it T2",
    ),
    RoleRule(
        "enhanced-pd",
        "physics",
        (_MR, When("AcquisitionContrast", any_of=("PROTON_DENSITY",))),
        {"proton density": 5},
        "the scanner calls it proton density",
    ),
    RoleRule(
        "enhanced-stir",
        "physics",
        (_MR, When("AcquisitionContrast", any_of=("STIR",))),
        {"T2": 6, "fat-suppressed": 6},
        "the scanner calls it STIR",
    ),
    RoleRule(
        "enhanced-diffusion",
        "physics",
        (_MR, When("AcquisitionContrast", any_of=("DIFFUSION",))),
        {"diffusion": 7},
        "the scanner calls it diffusion",
    ),
    RoleRule(
        "enhanced-other",
        "physics",
        (
            _MR,
            When(
                "AcquisitionContrast",
                any_of=(
                    *("FLUID_ATTENUATED", "T2_STAR", "PERFUSION", "TOF", "FLOW_ENCODED", "TAGGED", "TAGGING"),
                    *("SPECTROSCOPY", "ELASTOGRAPHY", "TEMPERATURE"),
                ),
            ),
        ),
        {"other sequence": 6},
        "the scanner calls it a sequence of another kind",
    ),
)
