"""A month of a site, item by item. How many there are of each is law: a test counts them in the templates."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sarcoma_cdk.config import Site
from sarcoma_cdk.cost.prices import HOURS, Prices, read_prices
from sarcoma_cdk.naming import SERVICES

Group = Literal["machine", "site", "network", "backup"]

FIREWALL_RULES = 3
SECRETS, SECRETS_RDS = 2, 3
ALARMS = 8
"""With RDS the alarm of the database's disk goes, and one of its processor comes."""
_OWN_METRICS = 10
"""Seven of detailed monitoring, and how full three disks are."""
_LOGS_GIB = 5.0
"""A month's flow, firewall, trail and boot logs: a guess, as they grow with use."""
_IMAGES_GIB = 20.0
"""The suite's images, whose shared layers count once for each repository."""
_ARTEFACTS_GIB = 1.0


class Item(NamedTuple):
    """One line of a month.

    Attributes:
        group: `machine` is billed while it is awake; `network` is the way to the hospital; `backup` is what
            is stored. name: what it is. quantity: how many. unit: of what. price: US dollars for one.
    """

    group: Group
    name: str
    quantity: float
    unit: str
    price: float

    @property
    def cost(self) -> float:
        """US dollars a month."""
        return self.quantity * self.price


class Estimate(NamedTuple):
    """What a site costs.

    Attributes:
        site: its name.
        region: its region.
        date: of the prices.
        source: of the prices.
        awake: hours that the machine is awake in a month, for `asleep_else`.
        items: a month in which it is always awake, without a GPU.
        gpu_size: the size of `wake --gpu`; empty without one.
        gpu_hour: US dollars for an hour in that size.
    """

    site: str
    region: str
    date: str
    source: str
    awake: float
    items: tuple[Item, ...]
    gpu_size: str
    gpu_hour: float

    def of(self, *groups: Group) -> float:
        """US dollars of some groups, always awake.

        Args:
            groups: which.
        """
        return sum(item.cost for item in self.items if item.group in groups)

    @property
    def idle(self) -> float:
        """The site itself, always awake: without the way to the hospital, and without backups."""
        return self.of("machine", "site")

    @property
    def asleep_else(self) -> float:
        """The same, with the machine awake for `awake` hours only."""
        return self.of("site") + self.of("machine") * self.awake / HOURS

    @property
    def beside(self) -> float:
        """The way to the hospital and the backups of what is stored: added to either."""
        return self.of("network", "backup")


def estimate(site: Site, *, awake: float = 260, stored: float | None = None) -> Estimate:
    """What a site costs.

    Args:
        site: the site.
        awake: hours that the machine is awake in a month.
        stored: GiB of the volumes that are filled; None, a guess, for the whole archive.

    Raises:
        ConfigError: the list of prices does not know the region, or a size.
    """
    prices = read_prices(site.region)
    gpu = site.machine.gpu_size
    return Estimate(
        site=site.site,
        region=site.region,
        date=prices.date,
        source=prices.source,
        awake=awake,
        items=(*_site(site, prices), *_network(site, prices), *_backup(site, prices, stored)),
        gpu_size=gpu or "",
        gpu_hour=prices.machine_hour(gpu) if gpu else 0.0,
    )


def _site(site: Site, prices: Prices) -> Iterator[Item]:
    size, rds = site.machine.size, site.database.kind == "rds"
    yield Item("machine", f"EC2 {size}", HOURS, "hours", prices.machine_hour(size))
    volumes = site.storage.root + site.storage.archive + (0 if rds else site.storage.database)
    yield Item("site", "EBS volumes gp3", volumes, "GiB", prices.of("volume_gib"))
    endpoints = len(SERVICES) * site.network.endpoint_zones
    yield Item("site", "interface endpoints", endpoints, "x 730 hours", prices.of("endpoint_hour") * HOURS)
    yield Item(
        "site", "load balancers, web and DICOM", 2, "x 730 hours", prices.of("load_balancer_hour") * HOURS
    )
    if site.edge.exposure == "public":
        addresses = len(site.zones)
        yield Item(
            "site",
            "public IPv4 addresses",
            addresses,
            "x 730 hours",
            prices.of("public_address_hour") * HOURS,
        )
    # The firewall, the key, secrets and figures cost the same in every region.
    rules = _same(prices, "firewall") + FIREWALL_RULES * _same(prices, "firewall_rule")
    yield Item("site", f"web application firewall, {FIREWALL_RULES} rules", 1, "", rules)
    yield Item("site", "KMS key", 1, "", _same(prices, "key"))
    yield Item("site", "secrets", SECRETS_RDS if rds else SECRETS, "", _same(prices, "secret"))
    yield Item("site", "CloudWatch alarms", ALARMS, "", _same(prices, "alarm"))
    yield Item("site", "CloudWatch dashboard", 1, "", _same(prices, "dashboard"))
    yield Item("site", "CloudWatch figures", _OWN_METRICS, "", _same(prices, "metric"))
    yield Item("site", "CloudWatch logs (guess)", _LOGS_GIB, "GiB", prices.of("log_gib"))
    yield Item("site", "ECR images", _IMAGES_GIB, "GiB", _same(prices, "registry_gib"))
    yield Item("site", "S3 artefacts", _ARTEFACTS_GIB, "GiB", prices.of("bucket_gib"))
    if rds:
        yield Item(
            "site",
            f"RDS {site.database.size}, two zones",
            HOURS,
            "hours",
            prices.database_hour(site.database.size),
        )
        yield Item(
            "site", "RDS storage, two zones", site.database.storage, "GiB", prices.of("database_gib_multi_az")
        )


def _network(site: Site, prices: Prices) -> Iterator[Item]:
    if site.network.reach.via == "transit-gateway":
        price = prices.of("gateway_attachment_hour") * HOURS
        yield Item("network", "transit gateway attachment", 1, "x 730 hours", price)
    elif site.network.reach.via == "vpn-gateway":
        yield Item(
            "network",
            "site-to-site VPN connection",
            1,
            "x 730 hours",
            prices.of("vpn_connection_hour") * HOURS,
        )


def _backup(site: Site, prices: Prices, stored: float | None) -> Iterator[Item]:
    # Recovery points are incremental: the first holds what is stored, those after it what has changed since.
    price, archive = prices.of("backup_gib"), float(site.storage.archive)
    if stored is None:
        yield Item("backup", "backups, if the archive is full (guess)", archive, "GiB", price)
    else:
        most = archive + site.storage.database
        yield Item("backup", "backups of what is stored", min(stored, most), "GiB", price)


def _same(prices: Prices, thing: str) -> float:
    return prices.of(thing) / prices.ratio
