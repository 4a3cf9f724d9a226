"""The roles that a series of a session can have, and which of them one series is chosen for.

A role is public: it stands in SERIES_ROLES, in a cohort, on the command line (`--t1ce 5`) and in reports.
"""

from collections.abc import Mapping
from typing import Literal, get_args

ROLES_LABEL = "SERIES_ROLES"
"""The resource whose manifest tells the role of each series, as the fact `role`."""

Role = Literal["T1CE", "T1", "T2FS", "T2", "PET", "CT", "DWI", "MAP", "LOCALIZER", "DERIVED", "OTHER"]

ROLES: tuple[Role, ...] = get_args(Role)

ROLE_TITLES: Mapping[Role, str] = {
    "T1CE": "T1 post-contrast",
    "T1": "T1",
    "T2FS": "T2 fat-saturated or STIR",
    "T2": "T2",
    "PET": "PET",
    "CT": "CT",
    "DWI": "diffusion",
    "MAP": "map",
    "LOCALIZER": "localizer",
    "DERIVED": "derived copy",
    "OTHER": "other",
}

CHOSEN_ROLES: tuple[Role, ...] = ("T1CE", "T1", "T2FS", "T2", "PET", "CT")
"""Those of which a session has one series that models take; a person can choose which."""

REFERENCE_ROLES: tuple[Role, ...] = ("T1CE", "T1", "T2FS")
"""Whose grid the others are registered to: the first that a session has."""
