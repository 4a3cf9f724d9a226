"""The templates as a whole: plain, complete, where they belong, and of nothing that no rule knows."""

import json
import re
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.templates import Stack, Templates

_FIRST, _THEN = ("Store", "Network", "Data"), ("Machine", "Edge", "Operations", "Boot")
REFERENCE = re.compile(r"\$\{([A-Za-z0-9-]+)/([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}")
_ATTRIBUTES = re.compile(
    r"|Arn|BackupPlanId|BackupVaultName|DBInstanceArn|DefaultSecurityGroup|Endpoint\.Address|GroupId|LatestVersionNumber"
    r"|LoadBalancerFullName|MasterUserSecret\.SecretArn|Part[123]|TargetGroupFullName"
)
"""What of a resource is asked for; another attribute is none, or another thing."""
_TOLD = {
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::SSM::Parameter",
}
_SECTIONS = {"AWSTemplateFormatVersion", "Description", "Outputs", "Parameters", "Resources", "Rules"}
_PARAMETERS = {"BootstrapVersion"}
_RULES = {"CheckBootstrapVersion"}
_BOOTSTRAP = ("AWS::SSM::Parameter::Value<String>", "/cdk-bootstrap/hnb659fds/version")
_FUNCTIONS = ('"Fn::If"', '"Fn::Transform"', '"Fn::FindInMap"', '"Fn::ForEach', '"Fn::Cidr"', '"Fn::GetAZs"')
KNOWN = {
    *("AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection", "AWS::Backup::BackupVault"),
    *("AWS::Budgets::Budget", "AWS::CloudTrail::Trail"),
    *("AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"),
    *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Events::Rule"),
    *("AWS::EC2::FlowLog", "AWS::EC2::Instance", "AWS::EC2::InternetGateway", "AWS::EC2::LaunchTemplate"),
    *("AWS::EC2::Route", "AWS::EC2::RouteTable", "AWS::EC2::Subnet", "AWS::EC2::SubnetRouteTableAssociation"),
    *("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"),
    *("AWS::EC2::TransitGatewayVpcAttachment", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"),
    *("AWS::EC2::VPCGatewayAttachment", "AWS::EC2::Volume", "AWS::EC2::VolumeAttachment"),
    *("AWS::ECR::Repository", "AWS::KMS::Alias", "AWS::KMS::Key", "AWS::Lambda::Function"),
    *("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    *("AWS::IAM::InstanceProfile", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
    *("AWS::RDS::DBInstance", "AWS::RDS::DBParameterGroup", "AWS::RDS::DBSubnetGroup"),
    *("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::Topic"),
    *("AWS::SNS::TopicPolicy", "AWS::SSM::Association", "AWS::SSM::Parameter", "AWS::SecretsManager::Secret"),
    *("AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation"),
    "Custom::VpcRestrictDefaultSG",
}
"""Types of which the rules know what to ask. Another one is added here together with its rules."""
_FUNCTION = "CustomVpcRestrictDefaultSG"
"""CDK's own, which empties the VPC's default security group, and the only one."""


def _whole(templates: Templates, site: Site) -> Iterator[Fault]:
    names = set(templates.stacks)
    first, then = ({site.stack_name(part) for part in parts} for parts in (_FIRST, _THEN))
    if names not in (first, first | then):
        yield Fault(
            site.stack_name("Store"),
            "the site must have its first three stacks, or all seven",
            ", ".join(sorted(names)),
        )


def _at_home(templates: Templates, site: Site) -> Iterator[Fault]:
    for stack in templates.stacks.values():
        if (stack.account, stack.region) != (site.account, site.region):
            yield Fault(
                stack.name,
                f"must go to account {site.account}, region {site.region}",
                f"{stack.account}, {stack.region}",
            )


def _protected(templates: Templates, site: Site) -> Iterator[Fault]:
    boot = site.stack_name("Boot")  # after a failed first boot it is deleted by the next deploy
    for stack in templates.stacks.values():
        if not stack.protected and stack.name != boot:
            yield Fault(stack.name, "must have termination protection")
    for each in templates.resources:
        if each.stack == boot and each.kind not in _TOLD:
            yield Fault(
                each, "the stack that may be deleted must tell the machine, and hold no more", each.kind
            )


def _sections(stack: Stack) -> Iterator[Fault]:
    more = set(stack.template) - _SECTIONS
    if more:
        yield Fault(stack.name, "must have no section that changes what is read", ", ".join(sorted(more)))
    foreign = set(stack.template.get("Parameters", {})) - _PARAMETERS
    if foreign:
        yield Fault(stack.name, "must have no parameter but BootstrapVersion", ", ".join(sorted(foreign)))
    asked = set(stack.template.get("Rules", {})) - _RULES
    if asked:
        yield Fault(stack.name, "must have no rule but CheckBootstrapVersion", ", ".join(sorted(asked)))
    for name, parameter in stack.template.get("Parameters", {}).items():
        if (parameter.get("Type"), parameter.get("Default")) != _BOOTSTRAP:
            yield Fault(stack.name, f"{name} must be CDK's own", parameter)


def _plain(templates: Templates, _site: Site) -> Iterator[Fault]:
    for stack in templates.stacks.values():
        yield from _sections(stack)
        text = json.dumps(stack.template)
        for function in _FUNCTIONS:
            if function in text:
                yield Fault(stack.name, "must hold values, and nothing that decides at deploy", function)
        if "{{resolve:" in text:
            yield Fault(stack.name, "must hold no dynamic reference, which writes a secret out", "{{resolve:")
    for each in templates.resources:
        if each.condition:
            yield Fault(each, "must exist on no condition", each.condition)


def _known(templates: Templates, site: Site) -> Iterator[Fault]:
    for each in templates.resources:
        if each.kind not in KNOWN:
            yield Fault(each, "must be of a type that the invariants know (invariants/shape.py)", each.kind)
        if each.kind == "AWS::Lambda::Function" and not each.name.startswith(_FUNCTION):
            yield Fault(each, f"must be CDK's own {_FUNCTION}, the only function of a site", each.name)
        code = str(each.get("Code", "S3Bucket"))
        if each.kind == "AWS::Lambda::Function" and not code.endswith(
            f"-assets-{site.account}-{site.region}"
        ):
            yield Fault(each, "its code must come from CDK's own bucket of this account and region", code)


def _references(templates: Templates, _site: Site) -> Iterator[Fault]:
    names = {(each.stack, each.name) for each in templates.resources}
    for each in templates.resources:
        for stack, name, attribute in REFERENCE.findall(json.dumps(each.properties)):
            if (stack, name) not in names:
                yield Fault(each, "what it points at must be there", f"{stack}/{name}")
            if not _ATTRIBUTES.fullmatch(attribute):
                yield Fault(each, f"an attribute of {name} must be a known one", attribute)
        for name in each.after:
            if (each.stack, name) not in names:
                yield Fault(each, "what it comes after must be there", name)


RULES = (
    Rule("whole", "A site has its first three stacks, or all seven.", _whole),
    Rule("at-home", "Every stack goes to the site's account and region.", _at_home),
    Rule("protected", "No stack is deleted by a click, but the one that holds nothing.", _protected),
    Rule("plain", "What stands in a template is what will be: no conditions, no parameters.", _plain),
    Rule("references", "Whatever is pointed at is there.", _references),
    Rule("known", "There is no resource of a type that no rule judges.", _known),
)
