"""A model folder is checked before a network is built: whole, what its card says, JSON and safetensors."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.asset import open_asset
from sarcoma_core.errors import InputError
from sarcoma_core.interface import AssetSpec
from sarcoma_core.models.door import require_names, require_ours
from sarcoma_core.models.folder import (
    CARD,
    CARD_TEXT,
    CONFIG,
    WEIGHTS,
    CardNumber,
    ModelCard,
    ModelConfig,
    ModelFolder,
    TrainingCohort,
    open_model,
    require_use,
    weights_hashes,
    write_card,
)
from sarcoma_core.provenance import Outcome, list_files
from sarcoma_core.steps import step_named
from tests.archive.filed import filed
from tests.models.made import (
    ARGUMENTS,
    COHORT,
    NUMBER,
    make_member,
    make_model,
    make_task,
    plain_weights,
    raw_pickle,
    safetensors_bytes,
    spoil,
    two_faced_pickle,
    zipped_pickle,
)

(MODEL,) = step_named("check-model").assets


def opened(folder: Path, asset: AssetSpec = MODEL) -> ModelFolder:
    found = open_asset(asset, folder)
    assert found
    return open_model(found)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    found = opened(make_model(tmp_path / "MODEL_A"))
    assert found.config.architecture == "plain-conv"
    assert found.config.arguments == ARGUMENTS
    assert found.config.input_shape == (1, 8, 8, 8)
    assert (found.card.name, found.card.version, found.card.licence) == ("trial", "1.0", "Apache-2.0")
    assert found.card.permitted_use == ("research",)
    assert found.weights == (tmp_path / "MODEL_A" / WEIGHTS,)
    assert found.config.segmentation is None


def test_all_that_a_model_tells_is_read_back(tmp_path: Path) -> None:
    more = {"synthetic": True, "intended_use": "To try it.", "limits": ("One.", "Two.")}
    found = opened(make_member(tmp_path / "T1CE", **more))
    assert found.config.segmentation == make_task("T1CE")
    assert found.card == ModelCard(
        "trial",
        "1.0",
        "Apache-2.0",
        ("research",),
        weights_hashes(tmp_path / "T1CE"),
        cohort=COHORT,
        numbers=(NUMBER,),
        **more,
    )


def test_arguments_are_numbers_truths_and_lists_of_lists(tmp_path: Path) -> None:
    arguments = {
        "channels": 1,
        "widths": (8, 16),
        "strides": ((1, 2, 2), (2, 2, 2)),
        "deep": True,
        "none": (),
    }
    assert opened(make_model(tmp_path / "MODEL_A", arguments=arguments)).config.arguments == arguments


def test_a_folder_of_schema_1_is_still_read(tmp_path: Path) -> None:
    """As release 0.4 wrote it: one file of weights, and neither cohort nor numbers."""
    folder = make_model(tmp_path / "MODEL_A")
    digest = weights_hashes(folder)[WEIGHTS]
    config = {"schema": 1, "architecture": "plain-conv", "arguments": ARGUMENTS, "input_shape": [1, 8, 8, 8]}
    card = {
        "schema": 1,
        "name": "old",
        "version": "0.4",
        "licence": "MIT",
        "permitted_use": ["research", "commercial"],
        "weights_sha256": digest,
    }
    (folder / CONFIG).write_text(json.dumps(config))
    (folder / CARD).write_text(json.dumps(card))
    found = opened(folder)
    assert found.config == ModelConfig("plain-conv", ARGUMENTS, (1, 8, 8, 8))
    assert (found.card.name, found.card.weights_sha256) == ("old", {WEIGHTS: digest})
    assert (found.card.cohort, found.card.numbers, found.card.synthetic) == (None, (), False)
    spoil(folder / CONFIG, "arguments", {**ARGUMENTS, "deep": True})
    with pytest.raises(InputError, match="whole numbers, 0 to 4096; found deep true"):
        opened(folder)


def test_an_ensemble_has_a_file_for_each_network_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    bodies = [safetensors_bytes(plain_weights(0.01 * number)) for number in range(12)]
    found = opened(make_model(tmp_path / "MODEL_A", *bodies))
    assert [path.read_bytes() for path in found.weights] == bodies
    assert found.weights[11].name == "weights-12.safetensors"
    (tmp_path / "MODEL_A" / "weights-7.safetensors").unlink()
    with pytest.raises(InputError, match=r"asset: must hold weights-7\.safetensors; it is missing"):
        opened(tmp_path / "MODEL_A")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "0 files"),
        (["weights-2.safetensors"], "weights-2.safetensors"),
        ([WEIGHTS, "weights-3.safetensors"], "weights-3.safetensors"),
        ([WEIGHTS, "weights-02.safetensors"], "weights-02.safetensors"),
        (["WEIGHTS.safetensors"], "WEIGHTS.safetensors"),
        (["weights.safetensors/"], "weights.safetensors/"),
        (["..\\\\weights.safetensors"], "weights.safetensors"),
        ([WEIGHTS, *(f"weights-{n}.safetensors" for n in range(2, 34))], "33 files"),
    ],
    ids=str,
)
def test_a_card_names_files_of_weights_and_nothing_else(tmp_path: Path, names: list[str], found: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    spoil(folder / CARD, "weights_sha256", dict.fromkeys(names, "0" * 64))
    with pytest.raises(InputError, match=rf"32 at most; found '.*{found}'"):
        opened(folder)


def test_an_ensemble_of_32_is_the_largest(tmp_path: Path) -> None:
    body = safetensors_bytes(plain_weights())
    assert len(opened(make_model(tmp_path / "MODEL_A", *[body] * 32)).weights) == 32


def test_weights_that_no_card_tells_are_refused_but_for_stale_ones(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    entries = list_files(folder)
    (folder / "weights-2.safetensors").write_bytes(b"stale")
    with pytest.raises(InputError, match=r"must tell every file of weights; found weights-2\.safetensors"):
        opened(folder)
    filed(folder, Outcome("", "", "done"), files=entries)
    opened(folder)


def test_the_card_for_people_says_what_the_card_says(tmp_path: Path) -> None:
    text = (make_model(tmp_path / "MODEL_A", licence="CC-BY-NC-4.0") / CARD_TEXT).read_text()
    for told in ("trial 1.0", "CC-BY-NC-4.0", "research", "plain-conv", "not a medical device"):
        assert told in text
    assert "synthetic" not in text


def test_the_card_for_people_tells_what_a_model_segments_on_whom_and_how_well(tmp_path: Path) -> None:
    empty = CardNumber("patients without tumour", "Dice", 0, None)
    whole = CardNumber("a|b", "HD95, mm", 10, 1.0)
    more = {"numbers": (NUMBER, empty, whole), "synthetic": True, "limits": ("Thighs alone.", "Adults.")}
    lines = (make_member(tmp_path / "T1CE_T2FS", **more) / CARD_TEXT).read_text().splitlines()
    for told in (
        "**Trained on synthetic patients only: not for patients.**",
        "Research only: this is not a medical device, and not for decisions on a patient.",
        f"- trained on: Synthetic patients of the phantom (60 patients, 61 sessions; cohort {'c' * 64})",
        "- sequences: T1CE, T2FS (from REGISTERED)",
        "- regions: tumour, oedema",
        "- model grid: 3 x 3 x 6 mm, the third axis across the slices; patches of 16 x 16 x 8 voxels",
        "- threshold 0.5; components below 0.5 ml are dropped",
        "- images it was trained on: 0.5 x 0.5 x 3 to 1.5 x 1.5 x 8 mm along the axes of the model grid",
        "- volume of tumour in the training: 17.0 to 2339.0 ml",
        "| tumour, unseen patients | Dice | 50 | 0.951 [0.930, 0.962] | 0.944 to 0.957 | 0.880 |",
        "| patients without tumour | Dice | 0 | not estimated |  | not estimated |",
        "| a/b | HD95, mm | 10 | 1.000 |  | not estimated |",
        "- Thighs alone.",
        "- Adults.",
    ):
        assert told in lines


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, CARD, CARD_TEXT])
def test_each_of_the_four_files_must_be_there(tmp_path: Path, name: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"asset: must hold {name}; it is missing"):
        opened(folder)


def test_weights_of_another_hash_are_not_those_of_the_card(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    opened(folder)
    body = bytearray((folder / WEIGHTS).read_bytes())
    body[-1] ^= 1
    (folder / WEIGHTS).write_bytes(body)
    with pytest.raises(InputError, match=r"weights\.safetensors must have the SHA-256 of card\.json"):
        opened(folder)


# A pickle, by its name and by its bytes.


PICKLES: tuple[Callable[[Path], bytes], ...] = (raw_pickle, zipped_pickle)


@pytest.mark.parametrize("make", [raw_pickle, two_faced_pickle])
def test_the_pickles_of_these_tests_do_run_code_when_they_are_loaded(
    tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    pickle.loads(make(tmp_path / "sprung"))  # noqa: S301  that is what this shows
    assert (tmp_path / "sprung").is_file()


@pytest.mark.parametrize("make", PICKLES)
def test_a_pickle_under_the_name_of_weights_is_told_by_its_bytes_and_refused_unread(
    tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    """The card has its very hash: that does not make it safe."""
    folder = make_model(tmp_path / "MODEL_A", make(tmp_path / "sprung"))
    with pytest.raises(InputError, match="must be a safetensors file; its first bytes are those of another"):
        opened(folder)
    assert not (tmp_path / "sprung").exists()


# The two JSON files.


@pytest.mark.parametrize("name", [CONFIG, CARD])
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "null", "\xff", '{"schema": "2"}', '{"schema": true}', "{}", "[" * 100_000]
)
def test_what_is_no_json_object_of_a_schema_is_refused(tmp_path: Path, name: str, text: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    (folder / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(
        InputError, match=f"{name} must be a JSON object of schema 1 to 2, each key once, 1 MiB at most"
    ):
        opened(folder)


@pytest.mark.parametrize("name", [CONFIG, CARD])
@pytest.mark.parametrize(
    ("schema", "rule"),
    [
        (0, "must be a JSON object of schema 1 to 2"),
        (-1, "must be a JSON object of schema 1 to 2"),
        (None, "must be a JSON object of schema 1 to 2"),
        (3, "must be of schema 1 to 2; found 3"),
        (10**40, "must be of schema 1 to 2; found 10000000000000000000"),
    ],
)
def test_another_schema_is_refused(tmp_path: Path, name: str, schema: int | None, rule: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    spoil(folder / name, "schema", schema)
    with pytest.raises(InputError, match=f"{name} {rule}"):
        opened(folder)


@pytest.mark.parametrize(("size", "good"), [(2**20, True), (2**20 + 1, False)])
def test_a_file_that_is_read_whole_is_small(tmp_path: Path, size: int, *, good: bool) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    (folder / CARD).write_text((folder / CARD).read_text().ljust(size))
    if good:
        opened(folder)
        return
    with pytest.raises(InputError, match="1 MiB at most; it is not"):
        opened(folder)


@pytest.mark.parametrize("shape", [[1, 1, 1, 1], [512, 1, 128, 512], [2, 256, 256, 256]], ids=str)
def test_an_input_has_channels_and_three_axes_of_1_to_512_and_fits_into_memory(
    tmp_path: Path, shape: list[int]
) -> None:
    assert opened(make_model(tmp_path / "MODEL_A", input_shape=shape)).config.input_shape == tuple(shape)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("input_shape", shape) for shape in ([0, 8, 8, 8], [1, 8, 8, 513], [1, 8, 8], [1, 1, 8, 8, 8], [])),
        *(("input_shape", shape) for shape in ([1, 8, 8, 8.0], [True, 8, 8, 8], [1, 8, 8, -8])),
        *(("input_shape", shape) for shape in ([3, 256, 256, 256], [512, 512, 512, 512], [2, 256, 256, 257])),
        *(("input_shape", shape) for shape in ("1888", None)),
        *(("arguments", value) for value in ([], "x", None, {"a": "1"}, {"a": 1.0}, {"a": None})),
        *(
            ("arguments", {"a": value})
            for value in (-1, 4097, [4097], [[-1]], [1.0], [[True]], [1, [1]], [[[1]]])
        ),
        *(("arguments", {"a": value}) for value in ([1] * 17, [[1]] * 17, [[1] * 17], {"b": 1})),
        ("arguments", {f"a{number}": 1 for number in range(17)}),
        *(("architecture", value) for value in (1, None, ["plain-conv"])),
    ],
    ids=str,
)
def test_a_config_that_breaks_its_rule_is_refused(tmp_path: Path, key: str, value: object) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    spoil(folder / CONFIG, key, value)
    with pytest.raises(InputError, match=r"config\.json must have ") as caught:
        opened(folder)
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "arguments",
    [{"a": 0}, {"a": 4096}, {"a": [0] * 16}, {"a": [[4096] * 16] * 16}, {f"a{n}": 1 for n in range(16)}],
    ids=str,
)
def test_arguments_just_inside_their_bounds_are_read(tmp_path: Path, arguments: dict[str, Any]) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    spoil(folder / CONFIG, "arguments", arguments)
    opened(folder)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("arguments.outputs", 3, "as many regions as classes; found 2 and 3"),
        ("arguments.classes", 1, "as many regions as classes; found 2 and 1"),
        ("arguments.channels", 2, "as many sequences as channels; found 1 and 2"),
        ("input_shape", [2, 8, 8, 8], "as many sequences as input_shape has channels; found 1 and 2"),
        ("input_shape", [1, 8, 8, 9], "a patch that is not smaller than input_shape"),
    ],
)
def test_what_a_model_takes_and_gives_is_told_twice_and_the_same(
    tmp_path: Path, key: str, value: object, rule: str
) -> None:
    folder = make_member(tmp_path / "T1CE")
    opened(folder)
    spoil(folder / CONFIG, key, value)
    with pytest.raises(InputError, match=rf"config\.json must have {rule}"):
        opened(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("permitted_use", uses) for uses in ([], ["clinical"], ["research", "clinical"], "research", None)),
        *(("permitted_use", uses) for uses in ([["research"]], [{}], [1], {"research": 1})),
        *((key, value) for key in ("name", "version", "licence") for value in ("", None, 1, ["x"])),
        *(("weights_sha256", value) for value in (None, 1, ["x"], "0", {"weights.safetensors": 1})),
    ],
    ids=str,
)
def test_a_card_that_breaks_its_rule_is_refused(tmp_path: Path, key: str, value: object) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    spoil(folder / CARD, key, value)
    with pytest.raises(InputError, match=r"card\.json must have name"):
        opened(folder)


NUMBER_TREE = {"setting": "a", "measure": "Dice", "n": 1, "median": 1}
COHORT_TREE = {"sha256": "c", "patients": 2, "sessions": 2, "what": "Phantoms."}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("intended_use", value) for value in (None, "", "  ", 1)),
        *(("synthetic", value) for value in (None, 1, "yes")),
        *(
            ("cohort", value)
            for value in ([], {}, {**COHORT_TREE, "patients": 0}, {**COHORT_TREE, "more": 1})
        ),
        *(("cohort", value) for value in ({**COHORT_TREE, "sessions": 1}, {**COHORT_TREE, "what": ""})),
        *(("numbers", value) for value in (None, {}, [1], [NUMBER_TREE] * 1001, [{**NUMBER_TREE, "n": -1}])),
        *(("numbers", [{**NUMBER_TREE, "p5": value}]) for value in ("1", True, float("nan"), float("inf"))),
        *(("numbers", [{**NUMBER_TREE, key: value}]) for key, value in (("n", 1.0), ("setting", ""))),
        *(("limits", value) for value in (None, "x", [1], [""], {})),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_card_tells_of_cohort_and_numbers_is_legal(tmp_path: Path, key: str, value: object) -> None:
    folder = make_member(tmp_path / "T1CE")
    spoil(folder / CARD, key, value)
    with pytest.raises(InputError, match=rf"card\.json must tell {key}: .*; it is missing or wrong"):
        opened(folder)


def test_what_lies_just_inside_is_read(tmp_path: Path) -> None:
    folder = make_member(tmp_path / "T1CE")
    spoil(folder / CARD, "numbers", [NUMBER_TREE] * 1000)
    spoil(folder / CARD, "cohort", {**COHORT_TREE, "patients": 1})
    found = opened(folder).card
    assert found.cohort == TrainingCohort("c", 1, 2, "Phantoms.")
    assert found.numbers[999] == CardNumber("a", "Dice", 1, 1.0)
    assert isinstance(found.numbers[0].median, float)


@pytest.mark.parametrize(("key", "value"), [("limits", []), ("cohort", "null")])
def test_a_model_that_segments_tells_its_cohort_and_its_limits(
    tmp_path: Path, key: str, value: object
) -> None:
    folder = make_member(tmp_path / "T1CE")
    tree = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**tree, key: None if value == "null" else value}))
    with pytest.raises(InputError, match=r"card\.json must tell cohort and limits of a model that segments"):
        opened(folder)


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_a_card_with_the_hash_of_other_weights_is_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(InputError, match="must have the SHA-256"):
        opened(make_model(tmp_path / "MODEL_A", weights_sha256={WEIGHTS: digest}))


@pytest.mark.parametrize(
    "changes",
    [
        {"input_shape": (1, 8, 8)},
        {"arguments": {"width": -1}},
        {"permitted_use": ()},
        {"weights_sha256": {"x": "0"}},
        {"numbers": (CardNumber("a", "b", 1, float("nan")),)},
        {"segmentation": make_task("T1CE", "T2FS")},
        {"segmentation": make_task("T1CE")},
    ],
    ids=str,
)
def test_what_nobody_could_read_again_is_not_written(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = {"architecture": "plain-conv", "arguments": ARGUMENTS, "input_shape": (1, 8, 8, 8)}
    card = {
        "name": "a",
        "version": "1",
        "licence": "MIT",
        "permitted_use": ("research",),
        "weights_sha256": {},
    }
    card["weights_sha256"] = {WEIGHTS: "0" * 64}
    known = ("segmentation", *config)
    told = ModelConfig(**{**config, **{k: v for k, v in changes.items() if k in known}})
    with pytest.raises(InputError, match=r"model: (config|card)\.json must "):
        write_card(
            tmp_path, told, ModelCard(**{**card, **{k: v for k, v in changes.items() if k not in known}})
        )
    assert list(tmp_path.iterdir()) == []


def test_what_the_manifest_of_a_model_does_not_list_is_not_read(tmp_path: Path) -> None:
    """A server leaves stale files behind: a card of an earlier model is none of this one's."""
    folder = make_model(tmp_path / "MODEL_A")
    entries = list_files(folder)
    filed(folder, Outcome("", "", "done"), files=entries)
    opened(folder)
    filed(folder, Outcome("", "", "done"), files=tuple(e for e in entries if e.path != CARD_TEXT))
    with pytest.raises(InputError, match=r"asset: must hold card\.md; run\.json does not list it"):
        opened(folder)


