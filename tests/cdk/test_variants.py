"""Whatever a site's file may say, it can be built before and after a publication, and no judge objects."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sarcoma_cdk import invariants
from sarcoma_cdk.application import make_app
from sarcoma_cdk.config import example_sites, read_site
from tests.cdk.synthesized import publication_of

pytestmark = pytest.mark.cdk

Tree = dict[str, Any]
EXAMPLE, UNIVERSITY = (yaml.safe_load(path.read_text("utf-8")) for path in example_sites())
SECRET = "arn:aws:secretsmanager:ca-central-1:123456789012:secret:x-AbCdEf"  # noqa: S105  a name
OIDC = {
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
    "client_id": "xnat",
    "client_secret": SECRET,
}
LDAP = {
    "address": "ldaps://ad.example/dc=example",
    "user_dn": "cn=xnat",
    "password": SECRET,
    "search_base": "ou=people",
}


def elsewhere(tree: Tree, region: str) -> None:
    """In another region, with the longest name that a site may have."""
    certificate = tree["edge"]["certificate"].replace("ca-central-1", region)
    tree["edge"]["certificate"] = certificate
    tree |= {"site": "a" * 17, "region": region, "zones": [f"{region}a", f"{region}b"]}
    tree["machine"]["zone"] = f"{region}a"


def without_reach(tree: Tree) -> None:
    del tree["network"]["reach"]


def without_directory(tree: Tree) -> None:
    tree["network"]["reach"] = {"via": "none"}
    del tree["smtp"], tree["login"]


VARIANTS: dict[str, tuple[Tree, Callable[[Tree], Any]]] = {
    "us-east-1": (EXAMPLE, lambda tree: elsewhere(tree, "us-east-1")),
    "me-south-1": (EXAMPLE, lambda tree: elsewhere(tree, "me-south-1")),
    "ap-southeast-2": (EXAMPLE, lambda tree: elsewhere(tree, "ap-southeast-2")),
    "not accepted yet": (EXAMPLE, lambda tree: tree["network"]["reach"].update(accepted=False)),
    "no way to the hospital": (EXAMPLE, without_reach),
    "public without a directory": (UNIVERSITY, without_directory),
    "restored": (
        EXAMPLE,
        lambda tree: tree.update(
            storage={
                "archive_snapshot": "snap-0123456789abcdef0",
                "database_snapshot": "snap-0123456789abcdef1",
            }
        ),
    ),
    "internal with RDS": (EXAMPLE, lambda tree: tree.update(database={"kind": "rds"})),
    "public without RDS": (UNIVERSITY, lambda tree: tree.update(database={"kind": "machine"})),
    "shortest backups, locked": (EXAMPLE, lambda tree: tree.update(backup={"days": 8, "lock": "compliance"})),
    "no trail, longest logs": (EXAMPLE, lambda tree: tree["operations"].update(trail=False, log_days=3653)),
    "two services on one port": (
        EXAMPLE,
        lambda tree: tree.update(
            smtp={"host": "relay.hospital.example", "port": 636, "sender": "a@b.example"},
            login={"ldap": LDAP, "oidc": OIDC},
        ),
    ),
    "no GPU": (EXAMPLE, lambda tree: tree["machine"].update(gpu_size=None, size="m6i.4xlarge")),
    "smallest network": (
        EXAMPLE,
        lambda tree: tree["network"].update(cidr="192.168.4.0/24", endpoint_zones=2),
    ),
    "automated": (EXAMPLE, lambda tree: tree.update(automate=["STS", "RMS"])),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_legal_site_is_built_and_judged_well(tmp_path: Path, name: str) -> None:
    tree = copy.deepcopy(VARIANTS[name][0])
    VARIANTS[name][1](tree)
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    site, lock = read_site(path), publication_of("example")
    for publication in (None, lock):
        folder = tmp_path / ("published" if publication else "first")
        make_app(site, publication, judged=bool(publication), outdir=folder).synth()
        invariants.refuse(folder, site, publication)
