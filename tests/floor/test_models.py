"""A model is an asset that must be named where a project has several: over REST, by the form, in an image."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.chain import RunPlan, run_chain
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.models.folder import WEIGHTS, ModelCard, ModelConfig, weights_hashes, write_card
from sarcoma_core.provenance import read_record
from sarcoma_core.runners.local import LocalRunner
from tests.floor.tools import PROJECT, Json, Site, put_asset, served
from tests.launch.test_chain import Silent
from tests.laws import outputs
from tests.runners.test_docker import Foreign

MODELS = ("MODEL_A", "MODEL_B")


def put_model(archive: Archive, label: str, seed: int) -> Path:
    """A model folder with weights of chance, as a person uploads it."""
    import torch  # noqa: PLC0415  where it is missing, the tests that need it are skipped
    from safetensors.torch import save_file  # noqa: PLC0415

    from sarcoma_core.models.plain_conv import PlainConv  # noqa: PLC0415

    folder = archive.resources_path(PROJECT) / label
    folder.mkdir(parents=True, exist_ok=True)
    arguments = {"channels": 1, "outputs": 2, "width": 2, "depth": 2}
    network = PlainConv(**arguments)
    chance = torch.Generator().manual_seed(seed)
    for tensor in network.parameters():
        tensor.data = torch.randn(tensor.shape, generator=chance)
    save_file(network.state_dict(), folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors leaves it to its owner alone
    hashes = weights_hashes(folder)
    card = ModelCard(f"model of {label}", str(seed), "Apache-2.0", ("research",), hashes)
    write_card(folder, ModelConfig("plain-conv", arguments, (1, 8, 8, 8)), card)
    return folder


@pytest.fixture(scope="module")
def with_models(floor_import: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive whose project has two models; only copy it."""
    archive = Archive(Path(shutil.copytree(floor_import, tmp_path_factory.mktemp("models") / "archive")))
    for seed, label in enumerate(MODELS):
        put_model(archive, label, seed)
    return archive


@pytest.fixture
def models(with_models: Archive, tmp_path: Path) -> Iterator[Site]:
    shutil.copytree(with_models.root, tmp_path / "site")
    with served(tmp_path / "site", tmp_path) as found:
        yield found


def check(site: Site, number: int = 0) -> Json:
    """What `check-model` wrote of a session, over REST."""
    path = f"experiments/{site.sessions[number].id}/resources/CHECK_MODEL/files/check.json"
    found: Json = json.loads(site.file(path))["models"]["model"]
    return found


@pytest.mark.torch
def test_of_two_models_one_must_be_named_before_anything_is_launched(models: Site) -> None:
    session = models.sessions[0].label
    rule = (
        "step check-model: its model must be named where the project has several; "
        "STS has 2 resources: MODEL_A, MODEL_B."
    )
    for verb, which in (("launch", (session,)), ("bulk", ())):
        said = models.xnat(verb, "check-model", *which)
        assert (said.code, said.out) == (2, "")
        assert said.err.splitlines()[-2:] == [
            "next: Name one: --asset model=MODEL_A",
            f"error: {rule}",
        ]
    assert models.launches().total() == 0
    named = ("--asset", "model=MODEL_B")
    assert models.outcomes("launch", "check-model", session, *named) == {session: "complete"}
    assert check(models)["name"] == "model of MODEL_B"
    assert models.outcomes("launch", "check-model", session, *named) == {session: "already done"}


@pytest.mark.torch
def test_another_model_under_the_same_label_is_checked_again_and_the_same_one_is_not(models: Site) -> None:
    where = ("--where", f"label={models.sessions[0].label}", "--asset", "model=MODEL_A")
    assert set(models.outcomes("bulk", "check-model", *where).values()) == {"complete"}
    put_model(models.archive, "MODEL_A", 0)  # the same bytes
    assert set(models.outcomes("bulk", "check-model", *where).values()) == {"already done"}
    assert models.launches().total() == 1
    put_model(models.archive, "MODEL_A", 7)
    assert set(models.outcomes("bulk", "check-model", *where).values()) == {"complete"}
    assert check(models)["version"] == "7"
    put_model(models.archive, "MODEL_B", 8)  # which nobody read
    assert set(models.outcomes("bulk", "check-model", *where).values()) == {"already done"}


