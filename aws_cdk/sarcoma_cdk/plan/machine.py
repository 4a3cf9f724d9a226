"""The machine: its two sizes, where they are offered, its image."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code
from sarcoma_cdk.config import Site
from sarcoma_cdk.plan.finding import PlanFinding, judged

_ARCHITECTURE = "x86_64"
"""Of the AMI and of the suite's images."""
_MEMORY = 12 * 1024
"""MiB: XNAT's heap of 4 GiB, PostgreSQL, Orthanc, and one step beside them."""


def sizes_of(site: Site) -> dict[str, str]:
    """The sizes that a site's machine may have, by their keys in its file.

    Args:
        site: the site.
    """
    gpu = {"machine.gpu_size": site.machine.gpu_size} if site.machine.gpu_size else {}
    return {"machine.size": site.machine.size, **gpu}


def sizes(cloud: Cloud) -> Iterator[PlanFinding]:
    """The sizes fit the images: x86_64, enough memory, and a GPU where one is meant.

    Args:
        cloud: the site's account.

    Raises:
        ClientError: AWS answers something else than that it is not there.
    """
    ec2 = cloud.client("ec2")
    for key, size in sizes_of(cloud.site).items():
        rule = f"{key} {size} is {_ARCHITECTURE} with {_MEMORY // 1024} GiB of memory at least"
        rule += " and a GPU" if key == "machine.gpu_size" else ""
        try:
            [answer] = ec2.describe_instance_types(InstanceTypes=[size])["InstanceTypes"]
        except ClientError as error:
            if code(error) not in {"InvalidInstanceType", "InvalidParameterValue"}:
                raise
            yield PlanFinding(
                rule, ok=False, found="no such type in the region", do=f"Name another one in {key}."
            )
            continue
        chips = answer.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
        memory = answer.get("MemoryInfo", {}).get("SizeInMiB", 0)
        gpus = sum(gpu.get("Count", 1) for gpu in answer.get("GpuInfo", {}).get("Gpus", []))
        fits = _ARCHITECTURE in chips and memory >= _MEMORY and (gpus > 0 or key == "machine.size")
        found = f"{'/'.join(chips)}, {memory // 1024} GiB, {gpus} GPUs"
        yield judged(rule, found, f"Name another one in {key}, e.g. m6i.xlarge or g5.xlarge.", ok=fits)


def offers(cloud: Cloud) -> Iterator[PlanFinding]:
    """Both sizes are offered in the machine's zone.

    Args:
        cloud: the site's account.
    """
    site = cloud.site
    pages = cloud.client("ec2").get_paginator("describe_instance_type_offerings")
    for key, size in sizes_of(site).items():
        asked = pages.paginate(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [size]}]
        )
        offered = sorted(each["Location"] for page in asked for each in page["InstanceTypeOfferings"])
        common = [zone for zone in offered if zone in site.zones]
        yield judged(
            f"{key} {size} is offered in machine.zone {site.machine.zone}",
            f"in {', '.join(offered) or 'no zone'}",
            f"Set machine.zone to {common[0]}."
            if common
            else f"Name one of the zones where it is offered in zones and machine.zone, or another {key}.",
            ok=site.machine.zone in offered,
        )


def image(cloud: Cloud) -> Iterator[PlanFinding]:
    """The parameter of the machine's image is there.

    Args:
        cloud: the site's account.

    Raises:
        ClientError: AWS answers something else than that it is not there.
    """
    name = cloud.site.machine.image
    try:
        found = cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if code(error) != "ParameterNotFound":
            raise
        found = ""
    yield judged(
        f"the parameter machine.image {name} names an AMI",
        found or "no such parameter in the region",
        "Take the default: remove machine.image from the site's file.",
        ok=found.startswith("ami-"),
    )
