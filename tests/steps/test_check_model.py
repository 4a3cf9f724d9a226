"""`check-model`: one pass over noise with a model that may be used, and every way in which one may not."""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.models.folder import weights_hashes
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps.check_model import STEP
from sarcoma_core.steps.running import run_step
from tests.archive.filed import put
from tests.laws import assert_manifest_is_the_folder, outputs
from tests.models.bad import BAD, BAD_NETWORKS, Bad, make_bad, snapshot
from tests.models.made import (
    ARGUMENTS,
    PARAMETERS,
    make_member,
    make_model,
    make_set,
    make_task,
    plain_weights,
    raw_pickle,
    safetensors_bytes,
    zipped_pickle,
)

pytestmark = pytest.mark.torch


@pytest.fixture
def session(tmp_path: Path) -> Path:
    put(tmp_path, "session/SCANS/4/DICOM/a.dcm")
    return tmp_path / "session"


def check(session: Path, model: Path | None, out: Path, **params: Any) -> RunRecord:
    (record,) = run_step(STEP, session, out, params, assets={"model": model} if model else {})
    return record


def refused(session: Path, model: Path | None, tmp_path: Path, words: str, **params: Any) -> InputError:
    """It is, and nothing is left."""
    with pytest.raises(InputError, match=words) as caught:
        check(session, model, tmp_path / "out", **params)
    assert list((tmp_path / "out").iterdir()) == []
    return caught.value


def test_what_is_told_of_a_model_is_the_same_whenever_and_wherever_it_is_checked(
    session: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "MODEL_A")
    first, second = (check(session, model, tmp_path / name) for name in ("a", "b"))
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")
    assert_manifest_is_the_folder(tmp_path / "a" / "CHECK_MODEL", first)
    assert first.assets == second.assets
    assert set(first.assets) == {"model"}


def test_the_check_tells_the_model_and_neither_seconds_nor_device(session: Path, tmp_path: Path) -> None:
    record = check(session, make_model(tmp_path / "MODEL_A"), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "CHECK_MODEL" / "check.json").read_text())
    model = {
        "name": "trial",
        "version": "1.0",
        "licence": "Apache-2.0",
        "architecture": "plain-conv",
        "parameters": PARAMETERS,
        "weights_sha256": weights_hashes(tmp_path / "MODEL_A"),
        "output_shape": [2, 8, 8, 8],
    }
    assert told == {"models": {"model": model}, "unfinished": []}
    assert PARAMETERS == 658
    (outcome,) = record.outcomes
    assert outcome.facts == {**told, "device": record.device, "seconds": outcome.facts["seconds"]}
    assert outcome.facts["seconds"]["model"] > 0
    assert outcome.reason.startswith("trial 1.0: ")
    cuda = import_module("torch").cuda
    assert record.device == (cuda.get_device_name() if cuda.is_available() else "cpu")
    assert {"torch", "safetensors", "numpy"} <= set(record.software)


@pytest.mark.parametrize(
    ("permitted", "use", "good"),
    [
        (("research",), "research", True),
        (("research",), "commercial", False),
        (("commercial",), "research", False),
        (("research", "commercial"), "commercial", True),
    ],
)
def test_a_model_is_checked_for_a_use_that_its_licence_permits(
    session: Path, tmp_path: Path, permitted: tuple[str, ...], use: str, *, good: bool
) -> None:
    model = make_model(tmp_path / "MODEL_A", permitted_use=permitted)
    if good:
        assert check(session, model, tmp_path / "out", use=use).params == {"use": use}
    else:
        refused(session, model, tmp_path, "--use: must be permitted by the model's licence", use=use)