# What it may be used for.


def card(*uses: str) -> ModelCard:
    return ModelCard("trial", "1.0", "CC-BY-NC-4.0", uses, {})


@pytest.mark.parametrize("use", ["research", "commercial"])
def test_a_use_must_be_one_that_the_licence_permits(use: Any) -> None:
    require_use(card(use), use)
    require_use(card("research", "commercial"), use)
    other = {"research": "commercial", "commercial": "research"}[use]
    with pytest.raises(
        InputError, match=rf"--use: must be permitted .*CC-BY-NC-4\.0: {other}\); found {use}"
    ):
        require_use(card(other), use)


@pytest.mark.parametrize(("size", "good"), [(2**26, True), (2**26 + 1, False)])
def test_what_people_read_beside_a_model_is_64_mib_at_most(tmp_path: Path, size: int, *, good: bool) -> None:
    """Told by its size alone: a sparse file of terabytes would be hashed for hours."""
    with (make_model(tmp_path / "MODEL_A") / "training.csv").open("wb") as stream:
        stream.truncate(size)
    if good:
        require_ours(tmp_path / "MODEL_A")
        return
    with pytest.raises(InputError, match=r"a \.csv file must be of 64 MiB at most; found a larger one"):
        require_ours(tmp_path / "MODEL_A")


