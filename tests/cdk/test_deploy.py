"""`cdk bootstrap` and `cdk deploy --all` of both example sites, by the real command line, on an emulator.

What stands then is read back through boto3 and compared with the templates: no property is lost on its way.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sarcoma_cdk import naming
from sarcoma_cdk.config import lock_path, read_site, write_publication
from tests.cdk.emulator.deploying import (
    MACHINE_IMAGE,
    Deployment,
    Emulator,
    deploy,
    fixture_publication,
    own_copy,
    serving,
    synthesize,
)
from tests.cdk.emulator.reading import READERS, UNREAD, Found, Standing

pytestmark = pytest.mark.cdk

STACKS = tuple(map(str.lower, naming.STACKS))
NAMES = ("example", "university")


@pytest.fixture(scope="module", params=NAMES)
def site(request: pytest.FixtureRequest) -> Deployment:
    """Each example site in turn."""
    found: Deployment = request.getfixturevalue(f"{request.param}_on_aws")
    return found


def stack(deployment: Deployment, part: str) -> str:
    return f"sarcoma-{deployment.site.site}-{part}"


def one(deployment: Deployment, kind: str, name: str = "") -> Found:
    """The resource of a type; of those whose name in the template has the word in it."""
    found = [each for each in Standing(deployment).all() if each.kind == kind and name in each.logical_id]
    assert len(found) == 1, [each.logical_id for each in found]
    return found[0]


class TestAWholeSite:
    def test_all_stacks_are_complete(self, site: Deployment) -> None:
        told = site.api("cloudformation").describe_stacks()["Stacks"]
        found = {each["StackName"]: each["StackStatus"] for each in told}
        assert found == {stack(site, part): "CREATE_COMPLETE" for part in STACKS} | {
            "CDKToolkit": "CREATE_COMPLETE"
        }

    def test_stacks_but_the_boot_are_kept_from_deletion(self, site: Deployment) -> None:
        told = {
            part: site.api("cloudformation").describe_stacks(StackName=stack(site, part))["Stacks"][0]
            for part in STACKS
        }
        kept = {part for part, each in told.items() if each["EnableTerminationProtection"]}
        assert kept == set(STACKS) - {"boot"}

    def test_the_outputs_tell_where_to_go_next(self, site: Deployment) -> None:
        outputs = site.outputs
        name = site.site.site
        assert outputs[stack(site, "boot")]["NextStep"] == f"sarcoma-site verify {name}"
        assert outputs[stack(site, "edge")]["Xnat"] == f"https://{site.site.edge.domain}"
        assert outputs[stack(site, "machine")]["InstanceId"].startswith("i-")
        assert outputs[stack(site, "machine")]["AdminPassword"] == f"sarcoma/{name}/admin"
        assert "NextStep" not in outputs.get(stack(site, "data"), {})

    def test_every_resource_of_the_templates_was_made(self, site: Deployment) -> None:
        made = site.emulator.tell("notes")["made"]
        for name, template in site.templates().items():
            wanted = Counter(each["Type"] for each in template["Resources"].values())
            assert made[name]["types"] == wanted

    def test_what_the_templates_say_is_what_boto3_reads(self, site: Deployment) -> None:
        compared, differing = 0, []
        for found in Standing(site).all():
            if found.kind not in UNREAD:
                compared += len(found.wanted)
                differing += found.differing()
        assert differing == []
        assert compared > 500

    def test_every_type_has_its_reader_or_the_reason_why_not(self, site: Deployment) -> None:
        kinds = {
            each["Type"] for template in site.templates().values() for each in template["Resources"].values()
        }
        assert kinds <= READERS.keys() | UNREAD.keys()

    def test_a_second_deploy_does_nothing(self, site: Deployment) -> None:
        before = [each["EventId"] for each in events(site.emulator, site, "machine")]
        done, outputs = deploy(site.emulator, site.site, site.assembly)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("(no changes)") == len(STACKS)
        assert outputs == site.outputs
        assert [each["EventId"] for each in events(site.emulator, site, "machine")] == before


def events(emulator: Emulator, deployment: Any, part: str) -> list[dict[str, Any]]:
    name = f"sarcoma-{deployment.site.site}-{part}"
    api = emulator.api("cloudformation", deployment.site.region)
    found: list[dict[str, Any]] = api.describe_stack_events(StackName=name)["StackEvents"]
    return found


class TestWhatStockMotoWouldLose:
    """By hand, beside the walk over the templates: what `verify` stands on."""

    def test_volumes_are_encrypted_gp3_with_the_sites_key(self, site: Deployment) -> None:
        key = one(site, "AWS::KMS::Key").id
        told = site.api("ec2").describe_volumes()["Volumes"]
        assert len(told) == 1 + len([each for each in Standing(site).all() if each.kind.endswith("::Volume")])
        for volume in told:
            assert (volume["Encrypted"], volume["VolumeType"]) == (True, "gp3")
            assert volume["KmsKeyId"].endswith(key)
            assert volume["Attachments"][0]["State"] == "attached"

    def test_the_machine_has_its_profile_and_answers_by_imdsv2_alone(self, site: Deployment) -> None:
        name = site.outputs[stack(site, "machine")]["InstanceId"]
        told = site.api("ec2").describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
        assert told["IamInstanceProfile"]["Arn"].endswith(
            f"sarcoma-{site.site.site}-machine-{site.site.region}"
        )
        assert told["MetadataOptions"]["HttpTokens"] == "required"
        assert told["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        assert told["Monitoring"]["State"] == "enabled"
        assert told["ImageId"] == MACHINE_IMAGE
        assert "PublicIpAddress" not in told

    def test_no_group_lets_out_to_everywhere(self, site: Deployment) -> None:
        told = site.api("ec2").describe_security_group_rules()["SecurityGroupRules"]
        own = {each.id for each in Standing(site).all() if each.kind == "AWS::EC2::SecurityGroup"}
        open_ones = [each for each in told if each["GroupId"] in own and each.get("CidrIpv4") == "0.0.0.0/0"]
        assert open_ones == []

    def test_the_default_group_of_the_vpc_is_empty(self, site: Deployment) -> None:
        vpc = one(site, "AWS::EC2::VPC").id
        wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        told = site.api("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"][0]
        assert (told["IpPermissions"], told["IpPermissionsEgress"]) == ([], [])

    def test_passwords_are_as_long_as_asked_and_nobody_told_them(self, site: Deployment) -> None:
        api = site.api("secretsmanager")
        for found in Standing(site).all():
            if found.kind == "AWS::SecretsManager::Secret":
                value = api.get_secret_value(SecretId=found.id)["SecretString"]
                assert len(value) == found.wanted["GenerateSecretString"]["PasswordLength"]
                assert value.isalnum()
                assert value not in site.text

    def test_browsers_get_nothing_older_than_tls_12(self, site: Deployment) -> None:
        listener = one(site, "AWS::ElasticLoadBalancingV2::Listener", "Https")
        told = site.api("elbv2").describe_listeners(ListenerArns=[listener.id])["Listeners"][0]
        assert told["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
        assert told["Certificates"][0]["CertificateArn"] == site.site.edge.certificate

    def test_the_flow_to_the_hospital_is_where_the_sites_file_says(self, site: Deployment) -> None:
        reach = site.site.network.reach
        gateway = reach.transit_gateway or reach.vpn_gateway
        tables = site.api("ec2").describe_route_tables()["RouteTables"]
        routes = [each for table in tables for each in table["Routes"]]
        found = {
            each["DestinationCidrBlock"]
            for each in routes
            if gateway in (each.get("TransitGatewayId"), each.get("GatewayId"))
        }
        assert found == {str(cidr) for cidr in reach.cidrs}

    def test_the_machine_is_told_an_address_on_this_server(self, site: Deployment) -> None:
        found = one(site, "AWS::SSM::Parameter").id
        value = json.loads(site.api("ssm").get_parameter(Name=found)["Parameter"]["Value"])
        assert value["signal"].startswith(f"{site.emulator.endpoint}/cloudformation-waitcondition-")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One on which nothing stands yet."""
    with serving(tmp_path_factory.mktemp("first")) as emulator:
        site = read_site(own_copy("example", emulator.home))
        emulator.tell("seed", site=site.model_dump(mode="json"), machine_image=MACHINE_IMAGE)
        yield emulator


