"""Rows of the rule table on where images come from: ImageType, geometry, maker, study, number, session."""

from sarcoma_core.dicom.roles.rule import RELATION, RoleRule, When

_MR = When("Modality", any_of=("MR",))


def _is(relation: str) -> When:
    return When(RELATION, any_of=(relation,))


IMAGE_TYPE: tuple[RoleRule, ...] = (
    RoleRule(
        "sop-class",
        "image type",
        (When("SOPClassUID", any_of=("no volume",)),),
        {"no anatomy": 14},
        "objects of this SOP class are no volume",
    ),
    RoleRule(
        "other-modality",
        "image type",
        (When("Modality", none_of=("MR", "PT", "CT")),),
        {"no anatomy": 14},
        "its modality is none of MR, PT and CT",
    ),
    RoleRule(
        "map",
        "image type",
        (When("map", any_of=("a map",)),),
        {"map": 10},
        "ImageType tells of computed values or a part of a complex image",
    ),
    RoleRule(
        "localizer",
        "image type",
        (When("ImageType", any_of=("LOCALIZER", "SCOUT", "TOPOGRAM")),),
        {"localizer": 10},
        "the scanner calls it a localizer",
    ),
    RoleRule(
        "reformatted",
        "image type",
        (
            When(
                "ImageType",
                any_of=(
                    *("RESAMPLED", "REFORMATTED", "MPR", "CSA MPR", "CSA REFORMAT", "CSAPARALLEL"),
                    *("PROJECTION IMAGE", "PROJECTION", "MIP", "MINIP", "MAX_IP", "MIN_IP", "MEAN_IP"),
                    *(
                        "VOLUME RENDER",
                        "VOLREN",
                        "SURFACE_RENDER",
                        "VOLUME_RENDER",
                        "CPR",
                        "MIXED MPR",
                        "REGISTERED",
                    ),
                ),
            ),
        ),
        {"copy": 9},
        "computed from other images",
    ),
    RoleRule(
        "derived",
        "image type",
        (When("Modality", any_of=("MR", "CT")), When("ImageType", any_of=("DERIVED",))),
        {"copy": 1.5},
        "computed from other images, or filtered",
    ),
    RoleRule(
        "screen",
        "image type",
        (When("ImageType", any_of=("SCREEN SAVE", "SCREENSHOT", "DOSE", "DOSE_INFO", "PROT", "CSA REPORT")),),
        {"no anatomy": 10},
        "a picture of a screen",
    ),
    RoleRule(
        "dixon-water",
        "image type",
        (When("Dixon image", any_of=("water",)),),
        {"fat-suppressed": 6},
        "the water image of a Dixon has no fat",
    ),
    RoleRule(
        "dixon-in-phase",
        "image type",
        (When("Dixon image", any_of=("in-phase",)),),
        {"not fat-suppressed": 6},
        "the in-phase image of a Dixon has fat",
    ),
    RoleRule(
        "dixon-fat",
        "image type",
        (When("Dixon image", any_of=("fat", "opposed-phase")),),
        {"no anatomy": 8},
        "the fat or opposed-phase image of a Dixon is no image for models",
    ),
)

RELATIONS: tuple[RoleRule, ...] = (
    RoleRule(
        "other-grid",
        "geometry",
        (_is("on the grid of another modality"),),
        {"copy": 8},
        "resampled onto it",
    ),
    RoleRule(
        "other-frame",
        "geometry",
        (_is("in the frame of reference of another maker's PET or CT"),),
        {"copy": 6},
        "it was registered, as each scanner has frames of its own",
    ),
    RoleRule(
        "orientations",
        "geometry",
        (When("orientations", least=2),),
        {"localizer": 5.5},
        "images in several orientations",
    ),
    RoleRule(
        "few-images",
        "numbering",
        (When("images", least=1, below=4),),
        {"localizer": 2.5},
        "a few images",
    ),
    RoleRule(
        "second-software",
        "maker",
        (When("Manufacturer", any_of=("software for registration",)),),
        {"copy": 5},
        "it stands beside the scanner's maker",
    ),
    RoleRule(
        "other-maker",
        "maker",
        (_is("in the study of another maker's PET"),),
        {"copy": 3},
        "it was put there, as one scanner makes a study",
    ),
    RoleRule(
        "filed-with-pet-ct",
        "study",
        (_is("in the study of a PET/CT"),),
        {"copy": 2},
        "no PET/CT makes MR, so it may have been put there",
    ),
    RoleRule(
        "older-than-study",
        "study",
        (_is("older than the study of the PET or CT that it is filed in"),),
        {"copy": 3},
        "it was put there",
    ),
    RoleRule(
        "high-number",
        "numbering",
        (When("SeriesNumber", least=10000, below=100000),),
        {"copy": 3},
        "scanners count from 1, and few get so far",
    ),
    RoleRule(
        "very-high-number",
        "numbering",
        (When("SeriesNumber", least=100000),),
        {"copy": 4.5},
        "scanners count from 1, programs take a number by chance",
    ),
    RoleRule(
        "agent-in-all",
        "session",
        (_MR, _is("a contrast agent is recorded in every MR series")),
        {"no contrast": 3},
        "it does not tell before from after",
    ),
    RoleRule(
        "agent-in-others",
        "session",
        (_MR, _is("a contrast agent is recorded in other MR series")),
        {"no contrast": 2.5},
        "not in this one",
    ),
)
