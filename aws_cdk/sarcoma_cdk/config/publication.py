"""What `sarcoma-site publish` put into a site's registry and bucket, as its lock says.

The lock, `sites/<site>.lock.json`, is committed beside the site's file: the same two files make the same
templates. Without it only those stacks can be built that `publish` needs.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sarcoma_cdk.errors import ConfigError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_AMI = re.compile(r"ami-[0-9a-f]{8,17}")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9/._-]*:[\w.+-]+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Publication:
    """What one site's machine is made of.

    Args:
        site: the site's name.
        machine_image: the AMI, as the SSM parameter of the site's file said when it was published.
        publication: SHA-256 of the publication, the object `publications/<it>.json` in the site's bucket.
        bundle: SHA-256 of the boot bundle, the object `bundles/<it>.tar.gz`.
        images: for each image `repository:tag@sha256:...` in the site's registry.
        artefacts: for each file its SHA-256; the object is `artefacts/<it>/<name>`.
    """

    site: str
    machine_image: str
    publication: str
    bundle: str
    images: Mapping[str, str]
    artefacts: Mapping[str, str]


def lock_path(site_file: Path) -> Path:
    """The lock that belongs to a site's file.

    Args:
        site_file: the YAML file.
    """
    return site_file.with_suffix(".lock.json")


def read_publication(path: Path, site: str) -> Publication | None:
    """Read a lock.

    Args:
        path: the lock.
        site: the name of the site that it has to be of.

    Returns:
        None where there is no such file: nothing was published yet.

    Raises:
        ConfigError: it is damaged, or another site's.
    """
    if not path.exists():
        return None
    try:
        found = Publication(**json.loads(path.read_text("utf-8")))
        whole = (
            _AMI.fullmatch(found.machine_image)
            and all(
                _SHA256.fullmatch(each)
                for each in (found.publication, found.bundle, *found.artefacts.values())
            )
            and all(_IMAGE.fullmatch(each) for each in found.images.values())
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(path) from error
    if not whole:
        raise _damaged(path)
    if found.site != site:
        raise ConfigError(
            f"{path.name}: must be the lock of site {site}; it is that of {found.site}.",
            hint=f"Was it copied? Delete it, then: sarcoma-site publish {site}",
        )
    return found


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        f"{path.name}: must be as `sarcoma-site publish` writes it; it is not.",
        hint="Restore it from git; if it was never committed, delete it, then: sarcoma-site publish NAME",
    )


def write_publication(path: Path, publication: Publication) -> None:
    """Write a lock, whole or not at all.

    Args:
        path: the lock.
        publication: what was published.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(asdict(publication), indent=2, sort_keys=True) + "\n", "utf-8")
    partial.replace(path)
