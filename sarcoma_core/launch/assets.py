"""Which resource of the project each asset of a step is: chosen once, before anything is launched.

XNAT's launch page offers what matches; a launch over REST does not: two models and none named would be
refused by the service, and where the asset is optional it would mount nothing and say nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import AssetSpec, ParamSpec, Step, Value
from sarcoma_core.provenance import contents_hash
from sarcoma_core.steps import STEPS
from sarcoma_core.text import counted

_NOTHING = contents_hash({})
"""The hash of a resource without files, which is as good as none: a step is given no folder for it."""

_PUT_IT_THERE = (
    "Put its files into the project's own resources: in XNAT, Manage Files of the project; in an archive "
    "folder, PROJECT/resources/LABEL. docs/outputs.md says which."
)
AssetNames = Mapping[str, str]
"""What a user named: label of a resource by name of the asset."""


class ChosenAsset(NamedTuple):
    """A resource that a step reads as an asset.

    Attributes:
        label: of the resource.
        sha256: what tells it from another.
    """

    label: str
    sha256: str


ChosenAssets = Mapping[str, ChosenAsset]
"""By name of the asset; an optional one that is not there is left out."""


def launch_values(params: Mapping[str, Value], assets: ChosenAssets) -> Mapping[str, str]:
    """What a launch sends: every parameter, so that no default can differ, and the label of each asset."""
    texts = {name: ParamSpec.text(value) for name, value in params.items()}
    return texts | {name: asset.label for name, asset in assets.items()}


def asset_hashes(assets: ChosenAssets) -> Mapping[str, str]:
    """The hash of each asset by its name, as it stands in a manifest."""
    return {name: asset.sha256 for name, asset in assets.items()}


def parse_assets(steps: Sequence[Step], texts: Iterable[str]) -> AssetNames:
    """Read `NAME=LABEL` texts, and check the names against the assets of some steps.

    Raises:
        UsageError: the form or the name is wrong, or one name is given twice.
    """
    known = {asset.name: asset for step in steps for asset in step.assets}
    named: dict[str, str] = {}
    for text in texts:
        name, equals, label = text.partition("=")
        key = name.replace("-", "_")
        if not equals or not label:
            raise UsageError(f"--asset: must be NAME=LABEL; found {text!r}.")
        if key not in known:
            has = ", ".join(sorted(known)) or "none"
            raise UsageError(f"--asset: must name an asset of the step ({has}); found {name!r}.")
        if key in named:
            raise UsageError(f"--asset: must name {name} once; found two.")
        if not known[key].spec.matches(label):
            raise UsageError(
                f"--asset {name}: must be a resource {known[key].spec.label}; found {label!r}.",
                hint="The labels are those of the project's own resources.",
            )
        named[key] = label
    return named


def asset_options(named: AssetNames) -> tuple[str, ...]:
    """The words of a command line that name these assets."""
    return tuple(word for name, label in named.items() for word in ("--asset", f"{name}={label}"))


def choose_assets(step: Step, project: str, own: OwnHoldings, named: AssetNames) -> ChosenAssets:
    """The resource that each asset of a step is.

    Args:
        step: the step.
        project: id of the project.
        own: what the project's own resources hold.
        named: what the user named.

    Raises:
        UsageError: there is none, it has no files, or there are several and none is named.
    """
    if not step.assets:
        return {}
    labels = own.labels()
    chosen: dict[str, ChosenAsset] = {}
    for asset in step.assets:
        label = _choose(step, project, asset, labels, named)
        if not label:
            continue
        sha256 = asset_hash(own, label)
        if sha256 != _NOTHING:
            chosen[asset.name] = ChosenAsset(label, sha256)
        elif not asset.spec.optional or asset.name in named:
            raise UsageError(
                f"step {step.name}: resource {label} of project {project} must have files; it has none.",
                hint="Upload them again (Manage Files); docs/outputs.md says which.",
            )
    return chosen


def _choose(step: Step, project: str, asset: AssetSpec, labels: Sequence[str], named: AssetNames) -> str:
    matching = sorted(label for label in labels if asset.spec.matches(label))
    wanted = named.get(asset.name, "")
    if wanted and wanted not in matching:
        raise UsageError(
            f"--asset {asset.name}: must be a resource of project {project}; found {wanted!r}, "
            f"it has: {', '.join(matching) or 'none that matches'}.",
            hint=_PUT_IT_THERE,
        )
    if wanted or len(matching) == 1:
        return wanted or matching[0]
    if matching:
        raise UsageError(
            f"step {step.name}: its {asset.name} must be named where the project has several; "
            f"{project} has {counted(len(matching), 'resource')}: {', '.join(matching)}.",
            hint=f"Name one: --asset {asset.name}={matching[0]}",
        )
    if asset.spec.optional:
        return ""
    makers = [one.name for one in STEPS if asset.spec.label in one.labels]
    raise UsageError(
        f"step {step.name}: project {project} must have a resource {asset.spec.label} "
        f"({asset.spec.help}); it has none.",
        hint=f"Run the step that writes it first: {' or '.join(makers)}" if makers else _PUT_IT_THERE,
    )
