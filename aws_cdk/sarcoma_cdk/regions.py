"""The regions that a site can stand in, each with the suffixes of Patch Manager's buckets there.

Source: Systems Manager user guide, "Amazon S3 buckets for patching operations" (2026-11). Regions in which
CloudFormation has no budgets are left out; China and GovCloud are partitions of their own.
"""

from collections.abc import Mapping

PATCH_MANAGER: Mapping[str, str] = {
    "ap-northeast-1": "4849fa78f",
    "ap-northeast-2": "10467995c",
    "ap-south-1": "cb7c62ff9",
    "ap-southeast-1": "7fdfd9ef7",
    "ap-southeast-2": "17283a275",
    "ca-central-1": "3148e69e3",
    "eu-central-1": "9163fdaaf",
    "eu-west-1": "5522fb710",
    "eu-west-2": "902a2bc74",
    "eu-west-3": "29bf85721",
    "me-south-1": "a53fc9dce",
    "sa-east-1": "ddf4b6a09",
    "us-east-1": "1970c647d",
    "us-east-2": "552881074",
    "us-west-1": "8badb4304",
    "us-west-2": "34d7f99f8",
}
"""By region the suffix of `aws-patch-manager-<region>-<suffix>`, where the script of AWS-RunPatchBaseline
lies."""

BASELINE_SNAPSHOT: Mapping[str, str] = {
    "me-south-1": "-uduvl7q8",
}
"""By region what follows in `patch-baseline-snapshot-<region>`, where anything does."""
