"""Which resource of a project an asset is: chosen once, told by its hash, and never guessed."""

import shutil
from pathlib import Path
from typing import Annotated, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.asset import AssetFolder, asset_hash
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.errors import ArchiveError, UsageError
from sarcoma_core.interface import Asset, Input, Output, OutputDir, Resources, describe
from sarcoma_core.launch.assets import (
    AssetAbsentError,
    ChosenAsset,
    asset_options,
    choose_assets,
    parse_assets,
)
from sarcoma_core.provenance import Outcomes
from sarcoma_core.steps import step_named
from tests.archive.filed import put


class Outputs(NamedTuple):
    results: Annotated[Outcomes, Output(resource="RESULT", format="TEXT", help="results")]


def predict(
    session: Annotated[SessionFolder, Input(level="session")],
    first_model: Annotated[AssetFolder, Asset(label="MODEL_*", help="the model")],
    table: Annotated[AssetFolder | None, Asset(label="CLINICAL", help="the table", optional=True)],
    extra: Annotated[AssetFolder | None, Asset(label="EXTRA*", help="more", optional=True)],
    out: OutputDir,
) -> Outputs:
    """S."""
    raise NotImplementedError


PREDICT = describe(predict, image="core", title="T", methods="M.", resources=Resources(1, 2, 1))
CHECK, CONVERT = step_named("check-model"), step_named("convert")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project's own resources: one model, and what is none."""
    for path in ("MODEL_A/weights", "MODELS/weights", "MODEL/weights", "CLINICAL/table.csv"):
        put(tmp_path, path, path.encode())
    return tmp_path


def chosen(place: Path, **named: str) -> dict[str, str]:
    """The label of each asset."""
    found = choose_assets(PREDICT, "P", ResourceFolders(place), named)
    assert all(each.sha256 == asset_hash(ResourceFolders(place), each.label) for each in found.values())
    return {name: each.label for name, each in found.items()}


@pytest.mark.parametrize(
    ("pattern", "label", "fits"),
    [
        ("MODEL_*", "MODEL_A", True),
        ("MODEL_*", "MODEL_", True),
        ("MODEL_*", "MODEL_A_2", True),
        ("MODEL_*", "MODEL", False),
        ("MODEL_*", "MODELS", False),
        ("MODEL_*", "A_MODEL_A", False),
        ("MODEL_*", "model_a", False),
        ("CLINICAL", "CLINICAL", True),
        ("CLINICAL", "CLINICAL_2", False),
        ("CLINICAL", "CLINICA", False),
    ],
)
def test_a_star_at_the_end_stands_for_any_text_and_nothing_else_does(
    pattern: str, label: str, *, fits: bool
) -> None:
    assert Asset(label=pattern, help="h").matches(label) == fits


def test_the_only_resource_that_fits_is_taken_and_an_optional_one_may_be_missing(place: Path) -> None:
    assert chosen(place) == {"first_model": "MODEL_A", "table": "CLINICAL"}


def test_a_step_without_assets_asks_for_none() -> None:
    class Closed(ResourceFolders):
        def labels(self) -> tuple[str, ...]:
            raise AssertionError

    assert choose_assets(CONVERT, "P", Closed(Path("nowhere")), {"first_model": "MODEL_A"}) == {}


def test_of_several_that_fit_one_must_be_named(place: Path) -> None:
    put(place, "MODEL_10/weights")
    with pytest.raises(
        UsageError, match=r"its first_model must be named where .* P has 2 resources"
    ) as caught:
        chosen(place)
    assert "MODEL_10, MODEL_A" in caught.value.message
    assert "--asset first_model=MODEL_10" in caught.value.hint
    assert chosen(place, first_model="MODEL_A")["first_model"] == "MODEL_A"
    assert chosen(place, first_model="MODEL_10")["first_model"] == "MODEL_10"


def test_of_several_optional_ones_one_must_be_named_too(place: Path) -> None:
    """The service would mount none and say nothing."""
    put(place, "EXTRA/x")
    assert chosen(place)["extra"] == "EXTRA"
    put(place, "EXTRA_2/x")
    with pytest.raises(UsageError, match="its extra must be named"):
        chosen(place)


@pytest.mark.parametrize("label", ["MODEL_B", "CLINICAL", "MODELS", "model_a"])
def test_a_resource_that_is_named_must_be_there_and_fit(place: Path, label: str) -> None:
    with pytest.raises(
        UsageError, match=f"must be a resource of project P; found '{label}', it has: MODEL_A"
    ):
        chosen(place, first_model=label)


def test_where_none_fits_a_required_asset_is_missing_with_the_way_to_put_one_there(place: Path) -> None:
    (place / "MODEL_A" / "weights").unlink()
    (place / "MODEL_A").rmdir()
    with pytest.raises(UsageError, match=r"project P must have a resource MODEL_\* \(the model\)") as caught:
        chosen(place)
    assert caught.value.hint == "Put one there: sarcoma models add DIR --project P --write"
    with pytest.raises(UsageError, match="it has: none that matches"):
        chosen(place, first_model="MODEL_A")


