"""The doors to AWS: those that the boot's program and the machine's role need, all of them and no other.

Without internet a missing endpoint is a boot that hangs, and one too many a way out that nobody watches. What
is needed is not listed here: it is read off the boot's sources (`programs`), the machine's role, and what
Systems Manager is told.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache

from sarcoma_cdk import places
from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.machine import is_secret, walk
from sarcoma_cdk.invariants.network import private_subnets, tables_of
from sarcoma_cdk.invariants.programs import Use, unreadable, uses
from sarcoma_cdk.invariants.rules import Fault, Rule, is_true
from sarcoma_cdk.invariants.statements import Statement, identity_policies, machine_role, statements
from sarcoma_cdk.invariants.templates import Resource, Templates, listed
from sarcoma_cdk.naming import artefact_bucket_name

_BY_SERVICE: Mapping[str, frozenset[str]] = {
    "agent": frozenset({"logs", "monitoring"}),
    "cloudwatch": frozenset({"monitoring"}),
    "dnf": frozenset(),
    "docker": frozenset({"ecr.api", "ecr.dkr"}),
    "ecr": frozenset({"ecr.api"}),
    "s3": frozenset(),
    "s3api": frozenset(),
    "signal": frozenset(),
}
"""Interface endpoints of what is named otherwise; any other service has the endpoint of its name."""
_ALWAYS = {
    "sts": "whoever stands on the machine asks first who it is: aws sts get-caller-identity",
    "ssm": "Session Manager is the only way onto it",
    "ssmmessages": "as ssm",
}
"""What is needed whatever the boot does. `ec2messages` is legacy: agents since 3.3.40 use ssmmessages."""
ACTIONS = {
    ("ecr", "get-login-password"): ("ecr:GetAuthorizationToken",),
    ("s3", "cp"): ("s3:GetObject",),
    ("secretsmanager", "get-secret-value"): ("secretsmanager:GetSecretValue", "kms:Decrypt"),
    ("ssm", "get-parameter"): ("ssm:GetParameter",),
    ("docker", "pull"): (
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ),
    ("agent", ""): ("logs:CreateLogStream", "logs:PutLogEvents", "cloudwatch:PutMetricData"),
}
"""What the role must allow for each use; one that is not here is a finding until somebody looks it up."""
_FREE = {"dnf", "signal"}
"""Uses that need no action: a public bucket, and a presigned address."""
_SYSTEMS_MANAGER = ("ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel")


@cache
def _uses() -> tuple[Use, ...]:
    return uses()


@cache
def _unreadable() -> tuple[str, ...]:
    return unreadable()


def needed_endpoints(templates: Templates) -> dict[str, str]:
    """The interface endpoints that the machine needs, each with who needs it.

    Args:
        templates: the site's templates.
    """
    found = dict(_ALWAYS)
    for use in _uses():
        for name in _BY_SERVICE.get(use.service, frozenset({use.service})):
            found.setdefault(name, f"boot/{use.where}")
    role = machine_role(templates)
    for _, statement in identity_policies(templates, role) if role else ():
        for action in statement.actions if statement.allows else ():
            service = action.split(":")[0].lower()
            for name in _BY_SERVICE.get(service, frozenset({service})):
                found.setdefault(name, action)
    return found


def needed_objects(templates: Templates, site: Site) -> dict[tuple[str, str], str]:
    """Bucket and action that the machine needs of S3, each with who needs it.

    Args:
        templates: the site's templates.
        site: the site.
    """
    own = artefact_bucket_name(site)
    found: dict[tuple[str, str], str] = {}
    for use in _uses():
        by = f"boot/{use.where}"
        if use.service in ("s3", "s3api"):
            found.setdefault((own, "s3:GetObject"), by)
        elif use.service == "dnf":
            found.setdefault((places.system_packages(site.region), "s3:GetObject"), by)
        elif use.service == "docker":
            found.setdefault((places.image_layers(site.region), "s3:GetObject"), by)
        elif use.service == "signal":
            found.setdefault((places.wait_conditions(site.region), "s3:PutObject"), by)
    for each in templates.of("AWS::SSM::Association"):
        if each.get("Name") == "AWS-RunPatchBaseline":
            for bucket in (places.system_packages(site.region), *places.patch_lists(site.region)):
                found.setdefault((bucket, "s3:GetObject"), each.name)
    return found


def _readable(_templates: Templates, site: Site) -> Iterator[Fault]:
    for where in _unreadable():
        yield Fault(site.stack_name("Machine"), "aws(...) must have its service written out", f"boot/{where}")
    for use in _uses():
        if use.service not in _FREE and (use.service, use.operation) not in ACTIONS:
            yield Fault(
                site.stack_name("Machine"),
                "what the boot asks of AWS must be known (invariants/needs.py: ACTIONS)",
                f"{use.service} {use.operation} in boot/{use.where}",
            )


def _endpoints(templates: Templates, site: Site) -> Iterator[Fault]:
    there = {
        str(each.get("ServiceName")).removeprefix(f"com.amazonaws.{site.region}."): each
        for each in templates.of("AWS::EC2::VPCEndpoint")
        if each.get("VpcEndpointType") == "Interface"
    }
    needed = needed_endpoints(templates)
    for name in sorted(needed.keys() - there.keys()):
        yield Fault(site.stack_name("Network"), f"there must be an endpoint of {name}, for {needed[name]}")
    if machine_role(templates):  # before it, nobody can tell
        for name in sorted(there.keys() - needed.keys()):
            yield Fault(there[name], "an endpoint must be somebody's need", name)


def _interfaces(templates: Templates, site: Site) -> Iterator[Fault]:
    private = private_subnets(templates, site)
    for each in templates.of("AWS::EC2::VPCEndpoint"):
        if each.get("VpcEndpointType") == "Gateway":
            continue
        if each.get("VpcEndpointType") != "Interface":
            yield Fault(each, "it must be an interface, or S3's gateway", each.get("VpcEndpointType"))
        if not is_true(each.get("PrivateDnsEnabled")):
            yield Fault(each, "it must be found by the service's own name", each.get("PrivateDnsEnabled"))
        subnets = [templates.target(subnet) for subnet in listed(each.get("SubnetIds"))]
        zones = {subnet.get("AvailabilityZone") for subnet in subnets if subnet in private and subnet}
        if site.machine.zone not in zones or len(subnets) != site.network.endpoint_zones:
            yield Fault(
                each,
                f"it must stand in {site.network.endpoint_zones} private subnets, one in the machine's zone",
                sorted(map(str, zones)),
            )
        if each.get("IpAddressType") not in (None, "ipv4"):
            yield Fault(each, "it must have IPv4 addresses only", each.get("IpAddressType"))
        policy = statements(each.get("PolicyDocument"))
        if not policy or not all(_of_this_account(statement, site) for statement in policy):
            yield Fault(
                each, f"it must serve account {site.account} alone, and all of it", each.get("PolicyDocument")
            )


def _of_this_account(statement: Statement, site: Site) -> bool:
    return (
        statement.allows
        and not statement.negated
        and statement.principals == (("AWS", "*"),)
        and statement.actions == ("*",)
        and statement.resources == ("*",)
        and statement.holds("StringEquals", "aws:PrincipalAccount", site.account)
    )


def _gateway(templates: Templates, site: Site) -> Iterator[Fault]:
    gateways = [
        each for each in templates.of("AWS::EC2::VPCEndpoint") if each.get("VpcEndpointType") == "Gateway"
    ]
    names = [str(each.get("ServiceName")) for each in gateways]
    if names != [f"com.amazonaws.{site.region}.s3"]:
        yield Fault(site.stack_name("Network"), "there must be one gateway endpoint, S3's", names)
    for each in gateways:
        tables = [templates.target(table) for table in listed(each.get("RouteTableIds"))]
        for subnet in private_subnets(templates, site):
            if not any(table in tables for table in tables_of(templates, subnet)):
                yield Fault(
                    each, f"it must be in the routes of {subnet.name}", listed(each.get("RouteTableIds"))
                )
        yield from _buckets(templates, site, each)


def _buckets(templates: Templates, site: Site, gateway: Resource) -> Iterator[Fault]:
    needed = needed_objects(templates, site)
    own = artefact_bucket_name(site)
    allowed: set[tuple[str, str]] = set()
    for statement in statements(gateway.get("PolicyDocument")):
        if not statement.allows or statement.negated or statement.principals != (("AWS", "*"),):
            yield Fault(
                gateway, "its policy must say what is allowed, to anybody, and nothing else", statement
            )
            continue
        for bucket, whole in (_bucket(resource) for resource in statement.resources):
            held = statement.holds("StringEquals", "aws:PrincipalAccount", site.account)
            if bucket == own and not held:
                yield Fault(gateway, "the site's bucket must be for its own account", statement.conditions)
            if whole and bucket != own:
                yield Fault(gateway, "its policy must name objects of buckets", bucket)
            if (
                bucket == own or not statement.conditions
            ):  # an address signed elsewhere has no account of ours
                allowed |= {(bucket, action) for action in statement.actions}
    for bucket, action in sorted(needed.keys() - allowed):
        yield Fault(gateway, f"it must let {action} through to {bucket}, for {needed[bucket, action]}")
    spare = {(own, "s3:ListBucket")}  # what is not there is told as such, and not as forbidden
    if not templates.of("AWS::SSM::Association"):  # before the machine: what patches it is not yet told
        spare |= {(bucket, "s3:GetObject") for bucket in places.patch_lists(site.region)}
    for bucket, action in sorted(allowed - needed.keys() - spare):
        yield Fault(gateway, "it must let through what the machine needs alone", f"{action} of {bucket}")


def _bucket(resource: str) -> tuple[str, bool]:
    """The bucket of an ARN, and whether it is the bucket itself; of its objects all have to be meant."""
    name = resource.removeprefix("arn:aws:s3:::")
    return (name.removesuffix("/*"), False) if name.endswith("/*") else (name, True)


def _role_suffices(templates: Templates, site: Site) -> Iterator[Fault]:
    role = machine_role(templates)
    if role is None:
        return
    allowed = [
        (action, statement)
        for _, statement in identity_policies(templates, role)
        if statement.allows
        for action in statement.actions
    ]
    names = {action for action, _ in allowed}
    wanted = {
        action: f"boot/{use.where}"
        for use in _uses()
        for action in ACTIONS.get((use.service, use.operation), ())
    }
    wanted |= dict.fromkeys(_SYSTEMS_MANAGER, "Session Manager")
    for action in sorted(wanted.keys() - names):
        yield Fault(role, f"it must be allowed {action}, for {wanted[action]}")
    yield from _reaches(templates, site, role, allowed)


def _reaches(
    templates: Templates, site: Site, role: Resource, allowed: list[tuple[str, Statement]]
) -> Iterator[Fault]:
    """The role's resources hold what the boot is told to read."""
    reached = {(action, resource) for action, statement in allowed for resource in statement.resources}
    here = f"{site.region}:{site.account}"
    for parameter in templates.of("AWS::SSM::Parameter"):
        arn = f"arn:aws:ssm:{here}:parameter{parameter.get('Name')}"
        if ("ssm:GetParameter", arn) not in reached:
            yield Fault(role, "it must be allowed to read its parameter", arn)
        for name, secret in walk(json.loads(str(parameter.get("Value")))):
            if is_secret(name) and secret and ("secretsmanager:GetSecretValue", secret) not in reached:
                yield Fault(role, "it must be allowed to read every secret that it is told of", secret)
    groups = {
        f"arn:aws:logs:{here}:log-group:{each.get('LogGroupName')}:*"
        for each in templates.of("AWS::Logs::LogGroup")
    }
    for action, resource in reached:
        if action == "logs:PutLogEvents" and resource not in groups:
            yield Fault(role, "the log group that it writes to must be there", resource)
    bucket = f"arn:aws:s3:::{artefact_bucket_name(site)}/*"
    if ("s3:GetObject", bucket) not in reached:
        yield Fault(role, "it must be allowed to read the site's artefacts", bucket)


RULES = (
    Rule("readable", "What the boot asks of AWS can be read off its sources.", _readable),
    Rule(
        "endpoints", "There is an endpoint for everything that the machine needs, and no other.", _endpoints
    ),
    Rule(
        "interfaces", "Endpoints are in the machine's zone, by private names, for this account.", _interfaces
    ),
    Rule(
        "gateway", "S3's gateway lets through to the buckets that the machine needs, and no other.", _gateway
    ),
    Rule("role-suffices", "The machine's role is enough for its boot.", _role_suffices),
)
