"""Roles: who may have one, and what it may do at most."""

import re
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.machine import trusted
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.statements import Statement, identity_policies, statements
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import artefact_bucket_name, machine_log_name, parameter_name, repository_name

_NO_RESOURCE = frozenset(
    {
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "ssm:DescribeAssociation",
        "ssm:DescribeDocument",
        "ssm:GetDeployablePatchSnapshotForInstance",
        "ssm:GetDocument",
        "ssm:ListAssociations",
        "ssm:ListInstanceAssociations",
        "ssm:PutComplianceItems",
        "ssm:PutInventory",
        "ssm:UpdateAssociationStatus",
        "ssm:UpdateInstanceAssociationStatus",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
)
"""Actions that may have the resource `*`: they know none, or none that is known before the machine is."""
_LOGS = frozenset({"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"})
_IF_ASKED = frozenset({"logs:DescribeLogStreams"})
AT_MOST = {
    "backup.amazonaws.com": frozenset[str](),
    "cloudtrail.amazonaws.com": _LOGS,
    "ec2.amazonaws.com": _NO_RESOURCE
    | _LOGS
    | {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "kms:Decrypt",
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
    },
    "lambda.amazonaws.com": frozenset(
        {
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        }
    ),
    "monitoring.rds.amazonaws.com": frozenset[str](),
    "vpc-flow-logs.amazonaws.com": _LOGS,
}
"""Who may have a role, and what it may do at most: the machine reads, and writes logs and figures alone."""
_MANAGED = {
    "backup.amazonaws.com": "service-role/AWSBackupServiceRolePolicyForBackup",
    "lambda.amazonaws.com": "service-role/AWSLambdaBasicExecutionRole",
    "monitoring.rds.amazonaws.com": "service-role/AmazonRDSEnhancedMonitoringRole",
}
"""The one policy of AWS's own that a service's role may have."""
_ARN_PARTS = 6


def _trust(templates: Templates, _site: Site) -> Iterator[Fault]:
    for role in templates.of("AWS::IAM::Role"):
        for each in statements(role.get("AssumeRolePolicyDocument")):
            kinds = {kind for kind, _ in each.principals}
            if each.negated or kinds != {"Service"} or each.actions != ("sts:AssumeRole",) or not each.allows:
                yield Fault(role, "one service of AWS must have the role, by sts:AssumeRole", each.principals)
        services = trusted(role)
        if len(services) != 1 or services[0] not in AT_MOST:
            yield Fault(role, f"the service must be one of {', '.join(AT_MOST)}", services)
        more = {"PermissionsBoundary"} & set(role.properties)
        if more:
            yield Fault(role, "what it may do must stand in its policies", sorted(more))


def _at_least(templates: Templates, _site: Site) -> Iterator[Fault]:
    for role in templates.of("AWS::IAM::Role"):
        found = {
            action for _, each in identity_policies(templates, role) if each.allows for action in each.actions
        }
        for service in trusted(role):
            must = AT_MOST.get(service, frozenset())
            if service == "ec2.amazonaws.com":  # the rest is what its boot asks for: `role-suffices`
                must = frozenset(each for each in _NO_RESOURCE if each.startswith("ssm"))
            lacking = must - _IF_ASKED - found
            if lacking:
                yield Fault(
                    role, f"{service} must be let do its work", f"without {', '.join(sorted(lacking))}"
                )
            if service in _MANAGED and not listed(role.get("ManagedPolicyArns")):
                yield Fault(role, f"{service} must have its policy {_MANAGED[service]}")
        if any(not each.allows for _, each in identity_policies(templates, role)):
            yield Fault(role, "a role must be told what it may do, and nothing else", "Deny")


def _managed(templates: Templates, _site: Site) -> Iterator[Fault]:
    for role in templates.of("AWS::IAM::Role"):
        own = {f"arn:aws:iam::aws:policy/{_MANAGED.get(service)}" for service in trusted(role)}
        for arn in listed(role.get("ManagedPolicyArns")):
            if arn not in own:
                yield Fault(role, f"a managed policy must be that of its service: {sorted(own)}", arn)


def _at_most(templates: Templates, _site: Site) -> Iterator[Fault]:
    for role in templates.of("AWS::IAM::Role"):
        allowed = frozenset[str]().union(*(AT_MOST.get(service, frozenset()) for service in trusted(role)))
        for where, each in identity_policies(templates, role):
            if each.negated and each.allows:
                yield Fault(where, "a policy must say what is allowed, not what is left out", each.negated)
            more = set(each.actions) - allowed
            if more and each.allows:
                yield Fault(
                    where,
                    "a role must do what its service needs and no more (invariants/identity.py)",
                    sorted(more),
                )
    for policy in templates.of("AWS::IAM::Policy"):
        roles = [templates.target(each) for each in listed(policy.get("Roles"))]
        if not all(roles) or len(roles) != 1 or policy.get("Users") or policy.get("Groups"):
            yield Fault(policy, "a policy must be one role's of the site", policy.get("Roles"))


def _on_what(templates: Templates, site: Site) -> Iterator[Fault]:
    for role in templates.of("AWS::IAM::Role"):
        for where, each in identity_policies(templates, role):
            for resource in each.resources if each.allows else ():
                if resource == "*":
                    more = set(each.actions) - _NO_RESOURCE
                    if more:
                        yield Fault(
                            where,
                            "`*` must be the resource of actions alone that know no other",
                            sorted(more),
                        )
                elif not _own(templates, site, resource):
                    yield Fault(where, "a resource must be the site's own", resource)
            if each.allows and not each.resources and not each.negated:
                yield Fault(where, "a statement must name its resources", each.actions)


def _own(templates: Templates, site: Site, resource: str) -> bool:
    """Whether an ARN is of something of the site; only below its own name may anything be open."""
    if templates.target(resource):
        return True
    if templates.mentioned(resource):
        here = f"{site.region}:{site.account}"
        return bool(
            re.fullmatch(rf"(arn:aws:[a-z0-9-]+:{here}:[a-z-]+[/:])?\$\{{[^}}]+\}}(/\*|:\*)?", resource)
        )
    parts = resource.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or any("*" in part or "?" in part for part in parts[:5]):
        return False
    fixed = re.split(r"[*?]", parts[5], maxsplit=1)[0]
    names = (f"sarcoma-{site.site}/", f"/sarcoma/{site.site}/", f"sarcoma-{site.site}-")
    if resource in _secrets_of_the_file(site):
        return True
    return any(name in fixed for name in names) and (parts[2] == "s3" or parts[4] == site.account)


def _secrets_of_the_file(site: Site) -> list[str]:
    named = [each.password for each in (site.login.ldap,) if each]
    return named + [each.client_secret for each in (site.login.oidc,) if each]


def _conditions(templates: Templates, site: Site) -> Iterator[Fault]:
    via = {f"{service}.{site.region}.amazonaws.com" for service in ("s3", "secretsmanager", "ssm")}
    for role in templates.of("AWS::IAM::Role"):
        for where, each in identity_policies(templates, role):
            if not each.allows:
                continue
            ways = each.conditions.get("StringEquals", {}).get("kms:ViaService", ())
            if "kms:Decrypt" in each.actions and set(ways) != via:
                yield Fault(
                    where, "kms:Decrypt must be held to the services that it reads by", each.conditions
                )
            if "cloudwatch:PutMetricData" in each.actions and not each.holds(
                "StringEquals", "cloudwatch:namespace", "Sarcoma"
            ):
                yield Fault(where, "figures must be held to the namespace Sarcoma", each.conditions)


def _machine_reads_its_own(templates: Templates, site: Site) -> Iterator[Fault]:
    """Secrets: those of the site, and those that its file names."""
    named = _secrets_of_the_file(site)
    secrets = templates.of("AWS::SecretsManager::Secret", "AWS::RDS::DBInstance")
    for role in templates.of("AWS::IAM::Role"):
        for where, each in identity_policies(templates, role):
            if each.allows and _about(each, "secretsmanager"):
                for resource in each.resources:
                    if templates.target(resource) not in secrets and resource not in named:
                        yield Fault(where, "secrets must be those of the site", resource)
            if each.allows and _about(each, "kms"):
                keys = templates.of("AWS::KMS::Key")
                for resource in each.resources:
                    if templates.target(resource) not in keys:
                        yield Fault(where, "the key must be the site's", resource)


def _on_its_own(templates: Templates, site: Site) -> Iterator[Fault]:
    """The machine: for each action the very resource, not just one of this account."""
    here = f"{site.region}:{site.account}"
    right = {
        "ecr": {f"arn:aws:ecr:{here}:repository/{repository_name(site, '*')}", "*"},
        "logs": {f"arn:aws:logs:{here}:log-group:{machine_log_name(site)}:*"},
        "s3": {f"arn:aws:s3:::{artefact_bucket_name(site)}/*"},
        "ssm": {f"arn:aws:ssm:{here}:parameter{parameter_name(site)}", "*"},
    }
    for role in roles_of(templates, "ec2.amazonaws.com"):
        for where, each in identity_policies(templates, role):
            for service, allowed in right.items():
                more = set(each.resources) - allowed
                if each.allows and _about(each, service) and more:
                    yield Fault(where, f"its {service} must be the site's own alone", sorted(more))


def _about(statement: Statement, service: str) -> bool:
    return any(action.split(":")[0].lower() == service for action in statement.actions)


def roles_of(templates: Templates, service: str) -> tuple[Resource, ...]:
    """The roles of one service.

    Args:
        templates: the site's templates.
        service: its principal, e.g. `backup.amazonaws.com`.
    """
    return tuple(role for role in templates.of("AWS::IAM::Role") if trusted(role) == [service])


def _used(templates: Templates, _site: Site) -> Iterator[Fault]:
    users: dict[str, Json] = {}
    for each in templates.resources:
        if each.kind != "AWS::IAM::Role":
            for role in templates.mentioned(each.properties):
                if role.kind == "AWS::IAM::Role" and each.kind != "AWS::IAM::Policy":
                    users[role.name] = each
    for role in templates.of("AWS::IAM::Role"):
        if role.name not in users:
            yield Fault(role, "a role must be somebody's in the site", trusted(role))


RULES = (
    Rule("trust", "A role is had by one service of AWS, and by nobody else.", _trust),
    Rule("at-least", "A service of AWS can do its work: what it writes is written.", _at_least),
    Rule("managed", "No policy of AWS's own but the one that a service wants.", _managed),
    Rule("at-most", "A role does what its service needs: a closed list, without wildcards.", _at_most),
    Rule("on-what", "A role's resources are the site's own; `*` only where there is no other.", _on_what),
    Rule("held", "What could be used by another way is held to its own.", _conditions),
    Rule("own-secrets", "The machine reads the site's secrets, with the site's key.", _machine_reads_its_own),
    Rule("own-objects", "The machine reads and writes what is its site's, by name.", _on_its_own),
    Rule("used", "There is no role that nothing in the site has.", _used),
)
