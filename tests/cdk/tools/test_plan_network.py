"""The plan of the network: free addresses, the way to the hospital, the certificate."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sarcoma_cdk.plan.edge import covers
from tests.cdk.tools.account import Account, Refusal
from tests.cdk.tools.planning import CERTIFICATE, Ready, certificate, only

pytestmark = pytest.mark.cdk


def test_a_range_beside_another_vpc_is_free(ready: Ready) -> None:
    assert ready(network__cidr="172.30.240.0/20") == {}  # the default VPC has 172.31.0.0/16


def test_a_vpc_of_the_site_itself_is_no_overlap(ready: Ready, account: Account) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/20")["Vpc"]["VpcId"]
    assert vpc in only(ready()).found
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "sarcoma:site", "Value": "example"}])
    assert ready() == {}
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "sarcoma:site", "Value": "another"}])
    assert "10.40.0.0/20" in only(ready()).found


def test_a_route_into_the_range_is_told(ready: Ready, account: Account) -> None:
    ec2 = account.client("ec2")
    [main_table] = ec2.describe_route_tables()["RouteTables"]
    vpc = main_table["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    for block in ("0.0.0.0/0", "10.41.0.0/16"):
        ec2.create_route(
            RouteTableId=main_table["RouteTableId"], DestinationCidrBlock=block, GatewayId=gateway
        )
    assert ready() == {}
    ec2.create_route(
        RouteTableId=main_table["RouteTableId"], DestinationCidrBlock="10.40.8.0/24", GatewayId=gateway
    )
    assert only(ready()).found == f"{main_table['RouteTableId']} 10.40.8.0/24"


def test_a_route_of_the_transit_gateway_into_the_range_is_told_unless_it_is_ours(
    ready: Ready, account: Account
) -> None:
    tables = {"TransitGatewayRouteTables": [{"TransitGatewayRouteTableId": "tgw-rtb-1"}]}
    account.answer("ec2.DescribeTransitGatewayRouteTables", tables)
    vpc = account.client("ec2").create_vpc(CidrBlock="10.99.0.0/20")["Vpc"]["VpcId"]
    account.client("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "sarcoma:site", "Value": "example"}])
    ours = {"DestinationCidrBlock": "10.40.0.0/20", "TransitGatewayAttachments": [{"ResourceId": vpc}]}
    other = {"DestinationCidrBlock": "10.40.0.0/21", "TransitGatewayAttachments": [{"ResourceId": "vpc-9"}]}
    account.answer("ec2.SearchTransitGatewayRoutes", {"Routes": [ours]}, {"Routes": [ours, other]})
    assert ready() == {}
    assert only(ready()).found == "tgw-rtb-1 10.40.0.0/21"


def test_a_transit_gateway_that_is_not_shared_is_told(ready: Ready, account: Account) -> None:
    reach = {**account.defaults["network__reach"], "transit_gateway": "tgw-0123456789abcdef0"}
    assert "Ask its owner to share it by AWS RAM" in only(ready(network__reach=reach)).do
    account.answer("ec2.DescribeTransitGateways", Refusal("InvalidTransitGatewayID.NotFound"))
    assert "not to be seen from this account" in only(ready()).found


@pytest.mark.parametrize(
    ("case", "good"),  # owner, whether it takes attachments by itself, what the file says, the attachment
    [
        (("123456789012", "disable", True, ""), True),
        (("210987654321", "enable", True, ""), True),
        (("210987654321", "disable", True, ""), False),
        (("210987654321", "disable", True, "pendingAcceptance"), False),
        (("210987654321", "disable", True, "available"), True),
        (("210987654321", "disable", False, ""), True),
    ],
)
def test_a_gateway_whose_owner_accepts_by_hand_wants_two_deploys(
    ready: Ready, account: Account, case: tuple[str, str, bool, str], *, good: bool
) -> None:
    owner, takes, accepted, attached = case
    options = {"AutoAcceptSharedAttachments": takes}
    gateway = {"State": "available", "OwnerId": owner, "Options": options}
    account.answer("ec2.DescribeTransitGateways", {"TransitGateways": [gateway]})
    tags = [{"Key": "sarcoma:site", "Value": "example"}]
    attachments = [{"State": attached, "Tags": tags}] if attached else []
    account.answer("ec2.DescribeTransitGatewayVpcAttachments", {"TransitGatewayVpcAttachments": attachments})
    reach = {**account.defaults["network__reach"], "accepted": accepted}
    found = ready(network__reach=reach)
    if good:
        assert found == {}
    else:
        assert only(found).do.startswith("Set network.reach.accepted to false, deploy;")


def test_a_vpn_gateway_is_free_or_ours(ready: Ready, account: Account) -> None:
    ec2 = account.client("ec2")
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    reach = {"via": "vpn-gateway", "vpn_gateway": gateway, "cidrs": ["10.8.0.0/14"]}
    assert ready(network__reach=reach) == {}
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/20")["Vpc"]["VpcId"]
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    assert (
        f"detach-vpn-gateway --vpn-gateway-id {gateway} --vpc-id {vpc}"
        in only(ready(network__reach=reach)).do
    )
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "sarcoma:site", "Value": "example"}])
    assert ready(network__reach=reach) == {}
    none = {**reach, "vpn_gateway": "vgw-0123456789abcdef0"}
    assert "no such gateway" in only(ready(network__reach=none)).found


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"Status": "PENDING_VALIDATION"}, "the certificate is issued"),
        (
            {"DomainName": "hospital.example", "SubjectAlternativeNames": []},
            "the certificate covers edge.domain xnat.hospital.example",
        ),
        ({"NotAfter": datetime.now(UTC) + timedelta(days=29, hours=23)}, "good for 30 days at least"),
    ],
)
def test_a_certificate_that_will_not_do_is_told(
    ready: Ready, account: Account, changes: dict[str, Any], rule: str
) -> None:
    account.answer("acm.DescribeCertificate", certificate(**changes))
    assert rule in only(ready()).rule


def test_a_certificate_of_thirty_days_will_do(ready: Ready, account: Account) -> None:
    account.answer(
        "acm.DescribeCertificate", certificate(NotAfter=datetime.now(UTC) + timedelta(days=30, hours=1))
    )
    assert ready() == {}


def test_an_imported_certificate_is_renewed_by_hand(ready: Ready, account: Account) -> None:
    account.answer("acm.DescribeCertificate", certificate(NotAfter=datetime.now(UTC), Type="IMPORTED"))
    assert only(ready()).do.endswith(f"aws acm import-certificate --certificate-arn {CERTIFICATE}")


def test_no_certificate_is_told(ready: Ready, account: Account) -> None:
    account.answer("acm.DescribeCertificate", Refusal("ResourceNotFoundException"))
    assert only(ready()).found == "no such certificate"


@pytest.mark.parametrize(
    ("name", "host", "good"),
    [
        ("xnat.hospital.example", "xnat.hospital.example", True),
        ("*.hospital.example", "xnat.hospital.example", True),
        ("*.hospital.example", "hospital.example", False),
        ("*.hospital.example", "a.xnat.hospital.example", False),
        ("hospital.example", "xnat.hospital.example", False),
    ],
)
def test_a_star_stands_for_one_label(name: str, host: str, good: bool) -> None:  # noqa: FBT001
    assert covers(name, host) == good