def test_a_use_that_nobody_knows_is_a_wrong_word(session: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--use: must be research, commercial; found 'clinical'"):
        check(session, make_model(tmp_path / "MODEL_A"), tmp_path / "out", use="clinical")


def test_a_model_that_is_not_mounted_is_refused(session: Path, tmp_path: Path) -> None:
    refused(session, None, tmp_path, r"--model: must be a folder with the files of a resource MODEL_\*")


def test_a_model_without_a_card_for_people_is_refused(session: Path, tmp_path: Path) -> None:
    model = make_model(tmp_path / "MODEL_A")
    (model / "card.md").unlink()
    refused(session, model, tmp_path, r"must hold card\.md; it is missing")


@pytest.mark.parametrize("name", ["weights.safetensors", "model.pt"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_is_refused_and_not_run(session: Path, tmp_path: Path, name: str, *, zipped: bool) -> None:
    body = (zipped_pickle if zipped else raw_pickle)(tmp_path / "sprung")
    model = make_model(tmp_path / "MODEL_A", *([body] if name == "weights.safetensors" else []))
    put(model, name, body)
    refused(session, model, tmp_path, "safetensors")
    assert not (tmp_path / "sprung").exists()


def test_a_zip_that_torch_wrote_is_refused_under_the_name_of_weights(session: Path, tmp_path: Path) -> None:
    torch = import_module("torch")
    torch.save({"a": torch.zeros(3)}, tmp_path / "saved")
    model = make_model(tmp_path / "MODEL_A", (tmp_path / "saved").read_bytes())
    refused(session, model, tmp_path, "its first bytes are those of another format")


def test_weights_that_are_not_finite_are_refused(session: Path, tmp_path: Path) -> None:
    tensors = plain_weights()
    tensors["convolutions.0.bias"][0] = np.nan
    model = make_model(tmp_path / "MODEL_A", safetensors_bytes(tensors))
    refused(session, model, tmp_path, "must have finite numbers alone; one of 'convolutions.0.bias' is not")


def test_finite_weights_that_give_what_is_not_finite_are_refused(session: Path, tmp_path: Path) -> None:
    """1e38 times 27 kernels of 1e38 is more than float32 holds (3.4e38)."""
    model = make_model(tmp_path / "MODEL_A", safetensors_bytes(plain_weights(1e38)))
    refused(session, model, tmp_path, "must give finite numbers for noise; it does not")


@pytest.mark.parametrize("channels", [2, 3])
def test_an_input_that_the_network_does_not_take_is_refused(
    session: Path, tmp_path: Path, channels: int
) -> None:
    model = make_model(tmp_path / "MODEL_A", input_shape=(channels, 8, 8, 8))
    error = refused(session, model, tmp_path, rf"must run on an input of its shape \[{channels}, 8, 8, 8\]")
    assert "\n" not in error.message


def test_an_input_for_which_there_is_no_memory_is_refused(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its shape is legal up to 2 channels of 256 x 256 x 256, of which a network may want many."""

    def full(*_: object, **__: object) -> None:
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 274877906944 bytes."
        )

    model = make_model(tmp_path / "MODEL_A")
    monkeypatch.setattr("torch.randn", full)
    refused(session, model, tmp_path, "must run on an input of its shape .* can't allocate memory")


def test_the_grid_of_the_output_is_that_of_the_input(session: Path, tmp_path: Path) -> None:
    arguments = {**ARGUMENTS, "depth": 2}
    model = make_model(tmp_path / "MODEL_A", arguments=arguments, input_shape=(1, 3, 5, 7))
    record = check(session, model, tmp_path / "out")
    assert record.outcomes[0].facts["models"]["model"]["output_shape"] == [2, 3, 5, 7]


def test_every_member_of_a_set_is_checked_and_told(session: Path, tmp_path: Path) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A", "T1CE", "T1CE_T2FS")
    put(folder, "T2FS/checkpoint.json", b"{}")
    record = check(session, folder, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "CHECK_MODEL" / "check.json").read_text())
    assert set(told["models"]) == {"T1CE", "T1CE_T2FS"}
    assert told["unfinished"] == ["T2FS"]
    assert told["models"]["T1CE_T2FS"]["parameters"] == PARAMETERS + 8 * 27
    assert [part.partition(":")[0] for part in record.outcomes[0].reason.split("; ")] == ["T1CE", "T1CE_T2FS"]


def test_every_network_of_an_ensemble_is_run(session: Path, tmp_path: Path) -> None:
    bodies = (safetensors_bytes(plain_weights()), safetensors_bytes(plain_weights(1e38)))
    refused(session, make_model(tmp_path / "MODEL_A", *bodies), tmp_path, "must give finite numbers")
    record = check(session, make_model(tmp_path / "MODEL_B", bodies[0], bodies[0]), tmp_path / "b")
    assert record.outcomes[0].facts["models"]["model"]["parameters"] == 2 * PARAMETERS


def test_a_use_that_one_member_forbids_is_forbidden(session: Path, tmp_path: Path) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A", permitted_use=("research", "commercial"))
    check(session, folder, tmp_path / "a", use="commercial")
    make_member(folder / "T2FS", permitted_use=("research",))
    refused(session, folder, tmp_path, "--use: must be permitted by the model's licence", use="commercial")


def test_a_set_of_which_no_training_has_ended_cannot_be_checked(session: Path, tmp_path: Path) -> None:
    put(tmp_path, "MODEL_SEG_A/T2FS/checkpoint.json", b"{}")
    error = refused(
        session, tmp_path / "MODEL_SEG_A", tmp_path, "whose training has ended; it holds none yet"
    )
    assert "train-segmentation" in error.hint


def test_a_network_gives_one_output_for_each_region_on_its_grid(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its arguments do not say how many outputs it has."""
    network = import_module("sarcoma_core.models.plain_conv").PlainConv

    def plain(**arguments: int) -> Any:
        return network(outputs=2, **arguments)

    monkeypatch.setitem(import_module("sarcoma_core.models.architectures").ARCHITECTURES, "plain-conv", plain)
    arguments = {"channels": 1, "width": 8, "depth": 2}
    task = make_task("T1CE")
    check(session, make_member(tmp_path / "a" / "T1CE", arguments=arguments), tmp_path / "good")
    seen = replace(task.seen, volume_ml={"tumour": (1.0, 2.0)})
    one = replace(task, regions=("tumour",), seen=seen)
    folder = make_member(tmp_path / "b" / "T1CE", arguments=arguments, segmentation=one)
    refused(session, folder, tmp_path, r"one output for each of its 1 regions, .* found \[2, 8, 8, 8\]")


@pytest.mark.parametrize("bad", [*BAD, *BAD_NETWORKS], ids=lambda bad: bad.name)
def test_a_bad_model_is_refused_with_its_reason_and_nothing_is_run_or_written(
    session: Path, tmp_path: Path, bad: Bad
) -> None:
    folder = make_bad(tmp_path / "MODEL_SEG_BAD", bad, tmp_path / "sprung")
    before = snapshot(folder)
    error = refused(session, folder, tmp_path, f"{bad.reason}|must be as run.json lists it")
    assert "\n" not in error.message
    assert snapshot(folder) == before
    assert not (tmp_path / "sprung").exists()


def test_nothing_of_the_session_is_read(session: Path, tmp_path: Path) -> None:
    """Its images are no DICOM at all; only their names and sizes tell the session."""
    record = check(session, make_model(tmp_path / "MODEL_A"), tmp_path / "out")
    assert set(record.inputs) == {"scan 4"}
    assert record.reads == ()
