"""Each invariant holds of both example sites, and stands exactly where its sentence says."""

import json
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.errors import RefusedError, SiteError
from sarcoma_cdk.invariants import RULES, Finding, Rule, findings, read_templates, refuse
from sarcoma_cdk.invariants.properties import PROPERTIES
from sarcoma_cdk.invariants.rules import broken
from sarcoma_cdk.invariants.shape import KNOWN
from sarcoma_cdk.invariants.templates import Stack, Templates
from tests.cdk.editing import Edit, Tree, add, logical_id, named, put
from tests.cdk.mutations import MUTATIONS
from tests.cdk.synthesized import (
    SITES,
    copied,
    folder_of,
    publication_of,
    site_of,
    templates_of,
    with_templates,
)

pytestmark = pytest.mark.cdk

_ALARM = "AWS::CloudWatch::Alarm"


def _found(edit: Edit, part: str, name: str = "example") -> set[str]:
    """Names of the rules that an edit breaks."""
    changed = copied(name)
    edit(changed[part])
    return {each.rule for each in findings(with_templates(name, changed), site_of(name))}


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_holds_of_the_example(rule: Rule, name: str) -> None:
    assert list(broken(rule, templates_of(name), site_of(name))) == []


@pytest.mark.parametrize("name", SITES)
def test_all_hold_before_the_first_publication(name: str) -> None:
    before = templates_of(name, mark=None)
    assert len(before.stacks) == 3
    assert findings(before, site_of(name)) == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_a_sentence_with_a_name_of_its_own(rule: Rule) -> None:
    assert rule.sentence.endswith(".")
    assert [each.name for each in RULES].count(rule.name) == 1


def test_every_rule_is_broken_by_a_mutation_or_a_test_of_its_own() -> None:
    here = {
        "whole",
        "at-home",
        "protected",
        "references",
        "readable",
        "logs-arrive",
        "written",
        "own-secrets",
    }
    assert {rule.name for rule in RULES} | {"locked"} == {each.rule for each in MUTATIONS} | here


def test_a_finding_tells_where_what_must_be_and_what_was_found() -> None:
    changed = copied("example")
    put("AWS::EC2::Volume", "Encrypted", value=False, begin="VolumesArchive")(changed["data"])
    found = findings(with_templates("example", changed), site_of("example"))
    volume = logical_id(changed["data"], "AWS::EC2::Volume", "VolumesArchive")
    assert found == (
        Finding("encrypted", "sarcoma-example-data", volume, "a volume must be encrypted", "False"),
    )
    assert (
        str(found[0]) == f"sarcoma-example-data/{volume}: a volume must be encrypted; found False [encrypted]"
    )


def test_a_synthesis_that_breaks_a_rule_is_refused_with_every_finding(tmp_path: Path) -> None:
    refuse(folder_of("example"), site_of("example"))
    for path in folder_of("example").glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "sarcoma-example-data.template.json"
    template = json.loads(path.read_text("utf-8"))
    put("AWS::EC2::Volume", "Encrypted", value=False)(template)
    named(template, "AWS::EC2::Volume").pop("DeletionPolicy")
    path.write_text(json.dumps(template), "utf-8")
    with pytest.raises(RefusedError, match=r"2 to mend(.|\n)*\[encrypted\](.|\n)*\[kept\]"):
        refuse(tmp_path, site_of("example"))


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="must be a folder that CDK has synthesized"):
        read_templates(tmp_path)


@pytest.mark.parametrize("part", ["store", "network", "data", "machine", "edge", "operations", "boot"])
def test_a_site_that_lacks_a_stack_is_not_whole(part: str) -> None:
    parts = {name: template for name, template in copied("example").items() if name != part}
    assert "whole" in {each.rule for each in findings(with_templates("example", parts), site_of("example"))}


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("protected", False, "protected"),
        ("region", "us-east-1", "at-home"),
        ("account", "999999999999", "at-home"),
    ],
)
def test_a_stack_that_is_not_protected_or_goes_elsewhere_is_found(field: str, value: Any, rule: str) -> None:
    stacks = dict(templates_of("example").stacks)
    store = vars(stacks["sarcoma-example-store"])
    stacks["sarcoma-example-store"] = Stack(**{**store, field: value})
    assert rule in {each.rule for each in findings(Templates(stacks), site_of("example"))}


# Thresholds, just inside and just outside.


