"""The rule table: data, published in docs/concepts/series-roles.md, one test for each row.

A weight is the natural logarithm of odds: 3 speaks 20 to 1, 5 speaks 150 to 1. Times are in ms, angles in
degrees, b-values in s/mm2.
"""

from sarcoma_core.dicom.roles.rule import RoleRule
from sarcoma_core.dicom.roles.rules_origin import IMAGE_TYPE, RELATIONS
from sarcoma_core.dicom.roles.rules_physics import PHYSICS
from sarcoma_core.dicom.roles.rules_words import WORDS

RULES: tuple[RoleRule, ...] = (*PHYSICS, *IMAGE_TYPE, *RELATIONS, *WORDS)
