"""Names and numbers that what builds a site and what verifies it both know. Nothing here imports the CDK."""

from sarcoma_cdk.config import Site

XNAT_PORT, DICOM_PORT = 8080, 8104
"""On the machine (containers/compose)."""
NAMESPACE = "Sarcoma"
"""Of the machine's own figures in CloudWatch."""
FIRST = ("Store", "Network", "Data")
"""The stacks that `publish` needs."""
STACKS = (*FIRST, "Machine", "Edge", "Operations", "Boot")
"""All of a site's stacks, each after those that it stands on."""
UNPROTECTED = ("Boot",)
"""Those that may be deleted: what the machine is told is made anew by the next deploy."""
SERVICES = (
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
)
"""What the machine speaks to; `invariants.needs` derives the same from the boot and the machine's role."""


def artefact_bucket_name(site: Site) -> str:
    """The name of the bucket that `sarcoma-site publish` fills.

    Args:
        site: the site.
    """
    return f"sarcoma-{site.site}-artefacts-{site.account}-{site.region}"


def log_bucket_name(site: Site) -> str:
    """The name of the bucket of access logs.

    Args:
        site: the site.
    """
    return f"sarcoma-{site.site}-logs-{site.account}-{site.region}"


def repository_name(site: Site, image: str) -> str:
    """The name of an image's repository; `sarcoma/<image>` at its end is how our commands know their images.

    Args:
        site: the site.
        image: the image, e.g. `convert`.
    """
    return f"sarcoma-{site.site}/sarcoma/{image}"


def machine_log_name(site: Site) -> str:
    """The log group of the machine's boot.

    Args:
        site: the site.
    """
    return f"/sarcoma/{site.site}/machine"


def firewall_log_name(site: Site) -> str:
    """The log group of the firewall; the prefix is AWS's rule.

    Args:
        site: the site.
    """
    return f"aws-waf-logs-sarcoma-{site.site}"


def parameter_name(site: Site) -> str:
    """The name of the parameter that the boot reads.

    Args:
        site: the site.
    """
    return f"/sarcoma/{site.site}/machine"


def secret_name(site: Site, use: str) -> str:
    """The name of a password that Secrets Manager has made.

    Args:
        site: the site.
        use: `admin` or `database`.
    """
    return f"sarcoma/{site.site}/{use}"


def role_name(site: Site) -> str:
    """The name of the machine's role, and of its instance profile.

    Args:
        site: the site.
    """
    return f"sarcoma-{site.site}-machine-{site.region}"