@pytest.fixture(scope="module")
def file(emulator: Emulator) -> Path:
    """The file of the site that comes to stand on it."""
    return emulator.home / "example.yaml"


class TestTheFirstDeploy:
    """A new site, step by step as an operator goes; one emulator for all, in the order of the class."""

    def test_without_a_lock_three_stacks_stand_and_publish_is_next(
        self, emulator: Emulator, file: Path
    ) -> None:
        named = ("-c", f"site={file}", "-c", "judged=false")
        region = read_site(file).region
        done = emulator.cdk("bootstrap", *named, region=region)
        assert done.returncode == 0, done.stdout
        # The very command of the guide: by change sets, and synthesized by the app.
        done = emulator.cdk("deploy", "--all", "--require-approval", "never", *named, region=region)
        assert done.returncode == 0, done.stdout
        assert "sarcoma-example-data.NextStep = sarcoma-site publish example" in done.stdout
        told = emulator.api("cloudformation", region).describe_stacks()["Stacks"]
        assert {each["StackName"] for each in told} == {
            "CDKToolkit",
            *(f"sarcoma-example-{part}" for part in STACKS[:3]),
        }

    def test_a_boot_that_fails_fails_the_deploy_with_its_reason(self, emulator: Emulator, file: Path) -> None:
        site = read_site(file)
        write_publication(lock_path(file), fixture_publication(site))
        assembly = synthesize(file, emulator.home / "whole.out")
        emulator.tell("boots-fail", reason="images: no route to the registry")
        done, outputs = deploy(emulator, site, assembly)
        emulator.tell("boots-fail", reason="")
        assert done.returncode != 0
        assert "images: no route to the registry" in done.stdout
        assert "sarcoma-example-boot" not in outputs
        told = emulator.api("cloudformation", site.region).describe_stacks()["Stacks"]
        states = {each["StackName"]: each["StackStatus"] for each in told}
        assert states["sarcoma-example-boot"] == "ROLLBACK_COMPLETE"
        assert states["sarcoma-example-machine"] == "CREATE_COMPLETE"  # so that somebody can look
        with pytest.raises(ClientError, match="ParameterNotFound"):
            emulator.api("ssm", site.region).get_parameter(Name="/sarcoma/example/machine")

    def test_the_next_deploy_after_it_stands_and_verify_is_next(self, emulator: Emulator, file: Path) -> None:
        site = read_site(file)
        machine = emulator.api("ec2", site.region).describe_instances()["Reservations"]
        done, outputs = deploy(emulator, site, emulator.home / "whole.out")
        assert done.returncode == 0, done.stdout
        assert outputs["sarcoma-example-boot"]["NextStep"] == "sarcoma-site verify example"
        assert emulator.api("ec2", site.region).describe_instances()["Reservations"] == machine
        whole = Deployment(emulator, site, file, emulator.home / "whole.out", outputs, done.stdout)
        assert [
            line for each in Standing(whole).all() if each.kind not in UNREAD for line in each.differing()
        ] == []

    def test_another_publication_waits_for_another_boot_of_the_same_machine(
        self, emulator: Emulator, file: Path
    ) -> None:
        site = read_site(file)
        before = emulator.api("ec2", site.region).describe_instances()["Reservations"]
        publication = fixture_publication(site, mark="c")
        write_publication(lock_path(file), publication)
        done, _ = deploy(emulator, site, synthesize(file, emulator.home / "again.out"))
        assert done.returncode == 0, done.stdout
        told = emulator.api("ssm", site.region).get_parameter(Name="/sarcoma/example/machine")["Parameter"]
        assert json.loads(told["Value"])["publication"] == publication.publication
        boots = emulator.tell("notes")["boots"]
        assert boots[-1]["handle"] == json.loads(told["Value"])["signal"]
        assert emulator.api("ec2", site.region).describe_instances()["Reservations"] == before