@pytest.mark.parametrize(
    ("inside", "outside", "part", "rule"),
    [
        *(
            (put(kind, path, right), put(kind, path, wrong), part, rule)
            for kind, path, right, wrong, part, rule in (
                ("AWS::Logs::LogGroup", "RetentionInDays", 400, 399, "network", "retention"),
                ("AWS::KMS::Key", "PendingWindowInDays", 30, 29, "store", "key"),
                (
                    *("AWS::S3::Bucket", "LifecycleConfiguration.Rules.0.ExpirationInDays"),
                    *(400, 399, "store", "objects"),
                ),
                ("AWS::Backup::BackupVault", "LockConfiguration.MinRetentionDays", 7, 6, "data", "vault"),
                ("AWS::Backup::BackupVault", "LockConfiguration.MaxRetentionDays", 35, 34, "data", "vault"),
                (
                    *("AWS::Backup::BackupPlan", "BackupPlan.BackupPlanRule.0.Lifecycle.DeleteAfterDays"),
                    *(35, 34, "data", "plan"),
                ),
                (
                    *("AWS::SecretsManager::Secret", "GenerateSecretString.PasswordLength"),
                    *(32, 31, "data", "secrets"),
                ),
                (
                    *(
                        "AWS::EC2::LaunchTemplate",
                        "LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit",
                    ),
                    *(1, 2, "machine", "metadata"),
                ),
                ("AWS::CloudFormation::WaitCondition", "Timeout", "1800", "1799", "boot", "waited-for"),
                ("AWS::CloudFormation::WaitCondition", "Timeout", "43200", "43201", "boot", "waited-for"),
                (
                    *("AWS::WAFv2::WebACL", "Rules.2.Statement.RateBasedStatement.Limit", 6000, 6001),
                    *("edge", "guarded"),
                ),
            )
        ),
        *(
            (put(_ALARM, path, right, begin), put(_ALARM, path, wrong, begin), "operations", "watched")
            for path, right, wrong, begin in (
                ("Threshold", 90, 91, "Alertsdiskroot"),
                ("EvaluationPeriods", 288, 289, "Alertscpu"),
            )
        ),
    ],
)
def test_a_threshold_holds_on_its_right_side_alone(inside: Edit, outside: Edit, part: str, rule: str) -> None:
    assert rule not in _found(inside, part)
    assert rule in _found(outside, part)


@pytest.mark.parametrize(("days", "broken_too"), [(35, False), (34, True)])
def test_rds_can_be_put_back_to_any_minute_of_35_days(days: int, *, broken_too: bool) -> None:
    found = _found(put("AWS::RDS::DBInstance", "BackupRetentionPeriod", days), "data", "university")
    assert ("database" in found) is broken_too


