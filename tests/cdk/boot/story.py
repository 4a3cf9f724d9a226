"""What the boot's test does with a machine, and what it saw: done once, and judged by many sentences.

One machine is made to fail in three ways and is killed at three points before it comes up; another one just
comes up, at the same time.
"""

import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sarcoma_cdk.bundle import make_bundle
from sarcoma_cdk.user_data import user_data
from sarcoma_core.images.engine import Engine, connect
from tests.cdk.boot.building import ADMIN, Registry, build, run, start_registry
from tests.cdk.boot.cloud import REGION, Cloud, artefacts, moto
from tests.cdk.boot.machine import Ended, Machine

PROJECT = "TRIAL"
KILLED_AT = ("pulled ", "step build: done", "step bootstrap: done")
"""Lines of the log: while images come, while containers start, while commands are installed."""
REFUSED = ("engine", "checksum", "secret")
"""Boots that cannot come up, named by the cause."""
_TOO_NEW = """#!/bin/sh
[ "$1" = version ] && [ $# -gt 1 ] && exec echo 27.0.1
exec /usr/bin/docker "$@"
"""


@dataclass(frozen=True)
class State:
    """What a machine holds.

    Args:
        containers: id by name.
        files: mode, owner and content of each file that the boot has written.
        images: name and digest of what the engine has.
        volumes: UUID of each file system.
        commands: name and image of what XNAT has of ours, and where it is on.
    """

    containers: Mapping[str, str]
    files: Mapping[str, str]
    images: frozenset[str]
    volumes: Mapping[str, str]
    commands: frozenset[str]


@dataclass
class Story:
    """What was seen, in order.

    Args:
        cloud: the cloud.
        said: all that any boot has said, and the logs.
        refused: what CloudFormation was told where the boot could not go on, by the cause.
        ended: how each boot ended, by name.
        states: what the machine held, by name.
        launched: what became of the step.
        automated: what the project launches by itself, after the boot that found it there.
        kept: names of the session's resources after the power was cut.
    """

    cloud: Cloud
    said: list[str] = field(default_factory=list)
    refused: dict[str, Mapping[str, str] | None] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    launched: str = ""
    automated: list[Mapping[str, object]] = field(default_factory=list)
    kept: str = ""
    signals: dict[str, Mapping[str, str] | None] = field(default_factory=dict)


