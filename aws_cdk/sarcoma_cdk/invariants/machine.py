"""The machine: no key pair, no address, IMDSv2 for itself alone, and the same user data for ever."""

import json
import re
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule, is_true, number
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import parameter_name
from sarcoma_cdk.user_data import LONGEST, user_data

_TEMPLATE = {"ImageId", "MetadataOptions", "UserData"}
"""What the launch template says; anything more is said of a machine behind the instance's back."""
_INSTANCE = {
    *("BlockDeviceMappings", "DisableApiTermination", "EbsOptimized", "IamInstanceProfile", "InstanceType"),
    *("LaunchTemplate", "Monitoring", "SecurityGroupIds", "SubnetId", "Tags"),
}
_ONCE = (
    ("Machine", "AWS::EC2::Instance"),
    ("Machine", "AWS::EC2::LaunchTemplate"),
    ("Machine", "AWS::IAM::InstanceProfile"),
    ("Boot", "AWS::SSM::Parameter"),
)
_METADATA = {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": "1"}
_SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN|aws_secret_access_key|AWS_SECRET|(?i:passw(or)?d|token)\s*[=:]\s*\S"
)
_SECRET_KEYS = ("password", "client_secret")


def _one(templates: Templates, site: Site) -> Iterator[Fault]:
    for part, kind in _ONCE:
        found = templates.of(kind)
        if len(found) != int(site.stack_name(part) in templates.stacks):
            yield Fault(site.stack_name(part), f"there must be one {kind}", [each.name for each in found])
    for each in templates.of("AWS::SSM::Parameter"):
        if each.get("Name") != parameter_name(site):
            yield Fault(
                each, f"its name must be {parameter_name(site)}, which the machine reads", each.get("Name")
            )


