"""What a site's file says.

Every class is frozen and refuses unknown keys; its descriptions are the published JSON Schema. A rule of one
value stands in `kinds`, a rule between values of one part in that part, and between parts in `Site`.
"""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sarcoma_cdk.config import kinds


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True
    )


class Reach(_Part):
    """How people and the PACS get from the hospital into the VPC, which has no way to the internet."""

    via: Literal["transit-gateway", "vpn-gateway", "none"] = "none"
    """`transit-gateway` (also behind Direct Connect), `vpn-gateway` (site-to-site VPN or Direct Connect), or
    `none`: nobody but Session Manager until the network's owner has added a route."""
    transit_gateway: kinds.TransitGatewayId | None = None
    """The gateway's id; it is shared with this account already."""
    vpn_gateway: kinds.VpnGatewayId | None = None
    """The gateway's id; it exists, and no VPC has it."""
    cidrs: Annotated[tuple[kinds.ClientCidr, ...], kinds.Once] = ()
    """The hospital's networks, to which the VPC sends its answers. Never a default route."""
    accepted: bool = True
    """Whether the transit gateway's owner has accepted the VPC. Where that is asked for, deploy with
    `false`, have it accepted, deploy with `true`: routes to it can only then be made."""

    @model_validator(mode="after")
    def _gateway(self) -> Self:
        ids = {"transit-gateway": self.transit_gateway, "vpn-gateway": self.vpn_gateway}
        for via, found in ids.items():
            key = via.replace("-", "_")
            if via == self.via and not found:
                raise ValueError(f"{key} must be given with via: {via}")
            if via != self.via and found:
                raise ValueError(f"{key} must be left out with via: {self.via}")
        if (self.via == "none") == bool(self.cidrs):
            raise ValueError(
                "cidrs must name the hospital's networks with a gateway, and be left out with via: none"
            )
        return self


class Network(_Part):
    """The VPC: private subnets without a default route, and endpoints of the services that it needs."""

    cidr: kinds.VpcCidr
    """The VPC's addresses; ask the hospital's network team for a range that nobody uses."""
    s3_prefix_list: kinds.PrefixListId
    """The id of AWS's own list of S3's addresses in the region (`com.amazonaws.<region>.s3`), which the
    machine may reach and nothing else outside; `sarcoma-site plan` tells it."""
    reach: Reach = Reach()
    """The way to the hospital."""
    endpoint_zones: Literal[1, 2] = 1
    """In how many zones the interface endpoints stand. One costs half, and its loss stops the machine of
    another zone."""

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        for cidr in self.reach.cidrs:
            if kinds.overlaps(self.cidr, cidr):
                raise ValueError(f"cidr must not overlap with reach.cidrs; {self.cidr} and {cidr} do")
        return self


class Edge(_Part):
    """The load balancer that browsers see: TLS and a web application firewall, internal unless `public`."""

    domain: kinds.Domain
    """The site's host name. Its DNS record is made by whoever runs that domain; `cdk deploy` prints the
    target."""
    certificate: kinds.CertificateArn
    """The certificate of that name."""
    exposure: Literal["internal", "public"] = "internal"
    """`public` puts the load balancer, and nothing else, on the internet."""
    clients: Annotated[tuple[kinds.ClientCidr, ...], kinds.Once] = Field(min_length=1)
    """Where browsers may come from."""
    requests_per_5_minutes: int = Field(default=6000, ge=100, le=2_000_000)
    """For one address; an upload of single DICOM files makes many."""


class Dicom(_Part):
    """C-STORE from the PACS, through an internal network load balancer."""

    ae_title: kinds.AeTitle = "XNAT"
    """XNAT's own title (its DICOM SCP receiver)."""
    port: int = Field(default=8104, ge=1024, le=65535)
    """The port that the PACS sends to."""
    pacs: Annotated[tuple[kinds.PacsCidr, ...], kinds.Once] = Field(min_length=1)
    """Where the PACS send from. There is no other guard on the network: name single machines (/32) where you
    can."""


