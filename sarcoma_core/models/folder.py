"""The folder in which a trained model travels: resource `MODEL_*` of a project (docs/outputs.md).

weights.safetensors   the weights; never a pickle, which runs code when it is loaded; weights-2.safetensors
                      and so on where the model is an ensemble of equal networks
config.json           architecture and its arguments, the input that it takes, and what it segments
card.json             name, version, licence, permitted use, SHA-256 of the weights, cohort, numbers, limits,
                      openings of the test set
card.md               the same for people
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.models.card import (
    INTENDED_USE,
    USES,
    WEIGHTS,
    CardNumber,
    CardOpening,
    ModelCard,
    TrainingCohort,
    Use,
    parse_card,
    require_use,
)
from sarcoma_core.models.card_text import card_text
from sarcoma_core.models.config import ARCHITECTURE_NAMES, Argument, ModelConfig, parse_config
from sarcoma_core.models.weights import Tensor, read_header, require_finite
from sarcoma_core.provenance import sha256

__all__ = [
    "CARD",
    "CARD_TEXT",
    "CONFIG",
    "INTENDED_USE",
    "MOST_OF_JSON",
    "SCHEMA",
    "USES",
    "WEIGHTS",
    "Argument",
    "CardNumber",
    "CardOpening",
    "ModelCard",
    "ModelConfig",
    "ModelFolder",
    "TrainingCohort",
    "Use",
    "describe",
    "fault",
    "open_model",
    "require_known",
    "require_use",
    "weights_hashes",
    "write_card",
]

CONFIG, CARD, CARD_TEXT = "config.json", "card.json", "card.md"
SCHEMA: Final = 2
"""Of what is written; folders of schema 1, those of 0.4 and earlier, are read as well."""

MOST_OF_JSON: Final = 2**20
"""Bytes of a JSON file, which is read whole."""


@dataclass(frozen=True)
class ModelFolder:
    """A model folder whose card and weights were checked.

    Args:
        weights: the files of the weights, one for each network of an ensemble.
        tensors: of each file, by name.
        config: what builds the network.
        card: what the model is.
        place: its folder below the resource, with a `/` at its end; empty where it is the resource itself.
    """

    weights: tuple[Path, ...]
    tensors: tuple[Mapping[str, Tensor], ...]
    config: ModelConfig
    card: ModelCard
    place: str = ""


def open_model(asset: AssetFolder, place: str = "") -> ModelFolder:
    """Read and check a model folder: files, hashes, and that all weights are finite. No network is built.

    Args:
        asset: the resource.
        place: the folder of a member below it, with a `/` at its end; empty where it is the model itself.

    Raises:
        InputError: a file is missing or wrong, or the weights are not safetensors or not those of the card.
    """
    config, card = describe(_small(asset, place + CONFIG), _small(asset, place + CARD), place)
    asset.file(place + CARD_TEXT)
    require_known(config.architecture)
    weights = tuple(asset.file(place + name) for name in card.weights_sha256)
    _require_all_told(asset, place, card)
    tensors = tuple(
        _checked(path, place + name, digest)
        for path, (name, digest) in zip(weights, card.weights_sha256.items(), strict=True)
    )
    return ModelFolder(weights, tensors, config, card, place)


def describe(config: bytes, card: bytes, place: str = "") -> tuple[ModelConfig, ModelCard]:
    """What builds a network, and what the model is, of the two files that tell it.

    Args:
        config: the content of `config.json`.
        card: the content of `card.json`.
        place: as `open_model` has it.

    Raises:
        InputError: one is no JSON, of a schema that we do not know, or breaks a rule.
    """
    told = _parsed(place + CONFIG, config, parse_config), _parsed(place + CARD, card, parse_card)
    if (told[0].segmentation or told[0].prognosis) and not (told[1].cohort and told[1].limits):
        what = "segments" if told[0].segmentation else "foretells"
        raise fault(f"{place}{CARD} must tell cohort and limits of a model that {what}; it does not")
    return told


def require_known(architecture: str) -> None:
    """Refuse an architecture that is none of ours.

    Raises:
        InputError: it is none.
    """
    if architecture not in ARCHITECTURE_NAMES:
        known = ", ".join(ARCHITECTURE_NAMES)
        raise fault(
            f"architecture must be one of {known}; found {architecture[:40]!r}",
            hint="A later version of sarcoma may know it: see its card.md.",
        )


def weights_hashes(folder: Path) -> Mapping[str, str]:
    """The SHA-256 of each file of weights of a folder, as a card tells them.

    Raises:
        OSError: one cannot be read.
    """
    found = sorted(folder.glob("weights*.safetensors"), key=lambda path: (len(path.name), path.name))
    return {path.name: sha256(path) for path in found}


def write_card(folder: Path, config: ModelConfig, card: ModelCard) -> None:
    """Write what stands beside the weights of a model: `config.json`, `card.json`, `card.md`.

    Args:
        folder: that holds the weights.
        config: what builds the network.
        card: what the model is.

    Raises:
        InputError: the config or the card breaks a rule, so that nobody could read it again.
        OSError: the folder cannot be written.
    """
    told = {CONFIG: asdict(config), CARD: _card_tree(card)}
    files = {
        name: (json.dumps({"schema": SCHEMA, **tree}, indent=1, sort_keys=True) + "\n").encode()
        for name, tree in told.items()
    }
    describe(files[CONFIG], files[CARD])
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / CARD_TEXT).write_text(card_text(config, card), encoding="utf-8")


def _card_tree(card: ModelCard) -> Mapping[str, Any]:
    """A card as JSON; a card without openings is as earlier releases wrote it."""
    return {name: told for name, told in asdict(card).items() if told or name != "openings"}


def fault(rule: str, *, hint: str = "") -> InputError:
    """That a model folder cannot be used, and why.

    Args:
        rule: what must be, and what was found.
        hint: the next thing to do; where to read on where empty.
    """
    told = hint or "docs/outputs.md, The model folder, says what must be in it."
    return InputError(f"model: {rule}.", hint=told)


def _checked(path: Path, name: str, digest: str) -> Mapping[str, Tensor]:
    """The tensors of a file of weights that is whole, finite, and the one of the card.

    Raises:
        InputError: it is not.
    """
    try:
        tensors = read_header(path)
        _require_same(path, digest)
        require_finite(path, tensors)
    except ValueError as error:
        raise fault(f"{name} {error}") from None
    return tensors


def _require_same(path: Path, digest: str) -> None:
    found = sha256(path)
    if found != digest:
        raise ValueError(f"must have the SHA-256 of {CARD}, {digest[:12]}...; it has {found[:12]}...")


def _require_all_told(asset: AssetFolder, place: str, card: ModelCard) -> None:
    listed = None if asset.record is None else {entry.path for entry in asset.record.files}
    for path in sorted((asset.path / place).glob("weights*.safetensors")):
        if path.name not in card.weights_sha256 and (listed is None or place + path.name in listed):
            told = ", ".join(card.weights_sha256)
            raise fault(f"{place}{CARD} must tell every file of weights; found {path.name}, it tells {told}")


_Parsed = TypeVar("_Parsed")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose every key stands there once: of two values readers would take different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _small(asset: AssetFolder, name: str) -> bytes:
    """A file that is read whole; nothing where it is too large for what it must be."""
    path = asset.file(name)
    return path.read_bytes() if path.stat().st_size <= MOST_OF_JSON else b""


def _parsed(name: str, content: bytes, parse: Callable[[Mapping[str, Any]], _Parsed]) -> _Parsed:
    """A JSON file, read by its rules.

    Raises:
        InputError: it is no JSON, of a schema that we do not know, or breaks a rule.
    """
    try:
        raw = json.loads(content.decode("utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raw = None
    tree: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    schema = tree.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise fault(
            f"{name} must be of schema 1 to {SCHEMA}; found {str(schema)[:20]}",
            hint="A later version of sarcoma wrote it: take that one.",
        )
    if type(schema) is not int or schema < 1:
        raise fault(
            f"{name} must be a JSON object of schema 1 to {SCHEMA}, each key once, 1 MiB at most; it is not"
        )
    try:
        return parse(tree)
    except ValueError as error:
        raise fault(f"{name} {error}") from None