@pytest.mark.torch
@pytest.mark.docker
def test_a_model_is_checked_in_its_image_as_it_is_here(with_models: Archive, tmp_path: Path) -> None:
    """In the image under a user that no image has, as on a server."""
    made = []
    for runner in (LocalRunner(), Foreign()):
        archive = Archive(Path(shutil.copytree(with_models.root, tmp_path / runner.name)))
        first = archive.sessions(PROJECT)[0]
        plan = RunPlan("check-model", PROJECT, assets={"model": "MODEL_B"})
        (result,) = run_chain(archive, plan, targets_of((first,), ""), runner=runner, watch=Silent())
        assert not result.failed, result.reason
        folder = first.resource("CHECK_MODEL")
        record = read_record(folder)
        assert record
        made.append((outputs(folder), dict(record.assets)))
    assert made[0] == made[1]


def fields(form: Json) -> Mapping[str, Json]:
    """The fields of a form by name."""

    def flat(trees: list[Json]) -> Iterator[Json]:
        for tree in trees:
            yield tree
            yield from flat(tree["children"])

    return {each["name"]: each for each in flat(form["input-config"])}


def offered(form: Json, name: str) -> list[str]:
    """The labels that a field has to choose from, in order."""

    def values(tree: Json) -> Iterator[Any]:
        for value in tree["values"]:
            if tree["name"] == name:
                yield value["label"]
            for child in value["children"]:
                yield from values(child)

    return [label for tree in form["input-values"] for label in values(tree)]


def form_of(site: Site, wrapper: str, root: str, uri: str) -> Json:
    path = f"/xapi/projects/{PROJECT}/wrappers/{site.wrapper(wrapper)}/launch"
    found: Json = site.connection.get(path, {root: uri}).json()
    return found


def test_the_form_offers_every_resource_that_matches_and_no_other(site: Site) -> None:
    for label in (*MODELS, "FLOOR_MODEL_A", "FLOOR_EXTRA", "FLOOR_EXTRA_2", "COHORT"):
        put_asset(site.archive, label)
    uri = f"/archive/experiments/{site.sessions[0].id}"
    form = form_of(site, "sarcoma-check-model-session", "session", uri)
    assert fields(form)["model"]["input-type"] == "select-one"
    assert offered(form, "model") == list(MODELS)
    form = form_of(site, "sarcoma-floor-asset-session", "session", uri)
    shown = {name: fields(form)[name]["input-type"] for name in ("model", "extra")}
    assert shown == {"model": "static", "extra": "select-one"}
    assert offered(form, "model") == ["FLOOR_MODEL_A"]
    assert offered(form, "extra") == ["FLOOR_EXTRA", "FLOOR_EXTRA_2"]
    assert (fields(form)["model"]["required"], fields(form)["extra"]["required"]) == (True, False)


def test_the_form_of_a_project_and_of_a_scan_asks_for_nothing_but_the_parameters(site: Site) -> None:
    session = site.sessions[0]
    for wrapper, root, uri, params in (
        ("sarcoma-floor-project-project", "project", f"/archive/projects/{PROJECT}", {}),
        (
            "sarcoma-floor-scan-scan",
            "scan",
            f"/archive/experiments/{session.id}/scans/4",
            {"tell": "select-many"},
        ),
    ):
        form = form_of(site, wrapper, root, uri)
        assert fields(form)[root]["input-type"] == "static"
        asked = {name: f["input-type"] for name, f in fields(form).items() if f["user-settable"]}
        assert {name: kind for name, kind in asked.items() if kind != "static"} == params


def test_what_the_service_does_where_none_is_named_is_why_we_refuse_it(site: Site) -> None:
    """A required one fails once it is launched; an optional one is not mounted, and nobody is told."""
    put_asset(site.archive, "FLOOR_MODEL_A")
    for label in ("FLOOR_EXTRA", "FLOOR_EXTRA_2"):
        put_asset(site.archive, label)
    uri = f"/archive/experiments/{site.sessions[0].id}"
    assert site.click("sarcoma-floor-asset-session", "session", uri) == ("Complete", "")
    path = f"experiments/{site.sessions[0].id}/resources/FLOOR_ASSET/files/told.json"
    assert json.loads(site.file(path))["extra"] is None
    put_asset(site.archive, "FLOOR_MODEL_B")
    status, _ = site.click("sarcoma-floor-asset-session", "session", uri)
    assert status == "Failed (Command resolution)"
