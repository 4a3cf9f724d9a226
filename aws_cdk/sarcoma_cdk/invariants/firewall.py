"""The firewall before XNAT: AWS's rules, a rate, and logs without secrets."""

from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.edge import balancers
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import firewall_log_name

_COMMON, _BAD_INPUTS = "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"
_COUNTED = {
    _BAD_INPUTS: set[str](),
    _COMMON: {
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "RestrictedExtensions_URIPATH",
        "SizeRestrictions_BODY",
    },
}
"""For each group the rules that XNAT's own traffic breaks: they count, and the others block."""
_SAID = {"Name", "RuleActionOverrides", "VendorName"}
_RULES = 3
_REDACTED = {"authorization", "cookie"}


def _guarded(templates: Templates, site: Site) -> Iterator[Fault]:
    for balancer in balancers(templates, "application"):
        guards = [
            templates.target(each.get("WebACLArn"))
            for each in templates.of("AWS::WAFv2::WebACLAssociation")
            if templates.points(each.get("ResourceArn"), balancer)
        ]
        if len(guards) != 1 or not guards[0] or guards[0].kind != "AWS::WAFv2::WebACL":
            yield Fault(balancer, "the web application firewall must stand before it", guards)
    for acl in templates.of("AWS::WAFv2::WebACL"):
        rules = [each for each in listed(acl.get("Rules")) if isinstance(each, dict)]
        if acl.get("Scope") != "REGIONAL" or len({each.get("Priority") for each in rules}) != len(rules):
            yield Fault(acl, "it must be regional, with one priority for each rule", acl.get("Scope"))
        groups = [name for each in rules for name in _group_that_blocks(each)]
        for name in (_BAD_INPUTS, _COMMON):
            if name not in groups:
                yield Fault(acl, f"{name} must be there and block", groups)
        if not any(_rate(each, site) for each in rules):
            limit = site.edge.requests_per_5_minutes
            yield Fault(
                acl,
                f"an address must be blocked after {limit} requests",
                [each.get("Name") for each in rules],
            )
        strange = [each for each in rules if not any(_group_that_blocks(each)) and not _rate(each, site)]
        if strange or len(rules) != _RULES:
            yield Fault(
                acl, f"it must have those {_RULES} rules alone: any other may let all past them", strange
            )


def _group_that_blocks(rule: Json) -> Iterator[str]:
    """The name of AWS's group, if a rule is one that blocks what the group finds, of its newest version."""
    group = (rule.get("Statement") or {}).get("ManagedRuleGroupStatement")
    if not group or group.get("VendorName") != "AWS" or rule.get("OverrideAction") != {"None": {}}:
        return
    if set(group) - _SAID or set(rule["Statement"]) != {"ManagedRuleGroupStatement"}:
        return
    overrides = listed(group.get("RuleActionOverrides"))
    if any(each.get("ActionToUse") != {"Count": {}} for each in overrides):
        return
    counted = {each.get("Name") for each in overrides}
    if group.get("Name") in _COUNTED and counted <= _COUNTED[group["Name"]]:
        yield str(group["Name"])


def _rate(rule: Json, site: Site) -> bool:
    statement = (rule.get("Statement") or {}).get("RateBasedStatement")
    return bool(
        statement
        and set(rule["Statement"]) == {"RateBasedStatement"}
        and rule.get("Action") == {"Block": {}}
        and statement.get("AggregateKeyType") == "IP"
        and not statement.get("ScopeDownStatement")
        and 0 < number(statement.get("Limit")) <= site.edge.requests_per_5_minutes
        and statement.get("EvaluationWindowSec") in (None, 300)
    )


def _guard_logs(templates: Templates, site: Site) -> Iterator[Fault]:
    settings = templates.of("AWS::WAFv2::LoggingConfiguration")
    for acl in templates.of("AWS::WAFv2::WebACL"):
        own = [each for each in settings if templates.points(each.get("ResourceArn"), acl)]
        if len(own) != 1:
            yield Fault(acl, "what it sees must be logged", [each.name for each in own])
        for view in _views(acl):
            if (
                view.get("SampledRequestsEnabled") is not False
                or view.get("CloudWatchMetricsEnabled") is not True
            ):
                yield Fault(acl, "it must count, and keep no samples: they are whole requests", view)
    for each in settings:
        found = listed(each.get("LogDestinationConfigs"))
        if len(found) != 1 or not _own_group(templates, site, str(found[0])):
            yield Fault(each, "all of it must go to the log group of the site, and nowhere else", found)
        if each.get("LoggingFilter") is not None:
            yield Fault(each, "nothing may be left out of its logs", each.get("LoggingFilter"))
        fields = [field for field in listed(each.get("RedactedFields")) if isinstance(field, dict)]
        headers = {(field.get("SingleHeader") or {}).get("Name", "").lower() for field in fields}
        plain = {name for field in fields for name in field}
        if not headers >= _REDACTED or not plain >= {"QueryString", "UriPath"}:
            yield Fault(each, "passwords, sessions and subjects' labels must be left out of its logs", fields)


def _own_group(templates: Templates, site: Site, arn: str) -> bool:
    """Whether an ARN is that of the firewall's own log group, named or pointed at."""
    name = firewall_log_name(site)
    for group in templates.of("AWS::Logs::LogGroup"):
        here = f"arn:aws:logs:{site.region}:{site.account}:log-group:"
        ways = (
            f"{here}{name}",
            f"{here}${{{group.stack}/{group.name}}}",
            f"${{{group.stack}/{group.name}.Arn}}",
        )
        if group.get("LogGroupName") == name and arn in ways:
            return True
    return False


def _views(acl: Resource) -> Iterator[Json]:
    yield acl.get("VisibilityConfig") or {}
    for rule in listed(acl.get("Rules")):
        yield rule.get("VisibilityConfig") or {}


RULES = (
    Rule("guarded", "A firewall with AWS's rules and a rate stands before XNAT, and nothing else.", _guarded),
    Rule("guard-logs", "The firewall logs everything but what is secret.", _guard_logs),
)