@pytest.mark.parametrize(("size", "good"), [(2**32, True), (2**32 + 1, False)])
def test_weights_are_4_gib_at_most(size: int, *, good: bool) -> None:
    sizes = {"config.json": 10, "weights.safetensors": size}
    if good:
        require_names(sizes)
        return
    with pytest.raises(InputError, match=r"a \.safetensors file must be of 4096 MiB at most"):
        require_names(sizes)


@pytest.mark.parametrize(("length", "good"), [(500, True), (501, False)])
def test_a_text_of_a_card_is_a_line_of_500_characters_at_most(
    tmp_path: Path, length: int, *, good: bool
) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    spoil(folder / CARD, "name", "n" * length)
    if good:
        assert len(opened(folder).card.name) == length
        return
    with pytest.raises(InputError, match=r"name, version, licence \(each a line\)"):
        opened(folder)


@pytest.mark.parametrize(("width", "good"), [(32, True), (33, False)])
def test_the_finest_level_of_a_network_fits_into_memory(tmp_path: Path, width: int, *, good: bool) -> None:
    folder = make_model(tmp_path / "MODEL_A", input_shape=[1, 256, 256, 256])
    spoil(folder / CONFIG, "arguments.width", width)
    if good:
        assert opened(folder).config.arguments["width"] == width
        return
    with pytest.raises(InputError, match="536870912 features in its finest level at most"):
        opened(folder)


def test_a_folder_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator may read everywhere: so the system's answer is a double."""
    folder = make_model(tmp_path / "MODEL_A")
    (folder / "T1CE").mkdir()
    real = os.scandir

    def scandir(place: Any) -> Any:
        if Path(place).name == "T1CE":
            raise PermissionError(13, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InputError, match="every folder of a model must be readable; one is not: Permission"):
        require_ours(folder)
