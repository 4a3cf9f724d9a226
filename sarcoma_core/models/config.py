"""What builds the network of a model, and what it is for: `config.json`.

Sizes are bounded before anything is built of them. Schema 1, of earlier releases, had whole numbers as
arguments, and told nothing of segmentation.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sarcoma_core.models.prognosis_task import PrognosisTask, parse_prognosis
from sarcoma_core.models.segmentation_task import SegmentationTask, parse_task, shown

Argument = int | bool | tuple[int, ...] | tuple[tuple[int, ...], ...]
"""What an architecture is built with: whole numbers, truths, lists of numbers, and lists of such lists."""

ARCHITECTURE_NAMES: Final = ("plain-conv", "residual-unet", "multimodal")
"""Keys of `models.architectures.ARCHITECTURES`, to be known where there is no torch."""

MOST_ARGUMENT: Final = 4096
MOST_LISTED: Final = 16
MOST_AXIS: Final = 512
MOST_OF_INPUT: Final = 2**25
"""Numbers of an input: two channels of 256 x 256 x 256."""

MOST_OF_FEATURES: Final = 2**29
"""Numbers that the finest level of a network holds: 32 channels of 256 x 256 x 256, 2 GiB."""


@dataclass(frozen=True)
class ModelConfig:
    """What builds a network.

    Args:
        architecture: a key of `models.architectures.ARCHITECTURES`.
        arguments: of its constructor.
        input_shape: channels, then voxels along each axis, of the smallest input that it is made for.
        segmentation: what it segments; None where it is a network of another kind.
        prognosis: what it foretells; likewise.
    """

    architecture: str
    arguments: Mapping[str, Argument]
    input_shape: tuple[int, ...]
    segmentation: SegmentationTask | None = None
    prognosis: PrognosisTask | None = None


def parse_config(tree: Mapping[str, Any]) -> ModelConfig:
    """A config of its JSON, of schema 1 or 2.

    Raises:
        ValueError: a field is missing or wrong; the text says the rule and what was found.
    """
    match tree:
        case {"architecture": str(name), "arguments": dict(told), "input_shape": [*shape]}:
            pass
        case _:
            raise ValueError(
                "must have architecture (a text), arguments (by name) and input_shape (channels and voxels); "
                "one is missing or of another type"
            )
    whole = tree["schema"] == 1
    arguments = {key: _argument(key, value, whole=whole) for key, value in told.items()}
    if len(arguments) > MOST_LISTED:
        raise ValueError(f"must have at most {MOST_LISTED} arguments; found {len(arguments)}")
    sizes = all(type(n) is int and 1 <= n <= MOST_AXIS for n in shape)
    if len(shape) != 4 or not sizes or math.prod(shape) > MOST_OF_INPUT:  # noqa: PLR2004
        raise ValueError(
            f"must have input_shape: channels and three numbers of voxels, 1 to {MOST_AXIS} each, "
            f"{MOST_OF_INPUT} together at most; found {shown(shape)}"
        )
    tasks = (None, None) if whole else (_segmentation(tree), _prognosis(tree))
    config = ModelConfig(name, arguments, tuple(shape), *tasks)
    _require_one_mind(config)
    _require_one_outlook(config)
    _require_modest(config)
    return config


def _argument(name: str, value: Any, *, whole: bool) -> Argument:  # noqa: ANN401  JSON has no type
    match value:
        case bool() if not whole:
            return value
        case int() if _is_number(value):
            return value
        case [*numbers] if not whole and _are_numbers(numbers):
            return tuple(numbers)
        case [*lists] if (
            not whole
            and len(lists) <= MOST_LISTED
            and all(isinstance(one, list) and _are_numbers(one) for one in lists)
        ):
            return tuple(tuple(one) for one in lists)
    kinds = "" if whole else f", true, false, or lists of at most {MOST_LISTED} of them"
    raise ValueError(
        f"must have arguments that are whole numbers, 0 to {MOST_ARGUMENT}{kinds}; found {name[:40]} "
        f"{shown(value)}"
    )


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_ARGUMENT


def _are_numbers(values: Sequence[object]) -> bool:
    return len(values) <= MOST_LISTED and all(map(_is_number, values))


def _segmentation(tree: Mapping[str, Any]) -> SegmentationTask | None:
    if "segmentation" not in tree:
        raise ValueError("must have segmentation, null where the network segments nothing; it is missing")
    if tree["segmentation"] is None:
        return None
    try:
        return parse_task(tree["segmentation"])
    except ValueError as error:
        raise ValueError(f"must have a legal segmentation: {error}") from None


def _prognosis(tree: Mapping[str, Any]) -> PrognosisTask | None:
    """What it foretells; folders of 0.10 and earlier do not tell it, and foretell nothing."""
    if tree.get("prognosis") is None:
        return None
    try:
        return parse_prognosis(tree["prognosis"])
    except ValueError as error:
        raise ValueError(f"must have a legal prognosis: {error}") from None


def _require_one_outlook(config: ModelConfig) -> None:
    """What a network that foretells takes and gives is told twice, as of one that segments."""
    task = config.prognosis
    if (task is None) != (config.architecture != "multimodal"):
        raise ValueError("must have prognosis where its architecture is multimodal, and nowhere else")
    if task is None:
        return
    arguments, channels = config.arguments, len(task.sequences)
    seen = channels + bool(arguments.get("masked", True)) if channels else 1
    edges = (task.edge,) * 3 if channels else (1, 1, 1)
    for rule, one, other in (
        ("as many sequences as channels", channels, arguments.get("channels")),
        ("as many outputs as its endpoints need", task.outputs, arguments.get("outputs")),
        ("an input_shape of its sequences, the mask and its edge", (seen, *edges), config.input_shape),
    ):
        if one != other:
            raise ValueError(f"must have {rule}; found {shown(one)} and {shown(other)}")


def _require_one_mind(config: ModelConfig) -> None:
    """What a network takes and gives is told twice: by its arguments, and by what it segments."""
    task = config.segmentation
    if task is None:
        return
    channels, *axes = config.input_shape
    outputs = config.arguments.get("classes", config.arguments.get("outputs", len(task.regions)))
    for rule, one, other in (
        ("as many sequences as input_shape has channels", len(task.sequences), channels),
        ("as many sequences as channels", len(task.sequences), config.arguments.get("channels", channels)),
        ("as many regions as classes", len(task.regions), outputs),
    ):
        if one != other:
            raise ValueError(f"must have {rule}; found {one} and {shown(other)}")
    _require_divisible(config.arguments.get("strides"), task.patch)
    if any(voxels < least for voxels, least in zip(task.patch, axes, strict=True)):
        raise ValueError(
            f"must have a patch that is not smaller than input_shape; found {list(task.patch)} and {axes}"
        )


def _require_divisible(strides: Argument | None, patch: Sequence[int]) -> None:
    """A network that halves an axis three times takes no patch of 33 voxels."""
    if not isinstance(strides, tuple) or not all(isinstance(one, tuple) and len(one) == 3 for one in strides):  # noqa: PLR2004
        return  # the network itself says what strides must be
    steps = [math.prod(axis) for axis in zip(*strides, strict=True)]
    if any(step and voxels % step for voxels, step in zip(patch, steps, strict=False)):
        raise ValueError(
            f"must have a patch divisible along each axis by the product of its strides, {steps}; found "
            f"{list(patch)}"
        )


def _require_modest(config: ModelConfig) -> None:
    """The features of the finest level are held whole, in training and at work."""
    told = config.arguments.get("widths", config.arguments.get("width", 1))
    width = told[0] if isinstance(told, tuple) and told else told
    patch = config.segmentation.patch if config.segmentation else config.input_shape[1:]
    values = math.prod(patch) * width if isinstance(width, int) else 0
    if values > MOST_OF_FEATURES:
        raise ValueError(
            f"must have {MOST_OF_FEATURES} features in its finest level at most: channels x voxels of a "
            f"patch; found {values}"
        )
