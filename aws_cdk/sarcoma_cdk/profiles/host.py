"""Profile `host`: one EC2 machine. Seven stacks, each built on those before it.

Store ── Network ── Data ── Machine ── Edge ── Operations ── Boot

Machine, Edge, Operations and Boot hold nothing that is kept: they can be taken down and built again, which
is how a machine is replaced (docs/how-to/run-a-site.md).

Boot is a stack of its own, and the last: it tells the machine what to run and waits until it runs. When that
fails, CloudFormation takes back what the machine was told and nothing else: a new site can be looked at and
deployed again, an old one goes back to what it ran before.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Annotations, App, CfnOutput, Environment, RemovalPolicy, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs

from sarcoma_cdk import images
from sarcoma_cdk.config import Publication, Site
from sarcoma_cdk.naming import (
    DICOM_PORT,
    UNPROTECTED,
    artefact_bucket_name,
    firewall_log_name,
    machine_log_name,
    parameter_name,
    secret_name,
)
from sarcoma_cdk.parts.alerts import Alerts
from sarcoma_cdk.parts.backups import Backups
from sarcoma_cdk.parts.boot import Boot
from sarcoma_cdk.parts.buckets import ArtefactBucket, LogBucket
from sarcoma_cdk.parts.dicom import DicomDoor
from sarcoma_cdk.parts.doors import Doors
from sarcoma_cdk.parts.endpoints import Endpoints
from sarcoma_cdk.parts.figures import add_figures
from sarcoma_cdk.parts.firewall import Firewall
from sarcoma_cdk.parts.keys import SiteKey, site_key
from sarcoma_cdk.parts.log_groups import retention
from sarcoma_cdk.parts.machine import MachineInstance
from sarcoma_cdk.parts.machine_role import MachineRole
from sarcoma_cdk.parts.passwords import Passwords
from sarcoma_cdk.parts.patching import Patching
from sarcoma_cdk.parts.postgres import DATABASE, USER, Postgres
from sarcoma_cdk.parts.repositories import Repositories
from sarcoma_cdk.parts.trail import Trail
from sarcoma_cdk.parts.volumes import Volumes
from sarcoma_cdk.parts.vpc import PrivateNetwork
from sarcoma_cdk.parts.web import Web
from sarcoma_cdk.user_data import user_data


class _SiteStack(Stack):
    """One stack of a site: explicit account and region, kept from deletion by a click (but `Boot`)."""

    def __init__(self, app: App, site: Site, part: str, description: str) -> None:
        super().__init__(
            app,
            site.stack_name(part),
            env=Environment(account=site.account, region=site.region),
            description=f"Sarcoma site {site.site}: {description}",
            termination_protection=part not in UNPROTECTED,
            analytics_reporting=False,
            tags={"sarcoma:site": site.site},
        )
        self.site = site
        Tags.of(self).add("sarcoma:site", site.site)

    def tell(self, name: str, value: str, what: str) -> None:
        """One of the outputs that `cdk deploy` prints."""
        CfnOutput(self, name, value=value, description=what)


class StoreStack(_SiteStack):
    """The key, the buckets, the image repositories: what `sarcoma-site publish` fills."""

    def __init__(self, app: App, site: Site) -> None:
        super().__init__(app, site, "Store", "key, buckets, image repositories")
        self.key = SiteKey(self, "Key", site).key
        self.logs = LogBucket(self, "Logs", site).bucket
        self.artefacts = ArtefactBucket(self, "Artefacts", site, key=self.key, logs=self.logs).bucket
        for use, name in (("Machine", machine_log_name(site)), ("Firewall", firewall_log_name(site))):
            logs.LogGroup(
                self,
                f"{use}Log",
                log_group_name=name,
                retention=retention(site.operations.log_days),
                encryption_key=self.key,
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            )
        Repositories(self, "Images", site, images=images.names(), key=self.key)
        if site.operations.trail:
            Trail(self, "Trail", site, watched=self.artefacts, files=self.logs, key=self.key)


class NetworkStack(_SiteStack):
    """The VPC with its doors."""

    def __init__(self, app: App, site: Site, store: StoreStack) -> None:
        super().__init__(app, site, "Network", "VPC, endpoints, security groups")
        self.private = PrivateNetwork(self, "Private", site, key=site_key(self, store.key.key_arn))
        self.doors = Doors(self, "Doors", site, vpc=self.private.vpc)
        Endpoints(self, "Endpoints", site, network=self.private, door=self.doors.endpoints)

    @property
    def machine_subnet(self) -> ec2.ISubnet:
        """The private subnet of the machine's zone."""
        zone = self.site.machine.zone
        return next(each for each in self.private.vpc.isolated_subnets if each.availability_zone == zone)


