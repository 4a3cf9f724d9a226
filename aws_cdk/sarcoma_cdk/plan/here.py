"""This computer: the artefacts and the engine that `publish` takes its images from."""

from collections.abc import Iterator

from sarcoma_cdk.cloud import Cloud
from sarcoma_cdk.errors import SiteError
from sarcoma_cdk.plan.finding import PlanFinding, judged
from sarcoma_cdk.publish.artefacts import read_artefacts
from sarcoma_cdk.publish.engine import Engine
from sarcoma_cdk.publish.wanted import wanted


def artefacts(_cloud: Cloud) -> Iterator[PlanFinding]:
    """XNAT, its plugins and Compose are fetched.

    Args:
        _cloud: the site's account, which this computer does not need.
    """
    rule = "XNAT, its plugins and Compose are in containers/compose/artefacts, as its lock says"
    try:
        found = read_artefacts()
    except SiteError as error:
        yield PlanFinding(
            rule,
            ok=False,
            found=str(error),
            do="python3 containers/compose/fetch.py (containers/compose/README.md)",
        )
    else:
        yield PlanFinding(rule, ok=True, found=f"{len(found)} files")


def engine(_cloud: Cloud) -> Iterator[PlanFinding]:
    """A Docker engine has our images.

    Args:
        _cloud: the site's account, which this computer does not need.
    """
    here = Engine()
    try:
        version = here.version()
    except SiteError as error:
        yield PlanFinding("a Docker engine answers here", ok=False, found=str(error), do="Start Docker.")
        return
    yield PlanFinding("a Docker engine answers here", ok=True, found=version)
    lacking = [image.local for image in wanted() if image.ours and here.image(image.local) is None]
    yield judged(
        "the engine has the suite's images of this version",
        f"without {', '.join(lacking)}" if lacking else "all of them",
        "make images",
        ok=not lacking,
    )
