"""The configuration of one site: its file (`Site`), and what was published for it (`Publication`)."""

from sarcoma_cdk.config.publication import Publication, lock_path, read_publication, write_publication
from sarcoma_cdk.config.reading import example_sites, named_site, read_site, schema, site_file
from sarcoma_cdk.config.site import (
    Backup,
    Database,
    Dicom,
    Edge,
    Ldap,
    Login,
    Machine,
    Network,
    Oidc,
    Operations,
    Reach,
    Site,
    Smtp,
    Storage,
)

__all__ = [
    "Backup",
    "Database",
    "Dicom",
    "Edge",
    "Ldap",
    "Login",
    "Machine",
    "Network",
    "Oidc",
    "Operations",
    "Publication",
    "Reach",
    "Site",
    "Smtp",
    "Storage",
    "example_sites",
    "lock_path",
    "named_site",
    "read_publication",
    "read_site",
    "schema",
    "site_file",
    "write_publication",
]
