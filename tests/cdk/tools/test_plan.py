"""The plan: where all is ready nothing is wrong; each thing that is not is one finding, with its remedy."""

import json
from typing import Any

import pytest

from sarcoma_cdk.cli import main
from sarcoma_cdk.errors import RefusedError, SiteError
from sarcoma_cdk.plan import examine, here, page
from tests.cdk.tools.account import REGION, Account, Refusal
from tests.cdk.tools.planning import FakeEngine, Ready, certificate, only, quota

pytestmark = pytest.mark.cdk


def test_on_an_account_where_all_is_ready_nothing_is_wrong(ready: Ready, account: Account) -> None:
    assert ready() == {}
    findings = examine(account.cloud(**account.defaults))
    assert len(findings) >= 20
    assert "Next, in aws_cdk: npx --no-install cdk deploy" in page(account.site(), findings)


def test_nothing_is_made(ready: Ready, account: Account) -> None:
    account.calls.clear()
    ready()
    reads = ("Describe", "Get", "Head", "List", "Search")
    assert account.calls
    assert [name for name, _ in account.calls if not name.startswith(reads)] == []


@pytest.mark.parametrize(("allowed", "wrong"), [(4, 0), (3.9, 1), (0, 1)])
def test_a_quota_below_what_the_size_needs_is_told_with_the_line_that_raises_it(
    ready: Ready, account: Account, allowed: float, wrong: int
) -> None:
    account.answer("service-quotas.GetServiceQuota", quota(allowed))
    found = {rule: each for rule, each in ready().items() if "gpu_size" in rule}
    assert len(found) == wrong
    for each in found.values():
        assert "L-DB2E81BA (Running On-Demand G and VT instances) is 4 vCPUs at least" in each.rule
        assert each.do.startswith(
            "aws service-quotas request-service-quota-increase --region ca-central-1 --service-code ec2 "
            "--quota-code L-DB2E81BA --desired-value 4"
        )


def test_a_quota_that_nobody_has_changed_is_aws_s_default(ready: Ready, account: Account) -> None:
    account.answer("service-quotas.GetServiceQuota", Refusal("NoSuchResourceException"))
    account.answer("service-quotas.GetAWSDefaultServiceQuota", quota(0))
    assert len(ready()) == 3
    account.answer("service-quotas.GetAWSDefaultServiceQuota", quota(5))
    assert ready() == {}


def test_the_quota_of_the_usual_size_is_that_of_standard_machines(ready: Ready, account: Account) -> None:
    account.answer("service-quotas.GetServiceQuota", quota(0))
    assert any("machine.size m6i.xlarge: quota L-1216C47A" in rule for rule in ready())


def test_machines_that_run_already_count(ready: Ready, account: Account) -> None:
    account.client("ec2").run_instances(
        ImageId="ami-12345678", InstanceType="m6i.2xlarge", MinCount=1, MaxCount=1
    )
    account.answer("service-quotas.GetServiceQuota", quota(4))
    found = next(each for rule, each in ready().items() if "machine.size" in rule)
    assert "of which" in found.found
    assert not found.found.endswith("of which 0 run")


def test_a_family_without_a_known_quota_is_told(ready: Ready) -> None:
    rules = ready(machine__size="x1e.xlarge")
    assert any("a quota is known for machine.size x1e.xlarge" in rule for rule in rules)


def test_the_only_vpc_too_many_is_told(ready: Ready, account: Account) -> None:
    account.answer("service-quotas.GetServiceQuota", quota(8), quota(8), quota(1))
    assert "VPCs per Region) is 2 at least" in only(ready()).rule