@pytest.mark.parametrize(
    ("step", "archive", "ways"),
    [
        ("train-baselines", None, ["sarcoma xnat launch cohort --project P"]),
        ("train-baselines", Path("A"), ["sarcoma run cohort --project P --archive A"]),
        (
            "segment",
            None,
            [
                "sarcoma models add DIR --project P --write",
                "sarcoma xnat launch train-segmentation --project P",
            ],
        ),
        (
            "segment",
            Path("my archive"),
            [
                "sarcoma models add DIR --project P --archive 'my archive' --write",
                "sarcoma run train-segmentation --project P --archive 'my archive'",
            ],
        ),
    ],
)
def test_what_a_step_of_ours_makes_is_had_by_that_step(
    tmp_path: Path, step: str, archive: Path | None, ways: list[str]
) -> None:
    with pytest.raises(AssetAbsentError) as caught:
        choose_assets(step_named(step), "P", ResourceFolders(tmp_path), {}, archive=archive)
    assert caught.value.hint == f"Put one there: {', or '.join(ways)}"
    assert caught.value.lack.startswith("project P has no resource ")


@pytest.mark.parametrize("left", [(), (".DS_Store",)], ids=["nothing", "hidden files"])
def test_a_resource_without_files_is_none_where_it_is_optional_and_told_where_it_is_asked_for(
    place: Path, left: tuple[str, ...]
) -> None:
    """The step would find nothing at its door: the launch has to say the same."""
    for label in ("MODEL_A", "CLINICAL"):
        shutil.rmtree(place / label)
        (place / label).mkdir()
        for name in left:
            put(place / label, name)
    with pytest.raises(UsageError, match="resource MODEL_A of project P must have files; it has none"):
        chosen(place)
    put(place, "MODEL_A/weights")
    assert chosen(place) == {"first_model": "MODEL_A"}
    with pytest.raises(UsageError, match="resource CLINICAL of project P must have files; it has none"):
        chosen(place, table="CLINICAL")


def test_one_without_files_is_no_choice_beside_one_with_files(place: Path) -> None:
    """An empty one is made beforehand for a step that can do without it."""
    for label in ("MODEL_B", "EXTRA_1", "EXTRA_2"):
        (place / label).mkdir()
    assert chosen(place) == {"first_model": "MODEL_A", "table": "CLINICAL"}
    put(place, "MODEL_B/weights")
    with pytest.raises(UsageError, match="P has 2 resources: MODEL_A, MODEL_B"):
        chosen(place)


def test_another_file_in_the_asset_is_another_hash(place: Path) -> None:
    own = ResourceFolders(place)
    before = choose_assets(PREDICT, "P", own, {})["first_model"]
    put(place, "MODEL_A/weights", b"others")
    after = choose_assets(PREDICT, "P", own, {})["first_model"]
    assert (before.label, after.label) == ("MODEL_A", "MODEL_A")
    assert before.sha256 != after.sha256
    assert isinstance(after, ChosenAsset)


def test_a_model_whose_manifest_is_damaged_is_told(place: Path) -> None:
    put(place, "MODEL_A/run.json", b"{")
    with pytest.raises(ArchiveError, match=r"MODEL_A/run\.json"):
        chosen(place)


# What a user writes.


@pytest.mark.parametrize("text", ["first_model=MODEL_A", "first-model=MODEL_A"])
def test_an_asset_is_named_with_hyphens_or_as_the_function_has_it(text: str) -> None:
    assert parse_assets((PREDICT,), [text]) == {"first_model": "MODEL_A"}


def test_each_step_of_a_chain_may_have_its_assets() -> None:
    named = parse_assets((CONVERT, PREDICT, CHECK), ["model=MODEL_A", "table=CLINICAL"])
    assert named == {"model": "MODEL_A", "table": "CLINICAL"}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["first_model"], "must be NAME=LABEL; found 'first_model'"),
        (["first_model="], "must be NAME=LABEL"),
        ([""], "must be NAME=LABEL"),
        (["=MODEL_A"], "must name an asset of the step .*found ''"),
        (["model=MODEL_A"], r"must name an asset of the step \(extra, first_model, table\); found 'model'"),
        (["first_model=MODEL_A", "first-model=MODEL_A"], "must name first-model once; found two"),
        (["first_model=MODEL"], r"must be a resource MODEL_\*; found 'MODEL'"),
        (["table=CLINICAL_2"], "must be a resource CLINICAL; found 'CLINICAL_2'"),
    ],
)
def test_a_wrong_name_is_refused_with_those_that_there_are(texts: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=f"--asset.*{words}"):
        parse_assets((PREDICT,), texts)


def test_a_step_without_assets_knows_none() -> None:
    with pytest.raises(UsageError, match=r"must name an asset of the step \(none\)"):
        parse_assets((CONVERT,), ["model=MODEL_A"])


@given(
    st.dictionaries(
        st.sampled_from(["first_model", "extra"]), st.from_regex("[A-Z0-9_=]{1,9}", fullmatch=True)
    )
)
def test_what_is_written_to_a_command_line_is_read_back(ends: dict[str, str]) -> None:
    named = {name: {"first_model": "MODEL_", "extra": "EXTRA"}[name] + end for name, end in ends.items()}
    words = asset_options(named)
    assert set(words[::2]) <= {"--asset"}
    assert parse_assets((PREDICT,), words[1::2]) == named