class DataStack(_SiteStack):
    """What outlives the machine."""

    def __init__(self, app: App, site: Site, store: StoreStack, network: NetworkStack) -> None:
        super().__init__(app, site, "Data", "volumes, database, passwords, backups")
        key = site_key(self, store.key.key_arn)
        self.passwords = Passwords(self, "Passwords", site, key=key)
        self.volumes = Volumes(self, "Volumes", site, key=key).volumes
        self.postgres = None
        kept = [
            f"arn:aws:ec2:{site.region}:{site.account}:volume/{volume.volume_id}"
            for volume in self.volumes.values()
        ]
        if network.doors.database:
            self.postgres = Postgres(
                self,
                "Postgres",
                site,
                key=key,
                vpc=network.private.vpc,
                subnets=ec2.SubnetSelection(subnets=network.private.vpc.isolated_subnets),
                door=network.doors.database,
            ).instance
            kept.append(self.postgres.instance_arn)
        self.vault = Backups(self, "Backups", site, key=key, resources=kept).vault_name

    def boot_settings(self) -> Mapping[str, Any]:
        """What the boot has to know of it."""
        postgres, passwords = self.postgres, self.passwords
        master = postgres.secret.secret_arn if postgres and postgres.secret else None
        volumes = {use: volume.volume_id for use, volume in self.volumes.items()}
        return {
            "volumes": {"database": None, **volumes},
            "secrets": {
                "admin": passwords.admin.secret_arn,
                "database": passwords.database.secret_arn,
                "database_master": master,
            },
            "database": {
                "host": postgres.db_instance_endpoint_address,
                "port": self.site.database.port,
                "name": DATABASE,
                "user": USER,
            }
            if postgres
            else None,
        }


class MachineStack(_SiteStack):
    """The machine and what it may do."""

    def __init__(
        self,
        app: App,
        site: Site,
        *,
        store: StoreStack,
        network: NetworkStack,
        data: DataStack,
        publication: Publication,
    ) -> None:
        super().__init__(app, site, "Machine", "the machine and its role")
        key = site_key(self, store.key.key_arn)
        secrets = [arn for arn in data.boot_settings()["secrets"].values() if arn]
        secrets += [each.password for each in (site.login.ldap,) if each]
        secrets += [each.client_secret for each in (site.login.oidc,) if each]
        role = MachineRole(self, "Role", site, key_arn=key.key_arn, secrets=secrets).role
        machine = MachineInstance(
            self,
            "Machine",
            site,
            machine_image=publication.machine_image,
            user_data=user_data(site.site, site.region, parameter_name(site)),
            subnet=network.machine_subnet,
            door=network.doors.machine,
            role=role,
            key_arn=key.key_arn,
            volumes=data.volumes,
        )
        machine.instance.node.add_dependency(role)
        self.instance_id = machine.instance.ref
        self.tell("InstanceId", self.instance_id, "The machine")
        self.tell(
            "Shell",
            f"aws ssm start-session --region {site.region} --target {self.instance_id}",
            "A shell on it",
        )
        self.tell(
            "AdminPassword", secret_name(site, "admin"), "The secret with the password of XNAT's user admin"
        )


