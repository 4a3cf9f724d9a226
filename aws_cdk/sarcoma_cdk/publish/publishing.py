"""One publication: everything is compared, then sent; the lock comes last, so that half of one has none."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from sarcoma_cdk.bundle import make_bundle
from sarcoma_cdk.cloud import Cloud, code, standing
from sarcoma_cdk.config import Publication
from sarcoma_cdk.errors import CloudError, ConfigError, RefusedError, SiteError
from sarcoma_cdk.naming import FIRST, STACKS, repository_name
from sarcoma_cdk.publish.artefacts import Artefact, read_artefacts
from sarcoma_cdk.publish.bucket import Bucket
from sarcoma_cdk.publish.engine import Engine, Local
from sarcoma_cdk.publish.registry import Registry
from sarcoma_cdk.publish.wanted import Wanted, wanted

_ARCHITECTURE = "amd64"
_SUFFIX = re.compile(r"[\w.-]{0,40}")
_LONGEST = 128
"""Characters of a tag (OCI distribution specification)."""


@dataclass(frozen=True)
class Order:
    """What a publication is to be.

    Args:
        suffix: of the tags of images whose own tag another image has.
        before: the last publication, whose AMI is kept.
        new_machine_image: take the newest AMI instead.
    """

    suffix: str = ""
    before: Publication | None = None
    new_machine_image: bool = False

    def __post_init__(self) -> None:
        """Check the suffix.

        Raises:
            ConfigError: it makes no tag.
        """
        if not _SUFFIX.fullmatch(self.suffix):
            raise ConfigError(
                f"--tag: must be letters, digits, '.', '_' and '-', 40 at most; found {self.suffix!r}."
            )


def publish(
    cloud: Cloud,
    order: Order,
    *,
    say: Callable[[str], None],
    engine: Engine | None = None,
    registry: Registry | None = None,
    images: tuple[Wanted, ...] | None = None,
    artefacts: tuple[Artefact, ...] | None = None,
) -> Publication:
    """Publish.

    Args:
        cloud: the site's account.
        order: what it is to be.
        say: takes a line for each thing that was sent.
        engine: this computer's by default.
        registry: the site's by default.
        images: all by default.
        artefacts: those of the checkout by default.

    Returns:
        What the lock has to say.

    Raises:
        SiteError: something is not here, not there, or is another one; nothing refers to what was sent by
            then.
    """
    _check_standing(cloud, order)
    engine, registry = engine or Engine(), registry or Registry(cloud)
    images = wanted() if images is None else images
    artefacts = read_artefacts() if artefacts is None else artefacts
    bundle, bucket = make_bundle(), Bucket(cloud)
    bucket.check()
    machine_image = _machine_image(cloud, order)
    sent = _Images(cloud, order, engine, registry, say).send(images)
    for artefact in artefacts:
        _tell(say, artefact.path.name, sent=bucket.put(artefact.key, artefact.path, artefact.sha256))
    _tell(say, "boot bundle", sent=bucket.put(bundle.key, bundle.data, bundle.sha256))
    files = {artefact.path.name: artefact.sha256 for artefact in artefacts}
    made = {"images": sent, "artefacts": files, "bundle": bundle.sha256}
    content = (json.dumps(made, indent=2, sort_keys=True) + "\n").encode()
    name = hashlib.sha256(content).hexdigest()
    _tell(say, "publication", sent=bucket.put(f"publications/{name}.json", content, name))
    return Publication(
        site=cloud.site.site,
        machine_image=machine_image,
        publication=name,
        bundle=bundle.sha256,
        images=sent,
        artefacts=files,
    )


def _check_standing(cloud: Cloud, order: Order) -> None:
    """See that what stands can follow the publication.

    Args:
        cloud: the site's account.
        order: what it is to be.

    Raises:
        RefusedError: the lock of a site that stands is not here, or its machine would have to be replaced.
    """
    if order.before is None:
        found = standing(cloud, STACKS[len(FIRST) :])
        if found:
            raise RefusedError(
                f"lock: must be beside the site's file, as the site stands ({', '.join(found)}); it is not.",
                hint="Restore it from git: a new one would name another AMI, and so another machine.",
            )
    elif order.new_machine_image:
        found = standing(cloud, ("Machine",))
        if found:
            raise RefusedError(
                f"--new-machine-image: must come while there is no machine; stack {found[0]} is there, and "
                "CloudFormation cannot replace its machine in place.",
                hint="See 'Another machine' in docs/how-to/run-a-site.md",
            )


class _Images:
    """The images' part: all are looked at before the first is sent."""

    def __init__(
        self, cloud: Cloud, order: Order, engine: Engine, registry: Registry, say: Callable[[str], None]
    ) -> None:
        self._site, self._order, self._engine, self._registry, self._say = (
            cloud.site,
            order,
            engine,
            registry,
            say,
        )

    def send(self, images: tuple[Wanted, ...]) -> dict[str, str]:
        """Have every image in its repository, and say what each is called there."""
        here = {image: self._here(image) for image in images}
        tags = {image: self._tag(image, local) for image, local in here.items()}
        lacking = [image for image in images if self._registry.held(image.name, tags[image]) is None]
        if lacking:
            door = self._registry.log_in()
            with self._engine.logged_in(*door):
                for image in lacking:
                    where = f"{door.host}/{repository_name(self._site, image.name)}:{tags[image]}"
                    self._engine.push(image.local, where)
                    self._say(f"sent {image.name}:{tags[image]}")
        named = {}
        for image, local in here.items():
            found = self._registry.held(image.name, tags[image])
            if found is None or not found.is_same(local.id):
                raise CloudError(
                    f"{image.name}:{tags[image]}: the registry must have what was sent; it does not."
                )
            named[image.name] = f"{repository_name(self._site, image.name)}:{tags[image]}@{found.digest}"
            if image not in lacking:
                self._say(f"there {image.name}:{tags[image]}")
        return named

    def _here(self, image: Wanted) -> Local:
        local = self._engine.image(image.local)
        if local is None and image.ours:
            raise RefusedError(
                f"image {image.local}: must be built before it is sent; it is not on this engine.",
                hint="Run: make images",
            )
        if local is None:
            self._say(f"pull {image.local}")
            self._engine.pull(image.local)
            local = self._engine.image(image.local)
        if local is None:
            raise SiteError(f"image {image.local}: must be here once it is pulled; it is not.")
        if local.architecture != _ARCHITECTURE:
            raise RefusedError(
                f"image {image.local}: must be of architecture {_ARCHITECTURE}, the machine's; found "
                f"{local.architecture}.",
                hint=f"docker pull --platform linux/{_ARCHITECTURE} {image.local}; ours: build on such "
                f"a machine.",
            )
        return local

    def _tag(self, image: Wanted, local: Local) -> str:
        """The tag that is this image's already, or is free."""
        found = self._registry.held(image.name, image.tag)
        if found is None or found.is_same(local.id):
            return image.tag
        raised = "raise __version__ in sarcoma_core, build again" if image.ours else "pin another tag"
        if not self._order.suffix:
            raise RefusedError(
                f"{image.name}:{image.tag}: its tag has another image at the site "
                f"({found.digest[:19]}), and a tag is "
                f"one image for ever; here it is {local.id[:19]}.",
                hint=f"Either {raised}, or run again with: --tag SUFFIX",
            )
        tag = f"{image.tag}-{self._order.suffix}"
        found = self._registry.held(image.name, tag)
        if len(tag) > _LONGEST or (found and not found.is_same(local.id)):
            raise RefusedError(
                f"{image.name}:{tag}: must be a free tag of {_LONGEST} characters at most; it is not.",
                hint="Run again with another --tag SUFFIX",
            )
        return tag


def _machine_image(cloud: Cloud, order: Order) -> str:
    if order.before and not order.new_machine_image:
        return order.before.machine_image
    name = cloud.site.machine.image
    try:
        return str(cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if code(error) != "ParameterNotFound":
            raise
        raise RefusedError(
            f"machine.image: must be a parameter of the region; {name} is none.",
            hint="Take the default: remove machine.image from the site's file.",
        ) from error


def _tell(say: Callable[[str], None], what: str, *, sent: bool) -> None:
    say(f"{'sent' if sent else 'there'} {what}")
