"""The facts of a server with which nothing is wrong; a test plants what it is about."""

from dataclasses import replace
from typing import Any

from sarcoma_core.launch.doctor.facts import CheckScope, Facts, Leftovers, Probed, Seen, Site, StepFacts
from sarcoma_core.xnat.rest.administration import Backend, BackendImage

IMAGE = "sarcoma/convert:1.0.0"
DIGEST = "sha256:" + 64 * "a"
KEY = 64 * "b"

SITE = Site(initialized=True, site_url="https://xnat.example.org", processing_url="", alias_timeout="2 days")
BACKEND = Backend("engine", "docker", "unix:///var/run/docker.sock", "1000:1000", "/data/xnat", "/srv/xnat")
STEP = StepFacts("convert", IMAGE)
SEEN = Seen(KEY, 1000, 1000, 100 * 1024**3, "https://xnat.example.org", "")
PROBED = Probed("Complete", "", KEY, SEEN)


def facts(**changes: Any) -> Facts:
    """Those of a healthy server, but for some."""
    healthy = Facts(
        scope=CheckScope(project="STS"),
        server="https://xnat.example.org",
        user="manager",
        version="1.9.3",
        plugins={"containers": "3.7.3", "batchLaunchPlugin": "0.8.1", "ohifViewerPlugin": "3.6.0"},
        roles=frozenset({"ContainerManager", "Privileged"}),
        site=SITE,
        events=True,
        backend=BACKEND,
        ping=True,
        images=(BackendImage(DIGEST, (IMAGE,)),),
        steps=(STEP,),
        leftovers=Leftovers(0, 0, 0, 3, 3),
        probe=PROBED,
        built={IMAGE: DIGEST},
    )
    return replace(healthy, **changes)