class Machine(_Part):
    """The one EC2 machine."""

    zone: kinds.Zone
    """Where it and its volumes stand. Not every zone has GPUs: `sarcoma-site plan` asks."""
    size: kinds.InstanceType = "m6i.xlarge"
    """The type for every day."""
    gpu_size: kinds.InstanceType | None = "g5.xlarge"
    """The type that `sarcoma-site wake --gpu` starts; null for a site without one."""
    image: Annotated[
        str, Field(pattern=r"^/aws/service/ecs/optimized-ami/amazon-linux-2023/.+/image_id$")
    ] = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
    """The SSM parameter of the ECS-optimised AMI. The GPU variant serves both sizes. `publish` reads it once
    and writes the AMI into the lock, so that a new AMI never replaces the machine by itself."""


class Storage(_Part):
    """The encrypted gp3 volumes, in GiB."""

    root: Annotated[int, Field(ge=100, le=16384)] = 200
    """System and Docker images; the images of PyTorch alone take 15."""
    archive: Annotated[int, Field(ge=50, le=16384)] = 1000
    """XNAT's archive and build folder."""
    database: Annotated[int, Field(ge=10, le=16384)] = 20
    """PostgreSQL, when it runs on the machine."""
    archive_snapshot: kinds.SnapshotId | None = None
    """The snapshot that the archive's volume is made from: to restore it (docs/how-to/run-a-site.md)."""
    database_snapshot: kinds.SnapshotId | None = None
    """The same, of the database's volume: of the same night."""


class Database(_Part):
    """PostgreSQL: on the machine, or RDS."""

    kind: Literal["machine", "rds"] = "machine"
    """`rds`: Multi-AZ, managed master password, 35 days of point-in-time recovery."""
    size: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.t4g.medium"
    """Of RDS."""
    storage: Annotated[int, Field(ge=20, le=16384)] = 50
    """Of RDS, in GiB."""
    port: int = Field(default=5433, ge=1150, le=65535)
    """Of RDS; not the port that everybody tries first."""

    @model_validator(mode="after")
    def _port(self) -> Self:
        if self.port == 5432:  # noqa: PLR2004  PostgreSQL's own
            raise ValueError("port must be another than 5432 (AwsSolutions-RDS11)")
        return self


class Backup(_Part):
    """AWS Backup of the volumes, daily."""

    days: int = Field(default=35, ge=8, le=3650)
    """How long a recovery point is kept."""
    lock: Literal["governance", "compliance"] = "governance"
    """The vault's lock. `compliance` cannot be undone by anybody, AWS included, once its 3 days of grace are
    over: data that a court or a patient wants deleted then stays until its time is up."""


class Operations(_Part):
    """Logs, alarms, the budget: who is told what."""

    alerts: Annotated[tuple[kinds.Email, ...], kinds.Once] = Field(min_length=1)
    """Who gets alarms and budget warnings; each has to confirm by a link that AWS sends."""
    budget: int = Field(default=500, ge=50, le=1_000_000)
    """US dollars a month; told at 80 % and 100 %, and when the forecast passes it."""
    log_days: Literal[365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] = 400
    """How long access and audit logs are kept, one of CloudWatch's own periods and a year at least. How long
    the law wants them is yours to find out."""
    trail: bool = True
    """A CloudTrail of who read or wrote objects in the artefact bucket. `false` where the organisation has
    one."""
    patch_day: Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] = "SUN"
    """The night on which the system is patched and rebooted, at 03:00 UTC."""


class Smtp(_Part):
    """The hospital's mail relay, reached through `network.reach`."""

    host: kinds.Domain
    """Its name."""
    port: int = Field(default=587, ge=1, le=65535)
    """587 (STARTTLS) as a rule."""
    sender: kinds.Email
    """What mails come from."""


class Ldap(_Part):
    """Log-in by the hospital's directory. Needs the plugin ldap-auth-plugin among the artefacts."""

    address: Annotated[str, Field(pattern=r"^ldaps://[a-z0-9.-]+(:\d+)?/\S*$")]
    """With the base, e.g. ldaps://ad.hospital.example/dc=hospital,dc=example; TLS always."""
    user_dn: str
    """Who searches."""
    password: kinds.SecretArn
    """That user's password."""
    search_base: str
    """Where users are."""
    search_filter: Annotated[str, Field(pattern=r"^\(.*\{0\}.*\)$")] = "(sAMAccountName={0})"
    """Which of them; {0} is the name that was typed."""

    @property
    def port(self) -> int:
        """The address's port; 636 is that of LDAP over TLS."""
        return urlsplit(self.address).port or 636


