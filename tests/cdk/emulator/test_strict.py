"""The emulator drops nothing: what it does not know fails the stack, by name. Stock moto lets it pass."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cdk.emulator.deploying import ROOT, Emulator, serving

pytestmark = pytest.mark.cdk

REGION = "ca-central-1"
VOLUME = {
    "Type": "AWS::EC2::Volume",
    "Properties": {"AvailabilityZone": f"{REGION}a", "Size": 1, "Encrypted": True, "VolumeType": "gp3"},
}
UNKNOWN = {"Type": "AWS::GuardDuty::Detector", "Properties": {"Enable": True}}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with serving(tmp_path_factory.mktemp("strict")) as emulator:
        emulator.tell("keep", name="empty")
        yield emulator


@pytest.fixture
def strict(emulator: Emulator) -> Emulator:
    """With nothing on it."""
    emulator.tell("put-back", name="empty")
    return emulator


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with serving(tmp_path_factory.mktemp("stock"), stock=True) as emulator:
        yield emulator


def stack(emulator: Emulator, name: str, **resources: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Make a stack; its status, and the reasons of what failed in it."""
    api = emulator.api("cloudformation", REGION)
    api.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    status = api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    events = api.describe_stack_events(StackName=name)["StackEvents"]
    return status, [each["ResourceStatusReason"] for each in events if "FAILED" in each["ResourceStatus"]]


def volumes(emulator: Emulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emulator.api("ec2", REGION).describe_volumes()["Volumes"]
    return found


def with_more(resource: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    return {**resource, "Properties": {**resource["Properties"], **properties}}


def test_an_unknown_type_fails_the_stack(strict: Emulator) -> None:
    status, reasons = stack(strict, "one", Watch=UNKNOWN)
    assert status == "ROLLBACK_COMPLETE"
    assert reasons == ["The emulator does not know the type AWS::GuardDuty::Detector"]


def test_stock_moto_passes_an_unknown_type_in_green(stock: Emulator) -> None:
    assert stack(stock, "one", Watch=UNKNOWN) == ("CREATE_COMPLETE", [])
    assert stock.api("guardduty", REGION).list_detectors()["DetectorIds"] == []


def test_an_unmapped_property_fails_the_stack(strict: Emulator) -> None:
    status, reasons = stack(strict, "one", Disk=with_more(VOLUME, Throughput=500))
    assert status == "ROLLBACK_COMPLETE"
    assert reasons == ["The emulator does not map Throughput of AWS::EC2::Volume"]


def test_an_unmapped_word_inside_of_a_property_fails_the_stack(strict: Emulator) -> None:
    lifecycle = {"Rules": [{"Id": "one", "Status": "Enabled", "Prefix": "images/"}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": lifecycle}}
    _, reasons = stack(strict, "one", Bucket=bucket)
    assert reasons == ["The emulator does not map LifecycleConfiguration.Rules.Prefix of AWS::S3::Bucket"]


def test_a_word_that_the_api_does_not_know_fails_the_stack(strict: Emulator) -> None:
    data = {"MetadataOptions": {"HttpToken": "required"}}
    template = {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}}
    _, (reason,) = stack(strict, "one", Template=template)
    assert 'Unknown parameter in LaunchTemplateData.MetadataOptions: "HttpToken"' in reason


def test_an_attribute_that_nobody_knows_fails_the_stack(strict: Emulator) -> None:
    snapshot = with_more(VOLUME, KmsKeyId={"Fn::GetAtt": ["Disk", "Owner"]})
    status, _ = stack(strict, "one", Disk=VOLUME, Other=snapshot)
    assert status == "ROLLBACK_COMPLETE"
    events = strict.api("cloudformation", REGION).describe_stack_events(StackName="one")["StackEvents"]
    assert "has no attribute Owner of AWS::EC2::Volume" in json.dumps(events, default=str)


def test_a_volume_is_what_the_template_says(strict: Emulator) -> None:
    assert stack(strict, "one", Disk=VOLUME) == ("CREATE_COMPLETE", [])
    assert [(each["Encrypted"], each["VolumeType"]) for each in volumes(strict)] == [(True, "gp3")]


def test_stock_moto_makes_it_unencrypted_gp2_in_green(stock: Emulator) -> None:
    before = [each["VolumeId"] for each in volumes(stock)]
    assert stack(stock, "disk", Disk=VOLUME) == ("CREATE_COMPLETE", [])
    new = [each for each in volumes(stock) if each["VolumeId"] not in before]
    assert [(each["Encrypted"], each["VolumeType"]) for each in new] == [(False, "gp2")]


def test_a_failed_stack_leaves_nothing(strict: Emulator) -> None:
    stack(strict, "one", Disk=VOLUME, Watch={**UNKNOWN, "DependsOn": "Disk"})
    assert volumes(strict) == []


def test_but_what_is_to_be_retained_stays_and_is_in_the_way(strict: Emulator) -> None:
    named = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": "mine"},
        "DeletionPolicy": "Retain",
    }
    stack(strict, "one", Log=named, Watch={**UNKNOWN, "DependsOn": "Log"})
    _, (reason,) = stack(strict, "two", Log=named)
    assert "ResourceAlreadyExistsException" in reason


def test_unless_it_is_not_to_be_retained_on_its_create(strict: Emulator) -> None:
    policy = "RetainExceptOnCreate"
    named = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "mine"}, "DeletionPolicy": policy}
    stack(strict, "one", Log=named, Watch={**UNKNOWN, "DependsOn": "Log"})
    assert stack(strict, "two", Log=named) == ("CREATE_COMPLETE", [])