class EdgeStack(_SiteStack):
    """What browsers and the PACS see."""

    def __init__(
        self, app: App, site: Site, store: StoreStack, network: NetworkStack, machine: MachineStack
    ) -> None:
        super().__init__(app, site, "Edge", "load balancers and firewall")
        vpc, doors = network.private.vpc, network.doors
        self.web = Web(
            self, "Web", site, vpc=vpc, door=doors.web, instance_id=machine.instance_id, logs=store.logs
        )
        Firewall(self, "Firewall", site, guarded=self.web.balancer.load_balancer_arn)
        self.dicom = DicomDoor(
            self, "Dicom", site, vpc=vpc, door=doors.dicom, instance_id=machine.instance_id, logs=store.logs
        )
        self.tell("Xnat", f"https://{site.edge.domain}", "XNAT")
        self.tell(
            "DnsTarget",
            self.web.balancer.load_balancer_dns_name,
            f"Make {site.edge.domain} an alias (CNAME) of it",
        )
        self.tell(
            "DicomTarget",
            f"{site.dicom.ae_title}@{self.dicom.balancer.load_balancer_dns_name}:{site.dicom.port}",
            "What the PACS sends to",
        )


class OperationsStack(_SiteStack):
    """Who is told what."""

    def __init__(
        self,
        app: App,
        site: Site,
        *,
        store: StoreStack,
        data: DataStack,
        machine: MachineStack,
        edge: EdgeStack,
    ) -> None:
        super().__init__(app, site, "Operations", "alarms, dashboard, budget, patching")
        alerts = Alerts(self, "Alerts", site, key=site_key(self, store.key.key_arn))
        add_figures(
            self,
            site,
            alerts,
            instance_id=machine.instance_id,
            web=edge.web.group,
            dicom=edge.dicom.group,
            database=data.postgres.instance_identifier if data.postgres else None,
        )
        alerts.watch_backups(data.vault)
        alerts.watch_cost()
        Patching(self, "Patching", site, instance_id=machine.instance_id)


class BootStack(_SiteStack):
    """What the machine is told to run, and whether it does.

    It holds nothing that anybody would miss and may be deleted: after a failed first boot the next deploy
    does.
    """

    def __init__(
        self, app: App, site: Site, *, data: DataStack, machine: MachineStack, publication: Publication
    ) -> None:
        super().__init__(app, site, "Boot", "what the machine runs")
        ids = {**data.boot_settings(), "instance": machine.instance_id}
        Boot(self, "Boot", site, settings=_settings(site, publication), ids=ids)
        self.tell("NextStep", f"sarcoma-site verify {site.site}", "What to run next")


def build(app: App, site: Site, publication: Publication | None) -> None:
    """Add the site's stacks to an app.

    Args:
        app: the app.
        site: the site.
        publication: what was published; None builds the first three stacks, which do not need it.
    """
    store = StoreStack(app, site)
    network = NetworkStack(app, site, store)
    data = DataStack(app, site, store, network)
    if publication is None:
        Annotations.of(data).add_info(
            f"Nothing is published for site {site.site} yet: Machine, Edge, Operations and Boot come with "
            f"the next deploy after `sarcoma-site publish`."
        )
        data.tell("NextStep", f"sarcoma-site publish {site.site}", "What to run next")
        return
    machine = MachineStack(app, site, store=store, network=network, data=data, publication=publication)
    edge = EdgeStack(app, site, store, network, machine)
    operations = OperationsStack(app, site, store=store, data=data, machine=machine, edge=edge)
    boot = BootStack(app, site, data=data, machine=machine, publication=publication)
    boot.add_stack_dependency(operations)


def _settings(site: Site, publication: Publication) -> Mapping[str, Any]:
    return {
        "site": site.site,
        "region": site.region,
        "account": site.account,
        "bucket": artefact_bucket_name(site),
        "publication": publication.publication,
        "registry": f"{site.account}.dkr.ecr.{site.region}.amazonaws.com",
        "site_url": f"https://{site.edge.domain}",
        "dicom": {"ae_title": site.dicom.ae_title, "port": DICOM_PORT},
        "smtp": site.smtp.model_dump() if site.smtp else None,
        "login": site.login.model_dump(),
        "automate": list(site.automate),
        "log_group": machine_log_name(site),
    }