def _launched(templates: Templates, site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::EC2::Instance"):
        more = set(each.properties) - _INSTANCE
        if more:
            yield Fault(
                each, "the instance must have no key pair, interface or user data of its own", sorted(more)
            )
        template = templates.target(each.get("LaunchTemplate", "LaunchTemplateId"))
        version = templates.target(each.get("LaunchTemplate", "Version"))
        if template is None or version != template or template.kind != "AWS::EC2::LaunchTemplate":
            yield Fault(
                each, "it must come of the site's launch template, the latest", each.get("LaunchTemplate")
            )
        if each.get("InstanceType") != site.machine.size:
            yield Fault(each, f"its type must be machine.size, {site.machine.size}", each.get("InstanceType"))
        for name in ("DisableApiTermination", "EbsOptimized", "Monitoring"):
            if not is_true(each.get(name)):
                yield Fault(each, f"{name} must be true", each.get(name))
    for each in templates.of("AWS::EC2::LaunchTemplate"):
        more = set(each.get("LaunchTemplateData") or {}) - _TEMPLATE
        if more:
            yield Fault(
                each, "the launch template must say image, metadata and user data alone", sorted(more)
            )
        image = each.get("LaunchTemplateData", "ImageId")
        if not re.fullmatch(r"ami-[0-9a-f]{8,17}", str(image)):
            yield Fault(each, "ImageId must be the lock's AMI, or a new one replaces the machine", image)


def _metadata(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::EC2::LaunchTemplate"):
        options = each.get("LaunchTemplateData", "MetadataOptions") or {}
        for name, value in _METADATA.items():
            if str(options.get(name)) != value:
                yield Fault(
                    each, f"{name} must be {value}: no container gets the machine's role", options.get(name)
                )
        for name in ("HttpProtocolIpv6", "InstanceMetadataTags"):
            if options.get(name) not in (None, "disabled"):
                yield Fault(each, f"{name} must be disabled", options.get(name))


def _profile(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::EC2::Instance"):
        profile = templates.target(each.get("IamInstanceProfile"))
        if profile is None or profile.kind != "AWS::IAM::InstanceProfile":
            yield Fault(
                each, "it must have its profile, or it reaches nothing in AWS", each.get("IamInstanceProfile")
            )
    for each in templates.of("AWS::IAM::InstanceProfile"):
        roles = [templates.target(role) for role in listed(each.get("Roles"))]
        services = [trusted(role) for role in roles if role]
        if services != [["ec2.amazonaws.com"]]:
            yield Fault(each, "a profile must have one role, EC2's", each.get("Roles"))


def trusted(role: Resource) -> list[str]:
    """The services that a role trusts.

    Args:
        role: the role.
    """
    found: list[Json] = []
    for statement in listed(role.get("AssumeRolePolicyDocument", "Statement")):
        principal = statement.get("Principal")
        found += listed(principal.get("Service")) if isinstance(principal, dict) else [principal]
    return [str(each) for each in found]


def _told(templates: Templates, site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::EC2::LaunchTemplate"):
        text = str(each.get("LaunchTemplateData", "UserData") or "")
        if len(text.encode()) > LONGEST:
            yield Fault(each, f"user data must have {LONGEST} bytes at most", f"{len(text.encode())} bytes")
        secret = _SECRET.search(text)
        if secret:
            yield Fault(each, "user data must hold no secret", secret[0][:12])
        right = text == user_data(site.site, site.region, parameter_name(site))
        if not right:
            yield Fault(
                each,
                "user data must be made of site, region and parameter alone: any other is another machine",
                "another text",
            )


def _settings(templates: Templates, site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::SSM::Parameter"):
        text = str(each.get("Value"))
        try:
            value = json.loads(text)
        except ValueError:
            yield Fault(each, "the parameter must be JSON", text)
            continue
        for name, found in walk(value):
            if is_secret(name) and found is not None:
                own = templates.target(found)
                if not own and not str(found).startswith(
                    f"arn:aws:secretsmanager:{site.region}:{site.account}:secret:"
                ):
                    yield Fault(each, f"{name} must be the ARN of a secret", "something else")
        right = {"site": site.site, "region": site.region, "account": site.account}
        for name, must in right.items():
            if value.get(name) != must:
                yield Fault(each, f"{name} must be {must}", value.get(name))


def is_secret(name: str) -> bool:
    """Whether a setting names a secret.

    Args:
        name: its whole name.
    """
    return name.startswith("secrets.") or name.rsplit(".", 1)[-1] in _SECRET_KEYS


def walk(value: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """Every value of a tree that is no object, with its name, e.g. `secrets.admin`.

    Args:
        value: the tree.
        name: the tree's own name.
    """
    if isinstance(value, dict):
        for key, each in value.items():
            yield from walk(each, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _volumes(templates: Templates, site: Site) -> Iterator[Fault]:
    sizes = {f"sarcoma-{site.site}-archive": site.storage.archive}
    if site.database.kind == "machine":
        sizes[f"sarcoma-{site.site}-database"] = site.storage.database
    volumes = templates.of("AWS::EC2::Volume")
    names = sorted(each.attributes("Tags").get("Name", each.name) for each in volumes)
    if names != sorted(sizes):
        yield Fault(site.stack_name("Data"), f"the volumes must be {sorted(sizes)}", names)
    for each in volumes:
        size = sizes.get(each.attributes("Tags").get("Name", ""))
        if number(each.get("Size")) != size:
            yield Fault(each, f"it must have the size of the site's file, {size} GiB", each.get("Size"))
        if each.get("AvailabilityZone") != site.machine.zone:
            yield Fault(each, f"it must stand in {site.machine.zone}", each.get("AvailabilityZone"))
        if is_true(each.get("MultiAttachEnabled")):
            yield Fault(each, "it must have one machine: XFS knows no other", "MultiAttachEnabled")


def _attached(templates: Templates, site: Site) -> Iterator[Fault]:
    machines = templates.of("AWS::EC2::Instance")
    found = templates.of("AWS::EC2::VolumeAttachment")
    for each in found:
        if templates.target(each.get("InstanceId")) not in machines:
            yield Fault(each, "a volume must be attached to the machine", each.get("InstanceId"))
    for volume in templates.of("AWS::EC2::Volume") if machines else ():
        if not any(templates.points(each.get("VolumeId"), volume) for each in found):
            yield Fault(volume, "it must be attached to the machine")
    for each in machines:
        subnet = templates.target(each.get("SubnetId"))
        zone = subnet.get("AvailabilityZone") if subnet else None
        if zone != site.machine.zone:
            yield Fault(each, f"it must stand in {site.machine.zone}", zone)


RULES = (
    Rule("one-machine", "There is one machine, with one launch template, profile and parameter.", _one),
    Rule("launched", "The machine is what its launch template says, without key pair or address.", _launched),
    Rule("metadata", "Only the machine itself asks for its role: IMDSv2, one hop.", _metadata),
    Rule("profile", "The machine has its role, and EC2 alone may give it.", _profile),
    Rule("told", "User data is short, without secrets, and the same for every publication.", _told),
    Rule("settings", "The parameter names secrets, and holds none.", _settings),
    Rule("volumes", "The volumes are those of the site's file, in the machine's zone.", _volumes),
    Rule("attached", "They are attached to the machine.", _attached),
)
