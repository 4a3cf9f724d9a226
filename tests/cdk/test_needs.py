"""What the machine needs of AWS is read off its boot, its role and its patches."""

from pathlib import Path

import pytest

from sarcoma_cdk import places
from sarcoma_cdk.invariants import findings
from sarcoma_cdk.invariants.needs import needed_endpoints, needed_objects
from sarcoma_cdk.invariants.programs import BOOT, Use, unreadable, uses
from sarcoma_cdk.naming import SERVICES, artefact_bucket_name
from tests.cdk.synthesized import SITES, site_of, templates_of

pytestmark = pytest.mark.cdk


@pytest.mark.parametrize("name", SITES)
def test_the_derived_endpoints_are_those_of_the_site(name: str) -> None:
    assert set(needed_endpoints(templates_of(name))) == set(SERVICES)


@pytest.mark.parametrize("name", SITES)
def test_the_derived_buckets_are_those_of_the_site_and_of_aws(name: str) -> None:
    site = site_of(name)
    assert needed_objects(templates_of(name), site).keys() == {
        (artefact_bucket_name(site), "s3:GetObject"),
        (places.image_layers(site.region), "s3:GetObject"),
        (places.system_packages(site.region), "s3:GetObject"),
        *((bucket, "s3:GetObject") for bucket in places.patch_lists(site.region)),
        (places.wait_conditions(site.region), "s3:PutObject"),
    }


def test_each_need_is_read_off_the_boot_by_what_it_says() -> None:
    services = {use.service for use in uses(BOOT)}
    assert services >= {"s3", "ssm", "secretsmanager", "ecr", "docker", "dnf", "agent", "signal"}
    assert unreadable(BOOT) == ()


@pytest.mark.parametrize(
    ("source", "name", "use"),
    [
        ('aws("sns", "publish", "--topic", "x")', "a.py", ("sns", "publish")),
        ('calls.aws("ec2", *rest)', "a.py", ("ec2", "")),
        ('run(["dnf", "install", "x"])', "a.py", ("dnf", "install")),
        ('docker("pull", image)', "a.py", ("docker", "pull")),
        ('run("docker", "pull", image)', "a.py", ("docker", "pull")),
        ('path = "opt/aws/amazon-cloudwatch-agent"', "a.py", ("agent", "")),
        ('url = told["signal"]', "a.py", ("signal", "")),
        ("aws sqs send-message --x", "a.sh", ("sqs", "send-message")),
        ("true && dnf install -y x # aws", "a.sh", ("dnf", "install")),
    ],
)
def test_a_use_is_found_however_it_is_called(
    source: str, name: str, use: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(source, "utf-8")
    assert uses(tmp_path) == (Use(f"{name}:1", *use),)


def test_a_comment_asks_nothing_and_a_computed_service_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("# aws sqs send-message\ntrue # dnf install x\n", "utf-8")
    (tmp_path / "a.py").write_text('# aws("sqs", "x")\naws(service, "x")\n', "utf-8")
    assert uses(tmp_path) == ()
    assert unreadable(tmp_path) == ("a.py:2",)


def test_a_boot_that_asks_for_more_needs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (*uses(BOOT), Use("new.py:1", "sns", "publish"))
    monkeypatch.setattr("sarcoma_cdk.invariants.needs._uses", lambda: more)
    found = {(each.rule, each.must) for each in findings(templates_of("example"), site_of("example"))}
    assert ("endpoints", "there must be an endpoint of sns, for boot/new.py:1") in found
    assert {rule for rule, _ in found} == {"endpoints", "readable"}


def test_a_boot_that_asks_for_less_leaves_doors_that_nobody_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sarcoma_cdk.invariants.needs._uses", lambda: ())
    found = findings(templates_of("example"), site_of("example"))
    needless = [each.found for each in found if each.must == "an endpoint must be somebody's need"]
    assert needless == ["ecr.dkr"], "the role has actions of every other service"
    assert {each.rule for each in found} == {"endpoints", "gateway"}
