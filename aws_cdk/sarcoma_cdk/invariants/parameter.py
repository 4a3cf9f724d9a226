"""What the machine is told, key by key: what the site's file and its own resources say, and no more."""

import json
import re
from collections.abc import Iterator, Mapping

from sarcoma_cdk.config import Publication, Site
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.templates import Json, Resource, Templates
from sarcoma_cdk.naming import DICOM_PORT, artefact_bucket_name, machine_log_name

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEFT_OUT: tuple[Json, ...] = (None, {}, [])
"""Values that say no more than that there is nothing."""


def _right(templates: Templates, site: Site) -> dict[str, Json]:
    """The settings; a value that is a resource stands there as that resource."""
    login = site.login.model_dump(mode="json")
    found: dict[str, Json] = {
        "site": site.site,
        "region": site.region,
        "account": site.account,
        "bucket": artefact_bucket_name(site),
        "registry": f"{site.account}.dkr.ecr.{site.region}.amazonaws.com",
        "site_url": f"https://{site.edge.domain}",
        "dicom": {"ae_title": site.dicom.ae_title, "port": DICOM_PORT},
        "smtp": site.smtp.model_dump(mode="json") if site.smtp else None,
        "login": {name: each for name, each in login.items() if each},
        "automate": list(site.automate),
        "log_group": machine_log_name(site),
        "instance": _only(templates, "AWS::EC2::Instance"),
        "signal": _only(templates, "AWS::CloudFormation::WaitConditionHandle"),
        "volumes": {
            use: _named(templates, "AWS::EC2::Volume", f"sarcoma-{site.site}-{use}")
            for use in ("archive", *(("database",) if site.database.kind == "machine" else ()))
        },
        "secrets": {
            use: _named(templates, "AWS::SecretsManager::Secret", f"sarcoma/{site.site}/{use}")
            for use in ("admin", "database")
        },
    }
    if site.database.kind == "rds":
        rds = _only(templates, "AWS::RDS::DBInstance")
        found["secrets"]["database_master"] = (rds, "MasterUserSecret.SecretArn")
        host = (rds, "Endpoint.Address")
        found["database"] = {"host": host, "port": site.database.port, "name": "xnat", "user": "xnat"}
    return found


def _only(templates: Templates, kind: str) -> Resource | None:
    found = templates.of(kind)
    return found[0] if len(found) == 1 else None


def _named(templates: Templates, kind: str, name: str) -> Resource | None:
    found = [
        each for each in templates.of(kind) if name in (each.get("Name"), each.attributes("Tags").get("Name"))
    ]
    return found[0] if len(found) == 1 else None


def _told(templates: Templates, site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::SSM::Parameter"):
        try:
            told = json.loads(str(each.get("Value")))
        except ValueError:
            continue  # `settings` tells it
        if isinstance(told, Mapping):
            right = _right(templates, site)
            yield from _compared(
                templates, each, {k: v for k, v in told.items() if k != "publication"}, right
            )
            if not _SHA256.fullmatch(str(told.get("publication"))):
                yield Fault(each, "publication must be a SHA-256", told.get("publication"))


def _compared(
    templates: Templates, each: Resource, told: Mapping[str, Json], right: Mapping[str, Json], where: str = ""
) -> Iterator[Fault]:
    for name in sorted({*told, *right}):
        found, must = told.get(name), right.get(name)
        if isinstance(must, Mapping) and isinstance(found, Mapping):
            yield from _compared(templates, each, found, must, f"{where}{name}.")
        elif not _same(templates, found, must):
            shown = must.name if isinstance(must, Resource) else must
            yield Fault(each, f"{where}{name} must be {shown}", found)


def _same(templates: Templates, found: Json, must: Json) -> bool:
    if isinstance(must, Resource):
        return found == f"${{{must.stack}/{must.name}}}" and templates.target(found) == must
    if isinstance(must, tuple):
        resource, attribute = must
        return bool(resource) and found == f"${{{resource.stack}/{resource.name}.{attribute}}}"
    return bool(found == must) or (found in _LEFT_OUT and must in _LEFT_OUT)


def locked(publication: Publication) -> Rule:
    """The rule of a site's lock: the machine is made of what was published.

    Args:
        publication: the lock.
    """

    def check(templates: Templates, _site: Site) -> Iterator[Fault]:
        for each in templates.of("AWS::EC2::LaunchTemplate"):
            image = each.get("LaunchTemplateData", "ImageId")
            if image != publication.machine_image:
                yield Fault(each, f"ImageId must be the lock's, {publication.machine_image}", image)
        for each in templates.of("AWS::SSM::Parameter"):
            told = json.loads(str(each.get("Value"))).get("publication")
            if told != publication.publication:
                yield Fault(each, "publication must be the lock's", told)

    return Rule("locked", "The machine's image and publication are the lock's.", check)


RULES = (Rule("told-all", "The machine is told what the site's file says, key by key, and no more.", _told),)