@pytest.mark.parametrize(
    ("cidr", "rules"),
    [
        ("10.0.0.0/8", {"doors"}),
        ("10.0.0.0/7", {"doors", "nobody-from-everywhere"}),
        ("0.0.0.0/0", {"doors", "nobody-from-everywhere"}),
        ("fd00::/8", {"doors", "nobody-from-everywhere"}),
    ],
)
def test_eight_bits_of_an_address_are_a_network_and_seven_are_the_world(cidr: str, rules: set[str]) -> None:
    def edit(template: Tree) -> None:
        owner = {"Ref": logical_id(template, "AWS::EC2::SecurityGroup", "DoorsMachine")}
        rule = {"GroupId": owner, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
        add("AWS::EC2::SecurityGroupEgress", {**rule, "CidrIp": cidr})(template)

    assert _found(edit, "network") == rules


@pytest.mark.parametrize(
    ("cidr", "is_found"),
    [("10.8.0.0/14", False), ("10.8.0.0/16", False), ("10.8.0.0/13", True), ("10.12.0.0/16", True)],
)
def test_a_private_route_goes_to_the_hospital_or_a_part_of_it(cidr: str, *, is_found: bool) -> None:
    def edit(template: Tree) -> None:
        table = logical_id(template, "AWS::EC2::RouteTable", "PrivateVpcPrivateSubnet1")
        way = {"RouteTableId": {"Ref": table}, "TransitGatewayId": "tgw-0123456789abcdef0"}
        add("AWS::EC2::Route", {**way, "DestinationCidrBlock": cidr})(template)

    assert ("no-way-out" in _found(edit, "network")) is is_found


def test_the_same_rule_of_a_group_may_be_written_in_it_or_beside_it() -> None:
    def edit(template: Tree) -> None:
        group = named(template, "AWS::EC2::SecurityGroup", "DoorsWeb")["Properties"]
        (rule,) = group.pop("SecurityGroupIngress")
        owner = {"Fn::GetAtt": f"{logical_id(template, 'AWS::EC2::SecurityGroup', 'DoorsWeb')}.GroupId"}
        add("AWS::EC2::SecurityGroupIngress", {**rule, "GroupId": owner})(template)

    assert _found(edit, "network") == set()


def test_statements_without_an_effect_and_dangling_references_are_found() -> None:
    def mute(template: Tree) -> None:
        del named(template, "AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"]["Statement"][3]["Effect"]

    assert _found(mute, "store") == {"written"}
    assert "references" in _found(
        put("AWS::S3::Bucket", "Tags.+", {"Key": "x", "Value": {"Ref": "None"}}), "store"
    )


def test_a_bucket_of_logs_that_a_writer_may_not_write_to_is_found() -> None:
    def shut(template: Tree) -> None:
        document = named(template, "AWS::S3::BucketPolicy", "Logs")["Properties"]["PolicyDocument"]
        document["Statement"] = [each for each in document["Statement"] if each["Effect"] == "Deny"]

    assert _found(shut, "store") == {"logs-arrive"}


def test_a_secret_of_somebody_else_is_not_the_machines_to_read() -> None:
    secret = "arn:aws:secretsmanager:ca-central-1:123456789012:secret:payroll-AbCdEf"  # noqa: S105  a name
    path = "Policies.0.PolicyDocument.Statement.2.Resource.+"
    assert _found(put("AWS::IAM::Role", path, secret), "machine") == {"own-secrets", "on-what"}


def _of_another_file(name: str, edit: Edit, part: str, **settings: Any) -> set[str]:
    """Names of the rules that an edit breaks at a site whose file says something else."""
    changed = copied(name)
    edit(changed[part])
    found = site_of(name)
    site = found.model_copy(
        update={key: getattr(found, key).model_copy(update=each) for key, each in settings.items()}
    )
    return {each.rule for each in findings(with_templates(name, changed), site)}


@pytest.mark.parametrize(
    ("snapshot", "broken_too"), [("snap-0a1b2c3d4e5f60718", False), ("snap-0a1b2c3d4e5f60719", True)]
)
def test_a_volume_is_made_of_the_snapshot_of_the_file_alone(snapshot: str, *, broken_too: bool) -> None:
    edit = put("AWS::EC2::Volume", "SnapshotId", snapshot, begin="VolumesArchive")
    found = _of_another_file("example", edit, "data", storage={"archive_snapshot": "snap-0a1b2c3d4e5f60718"})
    assert ("encrypted" in found) is broken_too
    assert bool(found) is broken_too


def test_without_the_snapshot_of_the_file_a_volume_is_not_restored() -> None:
    def nothing(_template: Tree) -> None:
        pass

    found = _of_another_file(
        "example", nothing, "data", storage={"database_snapshot": "snap-0a1b2c3d4e5f60718"}
    )
    assert "encrypted" in found


def test_before_the_hospital_has_accepted_there_are_no_routes_to_it() -> None:
    def unrouted(template: Tree) -> None:
        resources = template["Resources"]
        for name in [name for name, each in resources.items() if each["Type"] == "AWS::EC2::Route"]:
            del resources[name]

    reach = site_of("example").network.reach
    waiting = {"network": {"reach": reach.model_copy(update={"accepted": False})}}
    assert _of_another_file("example", unrouted, "network", **waiting) == set()
    assert _found(unrouted, "network") == {"one-table"}


def test_a_publication_that_is_not_the_locks_is_refused() -> None:
    name = "example"
    assert findings(templates_of(name), site_of(name), publication_of(name)) == ()
    found = findings(templates_of(name), site_of(name), publication_of(name, "b"))
    assert {each.rule for each in found} == {"locked"}


def test_every_type_that_the_rules_know_has_its_properties_listed() -> None:
    assert set(PROPERTIES) == KNOWN


@pytest.mark.parametrize(
    "text",
    [
        "999999999999",
        "arn:aws:s3:::else",
        "arn:aws:iam::999999999999:root",
        "arn:aws-cn:sns:ca-central-1:123456789012:x",
        "arn:aws:sns:us-east-1:123456789012:x",
        "arn:aws:automate:ca-central-1:ec2:stop",
        "somebody@else.example",
        "https://else.example/x",
        "https://xnat.hospital.example.else.example",
        "s3://else/x",
        "vpce-0123456789abcdef9",
        "eu-west-3",
    ],
)
def test_what_is_somebody_elses_is_found_wherever_it_stands(text: str) -> None:
    assert "own-names" in _found(put("AWS::KMS::Key", "Description", f"see {text}"), "store")


@pytest.mark.parametrize(
    "text", ["123456789012", "xnat-admin@hospital.example", "https://xnat.hospital.example/x"]
)
def test_what_is_the_sites_may_stand_anywhere(text: str) -> None:
    assert _found(put("AWS::KMS::Key", "Description", f"see {text}"), "store") == set()


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::S3::Bucket", {"BucketEncryption": 1}),
        ("AWS::KMS::Key", {"KeyPolicy": {"Statement": ["x"]}}),
        ("AWS::EC2::Volume", {"Tags": 1}),
    ],
)
def test_a_form_that_no_rule_can_read_is_a_finding_and_no_crash(kind: str, properties: Tree) -> None:
    assert _found(add(kind, properties), "store")
