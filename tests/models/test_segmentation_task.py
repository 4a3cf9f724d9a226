"""What a network segments is legal once built: thresholds just inside and just outside, and JSON and back."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.models.segmentation_task import SeenInTraining, SegmentationTask, parse_task
from tests.models.made import make_task

TREE = json.loads(json.dumps(asdict(make_task("T1CE", "T2FS"))))
PAIRS = ((0.0, 1.0),) * 5


def test_what_was_written_is_read_back() -> None:
    for task in (make_task("T1CE"), make_task("T1CE", "T2FS"), make_task("T2", spacing=(0.1, 20.0, 3.5))):
        assert parse_task(json.loads(json.dumps(asdict(task)))) == task


@pytest.mark.parametrize("sequences", [("T1CE",), ("T1CE", "T2FS"), ("T2FS", "T1CE"), ("T1",)])
def test_a_member_is_named_by_its_sequences_in_their_order(sequences: tuple[str, ...]) -> None:
    assert make_task(*sequences).member == "_".join(sequences)


def test_a_whole_length_is_a_length() -> None:
    task = parse_task({**TREE, "spacing": [1, 2, 3], "least_ml": 0})
    assert task.spacing == (1.0, 2.0, 3.0)
    assert all(type(one) is float for one in (*task.spacing, task.least_ml))


GOOD: tuple[dict[str, Any], ...] = (
    {"spacing": (0.1, 0.1, 20.0)},
    {"patch": (8, 8, 8)},
    {"patch": (512, 512, 64)},
    {"threshold": 0.001},
    {"threshold": 0.999},
    {"least_ml": 0.0},
    {"least_ml": 1000.0},
)


@pytest.mark.parametrize("changes", GOOD, ids=str)
def test_what_lies_just_inside_is_legal(changes: dict[str, Any]) -> None:
    assert asdict(make_task(**changes)).items() >= changes.items()


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"spacing": (0.09, 1.0, 1.0)}, "spacing must be three finite lengths, 0.1 to 20 mm; found"),
    ({"spacing": (1.0, 1.0, 20.1)}, "spacing must be"),
    ({"spacing": (1.0, 1.0)}, "spacing must be"),
    ({"spacing": (float("nan"), 1.0, 1.0)}, "spacing must be"),
    ({"patch": (7, 8, 8)}, "patch must be three numbers of voxels, 8 to 512"),
    ({"patch": (513, 8, 8)}, "patch must be"),
    ({"patch": (512, 512, 65)}, "16777216 together at most"),
    ({"patch": (8, 8)}, "patch must be"),
    ({"threshold": 0.0}, "threshold must lie between 0 and 1; found 0.0"),
    ({"threshold": 1.0}, "threshold must lie"),
    ({"threshold": float("nan")}, "threshold must lie"),
    ({"least_ml": -0.1}, "least_ml must be 0 to 1000 ml"),
    ({"least_ml": 1000.1}, "least_ml must be"),
    ({"regions": ()}, "regions must be 1 to 16"),
    ({"regions": ("tumour", "tumour")}, "regions must be"),
    ({"regions": ("Tumour",)}, "regions must be"),
    ({"regions": ("../tumour",)}, "regions must be"),
    ({"regions": tuple(f"r{n}" for n in range(17))}, "regions must be 1 to 16"),
    ({"regions": ("tumour",)}, r'seen\.volume_ml must be of tumour; found \["tumour", "oedema"\]'),
    ({"label": "REGISTERED"}, "label must be NORMALISED for one sequence, REGISTERED for several"),
    ({"label": "T1CE"}, "label must be"),
)


@pytest.mark.parametrize(("changes", "rule"), BAD, ids=str)
def test_what_lies_just_outside_is_refused_with_rule_and_found_value(
    changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule) as caught:
        make_task(**changes)
    assert "; found " in str(caught.value)


@pytest.mark.parametrize("sequences", [("T1CE", "T1CE"), ("T9",), ("LOCALIZER",), ("t1ce",), ("T1CE", "DWI")])
def test_sequences_are_distinct_and_of_those_that_models_take(sequences: tuple[str, ...]) -> None:
    with pytest.raises(
        ValueError, match=f"sequences must be distinct, each one of {', '.join(CHOSEN_ROLES)}"
    ):
        make_task(*sequences)


def test_one_sequence_lies_on_its_own_grid_and_several_on_one() -> None:
    with pytest.raises(ValueError, match="label must be"):
        make_task("T1CE", "T2FS", label="NORMALISED")
    assert make_task("T1CE", "T2FS").label == "REGISTERED"
    assert make_task("T2FS").label == "NORMALISED"


@pytest.mark.parametrize("field", [*TREE, "seen.spacing_mm", "seen.intensity", "seen.volume_ml"])
def test_every_field_must_be_there(field: str) -> None:
    tree = json.loads(json.dumps(TREE))
    outer, _, inner = field.rpartition(".")
    del (tree[outer] if outer else tree)[inner]
    with pytest.raises(ValueError, match=f"it lacks {inner}"):
        parse_task(tree)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sequences", "T1CE"),
        ("sequences", [1]),
        ("label", None),
        ("regions", {"tumour": 1}),
        ("spacing", [1.0, "x", 1.0]),
        ("spacing", [True, 1.0, 1.0]),
        ("slices_last", 1),
        ("patch", [16.0, 16, 16]),
        ("patch", [True, 16, 16]),
        ("threshold", "0.5"),
        ("least_ml", None),
        ("seen", []),
        ("seen", None),
    ],
)
def test_a_field_of_another_type_is_told_with_what_was_found(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*; found "):
        parse_task({**TREE, field: value})


@pytest.mark.parametrize("tree", [None, [], "x", 1])
def test_what_is_no_object_is_none(tree: object) -> None:
    with pytest.raises(ValueError, match="segmentation must be an object; found"):
        parse_task(tree)


def test_what_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match='alone; found "more"'):
        parse_task({**TREE, "more": 1})
    with pytest.raises(ValueError, match=r'seen must have .* alone; found "more"'):
        parse_task({**TREE, "seen": {**TREE["seen"], "more": 1}})


def test_what_was_found_is_told_in_one_short_line() -> None:
    with pytest.raises(ValueError, match="label must be") as caught:
        make_task(label="a\n" * 10_000)
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


SPACINGS = ((0.5, 1.5), (0.5, 1.5), (3.0, 8.0))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"spacing_mm": SPACINGS[:2]}, "seen.spacing_mm must be three pairs"),
        ({"spacing_mm": ((0.5,), *SPACINGS[1:])}, "seen.spacing_mm must be three pairs"),
        ({"spacing_mm": ((1.5, 0.5), *SPACINGS[1:])}, "must be finite, the least first"),
        ({"spacing_mm": ((0.0, 0.5), *SPACINGS[1:])}, "must be finite"),
        ({"spacing_mm": ((0.5, float("inf")), *SPACINGS[1:])}, "must be finite"),
        ({"volume_ml": {"tumour": (2.0, 1.0)}}, "must be finite"),
        ({"volume_ml": {"tumour": (-1.0, 1.0)}}, "must be finite"),
        ({"intensity": {"T1CE": PAIRS[:4]}}, "seen.intensity of T1CE must be five pairs"),
        ({"intensity": {"T1CE": ((0.0, -0.1), *PAIRS[1:])}}, "must be five pairs"),
        ({"intensity": {"T1CE": ((float("nan"), 0.1), *PAIRS[1:])}}, "must be five pairs"),
    ],
    ids=str,
)
def test_what_a_training_has_seen_is_finite_and_in_order(changes: dict[str, Any], rule: str) -> None:
    given: dict[str, Any] = {
        "spacing_mm": SPACINGS,
        "intensity": {"T1CE": PAIRS},
        "volume_ml": {"tumour": (1.0, 2.0)},
    }
    SeenInTraining(**given)
    with pytest.raises(ValueError, match=rule):
        SeenInTraining(**{**given, **changes})


@pytest.mark.parametrize(("large", "good"), [(1e9, True), (1.1e9, False)])
def test_nobody_has_measured_what_is_larger(large: float, *, good: bool) -> None:
    for changes in (
        {"spacing_mm": ((0.5, large), *SPACINGS[1:]), "intensity": {}, "volume_ml": {}},
        {"spacing_mm": SPACINGS, "intensity": {}, "volume_ml": {"tumour": (1.0, large)}},
        {"spacing_mm": SPACINGS, "intensity": {"T1": ((-large, 0.0), *PAIRS[1:])}, "volume_ml": {}},
        {"spacing_mm": SPACINGS, "intensity": {"T1": ((0.0, large), *PAIRS[1:])}, "volume_ml": {}},
    ):
        if good:
            SeenInTraining(**changes)  # type: ignore[arg-type]
            continue
        with pytest.raises(ValueError, match="finite"):
            SeenInTraining(**changes)  # type: ignore[arg-type]


def test_a_network_may_have_16_regions() -> None:
    regions = tuple(f"r{number}" for number in range(16))
    seen = SeenInTraining(SPACINGS, {"T1CE": PAIRS}, dict.fromkeys(regions, (0.0, 1.0)))
    assert make_task(regions=regions, seen=seen).regions == regions


def test_a_task_is_told_without_numpy_and_torch() -> None:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = (
        "import sys, sarcoma_core.models.segmentation_task\n"
        "print({'numpy', 'torch', 'safetensors', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_task_is_equal_to_one_of_the_same_fields() -> None:
    assert make_task() == make_task()
    assert make_task() != make_task(threshold=0.4)
    assert isinstance(make_task(), SegmentationTask)
