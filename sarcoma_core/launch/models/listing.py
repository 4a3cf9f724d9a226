"""The models of a project, read off their configs and cards; no weight is fetched."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from sarcoma_core.archive.folder import is_hidden
from sarcoma_core.archive.holdings import Held, OwnHoldings
from sarcoma_core.errors import InputError
from sarcoma_core.models.card import ModelCard
from sarcoma_core.models.card_text import SYNTHETIC, main_number
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.door import require_names
from sarcoma_core.models.folder import CARD, CONFIG, MOST_OF_JSON, describe
from sarcoma_core.models.model_set import SetLayout, member_name, set_layout
from sarcoma_core.provenance import parse_record

PREFIX: Final = "MODEL_"
"""How the labels of models begin."""
READY: Final = "ready"
UNFINISHED: Final = "unfinished: its training is to go on"
_NO_NETWORK: Final = "no network: baselines of train-baselines"
_BASELINE: Final = "model.json"


class DescribedModel(NamedTuple):
    """A member of a set, as its two files tell it.

    Attributes:
        member: its name.
        config: what builds the network.
        card: what the model is.
    """

    member: str
    config: ModelConfig
    card: ModelCard


class ListedModel(NamedTuple):
    """A line of the list: a member of a set, or why it is none.

    Attributes:
        label: of the resource.
        member: its name; empty where it is not known.
        version: of the model.
        licence: of the model.
        spacing: mm of its grid; empty where it segments nothing.
        number: the first of its card, with its limits.
        state: `ready`, or why not, or on whom it was trained.
    """

    label: str
    member: str
    version: str
    licence: str
    spacing: str
    number: str
    state: str


def list_models(own: OwnHoldings) -> Iterator[ListedModel]:
    """A line for each member of each model of a project.

    Args:
        own: what the project's own resources hold.
    """
    for label in sorted(own.labels()):
        if label.startswith(PREFIX):
            yield from _lines(own, label)


def describe_models(own: OwnHoldings, label: str) -> tuple[DescribedModel, ...]:
    """The members of a set that are trained.

    Args:
        own: what the resources hold.
        label: of the set.

    Raises:
        InputError: it is not there, or a config or card cannot be read.
    """
    sizes = _sizes(own, label)
    return tuple(_described(own, label, place, sizes) for place in set_layout(sizes).places)


def _lines(own: OwnHoldings, label: str) -> Iterator[ListedModel]:
    try:
        sizes = _sizes(own, label)
        if any(path.endswith(f"/{_BASELINE}") for path in sizes):
            yield _line(label, "", _NO_NETWORK)
            return
        require_names({held.path: held.size for held in own.files(label)})
        layout = set_layout(sizes)
    except InputError as error:
        yield _line(label, "", f"refused: {error.message}")
        return
    yield from _members(own, label, layout, sizes)


def _members(
    own: OwnHoldings, label: str, layout: SetLayout, sizes: Mapping[str, int]
) -> Iterator[ListedModel]:
    for place in layout.places:
        try:
            found = _described(own, label, place, sizes)
        except InputError as error:
            yield _line(label, place.rstrip("/"), f"refused: {error.message}")
            continue
        task, card = found.config.segmentation, found.card
        spacing = "" if task is None else " x ".join(f"{length:g}" for length in task.spacing)
        state = SYNTHETIC if card.synthetic else READY
        number = main_number(card)
        yield ListedModel(label, found.member, card.version, card.licence, spacing, number, state)
    for name in layout.unfinished:
        yield _line(label, name, UNFINISHED)


def _line(label: str, member: str, state: str) -> ListedModel:
    return ListedModel(label, member, "", "", "", "", state)


def _described(own: OwnHoldings, label: str, place: str, sizes: Mapping[str, int]) -> DescribedModel:
    config, card = describe(
        _content(own, label, place + CONFIG, sizes), _content(own, label, place + CARD, sizes), place
    )
    return DescribedModel(member_name(place, config), config, card)


def _content(own: OwnHoldings, label: str, path: str, sizes: Mapping[str, int]) -> bytes:
    """A file that is read whole; nothing where it is not there, or too large for what it must be."""
    return (own.content(label, path) or b"") if sizes.get(path, 0) <= MOST_OF_JSON else b""


def _sizes(own: OwnHoldings, label: str) -> Mapping[str, int]:
    """The size of each file that counts: those that the manifest lists, else all that are there.

    Raises:
        ArchiveError: the manifest is damaged.
    """
    body = own.manifest(label)
    if body is not None:
        return {entry.path: entry.size for entry in parse_record(body, label).files}
    return {held.path: held.size for held in own.files(label) if _counts(held)}


def _counts(held: Held) -> bool:
    return not is_hidden(PurePosixPath(held.path))
