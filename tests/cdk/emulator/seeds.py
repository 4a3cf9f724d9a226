"""What a site's file names and no stack makes: it has to be there before a deploy, by just these names."""

from collections.abc import Mapping
from typing import Any

from moto.acm import acm_backends
from moto.acm.models import CertBundle
from moto.ec2 import ec2_backends
from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.secretsmanager import secretsmanager_backends

from tests.cdk.emulator.own_api import ACCOUNT, api


def seed(site: Mapping[str, Any], machine_image: str | None) -> None:
    """Make what a site's file names: certificate, gateway, S3's prefix list, secrets; and the AMI.

    Args:
        site: the site's file, as read.
        machine_image: the AMI of its lock.
    """
    region, network = site["region"], site["network"]
    _certificate(region, site["edge"]["certificate"], site["edge"]["domain"])
    _prefix_list(region, network["s3_prefix_list"])
    reach = network.get("reach") or {}
    if reach.get("transit_gateway"):
        _transit_gateway(region, reach["transit_gateway"])
    if reach.get("vpn_gateway"):
        _vpn_gateway(region, reach["vpn_gateway"])
    login = site.get("login") or {}
    for arn in ((login.get("ldap") or {}).get("password"), (login.get("oidc") or {}).get("client_secret")):
        if arn:
            _secret(region, arn)
    if machine_image:
        _machine_image(region, machine_image)


def _certificate(region: str, arn: str, domain: str) -> None:
    known = acm_backends[ACCOUNT][region]._certificates
    if arn in known:
        return
    known[arn] = CertBundle.generate_cert(domain, ACCOUNT, region)
    known[arn].arn, known[arn].status = arn, "ISSUED"


def _prefix_list(region: str, name: str) -> None:
    backend = ec2_backends[ACCOUNT][region]
    service = f"com.amazonaws.{region}.s3"
    for other, each in list(backend.managed_prefix_lists.items()):
        if each.prefix_list_name == service:  # moto invents one of another id
            del backend.managed_prefix_lists[other]
    made = ManagedPrefixList(
        backend,
        region,
        address_family="IPv4",
        entry=[{"Cidr": "52.95.144.0/24"}],
        prefix_list_name=service,
        owner_id="aws",
    )
    made.id = name
    made.prefix_list_arn = made.arn(region, "aws")
    backend.managed_prefix_lists[name] = made


def _transit_gateway(region: str, name: str) -> None:
    known = ec2_backends[ACCOUNT][region].transit_gateways
    if name not in known:
        made = api("ec2", region).create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        known[name] = known.pop(made)
        known[name].id = name
        for table in ec2_backends[ACCOUNT][region].transit_gateways_route_tables.values():
            if table.transit_gateway_id == made:
                table.transit_gateway_id = name


def _vpn_gateway(region: str, name: str) -> None:
    known = ec2_backends[ACCOUNT][region].vpn_gateways
    if name not in known:
        made = api("ec2", region).create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        known[name] = known.pop(made)
        known[name].id = name


def _secret(region: str, arn: str) -> None:
    known = secretsmanager_backends[ACCOUNT][region].secrets
    name = arn.rpartition(":")[2].rpartition("-")[0]
    if name not in known:
        api("secretsmanager", region).create_secret(Name=name, SecretString="not a real one")
        known[name].arn = arn


def _machine_image(region: str, name: str) -> None:
    backend = ec2_backends[ACCOUNT][region]
    if name not in backend.amis:
        made = api("ec2", region).register_image(
            Name="an image of the machine",
            RootDeviceName="/dev/xvda",
            Architecture="x86_64",
            VirtualizationType="hvm",
        )["ImageId"]
        backend.amis[name] = backend.amis.pop(made)
        backend.amis[name].id = name
