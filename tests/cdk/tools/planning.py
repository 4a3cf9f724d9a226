"""An account in which a site could be built, and what the plan finds wrong there."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sarcoma_cdk.plan import PlanFinding, examine, here
from sarcoma_cdk.publish.engine import Local
from sarcoma_cdk.publish.wanted import Wanted
from tests.cdk.tools.account import REGION, Account

Ready = Callable[..., Mapping[str, PlanFinding]]
CERTIFICATE = "arn:aws:acm:ca-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"


def quota(value: float) -> dict[str, Any]:
    return {"Quota": {"Value": value}}


def certificate(**changes: Any) -> dict[str, Any]:
    return {
        "Certificate": {
            "CertificateArn": CERTIFICATE,
            "Status": "ISSUED",
            "Type": "AMAZON_ISSUED",
            "DomainName": "xnat.hospital.example",
            "SubjectAlternativeNames": ["xnat.hospital.example"],
            "NotAfter": datetime.now(UTC) + timedelta(days=300),
            **changes,
        }
    }


class FakeEngine:
    def __init__(self, *, lacking: str = "") -> None:
        self._lacking = lacking

    def version(self) -> str:
        return "26.1"

    def image(self, name: str) -> Local | None:
        return None if name == self._lacking else Local("sha256:1", "amd64")


def prepare(account: Account, monkeypatch: pytest.MonkeyPatch) -> Ready:
    """An account in which a site could be built; gives what the plan finds wrong there, by its rule."""
    ec2 = account.client("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    [prefixes] = ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )["PrefixLists"]
    account.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String")
    account.answer("service-quotas.GetServiceQuota", quota(8))
    account.answer("acm.DescribeCertificate", certificate())
    monkeypatch.setattr(here, "read_artefacts", lambda: ("war", "compose"))
    monkeypatch.setattr(here, "Engine", FakeEngine)
    monkeypatch.setattr(here, "wanted", lambda: (Wanted("convert", "sarcoma/convert:1", "1", ours=True),))
    reach = {"via": "transit-gateway", "transit_gateway": gateway, "cidrs": ["10.8.0.0/14"]}
    account.defaults = {"network__reach": reach, "network__s3_prefix_list": prefixes["PrefixListId"]}

    def wrong(**changes: Any) -> Mapping[str, PlanFinding]:
        cloud = account.cloud(**{**account.defaults, **changes})
        return {finding.rule: finding for finding in examine(cloud) if not finding.ok}

    return wrong


def only(found: Mapping[str, PlanFinding]) -> PlanFinding:
    assert len(found) == 1, list(found)
    [finding] = found.values()
    assert finding.do
    return finding