@pytest.mark.parametrize(
    ("changes", "rule", "do"),
    [
        (
            {"machine__zone": "ca-central-1d", "zones": ["ca-central-1a", "ca-central-1d"]},
            "g5.xlarge is offered in machine.zone ca-central-1d",
            "Set machine.zone to ca-central-1a.",
        ),
        (
            {"zones": ["ca-central-1a", "ca-central-1c"]},
            "zone ca-central-1c is available",
            "Name two of those in zones",
        ),
        (
            {"network__s3_prefix_list": "pl-11111111"},
            "network.s3_prefix_list pl-11111111 is com.amazonaws.ca-central-1.s3",
            "Set network.s3_prefix_list to pl-",
        ),
        (
            {"network__cidr": "172.31.0.0/20"},
            "overlaps with no other VPC of the account",
            "Ask the network team",
        ),
        (
            {"machine__image": "/aws/service/ecs/optimized-ami/amazon-linux-2023/none/image_id"},
            "names an AMI",
            "Take the default",
        ),
        ({"machine__gpu_size": "m6i.4xlarge"}, "and a GPU", "Name another one in machine.gpu_size"),
        ({"machine__size": "m6i.large"}, "12 GiB of memory", "Name another one in machine.size"),
        ({"machine__size": "m7g.xlarge"}, "is x86_64", "Name another one in machine.size"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_the_file_says_and_the_region_has_not_is_told(
    ready: Ready, changes: dict[str, Any], rule: str, do: str
) -> None:
    found = [each for each in ready(**changes).values() if rule in each.rule]
    assert len(found) == 1
    assert do in found[0].do


def test_a_size_that_the_region_does_not_know_is_one_of_several_findings(ready: Ready) -> None:
    found = ready(machine__size="m6i.77xlarge")
    assert any(each.found == "no such type in the region" for each in found.values())


def test_without_a_bootstrap_the_command_is_told(ready: Ready, account: Account) -> None:
    account.client("ssm").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="5", Type="String", Overwrite=True
    )
    assert only(ready()).found == "version 5"
    account.client("ssm").delete_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    assert "cdk bootstrap aws://123456789012/ca-central-1" in only(ready()).do


def test_a_bucket_of_somebody_else_is_told_and_one_of_ours_is_not(ready: Ready, account: Account) -> None:
    name = "sarcoma-example-artefacts-123456789012-ca-central-1"
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert ready() == {}
    account.answer("s3.HeadBucket", Refusal("403"))
    assert {each.found for each in ready().values()} == {"somebody else's"}


def test_a_region_that_is_not_enabled_is_told(ready: Ready, account: Account) -> None:
    account.answer(
        "ec2.DescribeRegions", {"Regions": [{"RegionName": REGION, "OptInStatus": "not-opted-in"}]}
    )
    assert only(ready()).do == "aws account enable-region --region-name ca-central-1"


def test_what_may_not_be_asked_is_a_finding_and_the_rest_goes_on(ready: Ready, account: Account) -> None:
    account.answer("service-quotas.GetServiceQuota", Refusal("AccessDeniedException", "no"))
    found = ready()
    assert len(found) == 2
    assert all("AWS refused GetServiceQuota: AccessDeniedException" in each.found for each in found.values())


def test_a_site_that_stands_without_its_lock_is_told_to_restore_it(ready: Ready, account: Account) -> None:
    assert ready() == {}
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}})
    account.client("cloudformation").create_stack(StackName="sarcoma-example-store", TemplateBody=body)
    assert ready() == {}
    account.client("cloudformation").create_stack(StackName="sarcoma-example-edge", TemplateBody=body)
    found = only(ready())
    assert "sarcoma-example-edge" in found.found
    assert found.do.startswith("Restore it from git")
    assert all(each.ok for each in examine(account.cloud(**account.defaults), published=True))


def test_artefacts_and_images_that_are_not_here_are_told(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise RefusedError("artefacts.lock: must be in artefacts/; it is not.")

    with monkeypatch.context() as patched:
        patched.setattr(here, "read_artefacts", none)
        assert "fetch.py" in only(ready()).do
    with monkeypatch.context() as patched:
        patched.setattr(here, "Engine", lambda: FakeEngine(lacking="sarcoma/convert:1"))
        assert only(ready()).do == "make images"


def test_without_an_engine_that_alone_is_told(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(FakeEngine):
        def version(self) -> str:
            raise SiteError("docker version failed: Cannot connect.")

    monkeypatch.setattr(here, "Engine", Silent)
    assert only(ready()).do == "Start Docker."


def test_the_verb_ends_with_1_when_something_is_wrong_and_0_when_not(
    ready: Ready, account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ready()
    monkeypatch.setattr("boto3.Session", lambda **_: account.session)
    path = str(account.file(**account.defaults))
    assert main(["plan", path]) == 0
    assert "WRONG" not in capsys.readouterr().out
    account.answer("acm.DescribeCertificate", certificate(Status="EXPIRED"))
    assert main(["plan", path]) == 1
    assert "WRONG the certificate is issued; found: EXPIRED\n      do: " in capsys.readouterr().out
    assert main(["plan", path, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["rule"] for each in told["findings"] if not each["ok"]] == ["the certificate is issued"]
