"""Which resource of the project each asset of a step is: chosen once, before anything is launched.

XNAT's launch page offers what matches; a launch over REST does not: two models and none named would be
refused by the service, and where the asset is optional it would mount nothing and say nothing.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.folder import is_hidden
from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import AssetSpec, Step, Value
from sarcoma_core.provenance import contents_hash
from sarcoma_core.steps import STEPS
from sarcoma_core.text import counted
from sarcoma_core.xnat.command.declaring import launch_text

_NOTHING = contents_hash({})
"""The hash of a resource without files, which is as good as none: a step is given no folder for it."""

_PUT_IT_THERE = (
    "Put its files into the project's own resources: in XNAT, Manage Files of the project; in an archive "
    "folder, PROJECT/resources/LABEL. docs/outputs.md says which."
)
_MODELS: Final = "MODEL_"
"""How the labels of models begin; `sarcoma models add` puts one there."""
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


class AssetAbsentError(UsageError):
    """A project has no resource that an asset of a step could be, and none was named.

    A step alone is refused with it; a chain passes the step by.

    Args:
        message: as of every error.
        lack: what the project has not, in a sentence.
        hint: how it gets one.
    """

    def __init__(self, message: str, *, lack: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.lack = lack


def launch_values(step: Step, params: Mapping[str, Value], assets: ChosenAssets) -> Mapping[str, str]:
    """What a launch sends: every parameter, so that no default can differ, and the label of each asset."""
    texts = {param.name: launch_text(param, params[param.name]) for param in step.params}
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


def choose_assets(
    step: Step, project: str, own: OwnHoldings, named: AssetNames, *, archive: Path | None = None
) -> ChosenAssets:
    """The resource that each asset of a step is.

    Args:
        step: the step.
        project: id of the project.
        own: what the project's own resources hold.
        named: what the user named.
        archive: the archive folder that the project is in; None for one of a server.

    Raises:
        AssetAbsentError: there is none, or it has no files; none was named.
        UsageError: the one that was named is not there or has no files, or there are several and none is
            named.
    """
    if not step.assets:
        return {}
    labels = own.labels()
    place = _Place(project, archive)
    chosen: dict[str, ChosenAsset] = {}
    for asset in step.assets:
        matching = sorted(label for label in labels if asset.spec.matches(label))
        wanted = named.get(asset.name, "")
        label = _named(asset, place, matching, wanted) if wanted else _only(step, asset, place, matching, own)
        sha256 = asset_hash(own, label) if label else _NOTHING
        if sha256 != _NOTHING:
            chosen[asset.name] = ChosenAsset(label, sha256)
        elif wanted:
            raise UsageError(
                f"step {step.name}: resource {label} of project {project} must have files; it has none.",
                hint="Upload them again (Manage Files); docs/outputs.md says which.",
            )
        elif not asset.spec.optional:
            raise _absent(step, asset, place, matching)
    return chosen


class _Place(NamedTuple):
    """Where a project is.

    Attributes:
        project: its id.
        archive: the archive folder that it is in; None for one of a server.
    """

    project: str
    archive: Path | None

    def command(self, *words: str, write: bool = False) -> str:
        """A command of ours on the project."""
        place = ("--archive", str(self.archive)) if self.archive else ()
        return shlex.join(
            ["sarcoma", *words, "--project", self.project, *place, *(["--write"] if write else [])]
        )


def _named(asset: AssetSpec, place: _Place, matching: Sequence[str], wanted: str) -> str:
    """The resource that a user named.

    Raises:
        UsageError: it is not there.
    """
    if wanted not in matching:
        raise UsageError(
            f"--asset {asset.name}: must be a resource of project {place.project}; found {wanted!r}, "
            f"it has: {', '.join(matching) or 'none that matches'}.",
            hint=_PUT_IT_THERE,
        )
    return wanted


def _only(step: Step, asset: AssetSpec, place: _Place, matching: Sequence[str], own: OwnHoldings) -> str:
    """The one resource that matches and holds something; empty where there is none.

    An empty one is made beforehand for a step that can do without (`launch.optional_assets`): beside another
    it is none.

    Raises:
        UsageError: there are several.
    """
    held = [label for label in matching if len(matching) == 1 or _has_files(own, label)]
    if len(held) > 1:
        raise UsageError(
            f"step {step.name}: its {asset.name} must be named where the project has several; "
            f"{place.project} has {counted(len(held), 'resource')}: {', '.join(held)}.",
            hint=f"Name one: --asset {asset.name}={held[0]}",
        )
    return held[0] if held else ""


def _has_files(own: OwnHoldings, label: str) -> bool:
    return any(not is_hidden(PurePath(held.path)) for held in own.files(label))


def _absent(step: Step, asset: AssetSpec, place: _Place, empty: Sequence[str]) -> AssetAbsentError:
    """That a project has none, or only empty ones."""
    project, hint = place.project, _how_to_get(asset, place)
    if empty:
        return AssetAbsentError(
            f"step {step.name}: resource {empty[0]} of project {project} must have files; it has none.",
            lack=f"resource {empty[0]} of project {project} has no files",
            hint=hint,
        )
    return AssetAbsentError(
        f"step {step.name}: project {project} must have a resource {asset.spec.label} "
        f"({asset.spec.help}); it has none.",
        lack=f"project {project} has no resource {asset.spec.label} ({asset.spec.help})",
        hint=hint,
    )


def _how_to_get(asset: AssetSpec, place: _Place) -> str:
    """The commands after which the project has it."""
    label, verb = asset.spec.label, ("run",) if place.archive else ("xnat", "launch")
    ways = []
    if label.startswith(_MODELS):
        ways.append(place.command("models", "add", "DIR", write=True))
    if label != f"{_MODELS}*":  # a model of any kind is asked for: no step makes that
        makers = [one.name for one in STEPS if any(map(asset.spec.matches, one.labels))]
        ways += [place.command(*verb, maker) for maker in makers]
    return f"Put one there: {', or '.join(ways)}" if ways else _PUT_IT_THERE
