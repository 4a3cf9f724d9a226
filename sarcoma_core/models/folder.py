"""The folder in which a trained model travels: resource `MODEL_*` of a project (docs/outputs.md).

weights.safetensors   the weights; never a pickle, which runs code when it is loaded
config.json           architecture and its arguments, and the input that it takes
card.json             name, version, licence, permitted use, SHA-256 of the weights
card.md               the same for people
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.provenance import sha256

WEIGHTS, CONFIG, CARD, CARD_TEXT = "weights.safetensors", "config.json", "card.json", "card.md"
SCHEMA = 1

Use = Literal["research", "commercial"]
USES: tuple[str, ...] = get_args(Use)

_PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib")
_LENGTH = 8  # a safetensors file begins with the length of its header, 8 bytes, little-endian; then `{`
_MOST_OF_A_HEADER = 100_000_000  # the format's own limit


@dataclass(frozen=True)
class ModelConfig:
    """What builds a network.

    Args:
        architecture: a key of `models.architectures.ARCHITECTURES`.
        arguments: of its constructor.
        input_shape: channels, then voxels along each axis, of the smallest input that it is made for.
    """

    architecture: str
    arguments: Mapping[str, int]
    input_shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelCard:
    """What a model is, and what it may be used for.

    Args:
        name: of the model.
        version: of the model.
        licence: SPDX identifier, or `LicenseRef-...`.
        permitted_use: of `research`, `commercial`.
        weights_sha256: SHA-256 of `weights.safetensors`.
    """

    name: str
    version: str
    licence: str
    permitted_use: tuple[str, ...]
    weights_sha256: str


@dataclass(frozen=True)
class ModelFolder:
    """A model folder whose card and weights were checked.

    Args:
        weights: the file of the weights.
        config: what builds the network.
        card: what the model is.
    """

    weights: Path
    config: ModelConfig
    card: ModelCard


def open_model(asset: AssetFolder) -> ModelFolder:
    """Read and check a model folder; no weight is loaded.

    Raises:
        InputError: a file is missing or wrong, the weights are a pickle or are not those of the card.
    """
    for path in sorted(asset.path.iterdir()):
        if path.suffix.lower() in _PICKLES:
            raise _fault(
                f"weights must be safetensors; found a {path.suffix} file, which can be a pickle: that runs "
                "code when it is loaded"
            )
    weights = asset.file(WEIGHTS)
    _require_safetensors(weights)
    config, card = _config(_json(asset, CONFIG)), _card(_json(asset, CARD))
    asset.file(CARD_TEXT)
    found = sha256(weights)
    if found != card.weights_sha256:
        raise _fault(
            f"{CARD} must have the SHA-256 of {WEIGHTS}; it has {card.weights_sha256[:12]}..., the file "
            f"{found[:12]}..."
        )
    return ModelFolder(weights, config, card)


def require_use(card: ModelCard, use: Use) -> None:
    """Refuse a use that the model's licence does not permit.

    Raises:
        InputError: it does not.
    """
    if use not in card.permitted_use:
        raise InputError(
            f"--use: must be permitted by the model's licence ({card.licence}: "
            f"{', '.join(card.permitted_use)}); found {use}.",
            hint="Take another model, or ask its makers for another licence.",
        )


def write_card(folder: Path, config: ModelConfig, card: ModelCard) -> None:
    """Write what stands beside the weights of a model: `config.json`, `card.json`, `card.md`.

    Args:
        folder: that holds `weights.safetensors`.
        config: what builds the network.
        card: what the model is.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, tree in ((CONFIG, asdict(config)), (CARD, asdict(card))):
        text = json.dumps({"schema": SCHEMA, **tree}, indent=1, sort_keys=True)
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
    lines = (
        f"# {card.name} {card.version}",
        "",
        f"- licence: {card.licence}",
        f"- permitted use: {', '.join(card.permitted_use)}",
        f"- architecture: {config.architecture}",
        f"- SHA-256 of {WEIGHTS}: {card.weights_sha256}",
        "",
        "For research use only: this is not a medical device.",
    )
    (folder / CARD_TEXT).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _require_safetensors(path: Path) -> None:
    """A file of that name can be a pickle all the same; the format is told by its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(_LENGTH + 1)
    length = int.from_bytes(head[:_LENGTH], "little")
    is_one = head[_LENGTH:] == b"{" and 2 <= length <= min(_MOST_OF_A_HEADER, path.stat().st_size - _LENGTH)  # noqa: PLR2004
    if not is_one:
        raise _fault(f"{WEIGHTS} must be a safetensors file; its first bytes are those of another format")


def _json(asset: AssetFolder, name: str) -> Mapping[str, Any]:
    try:
        tree = json.loads(asset.file(name).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        raise _fault(f"{name} must be a JSON object of schema {SCHEMA}; it is not")
    return tree


def _config(tree: Mapping[str, Any]) -> ModelConfig:
    match tree:
        case {"architecture": str(name), "arguments": dict(arguments), "input_shape": [*shape]} if all(
            type(value) is int for value in arguments.values()
        ) and _is_shape(shape):
            return ModelConfig(name, arguments, tuple(shape))
    raise _fault(
        f"{CONFIG} must have architecture (a text), arguments (whole numbers by name) and input_shape "
        "(channels and voxels, 1 to 512 each); it has not"
    )


def _is_shape(shape: list[Any]) -> bool:
    return len(shape) == 4 and all(type(n) is int and 1 <= n <= 512 for n in shape)  # noqa: PLR2004


def _card(tree: Mapping[str, Any]) -> ModelCard:
    match tree:
        case {
            "name": str(name),
            "version": str(version),
            "licence": str(licence),
            "permitted_use": [*uses],
            "weights_sha256": str(digest),
        } if name and version and licence and uses and all(use in USES for use in uses):
            return ModelCard(name, version, licence, tuple(uses), digest)
    raise _fault(
        f"{CARD} must have name, version, licence, permitted_use (of {', '.join(USES)}) and weights_sha256; "
        "one is missing or wrong"
    )


def _fault(rule: str) -> InputError:
    return InputError(f"--model: {rule}.", hint="docs/outputs.md, The model folder, says what must be in it.")
