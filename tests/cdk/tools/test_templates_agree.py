"""What the tools say of a site is what its templates hold: how many of each are paid for, and what stays."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk import images, naming
from sarcoma_cdk.config import Publication, Site, example_sites, read_site
from sarcoma_cdk.cost import estimate
from sarcoma_cdk.destroy import commands, kept, staying

pytestmark = pytest.mark.cdk

SHA = "0" * 64
Resources = list[dict[str, Any]]


def resources_of(site: Site, folder: Path) -> Resources:
    from sarcoma_cdk.application import make_app  # noqa: PLC0415  jsii, which takes seconds

    publication = Publication(site.site, "ami-0123456789abcdef0", SHA, SHA, {}, {})
    make_app(site, publication, judged=False, outdir=folder).synth()
    return [
        {**each, "Stack": path.name.removesuffix(".template.json")}
        for path in folder.glob("*.template.json")
        for each in json.loads(path.read_text("utf-8"))["Resources"].values()
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Site, Resources]]:
    """Both examples, in one process."""
    sites = [read_site(path) for path in example_sites()]
    return {site.site: (site, resources_of(site, tmp_path_factory.mktemp(site.site))) for site in sites}


NAMES = [path.stem for path in example_sites()]


def test_two_sites_are_synthesized_in_one_process_and_share_no_name(
    built: Mapping[str, tuple[Site, Resources]],
) -> None:
    texts = {name: json.dumps(resources) for name, (_, resources) in built.items()}
    assert "university" not in texts["example"]
    assert "example-" not in texts["university"].replace("xnat.university.example", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_estimate_counts_what_the_templates_hold(
    built: Mapping[str, tuple[Site, Resources]], name: str
) -> None:
    site, resources = built[name]
    count = Counter(each["Type"] for each in resources)
    items = {item.name: item.quantity for item in estimate(site).items}
    endpoints = [
        each["Properties"]
        for each in resources
        if each["Type"] == "AWS::EC2::VPCEndpoint" and each["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert items["interface endpoints"] == sum(len(each["SubnetIds"]) for each in endpoints)
    assert items["load balancers, web and DICOM"] == count["AWS::ElasticLoadBalancingV2::LoadBalancer"]
    assert items["CloudWatch alarms"] == count["AWS::CloudWatch::Alarm"]
    assert items["CloudWatch dashboard"] == count["AWS::CloudWatch::Dashboard"]
    assert items["KMS key"] == count["AWS::KMS::Key"]
    managed = sum(
        each["Properties"].get("ManageMasterUserPassword", False)
        for each in resources
        if "RDS" in each["Type"]
    )
    assert items["secrets"] == count["AWS::SecretsManager::Secret"] + managed
    [firewall] = [each["Properties"] for each in resources if each["Type"] == "AWS::WAFv2::WebACL"]
    assert f"web application firewall, {len(firewall['Rules'])} rules" in items
    [machine] = [each["Properties"] for each in resources if each["Type"] == "AWS::EC2::Instance"]
    assert f"EC2 {machine['InstanceType']}" in items
    volumes = [each["Properties"]["Size"] for each in resources if each["Type"] == "AWS::EC2::Volume"]
    root = machine["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"]
    assert items["EBS volumes gp3"] == sum(volumes) + root
    assert any(item.startswith("RDS") for item in items) == bool(count["AWS::RDS::DBInstance"])
    attached = count["AWS::EC2::TransitGatewayVpcAttachment"]
    assert ("transit gateway attachment" in items) == bool(attached)


@pytest.mark.parametrize("name", NAMES)
def test_what_costs_by_the_month_and_is_in_no_estimate_is_not_there(
    built: Mapping[str, tuple[Site, Resources]], name: str
) -> None:
    _, resources = built[name]
    costly = ("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::GuardDuty::Detector", "AWS::EFS::FileSystem")
    assert [each["Type"] for each in resources if each["Type"] in costly] == []


@pytest.mark.parametrize("name", NAMES)
def test_all_that_the_templates_keep_is_in_what_destroy_tells(
    built: Mapping[str, tuple[Site, Resources]], name: str
) -> None:
    site, resources = built[name]
    free = {"AWS::RDS::DBSubnetGroup"}  # nobody bills it
    retained = Counter(
        each["Type"]
        for each in resources
        if each.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate", "Snapshot"}
        and each["Type"] not in free
    )
    assert retained == Counter(each.type for each in kept(site) if each.type)
    told = staying(site)
    groups = [
        each["Properties"]["LogGroupName"] for each in resources if each["Type"] == "AWS::Logs::LogGroup"
    ]
    assert [group for group in groups if f" {group}," not in told] == []
    databases = [each["Properties"] for each in resources if each["Type"] == "AWS::RDS::DBInstance"]
    for each in databases:
        assert f"--db-instance-identifier {each['DBInstanceIdentifier']}" in commands(site, Path("x"))


@pytest.mark.parametrize("name", NAMES)
def test_what_services_make_by_themselves_and_leave_is_told_too(
    built: Mapping[str, tuple[Site, Resources]], name: str
) -> None:
    site, resources = built[name]
    told = staying(site)
    functions = [each for each in resources if each["Type"] == "AWS::Lambda::Function"]
    assert [each["Stack"] for each in functions if f"/aws/lambda/{each['Stack']}-" not in told] == []
    databases = [each["Properties"] for each in resources if each["Type"] == "AWS::RDS::DBInstance"]
    assert ("RDSOSMetrics" in told) == any(each.get("MonitoringInterval") for each in databases)
    assert ("retained automated backups" in told) == any(
        not each["DeleteAutomatedBackups"] for each in databases
    )


@pytest.mark.parametrize("name", NAMES)
def test_stacks_and_repositories_are_called_what_the_tools_call_them(
    built: Mapping[str, tuple[Site, Resources]], name: str
) -> None:
    site, resources = built[name]
    text = json.dumps(resources)
    repositories = {
        each["Properties"]["RepositoryName"] for each in resources if each["Type"] == "AWS::ECR::Repository"
    }
    assert repositories == {naming.repository_name(site, image) for image in images.names()}
    for bucket in (naming.artefact_bucket_name(site), naming.log_bucket_name(site)):
        assert bucket in text
    [machine] = [each["Properties"] for each in resources if each["Type"] == "AWS::EC2::Instance"]
    tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
    assert (tags["Name"], tags["sarcoma:site"]) == (f"sarcoma-{site.site}", site.site)