class Site:
    """A cloud, its registry, and machines in a network without a way out.

    Args:
        engine: the engine of this machine.
        name: of the network, and of what is in it.
        gateway: this machine's address there.
        cloud: the cloud.
        registry: the registry.
        folder: where the machines' disks are.
    """

    def __init__(
        self, engine: Engine, name: str, gateway: str, *, cloud: Cloud, registry: Registry, folder: Path
    ) -> None:
        self._engine, self._name, self._gateway, self._folder = engine, name, gateway, folder
        self.cloud, self.registry = cloud, registry
        bundle, war = make_bundle().data, "xnat-web-1.9.3.war"
        self.publication = cloud.publish(registry.images, artefacts(), bundle)
        other = {**artefacts(), war: b"another war"}
        self.forged = cloud.publish(registry.images, other, bundle, forged={war: b"what somebody put there"})

    def tell(self, name: str, handle: str, **changed: object) -> None:
        """Write a machine's parameter, with a new handle."""
        told = {"signal": self.cloud.handle(handle), "publication": self.publication, **changed}
        self.cloud.tell(_parameter(name), self.registry.prefix, **told)

    @contextmanager
    def machine(self, name: str) -> Iterator[Machine]:
        """A new machine, which has run its user data."""
        machine = Machine(
            self._engine,
            f"{self._name}-{name}",
            network=self._name,
            gateway=self._gateway,
            cloud=self.cloud.url,
            folder=self._folder / name,
        )
        try:
            machine.wait()
            machine.run("bash", text=user_data("site", REGION, _parameter(name), endpoint=self.cloud.url))
            yield machine
        finally:
            machine.remove()

    def copy(self, source: Path, machine: Machine, there: str) -> None:
        """Copy a folder onto a machine."""
        run(self._engine, "cp", source, f"{machine.name}:{there}")


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A site to make machines in."""
    engine = connect(to_build=True)
    build(engine)
    name = f"sarcoma-boot-{uuid.uuid4().hex[:8]}"
    run(engine, "network", "create", "--internal", name)
    try:
        asked = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
        gateway = run(engine, "network", "inspect", name, "--format", asked)
        (folder / "registry").mkdir(parents=True)
        registry = start_registry(engine, f"{name}-registry", name, folder / "registry")
        with moto(gateway) as cloud:
            yield Site(engine, name, gateway, cloud=cloud, registry=registry, folder=folder)
    finally:
        run(engine, "rm", "--force", "--volumes", f"{name}-registry", check=False)
        run(engine, "network", "rm", name, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _parameter(name: str) -> str:
    return f"/sarcoma/{name}"


def tell_story(site: Site, phantom: Path) -> Story:
    """Do all of it."""
    story = Story(site.cloud)
    with ThreadPoolExecutor() as both:
        for part in [both.submit(_untried, site, story), both.submit(_tried, site, story, phantom)]:
            part.result()
    return story


def _untried(site: Site, story: Story) -> None:
    site.tell("untried", "untried")
    with site.machine("untried") as machine:
        _boot(machine, story, "untried")
        story.signals["untried"] = site.cloud.signalled("untried")
        story.states["untried"] = state_of(machine)
        story.said.append(machine.log())


def _tried(site: Site, story: Story, phantom: Path) -> None:
    with site.machine("tried") as machine:
        _refuse(site, machine, story)
        machine.boot_and_kill(KILLED_AT[1])
        machine.boot_and_kill(KILLED_AT[2])
        _boot(machine, story, "first")
        story.signals["first"] = site.cloud.signalled("good")
        story.states["first"] = state_of(machine)
        _boot(machine, story, "again")
        story.states["again"] = state_of(machine)
        _launch(site, machine, story, phantom)
        site.tell("tried", "none", signal=f"{site.cloud.url}/no-such-bucket/expired")
        machine.restart()
        _boot(machine, story, "after the power was cut")
        story.states["after the power was cut"] = state_of(machine)
        story.automated = json.loads(
            _admin(machine, "automate", "--list", "--project", PROJECT, "-o", "json")
        )
        story.kept = machine.run("find", "/data/xnat/archive", "-name", "run.json").text
        story.said += [machine.log(), machine.run("docker", "ps", "--all", "--no-trunc").text]


def _boot(machine: Machine, story: Story, name: str) -> None:
    began = time.monotonic()
    ended = machine.boot()
    print(f"{time.monotonic() - began:6.1f} s boot: {name}", flush=True)  # noqa: T201  shown by pytest -s
    story.ended[name] = ended
    story.said.append(ended.text)
    assert (ended.code == 0) == (name not in REFUSED), f"boot {name}: {ended.code}\n{ended.text[-4000:]}"


def _refuse(site: Site, machine: Machine, story: Story) -> None:
    """Make it fail at the engine, at a file and at a secret; and kill it once while images come."""
    site.tell("tried", "engine")
    machine.run("sh", "-c", "cat >/usr/local/sbin/docker && chmod +x /usr/local/sbin/docker", text=_TOO_NEW)
    _boot(machine, story, "engine")
    machine.run("rm", "/usr/local/sbin/docker")
    site.tell("tried", "checksum", publication=site.forged)
    machine.boot_and_kill(KILLED_AT[0])
    _boot(machine, story, "checksum")
    site.tell(
        "tried", "secret", secrets={**site.cloud.secrets, "admin": f"{site.cloud.secrets['admin']}-gone"}
    )
    _boot(machine, story, "secret")
    site.tell("tried", "good")
    story.refused = {cause: site.cloud.signalled(cause) for cause in REFUSED}


def _launch(site: Site, machine: Machine, story: Story, phantom: Path) -> None:
    site.copy(phantom, machine, "/phantom")
    (sent,) = json.loads(
        _admin(machine, "upload", "/phantom", "--project", PROJECT, "--create", "-o", "json")
    )
    _admin(machine, "enable", "convert", "--project", PROJECT)
    told = _admin(machine, "launch", "convert", sent["session"], "--project", PROJECT, "--wait", "-o", "json")
    story.launched = json.loads(told)[0]["outcome"]


def _admin(machine: Machine, *arguments: str) -> str:
    """What the admin image says on the machine, as the site's own administrators run it."""
    return machine.output(
        *("sh", "-c", 'exec "$@" 2>/dev/null', "sh", "docker", "run", "--rm", "--network=host", "--env-file"),
        *("/etc/sarcoma/admin.env", "--volume=/phantom:/phantom:ro", ADMIN, "xnat", *arguments),
    )


def state_of(machine: Machine) -> State:
    """What a machine holds now."""
    containers = machine.output("docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}")
    written = (
        "/etc/sarcoma /etc/fstab /usr/local/lib /opt/sarcoma /var/lib/sarcoma /etc/systemd/system/sarcoma*"
    )
    look = f"find {written} -type f -exec stat -c '%n %a %u' {{}} + -exec sha256sum {{}} +"
    files: dict[str, str] = {}
    for line in machine.output("sh", "-c", look).splitlines():
        first, _, rest = line.partition(" ")
        name, value = (first, rest) if first.startswith("/") else (rest.strip(), first)
        files[name] = f"{files.get(name, '')} {value}"
    images = machine.output(
        "docker", "images", "--digests", "--format", "{{.Repository}}:{{.Tag}}@{{.Digest}}"
    )
    volumes = machine.output("sh", "-c", "blkid -s UUID -o value /dev/disk/by-id/*").splitlines()
    listed = json.loads(_admin(machine, "list", "-o", "json"))
    return State(
        containers=dict(line.split() for line in containers.splitlines()),
        files=files,
        images=frozenset(images.splitlines()),
        volumes={str(n): uuid for n, uuid in enumerate(volumes)},
        commands=frozenset(
            f"{each['step']} {each['image']} {each['site']} {each['state']}" for each in listed
        ),
    )
