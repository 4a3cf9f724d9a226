"""Both example sites, synthesized in this process: once for each way of doing it, and shared by all tests."""

import atexit
import copy
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from sarcoma_cdk import acknowledged
from sarcoma_cdk.application import make_app
from sarcoma_cdk.config import Publication, Site, example_sites, read_site
from sarcoma_cdk.invariants import Stack, Templates, read_templates

SITES = tuple(path.stem for path in example_sites())
"""Names of the example sites; their files are called so."""
AMI = "ami-0123456789abcdef0"


@cache
def site_of(name: str) -> Site:
    return next(read_site(path) for path in example_sites() if path.stem == name)


def publication_of(name: str, mark: str = "a") -> Publication:
    """A lock; another mark is another publication of other files."""
    return Publication(
        site=site_of(name).site,
        machine_image=AMI,
        publication=mark * 64,
        bundle=mark * 64,
        images={},
        artefacts={},
    )


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sarcoma-synth-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def folder_of(name: str, *, mark: str | None = "a") -> Path:
    """What CDK writes for a site, without cdk-nag; before its first publication when there is no mark."""
    folder = _scratch() / f"{name}-{mark}"
    publication = publication_of(name, mark) if mark else None
    make_app(site_of(name), publication, judged=False, outdir=folder).synth()
    return folder


@cache
def judged(name: str, *, acknowledging: bool) -> tuple[Path, str]:
    """The same with cdk-nag: the folder, and what was refused."""
    folder = _scratch() / f"{name}-judged-{acknowledging}"
    deaf = mock.patch.object(acknowledged, "Validations")
    if not acknowledging:
        deaf.start()
    try:
        app = make_app(site_of(name), publication_of(name), judged=True, outdir=folder)
        app.synth()
    except RuntimeError as error:
        return folder, str(error)
    finally:
        mock.patch.stopall()
    return folder, ""


@cache
def templates_of(name: str, *, mark: str | None = "a") -> Templates:
    return read_templates(folder_of(name, mark=mark))


def copied(name: str) -> dict[str, dict[str, Any]]:
    """The templates by the part that they hold, to be changed at will: `network`, `data`..."""
    return {
        stack.rpartition("-")[2]: copy.deepcopy(dict(each.template))
        for stack, each in templates_of(name).stacks.items()
    }


def with_templates(name: str, changed: Mapping[str, Mapping[str, Any]]) -> Templates:
    """The site with other templates; a part that is left out is not there."""
    stacks: dict[str, Stack] = {}
    for stack, each in templates_of(name).stacks.items():
        part = stack.rpartition("-")[2]
        if part in changed:
            stacks[stack] = replace(each, template=changed[part])
    return Templates(stacks)