def test_what_is_protected_from_deletion_stops_the_rollback(strict: Emulator) -> None:
    said = {
        "AllocatedStorage": "20",
        "DBInstanceClass": "db.t4g.micro",
        "DBInstanceIdentifier": "mine",
        "DeletionProtection": True,
        "Engine": "postgres",
        "MasterUsername": "somebody",
    }
    database = {"Type": "AWS::RDS::DBInstance", "Properties": said}
    status, reasons = stack(strict, "one", Database=database, Watch={**UNKNOWN, "DependsOn": "Database"})
    assert status == "ROLLBACK_FAILED"
    assert "mine may not be deleted: it is protected from deletion" in reasons


def test_a_resource_in_use_before_it_is_made_is_made_first(strict: Emulator) -> None:
    secret = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "GenerateSecretString": {"PasswordLength": 20},
            "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]},
        },
    }
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}}
    assert stack(strict, "one", Secret=secret, Key=key) == ("CREATE_COMPLETE", [])


def test_a_change_that_is_not_doubled_fails_the_update_and_leaves_all_as_it_was(strict: Emulator) -> None:
    stack(strict, "one", Disk=VOLUME)
    api = strict.api("cloudformation", REGION)
    api.update_stack(
        StackName="one", TemplateBody=json.dumps({"Resources": {"Disk": with_more(VOLUME, Size=2)}})
    )
    assert api.describe_stacks(StackName="one")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = api.describe_stack_events(StackName="one")["StackEvents"]
    assert "The emulator does not change Size of AWS::EC2::Volume" in json.dumps(events, default=str)
    assert api.get_template(StackName="one")["TemplateBody"]["Resources"]["Disk"] == VOLUME


def test_a_protected_stack_cannot_be_deleted_even_when_its_create_failed(strict: Emulator) -> None:
    stack(strict, "one", Watch=UNKNOWN)
    api = strict.api("cloudformation", REGION)
    api.update_termination_protection(StackName="one", EnableTerminationProtection=True)
    with pytest.raises(api.exceptions.ClientError, match="TerminationProtection is enabled"):
        api.delete_stack(StackName="one")
    api.update_termination_protection(StackName="one", EnableTerminationProtection=False)
    api.delete_stack(StackName="one")
    assert api.describe_stacks()["Stacks"] == []


def test_what_a_test_breaks_inside_of_a_break_is_put_back_level_by_level(strict: Emulator) -> None:
    api = strict.api("ec2", REGION)
    for name in ("outer", "inner"):
        strict.tell("keep", name=name)
        api.create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    strict.tell("put-back", name="inner", forget=True)
    assert len(volumes(strict)) == 1
    strict.tell("put-back", name="outer", forget=True)
    assert volumes(strict) == []
    with pytest.raises(RuntimeError, match="KeyError: 'outer'"):
        strict.tell("put-back", name="outer")


def test_in_a_thread_of_ones_own_process_it_is_the_same(tmp_path: Path) -> None:
    program = f"""
import json
from pathlib import Path
from tests.cdk.emulator.deploying import serving_here
from tests.cdk.emulator.test_strict import UNKNOWN, stack
with serving_here(Path({str(tmp_path)!r})) as emulator:
    print(json.dumps(stack(emulator, "one", Watch=UNKNOWN)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)[0] == "ROLLBACK_COMPLETE"


def test_all_that_is_broken_is_put_back(strict: Emulator) -> None:
    stack(strict, "one", Disk=VOLUME)
    strict.tell("keep", name="whole")
    api = strict.api("ec2", REGION)
    for each in volumes(strict):
        api.delete_volume(VolumeId=each["VolumeId"])
    assert volumes(strict) == []
    strict.tell("put-back", name="whole")
    assert [each["Encrypted"] for each in volumes(strict)] == [True]
