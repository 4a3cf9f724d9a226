"""Quotas of the account: new accounts may not start a single GPU."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code
from sarcoma_cdk.plan.finding import PlanFinding, judged
from sarcoma_cdk.plan.machine import sizes_of


class Quota(NamedTuple):
    """A quota on the vCPUs of running machines.

    Attributes:
        code: what Service Quotas calls it.
        name: what its console calls it.
    """

    code: str
    name: str


_STANDARD = Quota("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances")
_GRAPHICS = Quota("L-DB2E81BA", "Running On-Demand G and VT instances")
_FAMILIES: Mapping[str, Quota] = {
    **dict.fromkeys("acdhimrtz", _STANDARD),
    "g": _GRAPHICS,
    "vt": _GRAPHICS,
    "p": Quota("L-417A185B", "Running On-Demand P instances"),
}
"""By the letters that a type begins with (EC2 user guide, "Amazon EC2 instance type quotas")."""
_VPCS = Quota("L-F678F1CE", "VPCs per Region")
_RUNNING = ("pending", "running")


def processors(cloud: Cloud) -> Iterator[PlanFinding]:
    """The quotas leave vCPUs for both sizes.

    Args:
        cloud: the site's account.
    """
    ec2 = cloud.client("ec2")
    others = _in_use(cloud)
    for key, size in sizes_of(cloud.site).items():
        quota = _quota_of(size)
        if not quota:
            yield PlanFinding(
                f"a quota is known for {key} {size}",
                ok=False,
                found="none",
                do="Look for its family in the console, Service Quotas, Amazon EC2; or name another size.",
            )
            continue
        [answer] = ec2.describe_instance_types(InstanceTypes=[size])["InstanceTypes"]
        needed = int(answer["VCpuInfo"]["DefaultVCpus"]) + others[quota.code]
        allowed = _value(cloud, "ec2", quota)
        yield judged(
            f"{key} {size}: quota {quota.code} ({quota.name}) is {needed} vCPUs at least",
            f"{allowed:g} vCPUs, of which {others[quota.code]} run",
            _raise(cloud, "ec2", quota, needed),
            ok=allowed >= needed,
        )


def vpcs(cloud: Cloud) -> Iterator[PlanFinding]:
    """The quota leaves a VPC.

    Args:
        cloud: the site's account.
    """
    found = cloud.client("ec2").describe_vpcs()["Vpcs"]
    others = [vpc for vpc in found if not is_ours(vpc, cloud)]
    needed, allowed = len(others) + 1, _value(cloud, "vpc", _VPCS)
    yield judged(
        f"quota {_VPCS.code} ({_VPCS.name}) is {needed} at least",
        f"{allowed:g}, of which {len(others)} are there",
        _raise(cloud, "vpc", _VPCS, needed),
        ok=allowed >= needed,
    )


def is_ours(thing: Mapping[str, Any], cloud: Cloud) -> bool:
    """Whether something in EC2 is this site's own, of an earlier deploy.

    Args:
        thing: as EC2 describes it, with its tags.
        cloud: the site's account.
    """
    return {"Key": "sarcoma:site", "Value": cloud.site.site} in thing.get("Tags", [])


def _quota_of(size: str) -> Quota | None:
    letters = size.partition(".")[0]
    family = next((letters[:end] for end, sign in enumerate(letters) if not sign.isalpha()), letters)
    return _FAMILIES.get(family)


def _in_use(cloud: Cloud) -> Counter[str]:
    used: Counter[str] = Counter()
    pages = cloud.client("ec2").get_paginator("describe_instances")
    asked = pages.paginate(Filters=[{"Name": "instance-state-name", "Values": list(_RUNNING)}])
    for page in asked:
        for each in (each for group in page["Reservations"] for each in group["Instances"]):
            quota = _quota_of(each["InstanceType"])
            if quota and not is_ours(each, cloud):
                chips = each.get("CpuOptions", {})
                used[quota.code] += chips.get("CoreCount", 1) * chips.get("ThreadsPerCore", 1)
    return used


def _value(cloud: Cloud, service: str, quota: Quota) -> float:
    quotas, which = cloud.client("service-quotas"), {"ServiceCode": service, "QuotaCode": quota.code}
    try:
        answer = quotas.get_service_quota(**which)
    except ClientError as error:
        if code(error) != "NoSuchResourceException":  # nobody has changed it for this account
            raise
        answer = quotas.get_aws_default_service_quota(**which)
    return float(answer["Quota"]["Value"])


def _raise(cloud: Cloud, service: str, quota: Quota, needed: int) -> str:
    return (
        f"aws service-quotas request-service-quota-increase --region {cloud.site.region} --service-code "
        f"{service} "
        f"--quota-code {quota.code} --desired-value {needed} (AWS takes hours to days)"
    )
