"""Rows of the rule table on what the description says, in words of the dictionary."""

from sarcoma_core.dicom.roles.rule import DESCRIPTION, RoleRule, When

_MR = When("Modality", any_of=("MR",))


def _says(*groups: str) -> When:
    return When(DESCRIPTION, any_of=groups)


def _unsaid(*groups: str) -> When:
    return When(DESCRIPTION, none_of=groups)


WORDS: tuple[RoleRule, ...] = (
    RoleRule("says-t1", "description", (_MR, _says("T1")), {"T1": 5}, "T1"),
    RoleRule("says-t1-technique", "description", (_MR, _says("T1 technique")), {"T1": 3.5}, "a T1 sequence"),
    RoleRule("says-t2", "description", (_MR, _says("T2")), {"T2": 5}, "T2"),
    RoleRule(
        "says-stir", "description", (_MR, _says("STIR")), {"T2": 5, "fat-suppressed": 6}, "T2 without fat"
    ),
    RoleRule(
        "says-inversion",
        "description",
        (_MR, _says("inversion recovery"), _unsaid("T1", "special")),
        {"T2": 4, "fat-suppressed": 4.5},
        "STIR, where no other inversion is named",
    ),
    RoleRule(
        "says-pd", "description", (_MR, _says("proton density")), {"proton density": 5}, "proton density"
    ),
    RoleRule("says-diffusion", "description", (_MR, _says("diffusion")), {"diffusion": 7}, "diffusion"),
    RoleRule(
        "says-special",
        "description",
        (_MR, _says("special"), _unsaid("T1")),
        {"other sequence": 7},
        "a sequence of another kind",
    ),
    RoleRule(
        "says-fat-suppressed",
        "description",
        (_MR, _says("fat-suppressed")),
        {"fat-suppressed": 6},
        "fat suppression",
    ),
    RoleRule(
        "says-not-fat-suppressed",
        "description",
        (_MR, _says("not fat-suppressed")),
        {"not fat-suppressed": 6},
        "no fat suppression",
    ),
    RoleRule(
        "says-contrast", "description", (_MR, _says("contrast")), {"contrast": 6}, "after contrast agent"
    ),
    RoleRule(
        "says-phase",
        "description",
        (_MR, _says("enhancement phase")),
        {"contrast": 3.5},
        "a phase after contrast agent, as a rule",
    ),
    RoleRule(
        "says-no-contrast",
        "description",
        (_MR, _says("no contrast")),
        {"no contrast": 5},
        "before contrast agent",
    ),
    RoleRule(
        "says-before-and-after",
        "session",
        (_MR, _says("contrast"), _says("no contrast")),
        {"contrast": 2},
        "before and after contrast agent are both said",
    ),
    RoleRule(
        "says-t1-without-fat",
        "session",
        (
            _MR,
            _says("T1", "T1 technique"),
            _says("fat-suppressed"),
            _unsaid("contrast", "no contrast"),
            When("ContrastBolusAgent", absent=True),
        ),
        {"contrast": 2},
        "T1 without fat is taken after contrast agent, as a rule",
    ),
    RoleRule("says-map", "description", (_says("map"),), {"map": 9}, "a computed image"),
    RoleRule("says-localizer", "description", (_says("localizer"),), {"localizer": 9}, "a localizer"),
    RoleRule(
        "says-aligned",
        "description",
        (_says("aligned copy"),),
        {"copy": 9},
        "registered to, or resampled onto, another series",
    ),
    RoleRule(
        "says-reformatted",
        "description",
        (_says("reformatted"),),
        {"copy": 8},
        "computed from other images",
    ),
    RoleRule(
        "says-reconstruction",
        "description",
        (_MR, _says("reconstruction")),
        {"copy": 5},
        "computed from other images, as a rule",
    ),
    RoleRule("says-box", "description", (_says("box"),), {"copy": 2}, "cut out of another series"),
    RoleRule(
        "says-calibration", "description", (_MR, _says("calibration")), {"no anatomy": 8}, "a calibration"
    ),
    RoleRule(
        "says-no-image",
        "description",
        (_says("no image series"),),
        {"no anatomy": 8},
        "a report, a picture of a screen or a bolus",
    ),
    RoleRule(
        "says-dixon-water",
        "description",
        (_MR, _says("Dixon"), _says("Dixon letter of water")),
        {"fat-suppressed": 5},
        "the water image of a Dixon",
    ),
    RoleRule(
        "says-dixon-in-phase",
        "description",
        (_MR, _says("Dixon"), _says("Dixon letter of in-phase")),
        {"not fat-suppressed": 5},
        "the in-phase image of a Dixon",
    ),
    RoleRule(
        "says-dixon-fat",
        "description",
        (_MR, _says("Dixon"), _says("Dixon letter of fat", "Dixon letter of opposed phase")),
        {"no anatomy": 7},
        "the fat or opposed-phase image of a Dixon",
    ),
)