class Oidc(_Part):
    """Log-in by an OpenID provider. Needs the plugin openid-auth-plugin among the artefacts."""

    authorization_endpoint: Annotated[str, Field(pattern=r"^https://\S+$")]
    """Where browsers are sent to log in; the provider's `/.well-known/openid-configuration` tells it."""
    token_endpoint: Annotated[str, Field(pattern=r"^https://\S+$")]
    """Where XNAT asks who it was; the same page tells it. Reached through `network.reach`."""
    client_id: str
    """What it calls this XNAT."""
    client_secret: kinds.SecretArn
    """The secret that goes with it."""


class Login(_Part):
    """How people log in, beside XNAT's own accounts."""

    ldap: Ldap | None = None
    """A directory."""
    oidc: Oidc | None = None
    """An OpenID provider."""


class Site(_Part):
    """One site: one XNAT in one AWS account and region."""

    profile: Literal["host"] = "host"
    """How it is built. `host`: one EC2 machine with a Docker engine and the compose bundle."""
    site: kinds.SiteName
    """Its name, e.g. muhc: part of every stack's and bucket's name, so it is never changed."""
    account: kinds.AccountId
    """The AWS account."""
    region: kinds.Region
    """The AWS region, in which all data stays."""
    zones: tuple[kinds.Zone, kinds.Zone]
    """Two availability zones of the region; load balancers want two."""
    network: Network
    """The VPC."""
    edge: Edge
    """What browsers see."""
    dicom: Dicom
    """What the PACS sees."""
    machine: Machine
    """The EC2 machine."""
    storage: Storage = Storage()
    """Its volumes."""
    database: Database = Database()
    """PostgreSQL."""
    backup: Backup = Backup()
    """AWS Backup."""
    operations: Operations
    """Logs, alarms, budget."""
    smtp: Smtp | None = None
    """A mail relay; XNAT sends no mail without."""
    login: Login = Login()
    """Directories."""
    automate: Annotated[tuple[kinds.ProjectId, ...], kinds.Once] = ()
    """XNAT projects whose archived sessions are prepared by themselves (docs/how-to/automate.md). One that
    is not there yet is passed by until the next boot."""

    @model_validator(mode="after")
    def _places(self) -> Self:
        for zone in self.zones:
            if zone[:-1] != self.region:
                raise ValueError(f"zones must be zones of region {self.region}; found {zone}")
        if len(set(self.zones)) != len(self.zones):
            raise ValueError(f"zones must be two different ones; found {self.zones[0]} twice")
        if self.machine.zone not in self.zones:
            raise ValueError(f"machine.zone must be one of zones; found {self.machine.zone}")
        return self

    @model_validator(mode="after")
    def _arns(self) -> Self:
        named = {"edge.certificate": self.edge.certificate}
        if self.login.ldap:
            named["login.ldap.password"] = self.login.ldap.password
        if self.login.oidc:
            named["login.oidc.client_secret"] = self.login.oidc.client_secret
        for key, arn in named.items():
            if arn.split(":")[3:5] != [self.region, self.account]:
                raise ValueError(f"{key} must be an ARN of region {self.region} and of this account")
        return self

    @model_validator(mode="after")
    def _ways_in(self) -> Self:
        inside = {"dicom.pacs": self.dicom.pacs}
        if self.edge.exposure == "internal":
            inside["edge.clients"] = self.edge.clients
        for key, cidrs in inside.items():
            for cidr in cidrs:
                if kinds.overlaps(cidr, self.network.cidr):
                    raise ValueError(
                        f"{key} must lie outside network.cidr; {cidr} overlaps with {self.network.cidr}"
                    )
                if self.network.reach.cidrs and not any(
                    kinds.within(cidr, reached) for reached in self.network.reach.cidrs
                ):
                    raise ValueError(
                        f"{key} must lie in network.reach.cidrs, or no answer gets back; {cidr} does not"
                    )
        if (self.smtp or self.login.ldap or self.login.oidc) and self.network.reach.via == "none":
            raise ValueError("network.reach must name a gateway, as smtp and login are reached through it")
        return self

    @model_validator(mode="after")
    def _ports(self) -> Self:
        if self.dicom.port == 8080:  # noqa: PLR2004  XNAT's HTTP on the machine
            raise ValueError("dicom.port must be another than 8080, which is XNAT's own")
        return self

    def stack_name(self, part: str) -> str:
        """The name of a stack.

        Args:
            part: what it holds, e.g. `Network`.
        """
        return f"sarcoma-{self.site}-{part.lower()}"
