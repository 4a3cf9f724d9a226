"""How a boot's outcome comes back: a stack is done when the site is up, and not before."""

import json
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.identity import roles_of
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.statements import machine_role
from sarcoma_cdk.invariants.templates import Resource, Templates

_SHORTEST, _LONGEST = 1800, 43200
_MARK = 12
"""Characters of a publication that stand in names: another one waits anew."""


def _waited_for(templates: Templates, site: Site) -> Iterator[Fault]:
    conditions = templates.of("AWS::CloudFormation::WaitCondition")
    handles = templates.of("AWS::CloudFormation::WaitConditionHandle")
    there = int(site.stack_name("Boot") in templates.stacks)
    if len(conditions) != there or len(handles) != there:
        yield Fault(site.stack_name("Boot"), "it must wait once, for one outcome", len(conditions))
    for each in conditions:
        if templates.target(each.get("Handle")) not in handles:
            yield Fault(each, "it must wait at the handle that the machine is told", each.get("Handle"))
        if each.get("Count") is not None and number(each.get("Count")) != 1:
            yield Fault(each, "one outcome must be enough", each.get("Count"))
        if not _SHORTEST <= number(each.get("Timeout")) <= _LONGEST:
            yield Fault(each, f"it must have {_SHORTEST} to {_LONGEST} s of patience", each.get("Timeout"))
        before = _before(templates, each)
        for needed in templates.of("AWS::EC2::Instance", "AWS::EC2::VolumeAttachment", "AWS::SSM::Parameter"):
            if needed not in before:
                yield Fault(each, f"it must come after {needed.name}, or nobody can signal", list(each.after))


def _before(templates: Templates, resource: Resource) -> tuple[Resource, ...]:
    """What a resource comes after: by name, by reference, and all of a stack that its own imports from."""
    found: dict[tuple[str, str], Resource] = {}
    look = [
        resource,
        *(each for each in templates.resources if each.stack in _imported(templates, resource.stack)),
    ]
    while look:
        each = look.pop()
        found[each.stack, each.name] = each
        own = [
            other for other in templates.resources if other.stack == each.stack and other.name in each.after
        ]
        after = (*own, *templates.mentioned(each.properties))
        look += [other for other in after if (other.stack, other.name) not in found]
    return tuple(each for each in found.values() if each != resource)


def _imported(templates: Templates, stack: str) -> set[str]:
    own = [each for each in templates.resources if each.stack == stack]
    return {other.stack for each in own for other in templates.mentioned(each.properties)} - {stack}


def _told_where(templates: Templates, _site: Site) -> Iterator[Fault]:
    handles = templates.of("AWS::CloudFormation::WaitConditionHandle")
    for each in templates.of("AWS::SSM::Parameter"):
        try:
            settings = json.loads(str(each.get("Value")))
        except ValueError:
            settings = {}
        if templates.target(settings.get("signal")) not in handles:
            yield Fault(each, "the machine must be told the handle: signal", settings.get("signal"))
        mark = str(settings.get("publication"))[:_MARK]
        for waiting in (*handles, *templates.of("AWS::CloudFormation::WaitCondition")):
            if len(mark) < _MARK or mark not in waiting.name:
                yield Fault(waiting, "its name must have the publication, as it is never updated", mark)


def _ready(templates: Templates, _site: Site) -> Iterator[Fault]:
    """What the machine asks AWS with is there before it is; its parameter it waits for."""
    role = machine_role(templates)
    for each in templates.of("AWS::EC2::Instance"):
        before = _before(templates, each)
        policies = [
            policy
            for policy in templates.of("AWS::IAM::Policy")
            if role and role in templates.mentioned(policy.get("Roles"))
        ]
        needed = [*roles_of(templates, "ec2.amazonaws.com"), *policies]
        for other in needed:
            if other not in before:
                yield Fault(each, f"it must come after {other.name}, which its boot needs", list(each.after))


RULES = (
    Rule("waited-for", "The stack waits for the outcome, after the machine and its volumes.", _waited_for),
    Rule("told-where", "The machine is told where its outcome goes, anew for each publication.", _told_where),
    Rule("ready", "What a boot asks AWS with is there before the machine.", _ready),
)
